"""Orders weighed in compiled loops; one order searched for, weighed and decided in one step, without Python between."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from contracts.jit import compiled, lean, merged
from graph.arrays import Array
from graph.candidates.kernel import search
from graph.candidates.layout import CANDIDATE, Case, Holders, Lanes, Offers, Territories, Trade, Wanted
from graph.candidates.scratch import Scratch
from matching.landed import landed_row
from matching.online_kernel import DOWN, OUTSCORED, REJECTED, decide
from matching.problem import Floats, Ints

__all__ = ["OVER_PRICE", "UNQUALIFIED", "Priced", "Weighed", "decide_one", "weigh"]

UNQUALIFIED, OVER_PRICE = 12, 13  # in `matching.online.REASONS`
_CANDIDATE = np.dtype(list(CANDIDATE.items()))
_READ, _PARTS, _COST = 12, 9, 4  # of `matching.landed`: its `READ`, its `PARTS`, the cost among these


class Priced(NamedTuple):
    """What candidates are weighed by: see `services.market.Market`."""

    pool: Ints
    left: Ints
    down: Array
    terms_key: Ints
    terms_row: Ints
    terms_share: Floats
    rated: Ints
    reliability: Floats
    goods: Floats
    parties: int
    rates: Floats
    which: Ints
    coefficient: Floats


class Weighed(NamedTuple):
    """Candidates: numbers float64 [9 + weights + 2, K], pools and what they have left, credit lines, smallest lots."""

    numbers: Floats
    pool: Ints
    left: Ints
    line: Ints
    minimum: Ints
    limit: Ints


@compiled
def decide_one(  # noqa: PLR0917 (compiled: arrays are handed over fastest one by one)
    orders: Array, start: Array, offers: Array, cheapest: Array, allowed: Array, lane_key: Array, lanes: Array,
    holder_region: Array, holders: Array, sizes: Array, near_start: Array, near_supplier: Array, near_weight: Array,
    near_row: Array, far_start: Array, far_supplier: Array, far_weight: Array, far_row: Array, seen: Array, gone: Array,
    codes: Array, pool: Array, left: Array, price: Array, down: Array, terms_key: Array, terms_row: Array,
    terms_share: Array, terms_limit: Array, rated: Array, reliability: Array, goods: Array, rates: Array,
    which: Array, coefficient: Array, base: float, top: int, penalty: float, most: float, margin: float,
    split_cost: float, unsplit: bool,  # noqa: FBT001
) -> tuple[Array, Weighed, Array, Array, Array, Array]:  # fmt: skip
    """Return the candidates, what they are weighed by, scores (0 unknown), and ranks, pieces and codes of `decide`.

    Parameters
    ----------
    orders … far_row, seen
        Parts of `graph.candidates.layout.Case`; ``sizes``: regions of territories, of lanes, and parties.
    gone
        Positions of suppliers that refused the order.
    codes
        Position in `matching.online.REASONS` of each reason of the search.
    pool … goods
        See `services.market.Market`.
    rates, base, which, coefficient
        `LandedParams.rates`, the score before any part, positions in `PARTS` of those that count, what they count.
    """
    case = Case(
        Offers(start, offers, cheapest), orders, Trade(near_start, near_supplier, near_weight, near_row),
        Trade(far_start, far_supplier, far_weight, far_row), Territories(allowed, sizes[0]),
        Lanes(lane_key, lanes, sizes[1]), Holders(holder_region, holders),
        Wanted(np.zeros(0, np.bool_), seen, np.zeros(0, np.int32), np.inf, np.inf, 0.0, True, False),
    )  # fmt: skip
    market = Priced(
        pool, left, down, terms_key, terms_row, terms_share, rated, reliability, goods, sizes[2], rates, which,
        coefficient,
    )  # fmt: skip
    found = _found(case, top)
    told = _weighed(case.orders, (case.offers.rows, case.lanes.rows), market, found, base)
    _exclude(case, market, found, told, codes, gone, most)
    score, net = told.numbers[-2], told.numbers[-1]
    asked, use = np.where(np.isnan(score), 0.0, score), np.where(np.isnan(told.numbers[0]), 0.0, told.numbers[0])
    rank, taken, code, net[:] = decide(
        price, left, terms_limit, told.pool, asked, told.limit, told.line, use, told.minimum, orders[0]["pieces"],
        penalty, margin, split_cost, unsplit,
    )  # fmt: skip
    return found, told, asked, rank, taken, code


@merged
def _found(case: Case, top: int) -> Array:
    """Return the best `top` candidates."""
    order, n = case.orders[0], 1
    for good in (order["sku"], order["category"]):
        if good >= 0:
            n = max(n, case.offers.start[good + 1] - case.offers.start[good])
    scratch = Scratch(
        np.zeros(4, np.int64), np.zeros((2, n), np.int64), np.empty((2, n), np.int32), np.empty(2 * n, _CANDIDATE),
        np.empty(max(len(case.exclusives.rows), 1), np.int32), np.empty(top, np.int64),
    )  # fmt: skip
    out = np.empty(top, _CANDIDATE)
    return out[: search(case, scratch, out, top)]


@compiled
def weigh(orders: Array, book: tuple[Array, Array], market: Priced, found: Array, base: float) -> Weighed:
    """Return what each candidate of many orders costs and scores, and what it draws on; nothing is excluded yet.

    Parameters
    ----------
    orders, book, found
        Rows of orders, of offers and lanes, and of candidates (`graph.candidates.layout`).
    base
        The score before any part.
    """
    return _weighed(orders, book, market, found, base)


@merged
def _weighed(orders: Array, book: tuple[Array, Array], market: Priced, found: Array, base: float) -> Weighed:
    offers, lanes = book
    n, parts = len(found), len(market.which)
    numbers, pool, left = np.zeros((_PARTS + parts + 2, n)), np.empty(n, np.int64), np.empty(n, np.int64)
    line, minimum = np.empty(n, np.int64), np.empty(n, np.int64)
    given: Any = np.empty(_READ)
    rates: Any = market.rates
    for t in range(n):
        order, offer = orders[found[t]["demand"]], offers[found[t]["offer"]]
        supplier = np.int64(offer["supplier"])
        pool[t] = market.pool[found[t]["offer"]]
        left[t] = market.left[pool[t]]
        minimum[t] = np.int64(max(offer["minimum"], 1.0))
        at = _place(market.terms_key, np.int64(order["buyer"]) * market.parties + supplier)
        line[t] = market.terms_row[at] if at >= 0 else -1
        _read(order, offer, lanes, market, found[t], given)
        given[10] = given[1] * market.terms_share[line[t]] if line[t] >= 0 and not np.isnan(given[1]) else 0.0
        at = _place(market.rated, supplier)
        given[11] = market.reliability[at] if at >= 0 else 0.0
        for part, value in enumerate(landed_row(given, rates)):
            numbers[part, t] = value
        total = 0.0
        for part in range(parts):
            numbers[_PARTS + part, t] = numbers[market.which[part], t] * market.coefficient[part]
            total += numbers[_PARTS + part, t]
        numbers[_PARTS + parts, t] = base + total
    return Weighed(numbers, pool, left, line, minimum, np.full(n, -1))


@lean
def _read(  # noqa: PLR0917 (compiled: no keywords)
    order: Any, offer: Any, lanes: Array, market: Priced, row: Any, given: Floats
) -> None:
    """Write what is known of a candidate into `given`: the fields `matching.landed.READ` but the last two."""
    sku = order["sku"]
    given[0] = order["pieces"]
    given[1] = market.goods[0, sku] if np.isnan(offer["unit_cost"]) else offer["unit_cost"]
    given[2], given[9] = market.goods[2, sku], market.goods[1, sku]
    given[3], given[5] = row["km"], row["strength"]
    given[4] = np.nan
    if row["lane"] >= 0:
        lane = lanes[row["lane"]]
        given[4] = np.rint(lane["per_order"] + lane["per_kg"] * order["kg"])
    given[6] = 0 if row["hops"] == 3 else row["hops"]
    given[7] = row["days"]
    given[8] = order["days"] if np.isfinite(order["days"]) else np.nan


@lean
def _place(keys: Array, key: Any) -> Any:
    """Return where a key is among ascending ones, -1 if it is not there."""
    at = np.searchsorted(keys, key)
    return at if at < len(keys) and keys[at] == key else -1


@merged
def _exclude(  # noqa: PLR0917 (compiled: no keywords)
    case: Case, market: Priced, found: Array, told: Weighed, codes: Ints, gone: Ints, most: float
) -> None:
    """Write what excludes each candidate into ``told.limit``."""
    score, cost, limit = told.numbers[-2], told.numbers[_COST], told.limit
    for t in range(len(found)):
        limit[t] = codes[found[t]["reason"]]
        if limit[t] < 0 and np.isnan(cost[t]):
            limit[t] = UNQUALIFIED
        if limit[t] < 0 and cost[t] > most:
            limit[t] = OVER_PRICE
        if limit[t] < 0 and market.down[told.pool[t]]:
            limit[t] = DOWN
        for one in range(len(gone)):
            if limit[t] < 0 and case.offers.rows[found[t]["offer"]]["supplier"] == gone[one]:
                limit[t] = REJECTED
    _keep_the_best(told.pool, score, limit)


@merged
def _keep_the_best(pool: Ints, score: Floats, limit: Ints) -> None:
    """Exclude all but the best of candidates that draw on the same pool, or its pieces would count twice."""
    again = np.zeros(len(pool), np.bool_)
    worth = np.where(np.isnan(score), -np.inf, score)
    for t in range(len(pool)):
        for other in range(len(pool)):
            if other != t and pool[other] == pool[t] and limit[other] < 0:
                again[t] |= worth[other] > worth[t] or (worth[other] == worth[t] and other < t)
    for t in range(len(pool)):
        if again[t] and limit[t] < 0:
            limit[t] = OUTSCORED
