"""Matches under constraints beside capacities: limits on what is served together, pools with minimum lots, split costs.

A small problem is a mixed-integer program. In a larger one prices come from the linear relaxation (above its size from
the smoothed dual), pieces from its whole part (above: from the match in which every candidate pays its toll), and the
rest is placed by net score and moved while that gains; pools that stay below their minimum are closed, the emptier half
a round. The bound is the Lagrangian of the problem without pools and split costs, which only lower what can be
reached; a program proves a nearer one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from contracts.jit import HAVE_NUMBA, NO_NUMBA_NOTE
from matching.bound import lagrangian_bound, net_scores
from matching.constraints import Constraints, Limits, Pools, attainable, extra_splits
from matching.floors import floor_targets, missed_units, relaxed_floors
from matching.linear import (
    LinearForm,
    linear_form,
    lp_stopped,
    relaxed,
    whole_pieces,
    with_limits,
    with_pools,
    with_splits,
)
from matching.placing import Placing, joined
from matching.problem import Floats, Ints, MatchParams, MatchProblem, MatchResult, only, relative_gap
from matching.smoothed import smoothed_limit_prices
from matching.solve import OPTIMAL_GAP, solve

__all__ = ["Constrained", "solve_constrained"]

Mask = npt.NDArray[np.bool_]
_ROUNDS = 12
# Shares of the time for linear programs where there are pools: of the first; of those that close pools; of the last.
_FIRST, _LATER = 0.5, 0.25
_NONE: Floats = np.zeros(0)


@dataclass(frozen=True, kw_only=True)
class Constrained:
    """A match and the prices of its constraints.

    Parameters
    ----------
    result
        The match; its objective is net of what splits cost.
    limit_prices
        float64 [R], score that one unit more of each limit would gain.
    pool_prices
        float64 [G], score that a minimum lower by one piece would gain in an open pool.
    splits
        Suppliers beyond the first of each order.
    """

    result: MatchResult
    limit_prices: Floats
    pool_prices: Floats
    splits: int


@dataclass(frozen=True, kw_only=True)
class _Task:
    problem: MatchProblem
    constraints: Constraints
    params: MatchParams
    targets: Floats | None
    seed: int
    reachable: Mask

    def worth(self, pieces: Ints) -> float:
        """Return the objective net of what splits cost."""
        return self.problem.objective(pieces) - self.constraints.split_cost * extra_splits(self.problem, pieces)

    def missed(self, pieces: Ints) -> float:
        return missed_units(self.problem, pieces, self.targets)

    def form(self, allowed: Mask | None = None, limits: Limits | None = None) -> tuple[MatchProblem, LinearForm]:
        """Return the program over the allowed candidates with these limits, and its problem."""
        problem = self.problem if allowed is None else only(self.problem, allowed)
        form = linear_form(problem, self.targets, unsplit=self.params.unsplit, losing=True)
        return problem, form if limits is None else with_limits(form, limits, problem.n_candidates)

    @property
    def greedy(self) -> bool:
        return self.params.method == "greedy"


@dataclass(frozen=True, kw_only=True)
class _Prices:
    suppliers: Floats
    lines: Floats
    limits: Floats
    start: Floats | None = None
    stopped: bool = False  # the time for linear programs would not do


def solve_constrained(
    problem: MatchProblem, constraints: Constraints, *, params: MatchParams | None = None, seed: int = 0
) -> Constrained:
    """Allocate pieces as `matching.solve.solve` does, keeping to further constraints, each with a price.

    Every limit is kept to the piece, whatever the size; the gap is certified.

    Examples
    --------
    >>> problem = MatchProblem(indptr=np.array([0, 2]), supplier=np.array([0, 1]), score=np.array([0.9, 0.5]),
    ...                        pieces=np.array([10]), capacity=np.array([10, 10]))
    >>> ceiling = Limits(row=np.array([0]), candidate=np.array([0]), use=np.ones(1), most=np.array([6.0]),
    ...                  code=np.array(["ceiling"], dtype=object))
    >>> found = solve_constrained(problem, Constraints(limits=ceiling))
    >>> found.result.pieces.tolist(), found.limit_prices.round(9).tolist(), found.result.gap
    ([6, 4], [0.4], 0.0)
    """
    params = params or MatchParams()
    if constraints.empty:
        return _plain(problem, solve(problem, params=params, seed=seed))
    wall, cpu = time.perf_counter(), time.process_time()
    targets = floor_targets(problem, params.floor) if params.floor > 0 and params.method != "greedy" else None
    reachable = _reachable(problem, constraints)
    task = _Task(
        problem=problem, constraints=constraints, params=params, targets=targets, seed=seed, reachable=reachable
    )
    first = _prices(task)
    pieces, proved, method = _allocated(task, first)
    found = _certified(task, first, pieces, proved, method)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    return replace(found, result=replace(found.result, seconds=seconds, cpu_seconds=cpu_seconds))


def _plain(problem: MatchProblem, result: MatchResult) -> Constrained:
    splits = extra_splits(problem, result.pieces)
    return Constrained(result=result, limit_prices=_NONE, pool_prices=_NONE, splits=splits)


def _certified(task: _Task, first: _Prices, pieces: Ints, proved: float, method: str) -> Constrained:
    """Return the match with its bound, the prices given which pools are open, and what holds each candidate."""
    problem, constraints = task.problem, task.constraints
    objective = task.worth(pieces)
    bound = max(min(_bound(task, first, pieces), proved), objective)
    closed = _closed(constraints.pools, pieces)
    final, pool_prices = (first, _NONE) if constraints.pools is None else _with_open_pools(task, first, closed)
    result = MatchResult(
        pieces=pieces,
        unserved=problem.unserved(pieces),
        prices=final.suppliers,
        line_prices=final.lines,
        objective=objective,
        upper_bound=bound,
        method=method,
        status="optimal" if relative_gap(objective, bound) <= OPTIMAL_GAP else "feasible",
        relaxed_floors=relaxed_floors(problem, pieces, task.targets),
        toll=_toll(problem, constraints.limits, final.limits),
        barred=_barred(task, pieces, closed),
        notes=_notes(task, first, final, method),
    )
    splits = extra_splits(problem, pieces)
    return Constrained(result=result, limit_prices=final.limits, pool_prices=pool_prices, splits=splits)


def _notes(task: _Task, first: _Prices, final: _Prices, method: str) -> tuple[str, ...]:
    notes = [] if HAVE_NUMBA else [NO_NUMBA_NOTE]
    if first.stopped:
        notes.append(lp_stopped(task.params.lp_seconds))
    if final is not first and final.stopped:
        notes.append("too little time for the prices of minimum lots: they are told as zero")
    if method.endswith("_stopped"):
        seconds = f"{task.params.seconds:g} s"
        notes.append(f"the mixed-integer program was stopped after {seconds}: this is the best match found")
    unbounded = task.constraints.pools is not None or task.constraints.split_cost > 0
    if unbounded and task.problem.n_candidates > task.params.mip_candidates:
        notes.append(
            "upper_bound counts neither minimum lots nor split costs: the match may be nearer its best than gap"
        )
    return tuple(notes)


def _prices(task: _Task) -> _Prices:
    """Return prices of the problem without pools and split costs."""
    problem, limits = task.problem, task.constraints.limits
    small = problem.n_candidates <= task.params.lp_candidates
    if small:
        share = 1.0 if task.constraints.pools is None else _FIRST
        found = _relaxed_over(task, task.reachable, share * task.params.lp_seconds)
        if found is not None:
            return found
    part = None if limits is None else _of(limits, task.reachable)
    suppliers, lines, tolls = smoothed_limit_prices(only(problem, task.reachable), task.targets, part)
    return _Prices(suppliers=suppliers, lines=lines, limits=tolls, stopped=small)


def _reachable(problem: MatchProblem, constraints: Constraints) -> Mask:
    """Return bool [E], the candidates but for those in pools that can never reach their minimum."""
    pools = constraints.pools
    if pools is None:
        return np.ones(problem.n_candidates, np.bool_)
    return ~pools.members(attainable(problem, pools, constraints.limits) < pools.minimum)


def _toll(problem: MatchProblem, limits: Limits | None, prices: Floats) -> Floats | None:
    return None if limits is None else np.asarray(limits.matrix(problem.n_candidates).T @ prices)


def _tolled(task: _Task, prices: _Prices) -> MatchProblem:
    """Return the problem in which every candidate has paid for the limits."""
    toll = _toll(task.problem, task.constraints.limits, prices.limits)
    return task.problem if toll is None else task.problem.replace(score=task.problem.score - toll)


def _bound(task: _Task, prices: _Prices, pieces: Ints) -> float:
    """Return what the prices prove for all that misses no more of the floors than this allocation."""
    limits = task.constraints.limits
    paid = 0.0 if limits is None else float(np.dot(limits.most, prices.limits))
    tolled = only(_tolled(task, prices), task.reachable)
    return lagrangian_bound(tolled, prices.suppliers, prices.lines, task.targets, task.missed(pieces)) + paid


def _allocated(task: _Task, prices: _Prices) -> tuple[Ints, float, str]:
    """Return pieces (int [E]), the bound that a program proved (inf without one) and the method."""
    net = net_scores(_tolled(task, prices), prices.suppliers, prices.lines)
    placing = Placing(task.problem, task.constraints, net, task.targets, unsplit=task.params.unsplit)
    placed = _placed(task, placing, prices)
    if task.greedy:
        return placed, np.inf, "greedy"
    if task.problem.n_candidates > task.params.mip_candidates:
        return placed, np.inf, "prices+placing"
    return _program(task, placing, placed)


def _placed(task: _Task, placing: Placing, prices: _Prices) -> Ints:
    """Place pieces, closing pools that stay below their minimum."""
    start = _start(task, prices)
    pools = task.constraints.pools
    allowed = task.reachable
    pieces = placing.first_come(allowed) if task.greedy else placing.improved(start, allowed)
    if pools is None:
        return pieces
    closed = np.zeros(pools.minimum.size, np.bool_)
    ends = time.perf_counter() + _LATER * task.params.lp_seconds
    for turn in range(_ROUNDS):
        short = pools.short(pieces)
        if not short.any():
            break
        last = turn == _ROUNDS - 1
        closed |= short if last else _emptier_half(pools, pieces, short)
        allowed = task.reachable & ~pools.members(closed)
        if task.greedy:
            pieces = placing.first_come(allowed)
            continue
        anew = not last and prices.start is not None
        solved = _relaxed_over(task, allowed, ends - time.perf_counter()) if anew else None
        if solved is None or solved.start is None:
            again = np.where(allowed, pieces, 0).astype(np.float64)
            pieces = placing.improved(again, allowed, _open(pools, pieces))
        else:
            pieces = placing.improved(solved.start, allowed)
    return np.asarray(np.where(pools.members(pools.short(pieces)), 0, pieces))


def _start(task: _Task, prices: _Prices) -> Floats:
    """Return what the placing begins with: the relaxation's solution, or that of the problem with tolls."""
    if prices.start is not None:
        return prices.start
    if task.greedy:
        return np.zeros(task.problem.n_candidates)
    params = replace(task.params, method="auto")
    start: Floats = np.zeros(task.problem.n_candidates)
    open_to = only(_tolled(task, prices), task.reachable)
    start[task.reachable] = solve(open_to, params=params, seed=task.seed).pieces
    return start


def _relaxed_over(task: _Task, allowed: Mask, seconds: float) -> _Prices | None:
    """Return the relaxation's prices and solution over the allowed candidates; None if the time will not do."""
    limits = task.constraints.limits
    part = None if limits is None else _of(limits, allowed)
    solved = relaxed(*task.form(allowed, part), seconds=seconds)
    if solved is None:
        return None
    start: Floats = np.zeros(task.problem.n_candidates)
    start[allowed], suppliers, lines, rest = solved
    return _Prices(suppliers=suppliers, lines=lines, limits=rest, start=start)


def _emptier_half(pools: Pools, pieces: Ints, short: Mask) -> Mask:
    """Return those of the short pools that are filled least, half of them and at least one."""
    filled = np.where(short, pools.totals(pieces) / np.maximum(pools.minimum, 1), np.inf)
    chosen = np.zeros(short.size, np.bool_)
    chosen[np.argsort(filled, kind="stable")[: (int(short.sum()) + 1) // 2]] = True
    return chosen


def _open(pools: Pools, pieces: Ints) -> Mask:
    """Return bool [G], the pools that reach their minimum."""
    totals = pools.totals(pieces)
    return np.asarray((totals > 0) & (totals >= pools.minimum))


def _closed(pools: Pools | None, pieces: Ints) -> Mask:
    """Return bool [G], the pools without pieces whose minimum is more than one piece."""
    if pools is None:
        return np.zeros(0, np.bool_)
    return np.asarray((pools.totals(pieces) == 0) & (pools.minimum > 1))


def _program(task: _Task, placing: Placing, placed: Ints) -> tuple[Ints, float, str]:
    """Return the better of the program's allocation and the one placed, the bound it proves, and the method."""
    _, form = task.form(limits=task.constraints.limits)
    pools = task.constraints.pools
    if pools is not None:
        form = with_pools(form, pools.pool, pools.minimum)
    if not task.params.unsplit:
        form = with_splits(form, task.problem.order, task.constraints.split_cost)
    gap, seconds = task.params.mip_gap, task.params.seconds
    found, proved, finished = whole_pieces(task.problem, form, gap=gap, seconds=seconds)
    pieces, method = placed, "prices+placing" if finished else "prices+placing_stopped"
    if found is not None:
        exact = placing.kept(found.astype(np.float64))
        if pools is not None:
            exact = np.where(pools.members(pools.short(exact)), 0, exact)
        less, more = task.missed(exact), task.missed(placed)
        if less < more - 1e-6 or (less <= more + 1e-6 and task.worth(exact) >= task.worth(placed)):
            pieces, method = exact, "milp" if finished else "milp_stopped"
    return pieces, proved + form.floor_cost * task.missed(pieces), method


def _with_open_pools(task: _Task, first: _Prices, closed: Mask) -> tuple[_Prices, Floats]:
    """Return the prices given which pools are open, and what a minimum lower by one piece would gain in each."""
    limits, pools = task.constraints.limits, task.constraints.pools
    assert pools is not None
    opened = np.flatnonzero(~closed & (pools.minimum > 1))
    prices = np.zeros(pools.minimum.size)
    if task.problem.n_candidates > task.params.lp_candidates:
        return first, prices
    allowed = ~pools.members(closed)
    part = _of(joined(limits, pools, opened), allowed)
    solved = relaxed(*task.form(allowed, part), seconds=_LATER * task.params.lp_seconds)
    if solved is None:
        return replace(first, stopped=True), prices
    _, suppliers, lines, rest = solved
    n_limits = 0 if limits is None else limits.most.size
    prices[opened] = rest[n_limits:]
    return _Prices(suppliers=suppliers, lines=lines, limits=rest[:n_limits]), prices


def _of(limits: Limits, allowed: Mask) -> Limits:
    """Return the limits over the allowed candidates."""
    on = allowed[limits.candidate]
    at = np.cumsum(allowed) - 1
    return Limits(
        row=limits.row[on], candidate=at[limits.candidate[on]], use=limits.use[on], most=limits.most, code=limits.code
    )


def _barred(task: _Task, pieces: Ints, closed: Mask) -> npt.NDArray[np.object_]:
    """Return object [E], the code of the limit that keeps each candidate from one piece (order) more, empty = none."""
    problem, constraints = task.problem, task.constraints
    barred = np.full(problem.n_candidates, "", dtype=object)
    limits = constraints.limits
    if limits is not None:
        room = limits.most - limits.matrix(problem.n_candidates) @ pieces
        least = problem.pieces[problem.order[limits.candidate]] if task.params.unsplit else 1
        full = (limits.use > 0) & (limits.use * least > room[limits.row] + 1e-9)
        barred[limits.candidate[full]] = limits.code[limits.row[full]]
    if constraints.pools is not None:
        barred[constraints.pools.members(closed) & _too_small(task, constraints.pools, pieces)] = "below_minimum"
    return barred


def _too_small(task: _Task, pools: Pools, pieces: Ints) -> Mask:
    """Return bool [E], whether a closed lot is too small for what its order has left, or there is room to open it."""
    problem = task.problem
    load = np.ones(problem.n_candidates) if problem.load is None else problem.load
    taken = np.bincount(problem.supplier, pieces * load, problem.n_suppliers)
    least = load * (problem.pieces[problem.order] if task.params.unsplit else 1)
    roomy = (problem.capacity - taken)[problem.supplier] >= least
    short = problem.unserved(pieces)[problem.order] < np.append(pools.minimum, 0)[pools.pool]
    return np.asarray(roomy | short)
