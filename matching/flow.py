"""Exact split matches as a min-cost flow (OR-tools), with floors and credit lines inside the network.

Nodes: orders, credit lines, suppliers, one sink. Staying unserved is an arc from the order to the sink at its
penalty; a floor is a second arc from the supplier to the sink, with a reward per piece that is more than moving any
piece can cost: floors give way only where they contradict, and there by as few pieces as possible. Scores become
integers once (see `score_scale`), which is the only inexactness: the bound is later taken with the scores as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from contracts.errors import EvenflowError
from matching.problem import Ints, MatchProblem

__all__ = [
    "FlowSolution",
    "add_arcs",
    "flow_solver",
    "integer_scores",
    "min_cost_flow",
    "score_scale",
    "solved_flow",
]

_FINE = 1e9
_COST_LIMIT = 2.0**59


@dataclass(frozen=True, kw_only=True)
class FlowSolution:
    """The flow on each candidate (int64 [E]), the integer costs it is optimal for and the reward of a floor's piece."""

    pieces: Ints
    scores: Ints
    penalties: Ints
    scale: float
    reward: int = 0


def score_scale(problem: MatchProblem, *, longest: int = 1) -> float:
    """Return the power of ten that turns scores and penalties into integers.

    The smallest one that keeps every digit if there are at most six decimals, else as fine as the cost-scaling
    algorithm's 64-bit arithmetic allows, at most nine digits below the largest score. `longest` is how many times
    the largest score the largest cost is.
    """
    scores = problem.score.astype(np.float64)
    largest = max(float(np.abs(scores).max(initial=0.0)), float(np.abs(problem.penalties).max()), 1e-30)
    nodes = problem.n_orders + problem.n_suppliers + 2
    widest = min(_FINE, _COST_LIMIT / (2.0 * nodes * longest)) / largest
    finest = float(10.0 ** np.floor(np.log10(widest)))
    values = np.concatenate([scores, problem.penalties])
    for digits in range(7):
        scale = 10.0**digits
        if scale > finest:
            break
        scaled = values * scale
        if (np.abs(scaled - np.round(scaled)) <= 1e-9 * np.maximum(1.0, np.abs(scaled))).all():
            return scale
    return finest


def integer_scores(problem: MatchProblem, scale: float) -> tuple[Ints, Ints]:
    """Return scores (int64 [E]) and penalties (int64 [N]) times the scale, rounded."""
    scores = np.round(problem.score.astype(np.float64) * scale).astype(np.int64)
    return scores, np.round(problem.penalties * scale).astype(np.int64)


def min_cost_flow(problem: MatchProblem, floors: Ints | None = None) -> FlowSolution:
    """Return an optimal split allocation of a problem in unit form.

    Parameters
    ----------
    floors
        int64 [M], pieces each supplier should get; as few as possible are missed in all.
    """
    longest = 1 if floors is None else _longest(problem)
    scale = score_scale(problem, longest=longest)
    scores, penalties = integer_scores(problem, scale)
    kept = np.arange(problem.n_candidates) if floors is not None else _worthwhile(problem, scores, penalties)
    arcs = _Arcs(problem, kept)
    solver = flow_solver()
    floors = np.zeros(problem.n_suppliers, np.int64) if floors is None else np.minimum(floors, problem.demand)
    largest = max(int(np.abs(scores).max(initial=0)), int(np.abs(penalties).max()))
    reward = longest * largest + 1 if floors.any() else 0
    arcs.add(solver, -scores[kept])
    room = np.minimum(problem.capacity, problem.demand) - floors
    sink = arcs.sink
    orders, suppliers = np.arange(problem.n_orders), arcs.first_supplier + np.arange(problem.n_suppliers)
    add_arcs(solver, orders, np.full(orders.size, sink), problem.pieces, penalties)
    add_arcs(solver, suppliers, np.full(suppliers.size, sink), room, np.zeros(suppliers.size, np.int64))
    if reward:
        add_arcs(solver, suppliers, np.full(suppliers.size, sink), floors, np.full(suppliers.size, -reward))
    supply = np.zeros(sink + 1, np.int64)
    supply[: orders.size] = problem.pieces
    supply[sink] = -problem.demand
    pieces = np.zeros(problem.n_candidates, np.int64)
    pieces[kept] = solved_flow(solver, supply, kept.size)
    return FlowSolution(pieces=pieces, scores=scores, penalties=penalties, scale=scale, reward=reward)


def _longest(problem: MatchProblem) -> int:
    """Return how many times the largest score a simple cycle of the residual network may cost."""
    lines = 0 if problem.credit is None else problem.credit.limit.size
    return 2 * (min(problem.n_orders, problem.n_suppliers + lines + 1) + 1)


class _Arcs:
    """Candidate and credit arcs of the network over the kept candidates."""

    def __init__(self, problem: MatchProblem, kept: Ints) -> None:
        lines = 0 if problem.credit is None else problem.credit.limit.size
        self._problem, self._kept, self._lines = problem, kept, lines
        self.first_supplier = problem.n_orders + lines
        self.sink = self.first_supplier + problem.n_suppliers

    def add(self, solver: Any, costs: Ints) -> None:
        p, kept = self._problem, self._kept
        tails = p.order[kept]
        heads = p.supplier[kept].astype(np.int64) + self.first_supplier
        if p.credit is not None:
            line = p.credit.line[kept]
            heads = np.where(line >= 0, p.n_orders + line, heads)
        add_arcs(solver, tails, heads, p.pieces[tails], costs)
        if p.credit is not None:
            self._add_lines(solver, p)

    def _add_lines(self, solver: Any, p: MatchProblem) -> None:
        credit = p.credit
        if credit is None or not self._lines:
            return
        supplier = np.zeros(self._lines, np.int64)
        known = credit.line >= 0
        supplier[credit.line[known]] = p.supplier[known]
        limit = np.minimum(credit.limit, p.demand)
        tails, heads = p.n_orders + np.arange(self._lines), self.first_supplier + supplier
        add_arcs(solver, tails, heads, limit, np.zeros(self._lines, np.int64))


def add_arcs(solver: Any, tails: Ints, heads: Ints, capacities: Ints, costs: Ints) -> None:
    """Add arcs with capacities and integer costs per unit."""
    ends = (tails.astype(np.int32), heads.astype(np.int32))
    solver.add_arcs_with_capacity_and_unit_cost(*ends, capacities.astype(np.int64), costs.astype(np.int64))


def solved_flow(solver: Any, supply: Ints, n_arcs: int) -> Ints:
    """Return int64, the optimal flow on the first arcs for the supply of each node (negative = demand).

    Raises
    ------
    EvenflowError
        If the solver does not end with an optimum.
    """
    solver.set_nodes_supplies(np.arange(supply.size, dtype=np.int32), supply)
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise EvenflowError(f"match: the min-cost flow ended with {status} although the network is feasible")
    return np.asarray(solver.flows(np.arange(n_arcs, dtype=np.int32)), dtype=np.int64)


def flow_solver() -> Any:
    """Return an empty network."""
    import scipy.optimize  # noqa: F401 (both carry HiGHS symbols: scipy goes first)
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    return SimpleMinCostFlow()


def _worthwhile(problem: MatchProblem, scores: Ints, penalties: Ints) -> Ints:
    """Return the candidates that are no worse than leaving the piece unserved."""
    return np.flatnonzero(scores >= -penalties[problem.order])
