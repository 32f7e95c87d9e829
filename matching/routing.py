"""Routing: eligible candidates matched in a batch, or one after another at published prices; every row explained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.bound import lagrangian_bound, net_scores
from matching.explain import Explanation, explain
from matching.minimums import solve_with_minimums
from matching.problem import CreditLines, Floats, Ints, MatchParams, MatchProblem, MatchResult, only
from matching.reasons import reasons

__all__ = ["HARD_LIMITS", "Routed", "route"]

Mask = npt.NDArray[np.bool_]
HARD_LIMITS = (
    "out_of_territory",
    "exclusive",
    "no_delivery",
    "unqualified",
    "over_price",
    "below_minimum",
    "late",
    "supplier_down",
    "full",
)


@dataclass(frozen=True, kw_only=True)
class Routed:
    """A decision over all candidate rows, eligible or not.

    Parameters
    ----------
    offer
        int [R], the capacity that each row draws on: a supplier's pieces of one good.
    good
        object [R], that good.
    pieces
        int64 [R], pieces served.
    reason
        object [R], a code of `matching.explain`, or the hard limit that excluded the row.
    price, net, margin
        float64 [R], NaN for excluded rows.
    runner_up
        int64 [R], row of the best other candidate, -1 for none.
    unserved
        int64 [N], pieces left per order.
    unserved_reason
        object [N], why, empty for orders served in full.
    offer_capacity
        int64 [offers].
    result
        The certified match behind it; its prices are per offer.
    """

    offer: Ints
    good: npt.NDArray[np.object_]
    pieces: Ints
    reason: npt.NDArray[np.object_]
    price: Floats
    net: Floats
    margin: Floats
    runner_up: Ints
    unserved: Ints
    unserved_reason: npt.NDArray[np.object_]
    offer_capacity: Ints
    result: MatchResult


def route(
    *,
    order: Ints,
    offer: Ints,
    good: npt.NDArray[np.object_],
    score: Floats,
    limits: npt.NDArray[np.object_],
    pieces: Ints,
    capacity: Ints,
    minimum: Ints,
    penalty: Floats | None = None,
    credit: CreditLines | None = None,
    published: Floats | None = None,
    params: MatchParams | None = None,
    seed: int = 0,
) -> Routed:
    """Decide who serves which pieces of every order.

    Parameters
    ----------
    order, offer, good, score, capacity, minimum
        Per candidate row, sorted by order: int in [0, N), int offer, its name, gain per piece, pieces the offer has,
        fewest pieces of one order.
    limits
        object [R], the hard limit that excludes a row, empty = eligible.
    pieces, penalty
        int [N] and float [N] per order.
    credit
        What each buyer may still take from each supplier; a line may reach over several of a supplier's offers.
    published
        float [R], prices of the rows' offers; None solves for them.
    """
    eligible = limits == ""
    n_offers = int(offer.max(initial=-1)) + 1
    room = np.zeros(max(n_offers, 1), np.int64)
    room[offer] = capacity
    everything = MatchProblem(
        indptr=np.searchsorted(order, np.arange(pieces.size + 1)),
        supplier=offer.astype(np.int32),
        score=np.where(eligible, score, 0.0),
        pieces=pieces,
        capacity=room,
        penalty=penalty,
        credit=credit,
    )
    problem = only(everything, eligible)
    if published is None:
        result = solve_with_minimums(problem, minimum[eligible], params=params, seed=seed)
    else:
        result = _at_prices(problem, minimum[eligible], published[eligible], params or MatchParams())
    unsplit = params is not None and params.unsplit
    return _over_all_rows(everything, problem, result, limits, good, unsplit=unsplit)


def _at_prices(problem: MatchProblem, minimum: Ints, published: Floats, params: MatchParams) -> MatchResult:
    """Serve orders one after another by score less published price, the online rule."""
    from matching.greedy import place
    from matching.ledger import book_of, state_of
    from matching.online import RouterParams
    from matching.policies import accepted

    prices = np.zeros(problem.n_suppliers)
    prices[problem.supplier] = np.maximum(published, 0.0)
    net = net_scores(problem, prices)
    worth = accepted(problem, problem.score - net, RouterParams().margin)
    worth &= problem.pieces[problem.order] >= minimum
    open_to = only(problem, worth)
    book = book_of(open_to, net[worth], unsplit=params.unsplit)
    state = state_of(open_to, book)
    place(np.arange(problem.n_orders), book, state)
    pieces = np.zeros(problem.n_candidates, np.int64)
    pieces[worth] = state.pieces
    pieces[pieces < minimum] = 0
    objective = problem.objective(pieces)
    return MatchResult(
        pieces=pieces,
        unserved=problem.unserved(pieces),
        prices=prices,
        line_prices=np.zeros(0 if problem.credit is None else problem.credit.limit.size),
        objective=objective,
        upper_bound=max(lagrangian_bound(problem, prices), objective),
        method="published_prices",
        status="feasible",
    )


def _over_all_rows(
    everything: MatchProblem,
    problem: MatchProblem,
    result: MatchResult,
    limits: npt.NDArray[np.object_],
    good: npt.NDArray[np.object_],
    *,
    unsplit: bool,
) -> Routed:
    eligible = limits == ""
    told = explain(problem, result, unsplit=unsplit)
    rows = np.flatnonzero(eligible)
    pieces = np.zeros(everything.n_candidates, np.int64)
    pieces[rows] = result.pieces
    reason = limits.copy()
    reason[rows] = told.reason
    runner_up = np.full(everything.n_candidates, -1)
    runner_up[rows] = np.where(told.runner_up >= 0, np.append(rows, -1)[told.runner_up], -1)
    price, net, margin = (_spread(values, eligible) for values in (told.price, told.net, told.margin))
    return Routed(
        offer=everything.supplier, good=good, pieces=pieces, reason=reason, price=price, net=net, margin=margin,
        runner_up=runner_up, unserved=result.unserved, offer_capacity=everything.capacity, result=result,
        unserved_reason=_unserved_reasons(everything, problem, result, limits, told, unsplit=unsplit),
    )  # fmt: skip


def _spread(values: Floats, eligible: Mask) -> Floats:
    spread: Floats = np.full(eligible.size, np.nan)
    spread[eligible] = values
    return spread


def _unserved_reasons(
    everything: MatchProblem,
    problem: MatchProblem,
    result: MatchResult,
    limits: npt.NDArray[np.object_],
    told: Explanation,
    *,
    unsplit: bool,
) -> npt.NDArray[np.object_]:
    """Return why pieces stay: of the eligible candidates if there are any, else the limit that came nearest."""
    nearest = np.full(everything.n_orders, -1)
    held = np.flatnonzero(limits != "")
    for rank, name in enumerate(HARD_LIMITS):
        nearest[everything.order[held[limits[held] == name]]] = rank
    names: npt.NDArray[np.object_] = np.array([*HARD_LIMITS, "no_candidates"], dtype=object)
    why: npt.NDArray[np.object_] = names[nearest]
    some = np.flatnonzero((result.unserved > 0) & (np.diff(problem.indptr) > 0))
    why[some] = reasons(problem, result, some, unsplit=unsplit)
    # A split too small for every supplier's minimum order ends here with room left.
    roomy = np.zeros(everything.n_orders, dtype=np.bool_)
    np.logical_or.at(roomy, problem.order, (told.reason == "outbid") & (told.price <= 0))
    why[roomy & (result.unserved > 0)] = "below_minimum"
    why[result.unserved == 0] = ""
    return why
