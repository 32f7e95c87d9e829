"""Who of the loaded network could fill an order, as candidates of a hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
    for at, candidate in zip(of, _candidates(rows, capacities, market.price[pool], market.down[pool]), strict=True):
        made[at].append(candidate)
    return [Found(candidates, versions) for candidates in made]


def _candidates(
    rows: pd.DataFrame, capacities: Sequence[Capacity], price: NDArray[np.float64], down: NDArray[np.bool_]
) -> Iterator[Candidate]:
    own = rows["reason"].astype(object)
    limit = own.where(own.ne("full"), "")  # what is left is the database's to know
    told = {
        "score": np.nan_to_num(rows["score"].to_numpy(np.float64)),
        "price": price,
        "unit_price_fen": np.rint(np.nan_to_num(rows["unit_cost_fen"].to_numpy(np.float64))).astype(np.int64),
        "minimum": np.maximum(rows["minimum_order"].to_numpy(np.int64), 1),
        "limit": limit.mask(limit.eq("") & down, "supplier_down"),
    }
    for capacity, *row in zip(capacities, *(column.tolist() for column in told.values()), strict=True):
        place = {"supplier_id": capacity.supplier_id, "good": capacity.good, "bucket": capacity.bucket}
        yield Candidate(**place, **dict(zip(told, row, strict=True)))


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
