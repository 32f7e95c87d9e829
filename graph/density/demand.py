"""Where orders go, and which of them leave the catchment of the store that won them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.arrays import Array
from graph.density.cells import Cells, cells_of, resolutions
from graph.density.nearest import distance_km

__all__ = ["LOCAL", "OUTSIDE", "UNKNOWN", "Catchments", "PlacedOrders", "outside"]

Floats = npt.NDArray[np.float64]
LOCAL, OUTSIDE, UNKNOWN = 0, 1, -1


@dataclass(frozen=True, eq=False)
class PlacedOrders:
    """Orders with the place they go to; arrays of shape (d,).

    Parameters
    ----------
    store
        Position of the party that won each, -1 unknown.
    lat, lon
        Degrees of the place of delivery, NaN unknown.
    region
        Code of its region, -1 unknown.
    area
        Its area, `NOWHERE` unknown.
    pieces
        How many.
    day
        Days since 1970-01-01.
    consumer
        Whether it goes to a consumer's place rather than to a party.
    """

    store: npt.NDArray[np.int64]
    lat: Floats
    lon: Floats
    region: npt.NDArray[np.int64]
    area: Cells
    pieces: Floats
    day: npt.NDArray[np.int64]
    consumer: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Catchments:
    """Cells that belong to stores' catchments; arrays of shape (c,).

    Parameters
    ----------
    store
        Position of the party.
    cell
        A cell of any resolution.
    first, end
        Days since 1970-01-01: it belongs from `first` on, before `end`.
    """

    store: npt.NDArray[np.int64]
    cell: Cells
    first: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]


def outside(
    orders: PlacedOrders,
    lat: Array,
    lon: Array,
    region: Array,
    *,
    catchments: Catchments | None,
    catchment_km: float,
) -> npt.NDArray[np.int8]:
    """Return per order whether it goes outside the catchment of its store.

    A store with cells of its own has these, as of the day of the order; others have a circle. Where coordinates are
    missing, another region is outside.

    Parameters
    ----------
    orders
        The orders.
    lat, lon, region
        Shape (n,): places of all parties, region codes with -1 unknown.
    catchments
        Stores' own catchments.
    catchment_km
        The circle's radius.

    Returns
    -------
    int8, shape (d,): `LOCAL`, `OUTSIDE` or `UNKNOWN`.
    """
    known = orders.store >= 0
    store = np.where(known, orders.store, 0)
    km = distance_km(lat[store], lon[store], orders.lat, orders.lon)
    regions = known & (region[store] >= 0) & (orders.region >= 0)
    found = np.where(regions, np.where(region[store] == orders.region, LOCAL, OUTSIDE), UNKNOWN)
    measured = known & np.isfinite(km)
    found = np.where(measured, np.where(km > catchment_km, OUTSIDE, LOCAL), found)
    if catchments is not None and len(catchments.store):
        own = np.isin(orders.store, catchments.store) & np.isfinite(orders.lat) & np.isfinite(orders.lon)
        found = np.where(own, np.where(_inside(orders, catchments), LOCAL, OUTSIDE), found)
    return found.astype(np.int8)


def _inside(orders: PlacedOrders, catchments: Catchments) -> npt.NDArray[np.bool_]:
    inside = np.zeros(len(orders.store), dtype=bool)
    levels = resolutions(catchments.cell)
    for level in np.unique(levels):
        rows = levels == level
        cells = pd.DataFrame(
            {"store": catchments.store[rows], "cell": catchments.cell[rows], "first": catchments.first[rows]}
        ).assign(end=catchments.end[rows])
        at = cells_of(orders.lat, orders.lon, int(level))
        asked = pd.DataFrame({"store": orders.store, "cell": at, "day": orders.day})
        both = asked.reset_index().merge(cells, on=["store", "cell"])
        inside[both["index"][(both["first"] <= both["day"]) & (both["day"] < both["end"])]] = True
    return inside
