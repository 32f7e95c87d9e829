"""Parties, orders and where people live → coverage, penetration, white space and orders from outside, per area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError
from graph.density.areas import Density, density
from graph.density.cells import cell_texts
from graph.density.params import DensityParams
from graph.density.tables import AREAS, CATCHMENTS, PLACED_ORDERS
from graph.tables import PARTIES
from services.density_frames import Encoder

__all__ = ["BY", "DensityReport", "density_report", "measure_density"]

BY = ("cell", "region")
_FIRST = ("area", "lat", "lon", "parties", "stores")
_WORST = 3  # areas of white space that a summary names


@dataclass(frozen=True, kw_only=True)
class DensityReport:
    """Figures per area, and key figures as plain values.

    Parameters
    ----------
    areas
        ``area`` (H3 cell or region), ``lat, lon`` (cells: their centres), ``parties, stores``, a count per party kind,
        the people of `graph.density.tables.AREAS`, ``coverage``, ``nearest_store, nearest_km`` (cells), ``orders,
        pieces, from_outside`` (that go there), ``won, won_outside, outside_share`` (by the parties there),
        ``penetration``, ``white_space, expected_sales, expected_low, expected_high`` (customers, or pieces where nobody
        counted customers), ``white_rank``, ``suppressed``.
        White space comes first, what it promises most first; then the others by area.
    stores
        Per party that won orders ``store_id, orders, pieces, outside, outside_share``.
    flows
        Ways of orders that left a catchment: ``from_area, to_area, orders, pieces``, most first.
    summary
        Key figures.
    """

    areas: pd.DataFrame
    stores: pd.DataFrame
    flows: pd.DataFrame
    summary: dict[str, Any]


def measure_density(
    parties: pd.DataFrame,
    *,
    orders: pd.DataFrame | None = None,
    areas: pd.DataFrame | None = None,
    catchments: pd.DataFrame | None = None,
    by: str = "cell",
    as_of: pd.Timestamp | None = None,
    params: DensityParams | None = None,
    sources: Mapping[str, str] | None = None,
) -> DensityReport:
    """Measure how dense a network is, area by area.

    Parameters
    ----------
    parties
        Raw rows (`graph.tables.PARTIES`).
    orders, areas, catchments
        Raw rows (`graph.density.tables`).
    by
        ``cell`` (a standard grid, from coordinates) or ``region`` (of the parties).
    as_of
        Day of orders without one; the latest day of the orders by default.
    params
        How areas are made and judged.
    sources
        The files' names for messages.

    Raises
    ------
    InputError
        If `by` is neither, or a table is wrong; names the file, the column and the row.
    """
    names = {"parties": "parties", "orders": "orders", "areas": "areas", "catchments": "catchments"}
    names |= dict(sources or {})
    return density_report(
        PARTIES.check(parties, names["parties"]),
        orders=None if orders is None else PLACED_ORDERS.check(orders, names["orders"]),
        areas=None if areas is None else AREAS.check(areas, names["areas"]),
        catchments=None if catchments is None else CATCHMENTS.check(catchments, names["catchments"]),
        by=by,
        as_of=as_of,
        params=params or DensityParams(),
        names=names,
    )


def density_report(
    parties: pd.DataFrame,
    *,
    orders: pd.DataFrame | None,
    areas: pd.DataFrame | None,
    catchments: pd.DataFrame | None,
    by: str,
    as_of: pd.Timestamp | None = None,
    params: DensityParams,
    names: Mapping[str, str],
) -> DensityReport:
    """Measure with checked tables; the options are those of `measure_density`."""
    if by not in BY:
        raise InputError("by", " or ".join(BY), by)
    encoder = Encoder(parties, grid=by == "cell", resolution=params.resolution, names=names)
    points = None if areas is None else encoder.points(areas)
    found = density(
        encoder.located,
        orders=None if orders is None else encoder.orders(orders, as_of),
        points=points,
        catchments=None if catchments is None else encoder.catchments(catchments),
        grid=encoder.grid,
        params=params,
    )
    areas_out = _areas(found, encoder)
    totals = {"by": by} | ({"resolution": params.resolution} if encoder.grid else {}) | found.totals
    return DensityReport(
        areas=areas_out,
        stores=_stores(found, encoder),
        flows=_flows(found, encoder),
        summary=totals | _white(areas_out),
    )


def area_texts(encoder: Encoder, areas: npt.NDArray[np.uint64]) -> list[str]:
    """Return areas as their cells or regions are written."""
    return cell_texts(areas) if encoder.grid else list(encoder.regions_at(areas))


def _areas(found: Density, encoder: Encoder) -> pd.DataFrame:
    table = found.areas.copy()
    order = np.lexsort((table["area"], table["white_rank"])) if "white_rank" in table else np.arange(len(table))
    table = table.iloc[order].reset_index(drop=True)
    table["area"] = pd.Series(area_texts(encoder, table["area"].to_numpy()), dtype="str")
    if "nearest_store" in table:
        table["nearest_store"] = pd.Series(encoder.ids_at(table["nearest_store"].to_numpy()), dtype="str")
        table["nearest_km"] = table["nearest_km"].where(np.isfinite(table["nearest_km"]))
    first = [name for name in _FIRST if name in table]
    return table[[*first, *(name for name in table if name not in first)]]


def _stores(found: Density, encoder: Encoder) -> pd.DataFrame:
    ids = pd.Series(encoder.ids_at(found.stores["store"].to_numpy(dtype=np.int64)), dtype="str")
    return found.stores.drop(columns="store").assign(store_id=ids)[
        ["store_id", *(name for name in found.stores if name != "store")]
    ]


def _flows(found: Density, encoder: Encoder) -> pd.DataFrame:
    ends = {
        name: pd.Series(area_texts(encoder, found.flows[name].to_numpy(dtype=np.uint64)), dtype="str")
        for name in ("from_area", "to_area")
    }
    return found.flows.assign(**ends)


def _white(areas: pd.DataFrame) -> dict[str, Any]:
    if "white_space" not in areas:
        return {}
    white = areas[areas["white_space"]]
    best = [name for name in ("area", "expected_sales", "expected_low", "expected_high") if name in white]
    told = next((name for name in ("customers", "pieces") if name in areas), None)
    return {
        "white_space": len(white),
        "expected_in": told,
        "best_white_space": white[best].head(_WORST).to_dict("records"),
    }
