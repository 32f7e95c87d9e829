"""Prices after what changed: made from the latest orders and the room that is left, serving if a replay says so."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from contracts.errors import NotReadyError
from services.effective import effective
from services.flow.passes import Event, Pass, World, causes_of, event, moment
from services.flow.waves import orders_to_come
from services.network_supply import known_on
from services.order_scope import refusals
from services.refresh_prices import refresh_prices
from services.route_orders import TIMEZONE
from services.viewer import Viewer
from store.booking.capacity import promised
from store.fact_book import latest_facts
from store.plans import PlanShelf

__all__ = ["publish_prices"]

_MOST_ORDERS = 2_000
_HOUR_MS = 3_600_000
_FEWEST = 0.01  # of the sample: a wave that is nearly over
_OF_ORDERS = {"order.routed", "wave.forecast"}
_COLUMNS = ("order_id", "sku_id", "pieces", "buyer_id", "ship_to", "due_date", "max_price_fen")


def publish_prices(world: World, given: Pass) -> Sequence[Event]:
    """Make a new version of prices from orders like those of the last hour; the replay decides whether it serves."""
    snapshot = world.home.current()
    now = pd.Timestamp(given.now_ms, unit="ms", tz="UTC").tz_convert(TIMEZONE)
    orders, share = _expected(world, given.now_ms)
    topics = {row.topic for row in given.rows}
    cause = "capacity_cut" if "supply.changed" in topics else "wave" if topics & _OF_ORDERS else "nightly"
    before = world.shelf.current()
    try:
        made = refresh_prices(
            snapshot,
            world.shelf,
            at=moment(given.now_ms),
            orders=None if orders is None else orders.assign(placed_at=now.isoformat()),
            share=share,
            cause=cause,
            taken=promised(world.database, f"{now:%Y-%m-%d}"),
        ).summary
    except NotReadyError:  # no orders yet: nothing to make prices from
        return []
    plan = PlanShelf(world.home.root).current()  # the one in force: whatever made these prices due
    payload = {
        "id": f"prices-{made['version']}",
        **causes_of(given, f"network-{snapshot.version}", *([] if plan is None else [plan.id])),
        "version": made["version"],
        "before": None if before is None else before.number,
        "serves": made["serves"],
        "cause": cause,
        "orders": made["orders"],
        "network": snapshot.version,
    }
    return [event("prices.published", "network", payload)]


def _expected(world: World, now_ms: int) -> tuple[pd.DataFrame | None, float]:
    """Return the latest orders that count, and how many times as many are expected: as came in the last hour.

    While waves run, of theirs as many as their forecast says are still to come.
    """
    facts, in_all = latest_facts(world.database, "order", since_ms=now_ms - _HOUR_MS, most=_MOST_ORDERS)
    rows = [fact.payload for fact in effective(facts).values() if fact is not None]
    if not rows:
        return None, 1.0
    orders = pd.DataFrame(rows, columns=list(_COLUMNS)).drop_duplicates("order_id", keep="last")
    orders = orders.dropna(axis="columns", how="all")
    snapshot, today = world.home.current(), pd.Timestamp(now_ms, unit="ms", tz="UTC").tz_convert(TIMEZONE).normalize()
    book = known_on(snapshot, today.tz_localize(None)).book
    askable = refusals(orders, book, Viewer(), None) == ""  # one that names nobody known must not stop the others
    orders = orders[askable].dropna(axis="columns", how="all").reset_index(drop=True)
    to_come = orders_to_come(snapshot, in_all, now_ms=now_ms)
    return (orders, max(to_come / len(facts), _FEWEST)) if len(orders) else (None, 1.0)
