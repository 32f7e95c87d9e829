"""Matching: certified gap, CPU and memory on the standard instance, peers in the same run, and what else is claimed.

``python -m benchmarks.matching --json`` runs every row; ``--rows standard,online`` chooses. The standard row makes each
instance (`simulate.matching_instance`, sizes by ``--orders 100000,1000000``) and solves it with the auction and with
the peers (``--peers``), each in a process of its own: OR-tools' SimpleMinCostFlow (build, solve and read back, scores
times 1e6), first come first served, and if asked for the linear program through HiGHS. Our seconds are those of the
whole call: build, solve and certify. Gaps are against the best bound of the run. The other rows are
`benchmarks.matching_rows` and `benchmarks.matching_gap`; ``--size`` sets their orders. ``--heavy`` is everything at its
full size, HiGHS included: an hour, and 4 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from benchmarks.matching_gap import assignment
from benchmarks.matching_peers import METHODS, problem_of
from benchmarks.matching_rows import ROWS
from benchmarks.meter import peak_mb
from matching.problem import relative_gap

Row = dict[str, Any]
_LARGEST = {"highs": 100_000, "min_cost_flow": 1_000_000}
_HEAVY_ORDERS, _HEAVY_UNSPLIT = "100000,1000000,5600000", 1_000_000


def measure(method: str, n_orders: int, seed: int) -> Row:
    """Solve one instance with one method in this process."""
    METHODS[method](problem_of(500, seed))  # imports and compiled code are not what is measured
    problem = problem_of(n_orders, seed)
    cpu, wall = time.process_time(), time.perf_counter()
    pieces, bound = METHODS[method](problem)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "method": method,
        "orders": n_orders,
        "cpu_seconds": round(cpu, 6),
        "seconds": round(wall, 3),
        "peak_mb": round(peak_mb()),
        "objective": problem.objective(pieces),
        "upper_bound": bound,
    }


def _one_thread() -> None:
    os.dup2(2, 1)  # HiGHS prints: standard output is for the figures
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[variable] = "1"


def _alone(work: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns in a fresh process."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        return pool.submit(work, *arguments).result()


def compare(n_orders: int, methods: Sequence[str], seed: int) -> list[Row]:
    """Measure each method in a fresh process and relate them to the auction."""
    able = [method for method in methods if n_orders <= _LARGEST.get(method, n_orders)]
    rows = [_alone(measure, method, n_orders, seed) for method in able]
    best = min((row["upper_bound"] for row in rows if row["upper_bound"] is not None), default=None)
    ours = max(rows[0]["cpu_seconds"], 1e-6)  # a tiny instance takes less than the clock can tell
    for row in rows:
        row["gap"] = None if best is None else relative_gap(row["objective"], best)
        row["cpu_ratio"] = round(row["cpu_seconds"] / ours, 1)
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matching", description=__doc__)
    everything = ["standard", *ROWS, "gap"]
    parser.add_argument("--rows", default=",".join(everything), help="rows, separated by commas (default: all)")
    parser.add_argument("--orders", default="100000", help="sizes of the standard row, separated by commas")
    parser.add_argument("--size", type=int, default=None, help="orders of the other rows (default: those of the bars)")
    parser.add_argument("--seed", type=int, default=0)
    peers = [name for name in METHODS if name != "auction"]
    parser.add_argument(
        "--peers", default="min_cost_flow,greedy", help=f"of the standard row, among {', '.join(peers)}"
    )
    parser.add_argument("--heavy", action="store_true", help="every row at its full size, HiGHS included (an hour)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args(arguments)
    rows = chosen.rows.split(",")
    if unknown := sorted(set(rows) - set(everything)):
        parser.error(f"--rows: expected names among {', '.join(everything)}, got {unknown[0]}")
    if chosen.heavy:
        chosen.peers, chosen.orders = ",".join(peers), _HEAVY_ORDERS
    if unknown := sorted(set(filter(None, chosen.peers.split(","))) - set(peers)):
        parser.error(f"--peers: expected names among {', '.join(peers)}, got {unknown[0]}")
    methods = ["auction", *filter(None, chosen.peers.split(","))]
    results: Row = {"benchmark": "matching", "seed": chosen.seed}
    if "standard" in rows:
        sizes = [int(n) for n in chosen.orders.split(",")]
        results["results"] = [row for n in sizes for row in compare(n, methods, chosen.seed)]
    for name in (name for name in rows if name in ROWS):
        work, usual = ROWS[name]
        usual = _HEAVY_UNSPLIT if chosen.heavy and name == "unsplit" else usual
        results[name] = _alone(work, chosen.size or usual, chosen.seed)
    if "gap" in rows:
        results["gap"] = _alone(assignment, chosen.seed)
    _print(results, as_json=chosen.json)


def _print(results: Row, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(results))
        return
    for row in results.get("results", []):
        gap = "-" if row["gap"] is None else f"{100 * row['gap']:.4f} %"
        print(
            f"{row['orders']:>9,} {row['method']:<14} gap {gap:>11} {row['cpu_seconds']:>9.3f} CPU s"
            f" {row['cpu_ratio']:>6.1f}x {row['peak_mb']:>6} MB"
        )
    for name, figures in results.items():
        if name not in ("benchmark", "seed", "results"):
            print(name, json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
