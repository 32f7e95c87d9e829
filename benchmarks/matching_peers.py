"""The standard instance and the peers that solve it: OR-tools' min-cost flow, HiGHS, first come first served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from matching.bound import lagrangian_bound
from matching.greedy import first_come
from matching.linear import linear_form, relaxed
from matching.problem import Ints, MatchParams, MatchProblem
from matching.solve import solve
from simulate.matching_instance import matching_instance

__all__ = ["METHODS", "min_cost_flow", "problem_of"]

PEER_SCALE = 1_000_000
Answer = tuple[Ints, float | None]


def problem_of(n_orders: int, seed: int, **options: Any) -> MatchProblem:
    """Return the standard instance as a problem; `options` are those of `simulate.matching_instance`."""
    made = matching_instance(n_orders, seed=seed, **options)
    return MatchProblem(
        indptr=made.indptr, supplier=made.supplier, score=made.score, pieces=made.pieces, capacity=made.capacity
    )


def by_auction(problem: MatchProblem) -> Answer:
    """Solve and certify with ours."""
    result = solve(problem, params=MatchParams(method="auction"))
    return result.pieces, result.upper_bound


def by_min_cost_flow(problem: MatchProblem) -> Answer:
    """Solve with OR-tools; it proves nothing about itself."""
    return min_cost_flow(problem), None


def min_cost_flow(problem: MatchProblem) -> Ints:
    """Build, solve and read back OR-tools' min-cost flow, as one would by hand."""
    import scipy.optimize  # noqa: F401 (both carry HiGHS symbols: scipy goes first)
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
    flows: Ints = solver.flows(np.arange(order.size, dtype=np.int32))
    return flows


def by_greedy(problem: MatchProblem) -> Answer:
    """Serve first come first served."""
    return first_come(problem), None


def by_highs(problem: MatchProblem) -> Answer:
    """Solve the linear program with HiGHS."""
    solved = relaxed(problem, linear_form(problem, None, unsplit=False), seconds=np.inf)
    assert solved is not None
    pieces, prices, _, _ = solved
    return np.round(pieces).astype(np.int64), lagrangian_bound(problem, prices)


METHODS: dict[str, Callable[[MatchProblem], Answer]] = {
    "auction": by_auction,
    "min_cost_flow": by_min_cost_flow,
    "greedy": by_greedy,
    "highs": by_highs,
}
