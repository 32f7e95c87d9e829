"""Sell-in against sell-through on the loaded network: of all distributors, and of one in the eyes of who asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import NotReadyError, TableError
from graph.network import SupplyNetwork
from services.check_sell_in import SellInReport, compare_sell_in
from services.network_forecast import own_sales
from services.viewer import Viewer
from store.snapshot import Snapshot

__all__ = ["check_network", "party_sell_in"]

_NAMES = {"sell_in": "sell_in of the network", "sell_through": "sell_through of the network"}
_FLOWS = ("sell_in", "sell_through")
_COLUMNS = ["distributor_id", "ds", "pieces"]


@dataclass(frozen=True)
class _Flows:
    """Shipments to distributors and what shoppers bought of them."""

    sell_in: pd.DataFrame
    sell_through: pd.DataFrame

    @classmethod
    def of(cls, snapshot: Snapshot) -> _Flows:
        into = snapshot.table("sell_in")
        if into.empty:
            raise NotReadyError(
                "the loaded network has no sell-in: add sell_in.csv and load again, `evenflow load DIR`"
            )
        out = snapshot.table("sell_through")
        return cls(into, out if len(out) else _sold_by_stores(snapshot))

    def of_suppliers(self, viewer: Viewer, network: SupplyNetwork) -> _Flows:
        """Return the rows whose supplier is the viewer's own; rows that name no supplier are nobody's."""
        return _Flows(*(_own_goods(frame, viewer, network) for frame in (self.sell_in, self.sell_through)))

    def monthly(self, party_id: str, as_of: pd.Timestamp | None) -> list[dict[str, Any]]:
        """Return pieces by month of one distributor, None in months for which nothing is known."""
        sums = {}
        for name, frame in zip(_FLOWS, (self.sell_in, self.sell_through), strict=True):
            rows = frame[frame["distributor_id"] == party_id]
            rows = rows if as_of is None else rows[rows["ds"] <= as_of]
            sums[name] = rows.groupby(rows["ds"].dt.strftime("%Y-%m"))["pieces"].sum()
        table = pd.DataFrame(sums).sort_index()
        return [
            {"month": month, **{name: None if np.isnan(row[name]) else float(row[name]) for name in _FLOWS}}
            for month, row in table.iterrows()
        ]


def check_network(snapshot: Snapshot, *, as_of: pd.Timestamp | None = None, seed: int = 0) -> SellInReport:
    """Compare sell-in with sell-through of every distributor of a loaded network: `compare_sell_in`.

    Without a table ``sell_through``, what the stores of a distributor sold (``sales.store_id``) counts, in equal parts
    where several ``distribute`` to a store.

    Raises
    ------
    NotReadyError
        If the network has no sell-in, or no sell-through can be told.
    """
    flows = _Flows.of(snapshot)
    if flows.sell_through.empty:
        raise NotReadyError(
            "the loaded network has no sell-through: add sell_through.csv, or sales with `store_id` and relations "
            "`distributes` to the stores, and load again"
        )
    return compare_sell_in(flows.sell_in, flows.sell_through, as_of=as_of, seed=seed, sources=_NAMES)


def party_sell_in(
    snapshot: Snapshot, viewer: Viewer, party_id: str, *, as_of: pd.Timestamp | None = None
) -> dict[str, Any]:
    """Return what was sent to a distributor, what shoppers bought of it, and what both say.

    Whoever owns the distributor sees all of it. Another party sees what its own parties sent, and of the sell-through
    what names them as suppliers.

    Returns
    -------
    dict
        ``party_id, scope`` (``all`` or ``own goods``), ``months`` (``month, sell_in, sell_through``; None where nothing
        is known), ``check`` (the columns of `forecast.sell_in.SellInCheck`; None if there is none), ``reason`` (why
        there is none, else empty).

    Raises
    ------
    UnknownIdError
        If there is no such party, or the viewer may not know of it.
    NotReadyError
        If the network has no sell-in.
    """
    network = snapshot.network()
    at = viewer.position(network, party_id)
    owned = bool(viewer.owns(network, np.array([at]))[0])
    flows = _Flows.of(snapshot)
    if not owned:
        flows = flows.of_suppliers(viewer, network)
    check, reason = _check(flows, party_id, as_of)
    scope = "all" if owned else "own goods"
    months = flows.monthly(party_id, as_of)
    return {"party_id": party_id, "scope": scope, "months": months, "check": check, "reason": reason}


def _check(flows: _Flows, party_id: str, as_of: pd.Timestamp | None) -> tuple[dict[str, Any] | None, str]:
    for name, frame in zip(_FLOWS, (flows.sell_in, flows.sell_through), strict=True):
        if not (frame["distributor_id"] == party_id).any():
            return None, f"no {name.replace('_', '-')} of it is known to you"
    try:
        report = compare_sell_in(flows.sell_in, flows.sell_through, as_of=as_of, only=party_id, sources=_NAMES)
    except TableError as error:
        return None, str(error)
    row = report.checks.iloc[0].drop("distributor_id").to_dict()
    return {**row, "as_of": str(row["as_of"])[:10]}, ""


def _own_goods(frame: pd.DataFrame, viewer: Viewer, network: SupplyNetwork) -> pd.DataFrame:
    if "supplier_id" not in frame:
        return frame.iloc[:0]
    named = frame[frame["supplier_id"].notna()]
    positions = network.parties.ids.positions(named["supplier_id"])
    return named[(positions >= 0) & viewer.owns(network, positions)]


def _sold_by_stores(snapshot: Snapshot) -> pd.DataFrame:
    """Return what the stores of each distributor sold, in equal parts where several distribute to a store."""
    sales, relations = snapshot.table("sales"), snapshot.table("relations")
    empty = snapshot.table("sell_through")
    if sales.empty or "store_id" not in sales:
        return empty
    sales = own_sales(snapshot)
    ties = relations[relations["kind"] == "distributes"]
    if "valid_to" in ties:
        ties = ties[ties["valid_to"].isna() | (ties["valid_to"] > sales["ds"].max())]
    ties = ties[["src", "dst"]].drop_duplicates().set_axis(["distributor_id", "store_id"], axis=1)
    sold = sales.groupby(["store_id", "ds"], as_index=False)["y"].sum().merge(ties, on="store_id")
    if sold.empty:
        return empty
    sold["pieces"] = sold["y"] / sold.groupby(["store_id", "ds"])["y"].transform("size")
    return sold.groupby(["distributor_id", "ds"], as_index=False)["pieces"].sum()[_COLUMNS]
