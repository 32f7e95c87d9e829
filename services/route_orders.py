"""Route orders over the supply net: candidates, landed cost, match, promise and the reason of each decision."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError, TableError
from contracts.progress import Report, silent
from graph.arrays import Array
from graph.candidates.filters import Sight
from graph.candidates.frame import candidate_frame
from graph.candidates.orders import OrderArrays
from graph.candidates.search import find
from graph.candidates.supply_book import SupplyBook
from graph.network import SupplyNetwork
from graph.tables import DEMANDS
from matching.landed import DEFAULT_WEIGHTS, LandedParams, landed_parts
from matching.problem import MatchParams, Method
from matching.routing import Routed, route
from matching.score import ScoreWeights, score_parts
from services.route_frames import alternatives_frame, good_names, matches_frame, offer_prices, price_frame, summary_of
from services.route_terms import NOTHING_KNOWN, Standing, credit_lines, with_standing

__all__ = [
    "Known",
    "RouteReport",
    "candidate_rows",
    "first_day",
    "penalties_of",
    "pools_of",
    "route_from",
    "route_orders",
    "wrong_penalties",
]

TIMEZONE = "Asia/Shanghai"
_ALL_LEFT: Mapping[str, float] = {}
_OF_PRODUCT = ("category", "weight_kg", "price_fen")


@dataclass(frozen=True, kw_only=True)
class RouteReport:
    """What routing gives back.

    Parameters
    ----------
    matches
        Per order and supplier: order_id, sku_id, supplier_id (empty = unserved), pieces, promised_date, goods_fen,
        operating_fen, channel_fen, terms_fen and cost_fen of these pieces, score_* parts, score, price, runner_up,
        margin, basis, from_id, carrier_id, path, reason.
    alternatives
        The same per candidate, for the whole order, with the reason why it was taken or not.
    prices
        supplier_id, good (sku or category), price, capacity, used.
    summary
        Key figures, plain values.
    """

    matches: pd.DataFrame
    alternatives: pd.DataFrame
    prices: pd.DataFrame
    summary: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Known:
    """What routing goes by on a day, indexed.

    Parameters
    ----------
    book
        Who offers what.
    products
        ``category, weight_kg, price_fen`` by sku_id, NaN where unknown.
    standing
        Credit, terms and records.
    """

    book: SupplyBook
    products: pd.DataFrame
    standing: Standing = NOTHING_KNOWN

    @classmethod
    def of(cls, book: SupplyBook, products: pd.DataFrame, standing: Standing = NOTHING_KNOWN) -> Known:
        """Index the products table (`graph.tables.PRODUCTS`) by sku."""
        return cls(book, products.set_index("sku_id").reindex(columns=list(_OF_PRODUCT)), standing)


def route_orders(
    network: SupplyNetwork,
    supply: pd.DataFrame,
    products: pd.DataFrame,
    orders: pd.DataFrame,
    *,
    offered: Mapping[str, pd.DataFrame] | None = None,
    standing: Standing = NOTHING_KNOWN,
    today: pd.Timestamp | None = None,
    **options: Any,
) -> RouteReport:
    """Index what is offered, then send each order to the suppliers who should fill it (`route_from`).

    Parameters
    ----------
    network, supply, products
        The supply net and its checked tables (`graph.tables`).
    orders
        Raw orders (`graph.tables.DEMANDS`).
    offered
        What else decides who may fill them, by name: ``stock``, ``routes``, ``lanes``, ``exclusives`` (see
        `graph.candidates.search.gather`).
    standing
        Credit, terms and records (`services.route_terms`).
    today, options
        Those of `route_from`.

    Raises
    ------
    InputError
        If orders are wrong or name unknown parties; names the column and the row.
    """
    demands = DEMANDS.check(orders, "orders")
    day = first_day(demands) if today is None else pd.Timestamp(today)
    book = SupplyBook.of(network, supply, products, today=day.tz_localize(None), **(offered or {}))
    return route_from(Known.of(book, products, standing), demands, today=day, **options)


def route_from(
    known: Known,
    demands: pd.DataFrame,
    *,
    prices: pd.DataFrame | None = None,
    left: Mapping[str, float] = _ALL_LEFT,
    weights: ScoreWeights = DEFAULT_WEIGHTS,
    landed: LandedParams | None = None,
    top: int = 20,
    method: Method = "auto",
    unsplit: bool = False,
    seconds: float = 5.0,
    polish_seconds: float = 20.0,
    seed: int = 0,
    today: pd.Timestamp | None = None,
    sight: Sight | None = None,
    progress: Report = silent,
) -> RouteReport:
    """Send each order to the suppliers who should fill it, with a dated promise and the reason.

    Parameters
    ----------
    known
        What routing goes by.
    demands
        Orders with the types of `graph.tables.DEMANDS`; ``unmatched_penalty`` counts if there.
    prices
        Prices published before (`RouteReport.prices`): then every order in turn takes the candidate with the highest
        score less price that has room, as the online router does, instead of a batch optimum.
    left
        Share of what it offers that a supplier has left, in [0, 1], by supplier; 0 = it is down. Others have all.
    weights
        Weights of the parts `matching.landed.landed_parts` computes.
    landed
        Freight, handling and channel rates.
    top
        Candidates per order, >= 1.
    method, unsplit, seconds, polish_seconds, seed
        See `services.match_orders`.
    today
        Day from which lead times count; default the first ``placed_at`` of the orders, else today.
    sight
        What the one who asks may know; others are no candidates, and not named.

    Raises
    ------
    InputError
        If orders are wrong or name unknown parties; names the column and the row.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    if demands.empty:
        raise TableError("orders", None, "at least one row", "an empty table")
    day = first_day(demands) if today is None else pd.Timestamp(today)
    params = _params(method=method, unsplit=unsplit, seconds=seconds, polish_seconds=polish_seconds)
    progress("finding candidates", 0, 3)
    rows = candidate_rows(known, demands, day, weights=weights, landed=landed, top=top, sight=sight)
    rows = _with_left(rows, left)
    progress("finding candidates", 1, 3)
    routed = _route(rows, demands, prices, known.standing, params, seed=seed)
    progress("matching", 2, 3)
    report = _report(routed, rows, demands, day)
    report.summary.update(seconds=time.perf_counter() - wall, cpu_seconds=time.process_time() - cpu)
    progress("matching", 3, 3)
    return report


def candidate_rows(
    known: Known,
    demands: pd.DataFrame,
    day: pd.Timestamp,
    *,
    weights: ScoreWeights = DEFAULT_WEIGHTS,
    landed: LandedParams | None = None,
    top: int = 20,
    sight: Sight | None = None,
) -> pd.DataFrame:
    """Return every candidate of the orders with cost parts, score parts, score and hard limit (`reason`)."""
    orders = OrderArrays.of(known.book, demands, day.tz_localize(None))
    found = find(known.book, orders, top=top, sight=sight)
    return _rows_found(known, orders, demands, found, day, weights=weights, landed=landed, sight=sight)


def _rows_found(
    known: Known,
    orders: OrderArrays,
    demands: pd.DataFrame,
    found: Array,
    day: pd.Timestamp,
    *,
    weights: ScoreWeights = DEFAULT_WEIGHTS,
    landed: LandedParams | None = None,
    sight: Sight | None = None,
) -> pd.DataFrame:
    """Return `candidate_rows` of candidates that a search has found already."""
    # The number of the offer tells places apart that may not be named.
    told = candidate_frame(known.book, orders, demands["order_id"], found, sight).assign(offer=found["offer"])
    asked = _with_orders(told, _asked(demands, known.products, day))
    return _with_parts(with_standing(asked, known.standing), weights, landed)


def _with_left(rows: pd.DataFrame, left: Mapping[str, float]) -> pd.DataFrame:
    """Return candidates with the room that suppliers have left; those that are down are no candidates any more."""
    share = rows["supplier_id"].astype(str).map(left).fillna(1.0).to_numpy(np.float64)
    if (share == 1).all():
        return rows
    down = (share == 0) & (rows["reason"] == "").to_numpy()
    reason = np.where(down, "supplier_down", rows["reason"].to_numpy(dtype=object))
    room = np.floor(rows["capacity"].to_numpy(np.float64) * share).astype(np.int64)
    return rows.assign(capacity=room, reason=reason, eligible=reason == "")


def pools_of(rows: pd.DataFrame) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.object_]]:
    """Return the capacity that each candidate draws on, numbered, and the name of its good."""
    good = good_names(rows)
    supplier, _ = pd.factorize(rows["supplier_id"])
    kind, kinds = pd.factorize(good, use_na_sentinel=False)
    pool, _ = pd.factorize(supplier * len(kinds) + kind)
    return pool, good


def first_day(demands: pd.DataFrame) -> pd.Timestamp:
    """Return the day from which lead times count: that of the first order placed, else today (Asia/Shanghai).

    Raises
    ------
    TableError
        Naming the first row whose ``placed_at`` is no moment.
    """
    if "placed_at" not in demands or not demands["placed_at"].notna().any():
        return pd.Timestamp.now(tz=TIMEZONE).normalize()
    placed = pd.to_datetime(demands["placed_at"], utc=True, format="ISO8601", errors="coerce")
    wrong = np.flatnonzero(placed.isna() & demands["placed_at"].notna())
    if len(wrong):
        at = int(wrong[0])
        raise TableError("orders", "placed_at", "a moment (ISO 8601)", demands["placed_at"].iloc[at], row=at + 1)
    return pd.Timestamp(placed.min()).tz_convert(TIMEZONE).normalize()


def wrong_penalties(demands: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which orders (bool [N]) have an ``unmatched_penalty`` that is no number >= 0."""
    if "unmatched_penalty" not in demands:
        return np.zeros(len(demands), np.bool_)
    given = demands["unmatched_penalty"]
    number = pd.to_numeric(given, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    there = given.notna().to_numpy() & (given.astype(object) != "").to_numpy()
    wrong: npt.NDArray[np.bool_] = there & ~((number >= 0) & (number < np.inf))
    return wrong


def penalties_of(demands: pd.DataFrame) -> npt.NDArray[np.float64] | None:
    """Return the score that each unserved piece costs (float64 [N], 1 where none is given); None if no order says so.

    Raises
    ------
    TableError
        Naming the first row whose ``unmatched_penalty`` is no number >= 0.
    """
    if "unmatched_penalty" not in demands:
        return None
    given = demands["unmatched_penalty"]
    wrong = np.flatnonzero(wrong_penalties(demands))
    if len(wrong):
        at = int(wrong[0])
        raise TableError("orders", "unmatched_penalty", "a number >= 0", given.iloc[at], row=at + 1)
    penalties: npt.NDArray[np.float64] = pd.to_numeric(given).fillna(1.0).to_numpy(dtype=np.float64)
    return penalties


def _params(**options: Any) -> MatchParams:
    try:
        return MatchParams(**options)
    except ValueError as error:
        raise InputError("route", "options in range", str(error)) from None


def _report(routed: Routed, rows: pd.DataFrame, demands: pd.DataFrame, day: pd.Timestamp) -> RouteReport:
    return RouteReport(
        matches=matches_frame(routed, rows, demands, day),
        alternatives=alternatives_frame(routed, rows, day),
        prices=price_frame(routed, rows),
        summary=summary_of(routed, rows, demands),
    )


def _with_parts(rows: pd.DataFrame, weights: ScoreWeights, landed: LandedParams | None) -> pd.DataFrame:
    """Return the candidates with cost parts, score parts, score and hard limits."""
    parts = landed_parts(rows, landed)
    cost, reason = parts["cost_fen"].to_numpy(), rows["reason"].to_numpy(dtype=object)
    limits = [reason != "", np.isnan(cost), cost > rows["max_price_fen"].to_numpy(np.float64, na_value=np.nan)]
    why = np.select(limits, [reason, "unqualified", "over_price"], "").astype(object)
    told = rows.assign(reason=why, eligible=why == "").drop(columns=[name for name in parts if name in rows])
    added = score_parts(pd.concat([told, parts.fillna(0.0)], axis=1), weights)
    score = np.where(np.isnan(cost), np.nan, weights.base + added.sum(axis=1).to_numpy(np.float64))
    return pd.concat([told, parts, added.add_prefix("score_")], axis=1).assign(score=score)


def _with_orders(found: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """Return the candidates with the columns of their orders."""
    at = pd.Index(asked["order_id"]).get_indexer(found["order_id"])
    own = asked.drop(columns="order_id").take(at).reset_index(drop=True)
    return pd.concat([found, own], axis=1)


def _asked(demands: pd.DataFrame, products: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return per order what its candidates need to know: pieces, product and deadline."""
    asked = demands[["order_id", "sku_id", "pieces", "buyer_id"]].join(products, on="sku_id")
    due = pd.to_datetime(demands["due_date"]) if "due_date" in demands else pd.Series(pd.NaT, index=demands.index)
    asked["due_date"] = due
    asked["days_left"] = (due - day.tz_localize(None)).dt.days
    asked["max_price_fen"] = demands.get("max_price_fen", np.nan)
    return asked


def _route(
    rows: pd.DataFrame,
    demands: pd.DataFrame,
    prices: pd.DataFrame | None,
    standing: Standing,
    params: MatchParams,
    *,
    seed: int,
) -> Routed:
    order = pd.Index(demands["order_id"]).get_indexer(rows["order_id"])
    offer, good = pools_of(rows)
    return route(
        order=order,
        offer=offer,
        good=good,
        score=rows["score"].to_numpy(dtype=np.float64),
        limits=rows["reason"].to_numpy(dtype=object),
        pieces=demands["pieces"].to_numpy(dtype=np.int64),
        capacity=rows["capacity"].to_numpy(dtype=np.int64),
        minimum=rows["minimum_order"].to_numpy(dtype=np.int64),
        penalty=penalties_of(demands),
        credit=credit_lines(rows, standing),
        published=None if prices is None else offer_prices(prices, rows["supplier_id"], good),
        params=params,
        seed=seed,
    )
