"""Exact split matches as a min-cost flow (OR-tools), with floors and credit lines inside the network.

Nodes: orders, credit lines, suppliers, one sink. Staying unserved is an arc from the order to the sink at its
penalty; a floor is a second arc from the supplier to the sink, with a reward per piece that is more than moving any
piece can cost: floors give way only where they contradict, and there by as few pieces as possible. Scores become
integers once (see `score_scale`), which is the only inexactness: the bound is later taken with the scores as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from contracts.errors import EvenflowError
from contracts.jit import HAVE_NUMBA
from matching.contention import contention
from matching.paths_kernel import placed
from matching.problem import Ints, MatchProblem, of_orders, only

__all__ = [
    "FlowSolution",
    "add_arcs",
    "flow_solver",
    "integer_scores",
    "min_cost_flow",
    "rows_of",
    "score_scale",
    "solved_flow",
]

_FINE = 1e9
_COST_LIMIT = 2.0**59
_PART_ARCS = 500
_STEPS = 50  # per candidate, then cost scaling is quicker


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
    if floors is None:
        pieces = _where_contested(problem, scores, penalties)
        return FlowSolution(pieces=pieces, scores=scores, penalties=penalties, scale=scale)
    floors = np.minimum(floors, problem.demand)
    largest = max(int(np.abs(scores).max(initial=0)), int(np.abs(penalties).max()))
    reward = longest * largest + 1 if floors.any() else 0
    network = _network(problem, -scores, penalties, floors, reward)
    pieces = _flow_in_parts(network)[: problem.n_candidates]
    return FlowSolution(pieces=pieces, scores=scores, penalties=penalties, scale=scale, reward=reward)


def _where_contested(problem: MatchProblem, scores: Ints, penalties: Ints) -> Ints:
    """Return the optimal pieces of each candidate; a network is made of what more want than there is room for."""
    rows, fallback, least = contention(problem, scores, penalties)
    pieces = np.zeros(problem.n_candidates, np.int64)
    undecided = np.zeros(problem.n_orders, np.bool_)
    undecided[problem.order[rows]] = True
    if undecided.any():
        part = of_orders(only(problem, rows), undecided)
        wanted, supplier = np.unique(part.supplier, return_inverse=True)
        part = part.replace(supplier=supplier.astype(np.int32), capacity=problem.capacity[wanted])
        pieces[rows] = _contested_flow(part, -scores[rows], -least[undecided])
    left = problem.unserved(pieces)
    served = np.flatnonzero((fallback >= 0) & (left > 0))
    pieces[fallback[served]] += left[served]
    return pieces


def _contested_flow(part: MatchProblem, costs: Ints, least: Ints) -> Ints:
    """Return the cheapest pieces of each candidate: order by order while that is quick, else by cost scaling."""
    if part.credit is None and HAVE_NUMBA:
        gain = np.minimum.reduceat(costs, part.indptr[:-1]) - least
        first = np.argsort(gain, kind="stable")  # those that gain most are seldom moved again
        rows = rows_of(part.indptr, first)
        offsets = np.append(0, np.cumsum(np.diff(part.indptr)[first]))
        candidates = (offsets, part.supplier[rows].astype(np.int64), costs[rows])
        wanted, room = part.pieces[first].astype(np.int64), part.capacity.astype(np.int64)
        found, done = placed(*candidates, wanted, room, least[first], _STEPS * part.n_candidates)
        if done:
            pieces = np.empty(part.n_candidates, np.int64)
            pieces[rows] = found
            return pieces
    network = _network(part, costs, least, np.zeros(part.n_suppliers, np.int64), 0)
    return _flow_in_parts(network)[: part.n_candidates]


def rows_of(indptr: Ints, orders: Ints) -> Ints:
    """Return the candidates of orders, order after order."""
    counts = np.diff(indptr)[orders]
    ends = np.cumsum(counts)
    return np.repeat(indptr[orders] - ends + counts, counts) + np.arange(int(ends[-1]))


class _Network(NamedTuple):
    """Arcs and what each node but the sink, the last of all, supplies."""

    tails: Ints
    heads: Ints
    capacities: Ints
    costs: Ints
    supply: Ints


def _network(p: MatchProblem, costs: Ints, penalties: Ints, floors: Ints, reward: int) -> _Network:
    """Return the network over the candidates, whose arcs come first."""
    lines = 0 if p.credit is None else p.credit.limit.size
    orders, suppliers = np.arange(p.n_orders), p.n_orders + lines + np.arange(p.n_suppliers)
    sink = np.array([p.n_orders + lines + p.n_suppliers])
    tails, heads = p.order, suppliers[p.supplier]
    arcs: list[tuple[Any, ...]] = []
    if p.credit is not None:
        line, known = p.credit.line, p.credit.line >= 0
        heads = np.where(line >= 0, p.n_orders + line, heads)
        supplier = np.zeros(lines, np.int64)
        supplier[p.credit.line[known]] = p.supplier[known]
        arcs.append((p.n_orders + np.arange(lines), suppliers[supplier], np.minimum(p.credit.limit, p.demand), 0))
    arcs += [(orders, sink, p.pieces, penalties), (suppliers, sink, np.minimum(p.capacity, p.demand) - floors, 0)]
    if reward:
        arcs.append((suppliers, sink, floors, -reward))
    each = [(tails, heads, p.pieces[tails], costs), *(np.broadcast_arrays(*arc) for arc in arcs)]
    supply = np.zeros(int(sink[0]), np.int64)
    supply[: p.n_orders] = p.pieces
    tails, heads, capacities, costs = (np.concatenate(column).astype(np.int64) for column in zip(*each, strict=True))
    return _Network(tails, heads, capacities, costs, supply)


def _flow_in_parts(network: _Network) -> Ints:
    """Return the optimal flow on each arc; what only the sink connects is solved part by part, which is much sooner."""
    part = _parts(network)
    of_arc, sink = part[network.tails], network.supply.size
    nodes, arcs = np.argsort(part, kind="stable"), np.argsort(of_arc, kind="stable")
    firsts = np.arange(int(part.max(initial=0)) + 2)
    node_ends, arc_ends = np.searchsorted(part[nodes], firsts), np.searchsorted(of_arc[arcs], firsts)
    place = np.append(np.empty(sink, np.int64), 0)
    place[nodes] = np.arange(sink) - node_ends[part[nodes]]
    flow: Ints = np.empty(network.tails.size, np.int64)
    for k in range(firsts.size - 1):
        mine, here = arcs[arc_ends[k] : arc_ends[k + 1]], nodes[node_ends[k] : node_ends[k + 1]]
        place[sink] = here.size
        solver = flow_solver()
        ends = place[network.tails[mine]], place[network.heads[mine]]
        add_arcs(solver, *ends, network.capacities[mine], network.costs[mine])
        supply = network.supply[here]
        flow[mine] = solved_flow(solver, np.append(supply, -supply.sum()), mine.size)
    return flow


def _parts(network: _Network) -> Ints:
    """Return the part of each node: components of the network without its sink, small ones together."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    n = network.supply.size
    inner = network.heads < n
    links = (np.ones(int(inner.sum()), np.int8), (network.tails[inner], network.heads[inner]))
    count, component = connected_components(csr_array(links, shape=(n, n)), directed=False)
    size = np.bincount(component[network.tails], minlength=count)
    _, part = np.unique((np.cumsum(size) - size) // _PART_ARCS, return_inverse=True)
    parts: Ints = part[component]
    return parts


def _longest(problem: MatchProblem) -> int:
    """Return how many times the largest score a simple cycle of the residual network may cost."""
    lines = 0 if problem.credit is None else problem.credit.limit.size
    return 2 * (min(problem.n_orders, problem.n_suppliers + lines + 1) + 1)


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
