"""Who of the loaded network could fill an order, as candidates of a hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from services.capacities import capacities_of, credits_of
from services.hold_decision import Candidate, Found, Order
from services.market import market_on
from services.network_routes import admit
from services.reserve import Desk
from services.route_orders import candidate_rows
from services.viewer import Viewer
from store.booking.capacity import Capacity, add_missing
from store.prices import PriceShelf
from store.snapshot import Snapshot

__all__ = ["candidates_of_each", "network_candidates", "require_visible"]


def network_candidates(
    desk: Desk, snapshot: Snapshot, order: Mapping[str, Any], *, viewer: Viewer, top: int = 20
) -> Found:
    """Return who could fill one order: `candidates_of_each` of it."""
    return candidates_of_each(desk, snapshot, [order], viewer=viewer, top=top)[0]


def candidates_of_each(
    desk: Desk, snapshot: Snapshot, orders: Sequence[Mapping[str, Any]], *, viewer: Viewer, top: int = 20
) -> list[Found]:
    """Return who could fill each order, at the prices that serve, and what that was found with; one search for all.

    What they offer that day becomes capacity to hold if it is not there yet; capacity that was set stays as it is.

    Parameters
    ----------
    orders
        Rows of orders (`graph.tables.DEMANDS`) placed on the same day, at least one; each ``order_id`` once.
    viewer
        Who asks, as for `services.network_routes.route_on`.
    top
        How many, >= 1.

    Raises
    ------
    TableError
        If an order names an unknown sku or party, or one the viewer may not know of.
    """
    asked = admit(snapshot, pd.DataFrame([dict(order) for order in orders]), viewer=viewer)
    day = asked.day.tz_localize(None)
    known, market = market_on(snapshot, day, PriceShelf(snapshot.root.parent.parent))
    rows = candidate_rows(known, asked.demands, asked.day, top=top, sight=asked.sight)
    offers = rows["offer"].to_numpy(np.int64)
    capacities = capacities_of(known, market, offers, day)
    lines = np.unique(rows["line"].to_numpy(np.int64))
    add_missing(desk.database, capacities, credits_of(asked.known, lines[lines >= 0]), now_ms=desk.clock())
    pool = market.pool[offers]
    versions = {"network": snapshot.version, "prices": market.version, "program": version("evenflow")}
    made: list[list[Candidate]] = [[] for _ in orders]
    of = pd.Index(asked.demands["order_id"]).get_indexer(rows["order_id"]).tolist()
    told = zip(of, rows.itertuples(), capacities, market.price[pool].tolist(), market.down[pool].tolist(), strict=True)
    for at, row, capacity, price, down in told:
        made[at].append(_candidate(row, capacity, price, down=down))
    return [Found(candidates, versions) for candidates in made]


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
