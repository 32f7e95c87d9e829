"""Minimum orders: a supplier takes at least so many pieces of an order, or none of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from matching.ledger import trimmed
from matching.linear import linear_form, whole_pieces, with_pools
from matching.problem import Ints, MatchParams, MatchProblem, MatchResult, of_orders, only, relative_gap
from matching.repair import priced_allocation
from matching.solve import OPTIMAL_GAP, solve

__all__ = ["solve_with_minimums"]

_ROUNDS = 8


def solve_with_minimums(
    problem: MatchProblem, minimum: Ints, *, params: MatchParams | None = None, seed: int = 0
) -> MatchResult:
    """Solve so that a candidate gets at least its minimum or nothing.

    Splits below a minimum are forbidden one round after another, which keeps the limit always and the objective
    nearly: a small problem is solved again each time, and then a mixed-integer program decides; in a large one the
    orders that lost pieces are placed again at the first solution's prices. The prices are those of the problem
    without minimums, whose bound holds with them, too.

    Parameters
    ----------
    minimum
        int [E], fewest pieces a candidate takes.
    """
    params = params or MatchParams()
    allowed = problem.pieces[problem.order] >= minimum
    first = _solve_allowed(problem, allowed, params, seed)
    small = problem.n_candidates <= params.mip_candidates
    pieces = first.pieces
    for _ in range(_ROUNDS):
        short = _short(pieces, minimum)
        if not short.any():
            break
        allowed &= ~short
        if small or params.method == "greedy":
            pieces = _solve_allowed(problem, allowed, params, seed).pieces
        else:
            pieces = _placed_again(problem, allowed, first, pieces)
    pieces = np.where(_short(pieces, minimum), 0, pieces)
    if np.array_equal(pieces, first.pieces):
        return first
    bound = first.upper_bound
    if params.method != "greedy" and small:
        pieces, bound = _program(problem, minimum, params, pieces, bound)
    objective = problem.objective(pieces)
    optimal = relative_gap(objective, bound) <= OPTIMAL_GAP
    return replace(
        first,
        pieces=pieces,
        unserved=problem.unserved(pieces),
        objective=objective,
        upper_bound=max(bound, objective),
        method=f"{first.method}+minimum_orders",
        status="optimal" if optimal else "feasible",
    )


def _program(
    problem: MatchProblem, minimum: Ints, params: MatchParams, pieces: Ints, bound: float
) -> tuple[Ints, float]:
    """Return the better of the program's allocation and the one given, and the better bound."""
    form = with_pools(linear_form(problem, None, unsplit=False), np.arange(problem.n_candidates), minimum)
    found, proved, _ = whole_pieces(problem, form, gap=params.mip_gap, seconds=params.seconds)
    if found is not None:
        found = trimmed(problem, found, unsplit=False)
        found[_short(found, minimum)] = 0
    if found is not None and problem.objective(found) > problem.objective(pieces):
        pieces = found
    return pieces, min(bound, proved)


def _short(pieces: Ints, minimum: Ints) -> npt.NDArray[np.bool_]:
    return (pieces > 0) & (pieces < minimum)


def _solve_allowed(
    problem: MatchProblem, allowed: npt.NDArray[np.bool_], params: MatchParams, seed: int
) -> MatchResult:
    """Solve over the allowed candidates, and give the pieces back over all of them."""
    result = solve(only(problem, allowed), params=params, seed=seed)
    pieces = np.zeros(problem.n_candidates, np.int64)
    pieces[allowed] = result.pieces
    return replace(result, pieces=pieces)


def _placed_again(problem: MatchProblem, allowed: npt.NDArray[np.bool_], first: MatchResult, pieces: Ints) -> Ints:
    """Keep what is allowed and place the rest at the first solution's prices, of the orders that have a rest."""
    kept: Ints = np.where(allowed, pieces, 0)
    open_orders = problem.unserved(kept) > 0
    if problem.credit is not None or problem.load is not None:
        open_orders[:] = True  # lines that orders share, and loads, are looked at as a whole
    rows = open_orders[problem.order]
    if not rows.any():
        return kept
    used = np.bincount(problem.supplier[~rows], weights=kept[~rows], minlength=problem.n_suppliers).astype(np.int64)
    part = of_orders(problem, open_orders).replace(capacity=problem.capacity - used)
    kept[rows] = _placed_in(part, allowed[rows], first, kept[rows])
    return kept


def _placed_in(part: MatchProblem, allowed: npt.NDArray[np.bool_], first: MatchResult, kept: Ints) -> Ints:
    again: Ints = np.zeros(part.n_candidates, np.int64)
    again[allowed] = priced_allocation(
        only(part, allowed), first.prices, first.line_prices, start=kept[allowed].astype(np.float64), rounds=0
    )
    return again
