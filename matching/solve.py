"""The matcher's door: one problem, one set of params, one certified result.

==============================  =========================================================================
problem                         how it is solved
==============================  =========================================================================
split, unit form                min-cost flow, or the ε-auction where that is certified good enough
split, loads or fen that vary   mixed-integer program in pieces; above its size: prices, then whole pieces
unsplit                         mixed-integer program in orders; above its size: prices, then whole orders
==============================  =========================================================================

Prices come from the network's potentials, the linear relaxation or a smoothed dual; the bound is computed from them
with the scores as given (`matching.bound`), so that it holds whatever produced them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from contracts.jit import HAVE_NUMBA, NO_NUMBA_NOTE
from matching.bound import lagrangian_bound
from matching.contention import contention
from matching.floors import floor_targets, missed_units, relaxed_floors
from matching.flow import min_cost_flow
from matching.ledger import trimmed
from matching.linear import linear_form, lp_stopped, relaxed, whole_pieces
from matching.problem import Floats, Ints, MatchParams, MatchProblem, MatchResult, relative_gap
from matching.shadow import shadow_prices
from matching.smoothed import smoothed_prices
from matching.unit import UnitForm, unit_form

__all__ = ["OPTIMAL_GAP", "solve"]

OPTIMAL_GAP = 1e-9
_FINER = (1.0, 5.0, 25.0)
_NOTHING: Ints = np.zeros(0, np.int64)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """An allocation with prices, the bound they prove and the floors that were asked for."""

    pieces: Ints
    prices: Floats
    line_prices: Floats
    upper_bound: float
    method: str
    notes: tuple[str, ...] = ()


def solve(problem: MatchProblem, *, params: MatchParams | None = None, seed: int = 0) -> MatchResult:
    """Allocate pieces to suppliers so that the score is highest, and prove how near the highest it is.

    Parameters
    ----------
    problem
        Orders, suppliers, candidates, credit lines.
    params
        How to solve it.
    seed
        Of the parts in which whole orders are improved; all else is deterministic (but for a program that its time
        limit stops).

    Examples
    --------
    >>> problem = MatchProblem(indptr=np.array([0, 2, 3]), supplier=np.array([0, 1, 0]), pieces=np.array([5, 5]),
    ...                        score=np.array([0.9, 0.8, 0.9]), capacity=np.array([5, 5]))
    >>> result = solve(problem)
    >>> result.pieces.tolist(), round(result.objective, 9), result.gap
    ([0, 5, 5], 8.5, 0.0)
    """
    params = params or MatchParams()
    wall, cpu = time.perf_counter(), time.process_time()
    targets = floor_targets(problem, params.floor) if params.floor > 0 else None
    found = _greedy(problem, params) if params.method == "greedy" else _optimise(problem, params, targets, seed)
    objective = problem.objective(found.pieces)
    # A bound computed in floating point may fall short of what was reached by its last digits.
    upper_bound = max(found.upper_bound, objective)
    return MatchResult(
        pieces=found.pieces,
        unserved=problem.unserved(found.pieces),
        prices=found.prices,
        line_prices=found.line_prices,
        objective=objective,
        upper_bound=upper_bound,
        method=found.method,
        status="optimal" if relative_gap(objective, upper_bound) <= OPTIMAL_GAP else "feasible",
        relaxed_floors=relaxed_floors(problem, found.pieces, targets),
        notes=found.notes,
        seconds=time.perf_counter() - wall,
        cpu_seconds=time.process_time() - cpu,
    )


def _greedy(problem: MatchProblem, params: MatchParams) -> _Found:
    """Serve first come first served, certified by the prices of the best method for the problem."""
    from matching.greedy import first_come

    certificate = _optimise(problem, replace(params, method="auto", floor=0.0), None)
    notes = ("greedy knows no floors",) if params.floor > 0 else ()
    pieces = first_come(problem, unsplit=params.unsplit)
    return replace(certificate, pieces=pieces, method="greedy", notes=notes)


def _optimise(problem: MatchProblem, params: MatchParams, targets: Floats | None, seed: int = 0) -> _Found:
    """Solve without outliers, which bounds the problem with them; with them only if floors have one served."""
    eased = _without_outliers(problem)
    found = _as_given(eased, params, targets, seed)
    if eased is problem or not (eased.score > problem.score)[found.pieces > 0].any():
        return found
    return _as_given(problem, params, targets, seed)


def _as_given(problem: MatchProblem, params: MatchParams, targets: Floats | None, seed: int) -> _Found:
    unit = unit_form(problem)
    # The network counts missed floors in pieces; where loads differ, only a program counts them in units of load.
    counts_pieces = targets is None or unit is None or bool(np.ptp(unit.load) == 0)
    small = problem.n_candidates <= params.mip_candidates
    if unit is None or (small and (params.unsplit or not counts_pieces)):
        return _program(problem, params, targets, seed)
    return _network(problem, unit, params, targets)


def _without_outliers(problem: MatchProblem) -> MatchProblem:
    """Return the problem with the scores that no piece is served for raised as far as that stays so.

    Left as they are, they would set the step to which all scores are rounded.
    """
    if problem.score.min(initial=0.0) >= -2.0 * problem.penalties.max():
        return problem
    worth = problem.score[problem.score >= -problem.penalties[problem.order]]
    largest = max(float(np.abs(worth).max(initial=0.0)), float(problem.penalties.max()))
    return problem.replace(score=np.maximum(problem.score, -2.0 * max(largest, 1e-30)))


def _network(problem: MatchProblem, unit: UnitForm, params: MatchParams, targets: Floats | None) -> _Found:
    split = _split(unit, params, targets)
    if not params.unsplit:
        return split
    from matching.repair import priced_allocation

    pieces = priced_allocation(
        problem, split.prices, split.line_prices, start=split.pieces.astype(float), unsplit=True, floors=targets
    )
    notes = split.notes if HAVE_NUMBA else (*split.notes, NO_NUMBA_NOTE)
    bound = split.upper_bound if targets is None else _bound_for(problem, split, pieces, targets)
    return replace(split, pieces=pieces, upper_bound=bound, method=f"{split.method}+whole_orders", notes=notes)


def _split(unit: UnitForm, params: MatchParams, targets: Floats | None) -> _Found:
    notes: tuple[str, ...] = ()
    if targets is None and unit.problem.credit is None:
        large = params.method == "auto" and HAVE_NUMBA and _is_large(unit.problem, params.auction_from)
        if large or params.method == "auction":
            found, notes = _auction(unit, params)
            if found is not None:
                return found
    elif params.method == "auction":
        notes = ("the auction knows neither credit lines nor floors: solved as a min-cost flow",)
    floors = None if targets is None else unit.floors_in_pieces(targets)
    flow = min_cost_flow(unit.problem, floors)
    prices, line_prices = shadow_prices(unit.problem, flow, floors)
    missed = missed_units(unit.problem, flow.pieces, floors)
    bound = lagrangian_bound(unit.problem, prices, line_prices, floors, missed)
    if floors is not None:
        prices, line_prices = shadow_prices(unit.problem, flow, floors, raised=True)
    found = _in_units(unit, flow.pieces, prices, line_prices)
    return replace(found, upper_bound=bound, method="min_cost_flow", notes=notes)


def _is_large(problem: MatchProblem, candidates: int) -> bool:
    """Whether so many candidates at least have to be decided about."""
    return problem.n_candidates >= candidates and int(contention(problem).rows.sum()) >= candidates


def _auction(unit: UnitForm, params: MatchParams) -> tuple[_Found | None, tuple[str, ...]]:
    """Run the auction, with a finer bid step if the first is too coarse for the gap that is asked for."""
    from matching.auction import auction

    found, gap = None, np.inf
    for finer in _FINER:
        outcome = auction(unit.problem, epsilon=params.epsilon / finer, bids_per_order=params.bids_per_order)
        if outcome is None:
            break
        gap = relative_gap(outcome.objective, outcome.upper_bound)
        found = _in_units(unit, outcome.pieces, outcome.prices, np.zeros(0))
        found = replace(
            found, upper_bound=outcome.upper_bound, method="auction", notes=() if HAVE_NUMBA else (NO_NUMBA_NOTE,)
        )
        if gap <= params.gap_tolerance:
            return found, ()
    if found is None:
        return None, ("the auction met a price war and gave way to the min-cost flow",)
    if params.method == "auction":
        return found, ()
    return None, (f"the auction's gap of {gap:.2g} gave way to the min-cost flow",)


def _in_units(unit: UnitForm, pieces: Ints, prices: Floats, line_prices: Floats) -> _Found:
    return _Found(
        pieces=pieces,
        prices=unit.supplier_prices(prices),
        line_prices=unit.credit_prices(line_prices),
        upper_bound=np.inf,
        method="",
    )


def _program(problem: MatchProblem, params: MatchParams, targets: Floats | None, seed: int) -> _Found:
    """Solve by linear and mixed-integer programs as far as the size allows, else by prices."""
    start: Floats | None = None
    form, solved = None, None
    if problem.n_candidates <= params.lp_candidates:
        form = linear_form(problem, targets, unsplit=params.unsplit)
        solved = relaxed(problem, form, seconds=params.lp_seconds)
    if solved is None:
        prices, line_prices = smoothed_prices(problem, targets)
    else:
        start, prices, line_prices, _ = solved
    notes = () if form is None or solved is not None else (lp_stopped(params.lp_seconds),)
    exact, proved, finished = None, np.inf, False
    if form is not None and problem.n_candidates <= params.mip_candidates:
        exact, proved, finished = whole_pieces(problem, form, gap=params.mip_gap, seconds=params.seconds)
    found = _Found(
        prices=prices, line_prices=line_prices, upper_bound=np.inf, method="milp", pieces=_NOTHING, notes=notes
    )
    if exact is not None:
        found = replace(found, pieces=trimmed(problem, exact, unsplit=params.unsplit))
    if exact is None or not finished:
        found = _placed(problem, found, params, targets, start)
    if np.isfinite(proved) and not finished:
        stopped = f"the mixed-integer program was stopped after {params.seconds:g} s: this is the best match found"
        found = replace(found, notes=(*found.notes, stopped))
    if params.unsplit and problem.load is not None and targets is None and not finished:
        found = _polished(problem, replace(found, upper_bound=proved), params, seed)
        proved = found.upper_bound
    bound = _bound_for(problem, found, found.pieces, targets)
    if form is not None:
        bound = min(bound, proved + form.floor_cost * missed_units(problem, found.pieces, targets))
    return replace(found, upper_bound=bound)


def _placed(
    problem: MatchProblem, found: _Found, params: MatchParams, targets: Floats | None, start: Floats | None
) -> _Found:
    """Place pieces by the prices found; keep what the program found if that is better."""
    from matching.repair import priced_allocation

    pieces = priced_allocation(
        problem, found.prices, found.line_prices, start=start, unsplit=params.unsplit, floors=targets
    )
    if found.pieces.size == pieces.size and _better(problem, found.pieces, pieces, targets):
        return found
    method = "prices+whole_orders" if params.unsplit else "prices+whole_pieces"
    notes = found.notes if HAVE_NUMBA else (*found.notes, NO_NUMBA_NOTE)
    return replace(found, pieces=pieces, method=method, notes=notes)


def _polished(problem: MatchProblem, found: _Found, params: MatchParams, seed: int) -> _Found:
    """Sharpen the bound and improve whole orders part by part, unless that proves them good already."""
    from matching.choices import choices_of
    from matching.knapsacks import knapsack_bound
    from matching.neighbourhoods import improve_parts

    bound = min(found.upper_bound, lagrangian_bound(problem, found.prices, found.line_prices))
    if params.polish_seconds <= 0 or relative_gap(problem.objective(found.pieces), bound) <= params.mip_gap:
        return replace(found, upper_bound=bound)
    ends = time.perf_counter() + params.polish_seconds
    choices = choices_of(problem, found.prices, found.line_prices)
    reached = problem.objective(found.pieces)
    half = ends - params.polish_seconds / 2
    bound = min(bound, knapsack_bound(problem, choices, reached, seconds=params.polish_seconds, ends=half))
    pieces = improve_parts(problem, choices, found.pieces, upper_bound=bound, gap=params.mip_gap, ends=ends, seed=seed)
    return replace(found, pieces=pieces, upper_bound=bound, method=f"{found.method}+parts")


def _bound_for(problem: MatchProblem, found: _Found, pieces: Ints, targets: Floats | None) -> float:
    """Return the bound the prices prove for all that misses no more of the floors than this allocation."""
    return lagrangian_bound(problem, found.prices, found.line_prices, targets, missed_units(problem, pieces, targets))


def _better(problem: MatchProblem, one: Ints, other: Ints, targets: Floats | None) -> bool:
    """Whether an allocation misses less of the floors, or as much of them and scores no less."""
    missed = [missed_units(problem, x, targets) for x in (one, other)]
    if abs(missed[0] - missed[1]) > 1e-6:
        return missed[0] < missed[1]
    return problem.objective(one) >= problem.objective(other)
