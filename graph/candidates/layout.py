"""What the compiled search reads: plain arrays by name, always of the same types and writable.

A compiled function is compiled again for every other type of its arrays, so everything goes through `plain`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from graph.arrays import Array

__all__ = [
    "BASES",
    "CANDIDATE",
    "HOLDER",
    "LANE",
    "OFFER",
    "ORDER",
    "SKU",
    "STOCK",
    "Case",
    "Holders",
    "Lanes",
    "Offers",
    "Territories",
    "Trade",
    "Wanted",
    "plain",
    "table",
]

BASES = ("stock", "sku", "route", "workshop", "category")
STOCK = 0

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


def plain(array: Array, kind: type[np.generic]) -> Array:
    """Return the array as one contiguous, writable block of a type, copied only if it is not."""
    return np.require(np.asarray(array, dtype=kind), requirements=["C", "W"])


def table(kinds: Mapping[str, Any], **columns: Array) -> Array:
    """Return columns as one array of rows: a row's fields lie side by side, as the search reads them."""
    lengths = {len(column) for column in columns.values()}
    rows = np.empty(lengths.pop(), dtype=np.dtype(list(kinds.items())))
    for name, column in columns.items():
        rows[name] = column
    return rows


OFFER = {
    "supplier": np.int32,
    "place": np.int32,
    "region": np.int32,
    "territory": np.int32,
    "rank": np.int32,
    "kind": np.int8,
    "basis": np.int8,
    "lat": np.float64,
    "lon": np.float64,
    "capacity": np.float64,
    "unit_cost": np.float64,
    "minimum": np.float64,
    "lead": np.float64,
}
ORDER = {
    "buyer": np.int32,
    "region": np.int32,
    "brand": np.int32,
    "group": np.int32,
    "sku": np.int64,
    "category": np.int64,
    "pieces": np.int64,
    "kg": np.float64,
    "lat": np.float64,
    "lon": np.float64,
    "days": np.float64,
}
LANE = {
    "key": np.int64,
    "carrier": np.int32,
    "own": np.int32,
    "days": np.float64,
    "per_kg": np.float64,
    "per_order": np.float64,
    "max_kg": np.float64,
}
SKU = {"category": np.int32, "group": np.int32, "brand": np.int32, "cost": np.float64, "kg": np.float64}
HOLDER = {"region": np.int32, "holder": np.int32, "brand": np.int32, "group": np.int32, "sku": np.int64}
CANDIDATE = {
    "demand": np.int64,
    "offer": np.int64,
    "lane": np.int64,
    "middle": np.int32,
    "holder": np.int32,
    "hops": np.int8,
    "reason": np.int8,
    "strength": np.float64,
    "days": np.float64,
    "km": np.float64,
}


class Offers(NamedTuple):
    """Offers of goods.

    Parameters
    ----------
    start
        Shape (goods + 1,): rows by good.
    rows
        Fields `OFFER`, sorted by (good, supplier, basis, place). ``supplier`` and ``place``: positions of who sells and
        of where the goods leave from; ``kind``: code into `PARTY_KINDS` of the supplier; ``region, lat, lon`` of the
        place (-1 and NaN unknown, degrees); ``basis``: code into `BASES`; ``capacity``: pieces a day, of stock pieces
        on hand; ``unit_cost``: fen a piece (NaN unknown); ``minimum``: fewest pieces; ``lead``: days until the goods
        leave (until they are there, without lanes); ``territory``: its code, 0 = everywhere; ``rank``: place in
        `cheapest`.
    cheapest
        Rows by (good, stock first, cost, capacity).
    """

    start: Int64
    rows: Array
    cheapest: Int32


class Trade(NamedTuple):
    """Who supplies whom: row r holds ``supplier[start[r]:start[r + 1]]``, ascending, and each tie's weight.

    `row` is the row of the suppliers' own suppliers in the block of those, -1 where they are not asked for.
    """

    start: Int64
    supplier: Int32
    weight: Float64
    row: Int64


class Territories(NamedTuple):
    """Sorted ``territory · regions + region`` of the regions each territory holds."""

    allowed: Int64
    regions: int


class Lanes(NamedTuple):
    """Rows with fields `LANE`, sorted by key: ``from · (regions + 1) + to``, where `regions` stands for everywhere.

    ``own`` is -1 where the lane is open to everybody, else the position of the only party it carries for.
    """

    key: Int64
    rows: Array
    regions: int


class Holders(NamedTuple):
    """Exclusive territories: rows with fields `HOLDER`, sorted by region (everywhere first, as -1); -1 = any.

    ``group`` and ``brand`` hold codes of the categories and brands of products.
    """

    region: Int32
    rows: Array


class Wanted(NamedTuple):
    """Which candidates are wanted: what `graph.candidates.filters.Filters` says, as arrays.

    `offers` masks the offers that count; an empty `kinds` or `offers` keeps all.
    """

    kinds: Bool
    offers: Bool
    without: Int32
    max_km: float
    max_days: float
    min_tie: float
    strangers: bool
    stock_only: bool


class Case(NamedTuple):
    """All that a search reads.

    Parameters
    ----------
    orders
        Rows with fields `ORDER`: position of the ``buyer``; ``region, lat, lon`` of the place of delivery (-1 and NaN
        unknown); the ``sku`` asked for and the good of its ``category``, -1 none; its ``group`` and ``brand`` as in
        `SKU`; ``pieces`` and their weight ``kg`` (0 unknown); ``days`` until the due date, infinite without one.
    near, far
        The suppliers of each order's buyer, and the suppliers of those.
    """

    offers: Offers
    orders: Array
    near: Trade
    far: Trade
    territories: Territories
    lanes: Lanes
    exclusives: Holders
    wanted: Wanted
