"""Density of the loaded network, in the eyes of whoever asks."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from graph.density.cells import area_cells, cell_texts, parents, parsed, resolutions
from graph.density.nearest import Nearest
from graph.density.params import DensityParams
from graph.tables import PARTY_KINDS
from services.density import DensityReport, density_report
from services.viewer import Viewer
from store.snapshot import Snapshot

__all__ = ["area_rows", "loaded_density", "store_density"]

_NAMES = {"parties": "parties", "orders": "orders", "areas": "areas", "catchments": "catchments"}
_KEPT, _LISTED = 8, 10
_Key = tuple[Viewer, str, DensityParams]
_REPORTS: WeakKeyDictionary[Snapshot, dict[_Key, DensityReport]] = WeakKeyDictionary()


def loaded_density(
    snapshot: Snapshot,
    viewer: Viewer | None = None,
    *,
    by: str = "cell",
    params: DensityParams | None = None,
    as_of: pd.Timestamp | None = None,
) -> DensityReport:
    """Measure a loaded network: its parties, ``orders``, ``areas`` and ``catchments``.

    A viewer of a tenant counts its own parties and public ones, and the orders its own parties won; who lives where is
    public. The last few reports without a day are kept per version.

    Raises
    ------
    InputError
        If `by` is neither ``cell`` nor ``region``.
    """
    viewer, params = viewer or Viewer(), params or DensityParams()
    key = (viewer, by, params)
    kept = _REPORTS.setdefault(snapshot, {})
    if as_of is None and key in kept:
        return kept[key]
    report = _measure(snapshot, viewer, by, params, as_of)
    if as_of is None:
        while len(kept) >= _KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = report
    return report


def area_rows(report: DensityReport, *, area: str | None = None, white_space: bool = False) -> pd.DataFrame:
    """Return the areas of a report, those inside one area if asked, white space alone if asked."""
    rows = report.areas if area is None else _within(report.areas, area)
    if not white_space:
        return rows
    return rows[rows["white_space"]] if "white_space" in rows else rows.iloc[:0]


def _within(areas: pd.DataFrame, area: str) -> pd.DataFrame:
    """Return the rows of a region, of a cell, or of the cells inside a coarser one."""
    exact = areas["area"] == area
    outer = parsed(pd.Series([area], dtype="str"))
    if exact.any() or not outer[0] or "lat" not in areas:
        return areas[exact]
    cells = parsed(areas["area"])
    level = int(resolutions(outer)[0])
    finer = resolutions(cells) >= level
    return areas[finer & (parents(cells, level) == outer[0])]


def store_density(
    snapshot: Snapshot, viewer: Viewer, party_id: str, *, params: DensityParams | None = None
) -> dict[str, Any]:
    """Return a party's catchment, what it won from outside, and who is near.

    Parameters
    ----------
    snapshot
        A loaded network.
    viewer
        Who reads the answer; the party must be its own.
    party_id
        The party.
    params
        How areas are judged.

    Returns
    -------
    dict
        ``id, area`` (the figures of its cell, None without coordinates), ``catchment`` (``cells`` of its own or
        ``radius_km``), ``orders, pieces, outside, outside_share`` (0 and None if it won none), ``neighbours``
        (stores nearest to it that the viewer may know of: ``id, km``).

    Raises
    ------
    UnknownIdError
        If there is no such party, or it is none of the viewer's.
    """
    params = params or DensityParams()
    network = snapshot.network()
    at = viewer.own_position(network, party_id)
    report = loaded_density(snapshot, viewer, params=params)
    stores = report.stores[report.stores["store_id"] == party_id].drop(columns="store_id").to_dict("records")
    own = snapshot.rows("catchments", "store_id", party_id)
    return {
        "id": party_id,
        "area": _area_of(report, snapshot, party_id, params),
        "catchment": {"cells": list(own["cell"])} if len(own) else {"radius_km": params.catchment_km},
        **(stores[0] if stores else {"orders": 0, "pieces": 0.0, "outside": 0, "outside_share": None}),
        "neighbours": _neighbours(snapshot, viewer, at, params),
    }


def _measure(
    snapshot: Snapshot, viewer: Viewer, by: str, params: DensityParams, as_of: pd.Timestamp | None
) -> DensityReport:
    network, parties, orders = snapshot.network(), snapshot.table("parties"), snapshot.table("orders")
    tables = {name: snapshot.table(name) for name in ("areas", "catchments")}
    if viewer.tenant is not None:
        positions = network.parties.ids.positions(parties["id"])
        own = viewer.owns(network, positions)
        orders = orders[orders["buyer_id"].isin(parties["id"][own])]
        ends = pd.concat([orders["buyer_id"], orders["ship_to"]]) if "ship_to" in orders else orders["buyer_id"]
        seen = own | (network.parties.tenant[positions] < 0) | parties["id"].isin(ends).to_numpy()
        parties = parties[seen].reset_index(drop=True)
        tables["catchments"] = tables["catchments"][tables["catchments"]["store_id"].isin(parties["id"])]
    given = {name: table if len(table) else None for name, table in (tables | {"orders": orders}).items()}
    return density_report(parties, by=by, as_of=as_of, params=params, names=_NAMES, **given)


def _area_of(report: DensityReport, snapshot: Snapshot, party_id: str, params: DensityParams) -> dict[str, Any] | None:
    row = snapshot.rows("parties", "id", party_id)
    if "lat" not in row or "lon" not in row:
        return None
    text = cell_texts(area_cells(row["lat"].to_numpy(float), row["lon"].to_numpy(float), params.resolution))[0]
    found = report.areas[report.areas["area"] == text].to_dict("records")
    return {str(name): value for name, value in found[0].items()} if found else None


def _neighbours(snapshot: Snapshot, viewer: Viewer, at: int, params: DensityParams) -> list[dict[str, Any]]:
    network = snapshot.network()
    parties = network.parties
    kinds = [PARTY_KINDS.index(kind) for kind in params.kinds]
    known = np.isin(parties.kind, kinds) & (viewer.owns(network, np.arange(len(parties))) | (parties.tenant[:] < 0))
    known[at] = False
    lat, lon = (np.asarray(parties.numbers[name], dtype=float) for name in ("lat", "lon"))
    places = Nearest(np.where(known, lat, np.nan), lon)
    here = lat[at : at + 1], lon[at : at + 1]
    found = [places.of(*here, rank=rank) for rank in range(1, min(_LISTED, int(known.sum())) + 1)]
    return [{"id": parties.ids.text(int(who[0])), "km": float(km[0])} for who, km in found if who[0] >= 0]
