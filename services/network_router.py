"""One order of a request routed over the loaded network at the prices that serve; holds and keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from contracts.errors import NotReadyError, TableError
from graph.tables import DEMANDS
from matching.online import RouterParams
from matching.problem import Ints
from matching.words import Language
from services.market import Market, market_at_hand, market_on
from services.order_scope import require_askable, sight_of
from services.route_one import OneOrder, Routed, route_one
from services.route_orders import TIMEZONE, Known
from services.told_route import told_route
from services.viewer import Viewer
from store.prices import PriceShelf
from store.snapshot import Snapshot

__all__ = ["day_of", "order_of", "route_at_once", "route_now"]

_EVERYTHING = Viewer()
_ZONE = ZoneInfo(TIMEZONE)
_TOO_MANY = 2**53  # pieces: as a number with a fraction such a one is no longer exact


def route_now(
    snapshot: Snapshot,
    shelf: PriceShelf,
    order: Mapping[str, Any],
    *,
    viewer: Viewer = _EVERYTHING,
    language: Language | None = None,
    taken: Ints | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Decide who serves one order, with every candidate explained (`services.told_route.told_route`).

    Parameters
    ----------
    order
        A row of `graph.tables.DEMANDS`, its types checked; ``unmatched_penalty`` and ``placed_at`` count if there.
    viewer
        Who asks: the buyer must be its own.
    taken, options
        Those of `services.route_one.route_one`.

    Raises
    ------
    NotReadyError
        If the network offers nothing.
    TableError
        If the order names something unknown.
    """
    day = day_of(order)
    known, market = market_on(snapshot, day, shelf)
    sight = None
    if viewer.tenant is not None:
        sight = sight_of(viewer, known.book.network)
        require_askable(DEMANDS.check(pd.DataFrame([dict(order)]), "orders"), known.book, viewer, sight)
    routed = decided(known, market, order_of(order, day), sight=sight, taken=taken, **options)
    return told_route(known.book, routed, day, language=language, sight=sight)


def route_at_once(
    snapshot: Snapshot, shelf: PriceShelf, order: Mapping[str, Any], *, language: Language | None = None, **options: Any
) -> dict[str, Any] | None:
    """Return the operator's `route_now`, or None if something has to be read or indexed before: it never waits."""
    day = day_of(order)
    at_hand = market_at_hand(snapshot, day, shelf)
    if at_hand is None:
        return None
    known, market = at_hand
    return told_route(known.book, decided(known, market, order_of(order, day), **options), day, language=language)


def decided(
    known: Known, market: Market, order: OneOrder, *, margin: float = 0.05, unsplit: bool = False, **options: Any
) -> Routed:
    """Return `route_one`'s decision; raises NotReadyError if nothing is offered."""
    if not market.pool.size:
        raise NotReadyError("the loaded network offers nothing: add supply.csv or stock.csv and load again")
    return route_one(known, market, order, params=RouterParams(margin=margin, unsplit=unsplit), **options)


def day_of(order: Mapping[str, Any]) -> pd.Timestamp:
    """Return the day from which an order's lead times count (without time zone): when it was placed, else today."""
    placed = order.get("placed_at")
    if not placed:
        return _today(datetime.now(_ZONE).toordinal())
    try:
        at = pd.Timestamp(placed)
    except (ValueError, TypeError):
        raise TableError("orders", "placed_at", "a moment (ISO 8601)", placed, row=1) from None
    return pd.Timestamp((at if at.tzinfo is None else at.tz_convert(_ZONE)).date())


@lru_cache(2)
def _today(ordinal: int) -> pd.Timestamp:
    return pd.Timestamp(date.fromordinal(ordinal))


def order_of(order: Mapping[str, Any], day: pd.Timestamp) -> OneOrder:
    """Return a checked row as an order; raises TableError for pieces, a date or a penalty that are none."""
    if order["pieces"] >= _TOO_MANY:
        raise TableError("orders", "pieces", "a whole number below 2^53", order["pieces"], row=1)
    due, most, penalty = order.get("due_date"), order.get("max_price_fen"), order.get("unmatched_penalty")
    days = np.inf
    if due:
        try:
            days = float(_ordinal(due) - day.toordinal())
        except (ValueError, TypeError):
            raise TableError("orders", "due_date", "a date", due, row=1) from None
    if penalty is not None and not (isinstance(penalty, int | float) and 0 <= penalty < np.inf):
        raise TableError("orders", "unmatched_penalty", "a number >= 0", penalty, row=1)
    return OneOrder(
        order_id=str(order["order_id"]),
        sku_id=str(order["sku_id"]),
        pieces=int(order["pieces"]),
        buyer_id=str(order["buyer_id"]),
        ship_to=str(order.get("ship_to") or ""),
        days_left=days,
        max_price_fen=np.inf if most is None else float(most),
        penalty=1.0 if penalty is None else float(penalty),
    )


def _ordinal(day: Any) -> int:
    """Return the number of a day; as most orders write it, much faster than pandas tells it."""
    try:
        return date.fromisoformat(day).toordinal()
    except (ValueError, TypeError):
        return int(pd.Timestamp(day).toordinal())
