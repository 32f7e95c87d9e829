"""Thousands of orders of a request matched over the loaded network in one pass, told without their alternatives.

All candidates are weighed as arrays, and a table is made only of what is told: who serves, and the runners-up. Where
`services.network_routes.route_on` explains every candidate, this answers many times as many orders a second with the
same decisions.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError, NotReadyError
from graph.arrays import Array
from graph.candidates.filters import Sight
from graph.candidates.frame import path_texts
from graph.candidates.kernel import REASONS
from graph.candidates.layout import BASES
from graph.candidates.orders import OrderArrays
from graph.candidates.search import find
from graph.tables import DEMANDS
from matching.landed import DEFAULT_WEIGHTS, PARTS, LandedParams
from matching.problem import Ints, MatchParams
from matching.routing import Routed, route
from matching.score import ScoreWeights
from services.market import Market, market_on, pool_names
from services.one_order_kernel import Priced, Weighed, weigh
from services.order_scope import refusals, sight_of
from services.route_frames import summary_of
from services.route_one import counting
from services.route_orders import Known, first_day, penalties_of, wrong_penalties
from services.route_terms import lines_in_short
from services.viewer import Viewer
from store.prices import PriceShelf
from store.snapshot import Snapshot

__all__ = ["Many", "match_many"]

_EVERYTHING = Viewer()
_COST = PARTS.index("cost_fen")
_ORDER = dict.fromkeys(("order_id", "sku_id", "supplier_id", "pieces", "promised_date", *PARTS[: _COST + 1]))
_LAST = dict.fromkeys(("score", "price", "runner_up", "margin", "basis", "from_id", "carrier_id", "path", "reason"))


@dataclass(frozen=True, kw_only=True)
class Many:
    """What `match_many` gives back.

    Parameters
    ----------
    order_ids
        Of the orders that can be used, N.
    matches, order
        Who serves them: columns of `services.route_frames.matches_frame` by name, and int64 [R], the place of each
        row's order, ascending.
    unserved, unserved_reason
        int64 [N], pieces left of each order; object [N], why, empty = none are.
    prices, summary
        Those of `services.route_orders.RouteReport`; `summary` counts what was ``quarantined``, too.
    refused
        Rows that cannot be used: ``row`` (1 = the first) and ``reason``.
    """

    order_ids: list[str]
    matches: dict[str, Array]
    order: Ints
    unserved: Ints
    unserved_reason: npt.NDArray[np.object_]
    prices: pd.DataFrame
    summary: dict[str, Any]
    refused: pd.DataFrame


class _Case(NamedTuple):
    """Orders, as a table and as arrays, what they are matched by, their candidates, and what may be told of them."""

    known: Known
    market: Market
    demands: pd.DataFrame
    asked: OrderArrays
    found: Array
    day: pd.Timestamp
    weights: ScoreWeights
    sight: Sight | None


def match_many(
    snapshot: Snapshot,
    shelf: PriceShelf,
    orders: pd.DataFrame,
    *,
    viewer: Viewer = _EVERYTHING,
    top: int = 20,
    weights: ScoreWeights = DEFAULT_WEIGHTS,
    params: MatchParams | None = None,
    at_prices: bool = False,
    seed: int = 0,
) -> Many:
    """Match orders as `services.network_routes.route_on` does; rows that cannot be used are put aside with the reason.

    Parameters
    ----------
    orders
        Raw orders (`graph.tables.DEMANDS`); ``unmatched_penalty`` and ``placed_at`` count if there.
    viewer
        Who asks: an order for a buyer that is not its own is put aside as one for an unknown buyer is.
    top
        Candidates per order, >= 1.
    params
        How it is solved: from 10 000 orders with 20 candidates each on the auction is tried first.
    at_prices
        Whether the orders are served one after another at the prices that serve, instead of all at once at their own.

    Raises
    ------
    NotReadyError
        If the network offers nothing.
    InputError
        If something is weighted that no candidate has.
    """
    if unknown := set(weights.parts) - set(PARTS):
        raise InputError("weights", f"parts among {', '.join(PARTS)}", min(unknown))
    wall, cpu = time.perf_counter(), time.thread_time()
    demands, refused = DEMANDS.sift(orders, "orders")
    day = first_day(demands)
    known, market = market_on(snapshot, day.tz_localize(None), shelf)
    if not market.pool.size:
        raise NotReadyError("the loaded network offers nothing: add supply.csv or stock.csv and load again")
    sight = sight_of(viewer, known.book.network)
    why = _unusable(demands, refusals(demands, known.book, viewer, sight))
    demands, refused = demands[why == ""].reset_index(drop=True), _refused(orders, refused, why)
    if demands.empty:
        return _none_used(refused)
    asked = OrderArrays.of(known.book, demands, day.tz_localize(None))
    found = find(known.book, asked, top=top, sight=sight)
    case = _Case(known, market, demands, asked, found, day, weights, sight)
    weighed = _weighed(case)
    limits = _limits(case, weighed)
    prices = market.price[weighed.pool] if at_prices else None
    routed = _routed(case, weighed, limits, published=prices, params=params or MatchParams(), seed=seed)
    at = np.flatnonzero(routed.pieces)
    matches = _matches(case, weighed, routed, at)
    summary = _summary(case, routed, weighed, limits) | {"quarantined": len(refused)}
    summary |= {"seconds": time.perf_counter() - wall, "cpu_seconds": time.thread_time() - cpu}
    return Many(
        order_ids=demands["order_id"].tolist(), matches=matches, order=found["demand"][at], unserved=routed.unserved,
        unserved_reason=routed.unserved_reason, prices=_prices(case, routed), summary=summary, refused=refused,
    )  # fmt: skip


def _unusable(demands: pd.DataFrame, why: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Return why each order cannot be used: what `why` says, else that its penalty is no number."""
    why[(why == "") & wrong_penalties(demands)] = "unmatched_penalty: expected a number >= 0"
    return why


def _refused(orders: pd.DataFrame, refused: pd.DataFrame, why: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Return what was put aside, orders of unknown things too; `why` is of the orders left so far."""
    left = np.setdiff1d(np.arange(1, len(orders) + 1), refused["row"].to_numpy(np.int64))
    unknown = pd.DataFrame({"row": left[why != ""], "reason": why[why != ""]})
    return pd.concat([refused[["row", "reason"]], unknown]).sort_values("row", ignore_index=True)


def _none_used(refused: pd.DataFrame) -> Many:
    nothing: Ints = np.zeros(0, np.int64)
    summary = {"orders": 0, "matched_pieces": 0, "unmatched_pieces": 0, "quarantined": len(refused)}
    return Many(
        order_ids=[], matches={}, order=nothing, unserved=nothing, unserved_reason=nothing.astype(object),
        prices=pd.DataFrame(), summary=summary, refused=refused,
    )  # fmt: skip


def _weighed(case: _Case) -> Weighed:
    market, book = case.market, case.known.book
    priced = Priced(
        market.pool, market.room, market.down, market.terms_key, market.terms_row, market.terms_share, market.rated,
        market.reliability, market.goods, book.network.n_parties, LandedParams().rates(), *counting(case.weights),
    )  # fmt: skip
    return weigh(case.asked.rows, (book.offers.rows, book.lanes.rows), priced, case.found, case.weights.base)


def _limits(case: _Case, weighed: Weighed) -> npt.NDArray[np.object_]:
    """Return what excludes each candidate, empty = nothing."""
    cost, reason = weighed.numbers[_COST], case.found["reason"]
    limits: npt.NDArray[np.object_] = np.array(REASONS, dtype=object)[reason]
    free = reason == 0
    limits[free & case.market.down[weighed.pool]] = "supplier_down"
    if "max_price_fen" in case.demands:
        most = case.demands["max_price_fen"].to_numpy(np.float64, na_value=np.nan)
        limits[free & (cost > most[case.found["demand"]])] = "over_price"
    limits[free & np.isnan(cost)] = "unqualified"
    return limits


def _routed(case: _Case, weighed: Weighed, limits: npt.NDArray[np.object_], **options: Any) -> Routed:
    """Return the match; capacities are numbered as in the market."""
    demands, order = case.demands, case.found["demand"]
    pieces = demands["pieces"].to_numpy(np.int64)
    return route(
        order=order,
        offer=weighed.pool,
        good=limits,  # named where it is told
        score=weighed.numbers[-2],
        limits=limits,
        pieces=pieces,
        capacity=weighed.left,
        minimum=weighed.minimum,
        penalty=penalties_of(demands),
        credit=lines_in_short(weighed.line, pieces[order], weighed.numbers[0], case.known.standing),
        **options,
    )


def _matches(case: _Case, weighed: Weighed, routed: Routed, at: Ints) -> dict[str, Array]:
    """Return who serves which order as columns of `services.route_frames.matches_frame`; `at` are their candidates."""
    columns = _named(case, routed, at) | _counted(case, weighed, routed, at)
    order = list(_ORDER | {f"score_{name}": None for name in case.weights.parts} | _LAST)
    return {name: columns[name] for name in order}


def _named(case: _Case, routed: Routed, at: Ints) -> dict[str, Array]:
    """Return what names the candidates that serve: ids, and places and carriers as far as they may be named."""
    book, every, sight = case.known.book, case.found, case.sight
    found, ids = every[at], book.network.parties.ids
    own, of = book.offers.rows[found["offer"]], found["demand"]
    lane = np.append(book.lanes.rows["carrier"], -1)[found["lane"]]
    rival = routed.runner_up[at]
    rivals = ids.texts_at(np.where(rival >= 0, book.offers.rows["supplier"][every["offer"][rival]], -1))
    rivals[rival < 0] = None

    def told(parties: Array) -> Array:
        return ids.texts_at(parties if sight is None else np.where(sight.parties[parties], parties, -1))

    return {
        "order_id": case.demands["order_id"].to_numpy(object)[of],
        "sku_id": case.demands["sku_id"].to_numpy(object)[of],
        "supplier_id": ids.texts_at(own["supplier"]),
        "runner_up": rivals,
        "basis": np.array(BASES, dtype=object)[own["basis"]],
        "from_id": told(own["place"]),
        "carrier_id": told(lane),
        "path": np.array(path_texts(book, case.asked, found, sight), dtype=object),
        "reason": routed.reason[at],
    }


def _counted(case: _Case, weighed: Weighed, routed: Routed, at: Ints) -> dict[str, Array]:
    """Return the figures of the candidates that serve: pieces, promise, money for these pieces, scores."""
    pieces, numbers = routed.pieces[at], weighed.numbers[:, at]
    money = np.rint(numbers[:_COST] * pieces).astype(np.int64)  # who serves has a known cost
    days = np.ceil(case.found["days"][at])
    promised = np.datetime64(case.day.date(), "D") + np.where(np.isfinite(days), days, 0).astype(np.int64)
    texts = np.datetime_as_string(promised).astype(object)
    texts[~np.isfinite(days)] = None
    scores = zip(case.weights.parts, numbers[len(PARTS) :], strict=False)
    return {
        "pieces": pieces,
        "promised_date": texts,
        **dict(zip(PARTS[:_COST], money, strict=True)),
        "cost_fen": money.sum(axis=0),
        **{f"score_{name}": part for name, part in scores},
        "score": numbers[-2],
        "price": routed.price[at],
        "margin": routed.margin[at],
    }


def _prices(case: _Case, routed: Routed) -> pd.DataFrame:
    """Return the price of each capacity that a candidate draws on (`services.route_frames.price_frame`)."""
    offers, first = np.unique(routed.offer, return_index=True)
    at = case.found["offer"][first]
    supplier, good = pool_names(case.known.book, at, case.sight)
    used = np.bincount(routed.offer, weights=routed.pieces, minlength=routed.offer_capacity.size)
    columns = {"supplier_id": supplier, "good": good, "price": routed.result.prices[offers]}
    capacity = {"capacity": routed.offer_capacity[offers], "used": used[offers].astype(np.int64)}
    return pd.DataFrame(columns | capacity)


def _summary(case: _Case, routed: Routed, weighed: Weighed, limits: npt.NDArray[np.object_]) -> dict[str, Any]:
    rows = pd.DataFrame({"cost_fen": weighed.numbers[_COST], "eligible": limits == ""})
    return summary_of(routed, rows, case.demands)
