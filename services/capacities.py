"""What the loaded network offers, as capacities that can be held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from graph.arrays import Array
from graph.candidates.layout import STOCK
from graph.network import SupplyNetwork
from services.market import Market, pool_names
from services.network_supply import known_on, spare_book
from services.route_orders import Known
from services.viewer import Viewer
from store.booking.capacity import Capacity, Credit, put_capacities
from store.database import Database
from store.prices import PriceShelf
from store.snapshot import Snapshot

__all__ = ["capacities_of", "credits_of", "set_capacities", "sync_capacities"]

_AT_ONCE = 500  # rows of one transaction: a hold waits for one at most


def sync_capacities(
    database: Database, snapshot: Snapshot, day: pd.Timestamp, *, spare: bool = False, now_ms: int
) -> dict[str, int]:
    """Set the capacities of a day and the stock on hand to what the loaded network offers, and credit to what is left.

    Promises stay promises: what is offered less than promised is told as short. Capacities that the network does not
    name are left as they are.

    Parameters
    ----------
    day
        Without time zone.
    spare
        Offer of each line only the hours that the current plan leaves free in the bucket of the day.

    Returns
    -------
    dict
        As of `store.booking.capacity.put_capacities`.
    """
    known = known_on(snapshot, day)
    if spare:
        known = replace(known, book=spare_book(snapshot, day))
    market = Market.of(known, PriceShelf(snapshot.root.parent.parent))
    _, first = np.unique(market.pool, return_index=True)
    goods = capacities_of(known, market, first, day)
    lines = credits_of(known)
    told = {"capacities": 0, "credits": 0, "short_pieces": 0, "short_fen": 0}
    for start in range(0, max(len(goods), len(lines), 1), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        made = put_capacities(database, goods[part], lines[part], now_ms=now_ms)
        told = made | {name: told[name] + made[name] for name in ("capacities", "credits")}
    return told


def set_capacities(
    database: Database,
    snapshot: Snapshot | None,
    rows: Sequence[dict[str, Any]],
    lines: Sequence[dict[str, Any]],
    *,
    viewer: Viewer,
    now_ms: int,
) -> dict[str, int]:
    """Set what suppliers offer and what buyers may take on credit, all or nothing.

    Parameters
    ----------
    snapshot
        The loaded network, which knows whose the suppliers are; None if nothing is loaded.
    rows
        ``supplier_id, good, bucket, offered``; a tenant sets those of its own suppliers only.
    lines
        ``buyer_id, supplier_id, limit_fen``, of its own suppliers, too.

    Raises
    ------
    UnknownIdError
        If a supplier is not one of the viewer's.
    """
    network = None if snapshot is None else snapshot.network()
    suppliers = {row["supplier_id"] for row in (*rows, *lines)}
    tenants = {name: _tenant(network, name, viewer) for name in suppliers}
    goods = [Capacity(**row, tenant=tenants[row["supplier_id"]]) for row in rows]
    credits_ = [Credit(**row, tenant=tenants[row["supplier_id"]]) for row in lines]
    return put_capacities(database, goods, credits_, now_ms=now_ms)


def capacities_of(known: Known, market: Market, offers: Array, day: pd.Timestamp) -> list[Capacity]:
    """Return offers as capacities: a day's pieces of a sku or a category, or stock where it lies (without a bucket).

    Parameters
    ----------
    offers
        Rows of ``known.book.offers``.
    """
    own, parties = known.book.offers.rows[offers], known.book.network.parties
    suppliers, goods = (names.tolist() for names in pool_names(known.book, offers))
    tenants = np.append(parties.tenants.all_texts().to_numpy(dtype=object), "")[parties.tenant[own["supplier"]]]
    buckets = np.where(own["basis"] == STOCK, "", f"{day:%Y-%m-%d}").tolist()
    pieces = market.room[market.pool[offers]].tolist()
    return [
        Capacity(supplier_id=supplier, good=good, bucket=bucket, offered=n, tenant=tenant)
        for supplier, good, bucket, n, tenant in zip(suppliers, goods, buckets, pieces, tenants, strict=True)
    ]


def credits_of(known: Known, lines: Array | None = None) -> list[Credit]:
    """Return what is left of the credit lines (rows of ``known.standing.terms``; all by default)."""
    terms = known.standing.terms if lines is None else known.standing.terms.iloc[lines]
    network = known.book.network
    return [
        Credit(
            buyer_id=buyer,
            supplier_id=supplier,
            limit_fen=max(int(limit), 0),
            tenant=_tenant_of(network, network.position(supplier)),
        )
        for buyer, supplier, limit in zip(terms["buyer_id"], terms["supplier_id"], terms["limit"], strict=True)
    ]


def _tenant(network: SupplyNetwork | None, supplier: str, viewer: Viewer) -> str:
    if network is None:
        return viewer.tenant or ""
    if viewer.tenant is not None:
        return _tenant_of(network, viewer.own_position(network, supplier))
    at = network.parties.ids.positions(pd.Series([supplier], dtype="str"))[0]
    return _tenant_of(network, int(at)) if at >= 0 else ""


def _tenant_of(network: SupplyNetwork, position: int) -> str:
    code = int(network.parties.tenant[position])
    return network.parties.tenants.text(code) if code >= 0 else ""
