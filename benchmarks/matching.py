"""Matching: certified gap, CPU and memory on the standard instance, peers in the same run.

``python -m benchmarks.matching --orders 100000,1000000 --json`` makes each instance (`simulate.matching_instance`) and
solves it with the auction and with the peers, each in a process of its own: OR-tools' SimpleMinCostFlow (build, solve
and read back, scores times 1e6), first come first served, and with ``--highs`` the linear program through HiGHS.
Our seconds are those of the whole call: build, solve and certify. Gaps are against the best bound of the run.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np

from matching.bound import lagrangian_bound
from matching.greedy import first_come
from matching.linear import linear_form, relaxation
from matching.problem import Ints, MatchParams, MatchProblem, relative_gap
from matching.solve import solve
from simulate.matching_instance import matching_instance

PEER_SCALE = 1_000_000
Answer = tuple[Ints, float | None]


def problem_of(n_orders: int, seed: int) -> MatchProblem:
    """Return the standard instance as a problem."""
    made = matching_instance(n_orders, seed=seed)
    return MatchProblem(
        indptr=made.indptr, supplier=made.supplier, score=made.score, pieces=made.pieces, capacity=made.capacity
    )


def by_auction(problem: MatchProblem) -> Answer:
    """Solve and certify with ours."""
    result = solve(problem, params=MatchParams(method="auction"))
    return result.pieces, result.upper_bound


def by_min_cost_flow(problem: MatchProblem) -> Answer:
    """Build, solve and read back OR-tools' min-cost flow, as one would by hand."""
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    n, m = problem.n_orders, problem.n_suppliers
    order = np.repeat(np.arange(n, dtype=np.int32), np.diff(problem.indptr))
    sink = n + m
    solver = SimpleMinCostFlow()
    costs = -np.round(problem.score * PEER_SCALE).astype(np.int64)
    add = solver.add_arcs_with_capacity_and_unit_cost
    add(order, problem.supplier + np.int32(n), problem.pieces[order], costs)
    everyone = np.arange(n, dtype=np.int32)
    add(everyone, np.full(n, sink, np.int32), problem.pieces, np.full(n, PEER_SCALE))
    suppliers = np.arange(n, sink, dtype=np.int32)
    add(suppliers, np.full(m, sink, np.int32), problem.capacity, np.zeros(m, np.int64))
    supply = np.append(problem.pieces, np.zeros(m + 1, np.int64))
    supply[sink] = -problem.demand
    solver.set_nodes_supplies(np.arange(sink + 1, dtype=np.int32), supply)
    if solver.solve() != solver.OPTIMAL:
        raise RuntimeError("SimpleMinCostFlow did not find the optimum")
    return solver.flows(np.arange(order.size, dtype=np.int32)), None


def by_greedy(problem: MatchProblem) -> Answer:
    """Serve first come first served."""
    return first_come(problem), None


def by_highs(problem: MatchProblem) -> Answer:
    """Solve the linear program with HiGHS."""
    pieces, prices, _ = relaxation(problem, linear_form(problem, None, unsplit=False))
    return np.round(pieces).astype(np.int64), lagrangian_bound(problem, prices)


METHODS: dict[str, Callable[[MatchProblem], Answer]] = {
    "auction": by_auction,
    "min_cost_flow": by_min_cost_flow,
    "greedy": by_greedy,
    "highs": by_highs,
}


def measure(method: str, n_orders: int, seed: int) -> dict[str, Any]:
    """Solve one instance with one method in this process."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[variable] = "1"
    METHODS[method](problem_of(500, seed))  # imports and compiled code are not what is measured
    problem = problem_of(n_orders, seed)
    cpu, wall = time.process_time(), time.perf_counter()
    pieces, bound = METHODS[method](problem)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "method": method,
        "orders": n_orders,
        "cpu_seconds": round(cpu, 3),
        "seconds": round(wall, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "objective": problem.objective(pieces),
        "upper_bound": bound,
    }


def compare(n_orders: int, methods: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """Measure each method in a fresh process and relate them to the auction."""
    rows = []
    for method in methods:
        with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
            rows.append(pool.submit(measure, method, n_orders, seed).result())
    best = min((row["upper_bound"] for row in rows if row["upper_bound"] is not None), default=None)
    ours = rows[0]["cpu_seconds"]
    for row in rows:
        row["gap"] = None if best is None else relative_gap(row["objective"], best)
        row["cpu_ratio"] = round(row["cpu_seconds"] / ours, 1)
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matching", description=__doc__)
    parser.add_argument("--orders", default="100000", help="sizes, separated by commas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--highs", action="store_true", help="run HiGHS, too (minutes at 100000 orders)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args(arguments)
    methods = [name for name in METHODS if name != "highs" or chosen.highs]
    rows = [row for n in chosen.orders.split(",") for row in compare(int(n), methods, chosen.seed)]
    if chosen.json:
        print(json.dumps({"benchmark": "matching", "seed": chosen.seed, "results": rows}))
        return
    for row in rows:
        gap = "-" if row["gap"] is None else f"{100 * row['gap']:.4f} %"
        print(
            f"{row['orders']:>9,} {row['method']:<14} gap {gap:>11} {row['cpu_seconds']:>9.3f} CPU s"
            f" {row['cpu_ratio']:>6.1f}x {row['peak_mb']:>6} MB"
        )


if __name__ == "__main__":
    main()
