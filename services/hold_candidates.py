"""Who of the loaded network could fill an order, as candidates of a hold."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from services.capacities import capacities_of, credits_of
from services.hold_decision import Candidate, Found, Order
from services.market import market_on
from services.network_routes import Asked, admit
from services.reserve import Desk
from services.route_orders import candidate_rows
from services.viewer import Viewer
from store.booking.capacity import Capacity, add_missing, rooms
from store.prices import PriceShelf
from store.snapshot import Snapshot

__all__ = ["network_candidates", "require_visible"]


def network_candidates(
    desk: Desk, snapshot: Snapshot, order: Mapping[str, Any], *, viewer: Viewer, top: int = 20
) -> Found:
    """Return who could fill an order, at the prices that serve, and what that was found with.

    What they offer that day becomes capacity to hold if it is not there yet; capacity that was set stays as it is.

    Parameters
    ----------
    order
        A row of orders (`graph.tables.DEMANDS`).
    viewer
        Who asks, as for `services.network_routes.route_on`.
    top
        How many, >= 1.

    Raises
    ------
    TableError
        If the order names an unknown sku or party, or one the viewer may not know of.
    """
    asked = admit(snapshot, pd.DataFrame([dict(order)]), viewer=viewer)
    day = asked.day.tz_localize(None)
    known, market = market_on(snapshot, day, PriceShelf(snapshot.root.parent.parent))
    rows = candidate_rows(known, asked.demands, asked.day, top=top, sight=asked.sight)
    offers = rows["offer"].to_numpy(np.int64)
    capacities = capacities_of(known, market, offers, day)
    _add_missing(desk, asked, rows, capacities)
    pool = market.pool[offers]
    versions = {"network": snapshot.version, "prices": market.version, "program": version("evenflow")}
    found = zip(rows.itertuples(), capacities, market.price[pool].tolist(), market.down[pool].tolist(), strict=True)
    return Found([_candidate(row, capacity, price, down=down) for row, capacity, price, down in found], versions)


def _candidate(row: Any, capacity: Capacity, price: float, *, down: bool) -> Candidate:
    limit = "" if row.reason == "full" else str(row.reason)  # what is left is the database's to know
    return Candidate(
        supplier_id=capacity.supplier_id,
        good=capacity.good,
        bucket=capacity.bucket,
        score=float(np.nan_to_num(row.score)),
        price=price,
        unit_price_fen=int(np.rint(np.nan_to_num(row.unit_cost_fen))),
        minimum=max(int(row.minimum_order), 1),
        limit=limit or ("supplier_down" if down else ""),
    )


def require_visible(snapshot: Snapshot, order: Order, candidates: list[Candidate], viewer: Viewer) -> None:
    """Refuse to a tenant buyers that are not its own, and suppliers it may not know of.

    Raises
    ------
    UnknownIdError
        As for ids that are not there.
    """
    if viewer.tenant is None:
        return
    network = snapshot.network()
    viewer.own_position(network, order.buyer_id)
    for candidate in candidates:
        viewer.position(network, candidate.supplier_id)


def _add_missing(desk: Desk, asked: Asked, rows: pd.DataFrame, capacities: list[Capacity]) -> None:
    buyer = str(asked.demands["buyer_id"].iloc[0])
    places = [(capacity.supplier_id, capacity.good, capacity.bucket) for capacity in capacities]
    room = rooms(desk.database, buyer, places)
    new = {place: capacity for place, capacity in zip(places, capacities, strict=True) if place not in room.pieces}
    lines = np.unique(rows["line"].to_numpy(np.int64))
    lent = [line for line in credits_of(asked.known, lines[lines >= 0]) if line.supplier_id not in room.credit_fen]
    if new or lent:
        add_missing(desk.database, new.values(), lent, now_ms=desk.clock())
