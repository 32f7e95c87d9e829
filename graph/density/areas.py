"""Figures per area: who is there, who lives there, what they order, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.arrays import Array
from graph.density.cells import NOWHERE, Cells, centres
from graph.density.demand import OUTSIDE, UNKNOWN, Catchments, PlacedOrders, outside
from graph.density.nearest import Nearest
from graph.density.params import DensityParams
from graph.density.white_space import expected_sales
from graph.tables import PARTY_KINDS

__all__ = ["AreaPoints", "Density", "LocatedParties", "density"]

Floats = npt.NDArray[np.float64]
_WHOLE = ("parties", "stores", "orders", "from_outside", "won", "won_outside", "consumers")
PEOPLE = ("households", "population", "potential", "customers")


@dataclass(frozen=True, eq=False)
class LocatedParties:
    """Parties by position; arrays of shape (n,).

    Parameters
    ----------
    kind
        Codes into `graph.tables.PARTY_KINDS`.
    lat, lon
        Degrees, NaN unknown.
    region
        Codes, -1 unknown.
    area
        Cell, or 1 + region code; `NOWHERE` unknown.
    """

    kind: Array
    lat: Floats
    lon: Floats
    region: npt.NDArray[np.int64]
    area: Cells


@dataclass(frozen=True, eq=False)
class AreaPoints:
    """Places where people live, any number per area; arrays of shape (p,).

    Parameters
    ----------
    area
        Area of each, never `NOWHERE`.
    lat, lon
        Degrees, NaN unknown.
    people
        Those of `PEOPLE` that were given, 0 where empty.
    """

    area: Cells
    lat: Floats
    lon: Floats
    people: Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class Density:
    """Figures per area, per store and per way.

    Parameters
    ----------
    areas
        One row per area that has a party, people or orders, by area.
    stores
        One row per party that won orders: ``store`` (position), ``orders, pieces, outside, outside_share``.
    flows
        Orders that left a catchment, by ``from_area, to_area``, most first: ``orders, pieces``.
    totals
        ``orders`` = located + ``orders_unlocated``; of the located, ``orders_suppressed`` are in suppressed areas.
    """

    areas: pd.DataFrame
    stores: pd.DataFrame
    flows: pd.DataFrame
    totals: dict[str, float | int | None]


def density(
    parties: LocatedParties,
    *,
    orders: PlacedOrders | None = None,
    points: AreaPoints | None = None,
    catchments: Catchments | None = None,
    grid: bool = True,
    params: DensityParams | None = None,
) -> Density:
    """Return figures per area.

    Parameters
    ----------
    parties
        All parties.
    orders
        Orders with their places of delivery.
    points
        Where people live.
    catchments
        Catchments of stores that have their own.
    grid
        Whether areas are cells (else regions, which have no place: nobody is near).
    params
        How areas are judged.
    """
    params = params or DensityParams()
    is_store = np.isin(parties.kind, [PARTY_KINDS.index(kind) for kind in params.kinds])
    nearest = Nearest(np.where(is_store, parties.lat, np.nan), parties.lon)
    parts = [_counts(parties, is_store)]
    if points is not None:
        parts.append(_people(points, parties, is_store, nearest if grid else None, params))
    left = np.empty(0, dtype=np.int8)
    if orders is not None:
        places = (parties.lat, parties.lon, parties.region)
        left = outside(orders, *places, catchments=catchments, catchment_km=params.catchment_km)
        parts.append(_demand(orders, parties, left))
    table = pd.concat(parts, axis=1).sort_index()
    table = table.fillna(dict.fromkeys([name for name in table if name != "coverage"], 0))
    whole = [name for name in (*PARTY_KINDS, *_WHOLE) if name in table]
    table = table.astype(dict.fromkeys(whole, np.int64))
    if grid:
        _add_nearest(table, nearest)
    if "coverage" not in table:
        table["coverage"] = _covered(table, params, grid=grid)
    totals = _totals(table, parties, orders, left)
    totals |= _suppress(table, params)
    _add_penetration(table)
    _add_white_space(table, params)
    table = table.drop(columns="consumers", errors="ignore").rename_axis("area").reset_index()
    stores, flows = _stores(orders, left), _flows(orders, parties, left, params)
    return Density(table, stores, flows, totals)


def _counts(parties: LocatedParties, is_store: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Return how many parties of each kind are in each area."""
    known = parties.area != NOWHERE
    areas, which = np.unique(parties.area[known], return_inverse=True)
    kinds = len(PARTY_KINDS)
    counts = np.bincount(which * kinds + parties.kind[known], minlength=len(areas) * kinds).reshape(-1, kinds)
    table = pd.DataFrame({"parties": counts.sum(axis=1), "stores": np.bincount(which, is_store[known], len(areas))})
    there = {kind: counts[:, code] for code, kind in enumerate(PARTY_KINDS) if counts[:, code].any()}
    return table.assign(**there).astype(np.int64).set_axis(areas)


def _people(
    points: AreaPoints,
    parties: LocatedParties,
    is_store: npt.NDArray[np.bool_],
    nearest: Nearest | None,
    params: DensityParams,
) -> pd.DataFrame:
    """Return who lives in each area, and the share of them within reach of a store."""
    areas, which = np.unique(points.area, return_inverse=True)
    table = pd.DataFrame({name: np.bincount(which, v, len(areas)) for name, v in points.people.items()}, index=areas)
    weight = next((points.people[name] for name in PEOPLE[:3] if name in points.people), np.ones(len(which)))
    if nearest is None:
        reached = np.isin(points.area, parties.area[is_store])
    else:
        reached = nearest.of(points.lat, points.lon)[1] <= params.reach_km
    total = np.bincount(which, weight, len(areas))
    within = np.bincount(which, weight * reached, len(areas))
    table["coverage"] = np.divide(within, total, out=np.full(len(areas), np.nan), where=total > 0)
    return table


def _demand(orders: PlacedOrders, parties: LocatedParties, left: npt.NDArray[np.int8]) -> pd.DataFrame:
    """Return the orders that go to each area, and those that its stores won."""
    there = pd.DataFrame(
        {"orders": 1, "pieces": orders.pieces, "consumers": orders.consumer, "from_outside": left == OUTSIDE}
    )
    to = there[orders.area != NOWHERE].groupby(orders.area[orders.area != NOWHERE]).sum()
    home = np.where(orders.store >= 0, parties.area[orders.store], NOWHERE)
    won = pd.DataFrame({"won": 1, "won_outside": left == OUTSIDE, "won_known": left != UNKNOWN})
    by = won[home != NOWHERE].groupby(home[home != NOWHERE]).sum()
    table = pd.concat([to, by], axis=1).fillna(0)
    share = table["won_outside"] / table["won_known"].where(table["won_known"] > 0)
    return table.drop(columns="won_known").assign(outside_share=share.fillna(0.0))


def _add_nearest(table: pd.DataFrame, nearest: Nearest) -> None:
    table["lat"], table["lon"] = centres(table.index.to_numpy())
    table["nearest_store"], table["nearest_km"] = nearest.of(table["lat"].to_numpy(), table["lon"].to_numpy())


def _covered(table: pd.DataFrame, params: DensityParams, *, grid: bool) -> Floats:
    """Return 1 for areas with a store, or with one within reach of their centre, else 0."""
    covered = table["stores"].to_numpy() > 0
    if grid:
        covered |= table["nearest_km"].to_numpy() <= params.reach_km
    return np.asarray(covered, dtype=float)


def _totals(
    table: pd.DataFrame, parties: LocatedParties, orders: PlacedOrders | None, left: npt.NDArray[np.int8]
) -> dict[str, float | int | None]:
    weight = next((table[name] for name in PEOPLE[:3] if name in table), pd.Series(1.0, index=table.index))
    weight = weight.where(table["coverage"].notna(), 0.0)
    covered = (table["coverage"].fillna(0.0) * weight).sum()
    totals: dict[str, float | int | None] = {
        "areas": len(table),
        "parties": len(parties.area),
        "parties_unlocated": int((parties.area == NOWHERE).sum()),
        "coverage": float(covered / weight.sum()) if weight.sum() else None,
    }
    if orders is not None:
        known = int((left != UNKNOWN).sum())
        totals |= {
            "orders": len(orders.area),
            "orders_unlocated": int((orders.area == NOWHERE).sum()),
            "orders_outside": int((left == OUTSIDE).sum()),
            "orders_of_unknown_way": len(left) - known,
            "outside_share": float((left == OUTSIDE).sum() / known) if known else None,
        }
    return totals


def _suppress(table: pd.DataFrame, params: DensityParams) -> dict[str, float | int | None]:
    """Blank what consumers did where they are too few; return how much that was."""
    consumers = np.zeros(len(table))
    for name in ("consumers", "customers"):
        if name in table:
            consumers = np.maximum(consumers, table[name].to_numpy(dtype=float))
    few = (consumers > 0) & (consumers < params.smallest)
    table["suppressed"] = few
    told: dict[str, float | int | None] = {"areas_suppressed": int(few.sum())}
    for name in ("orders", "pieces", "customers", "from_outside"):
        if name in table:
            told[f"{name}_suppressed"] = float(table.loc[few, name].sum())
            table[name] = table[name].astype(float).mask(few)
    return told


def _add_penetration(table: pd.DataFrame) -> None:
    """Add active customers (orders, where nobody counted them) per household (person, unit of potential)."""
    base = next((name for name in PEOPLE[:3] if name in table), None)
    active = next((name for name in ("customers", "orders") if name in table), None)
    if base and active:
        table["penetration"] = table[active] / table[base].where(table[base] > 0)


def _add_white_space(table: pd.DataFrame, params: DensityParams) -> None:
    """Add what areas with potential and too little coverage would sell, and their rank by it."""
    base = next((name for name in ("potential", "households", "population") if name in table), None)
    if base is None:
        return
    potential = table[base].to_numpy(dtype=float)
    covered = table["coverage"].to_numpy() >= params.enough
    sales = next((table[n].to_numpy(dtype=float) for n in ("customers", "pieces") if n in table), None)
    table["white_space"] = white = (potential > 0) & ~covered
    if sales is None:
        rank = potential
    else:
        like = (potential > 0) & covered & np.isfinite(sales)
        found = expected_sales(potential[white], potential[like], sales[like], look_alikes=params.look_alikes)
        for name, values in zip(("expected_sales", "expected_low", "expected_high"), found, strict=True):
            table.loc[white, name] = values
        rank = np.nan_to_num(table["expected_sales"].to_numpy()) if white.any() else potential
    order = np.lexsort((table.index.to_numpy(), -potential, -rank, ~white))
    table.loc[table.index[order[: white.sum()]], "white_rank"] = np.arange(1.0, white.sum() + 1)


def _stores(orders: PlacedOrders | None, left: npt.NDArray[np.int8]) -> pd.DataFrame:
    columns = ["store", "orders", "pieces", "outside", "outside_share"]
    if orders is None:
        return pd.DataFrame(columns=columns)
    rows = pd.DataFrame(
        {
            "store": orders.store,
            "orders": 1,
            "pieces": orders.pieces,
            "outside": left == OUTSIDE,
            "known": left != UNKNOWN,
        }
    )
    stores = rows[rows["store"] >= 0].groupby("store").sum().reset_index()
    stores["outside_share"] = stores["outside"] / stores["known"].where(stores["known"] > 0)
    return stores[columns]


def _flows(
    orders: PlacedOrders | None, parties: LocatedParties, left: npt.NDArray[np.int8], params: DensityParams
) -> pd.DataFrame:
    """Return the ways of orders that left a catchment, without those of too few consumers."""
    columns = ["from_area", "to_area", "orders", "pieces"]
    if orders is None:
        return pd.DataFrame(columns=columns)
    rows = pd.DataFrame({"to_area": orders.area, "orders": 1, "pieces": orders.pieces, "consumers": orders.consumer})
    rows.insert(0, "from_area", np.where(orders.store >= 0, parties.area[orders.store], NOWHERE))
    gone = (left == OUTSIDE) & (rows["from_area"] != NOWHERE).to_numpy() & (orders.area != NOWHERE)
    flows = rows[gone].groupby(["from_area", "to_area"]).sum().reset_index()
    flows = flows[(flows["consumers"] == 0) | (flows["consumers"] >= params.smallest)]
    ways = flows.sort_values(["orders", "from_area", "to_area"], ascending=[False, True, True])
    return ways[columns].reset_index(drop=True)
