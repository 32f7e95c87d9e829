"""What the compiled search reads: plain arrays by name, always of the same types and writable.

A compiled function is compiled again for every other type of its arrays, so everything goes through `plain`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graph.arrays import Array

__all__ = [
    "BASES",
    "STOCK",
    "Case",
    "Holders",
    "Lanes",
    "Offers",
    "Orders",
    "Rows",
    "Territories",
    "Trade",
    "Wanted",
    "plain",
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


class Offers(NamedTuple):
    """Offers by row, sorted by (good, supplier, basis, place).

    Parameters
    ----------
    start
        Shape (goods + 1,): offers by good.
    supplier, place
        Positions of who sells and of where the goods leave from.
    kind
        Codes into `PARTY_KINDS` of the suppliers.
    region
        Codes of the places' regions, -1 unknown.
    lat, lon
        Degrees of the places, NaN unknown.
    basis
        Codes into `BASES`.
    capacity
        Pieces a day; of stock, pieces on hand.
    unit_cost, minimum, lead
        Fen a piece (NaN unknown), fewest pieces, days until the goods leave (until they are there, without lanes).
    territory
        Codes of territories, 0 = everywhere.
    cheapest
        Offers by (good, stock first, cost, capacity).
    rank
        Each offer's place in `cheapest`.
    """

    start: Int64
    supplier: Int32
    place: Int32
    kind: Int8
    region: Int32
    lat: Float64
    lon: Float64
    basis: Int8
    capacity: Float64
    unit_cost: Float64
    minimum: Float64
    lead: Float64
    territory: Int32
    cheapest: Int32
    rank: Int32


class Orders(NamedTuple):
    """Orders by row.

    Parameters
    ----------
    buyer
        Positions.
    sku, category, brand
        Goods of the book asked for: the sku and the good of its category, -1 none; code of the sku's brand, -1 none.
    pieces, kg
        How many, and what all of them weigh (0 unknown).
    region
        Code of the place of delivery's region, -1 unknown.
    lat, lon
        Its degrees, NaN unknown.
    days
        Days until the due date, infinite without one.
    """

    buyer: Int32
    sku: Int64
    category: Int64
    brand: Int32
    pieces: Int64
    kg: Float64
    region: Int32
    lat: Float64
    lon: Float64
    days: Float64


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
    """Lanes by row, sorted by ``from · (regions + 1) + to``, in which `regions` stands for everywhere.

    ``own`` is -1 where the lane is open to everybody, else the position of the only party it carries for.
    """

    key: Int64
    carrier: Int32
    own: Int32
    days: Float64
    per_kg: Float64
    per_order: Float64
    max_kg: Float64
    regions: int


class Holders(NamedTuple):
    """Exclusive territories by row, sorted by region (everywhere first, as -1); -1 in a column = any.

    `category` holds goods, `brand` codes of brands.
    """

    region: Int32
    holder: Int32
    sku: Int64
    category: Int64
    brand: Int32


class Wanted(NamedTuple):
    """Which candidates are wanted: what `graph.candidates.filters.Filters` says, as arrays.

    An empty `kinds` or `trades` keeps all.
    """

    kinds: Bool
    trades: Bool
    without: Int32
    max_km: float
    max_days: float
    min_tie: float
    strangers: bool
    stock_only: bool


class Case(NamedTuple):
    """All that a search reads: `near` holds the suppliers of each order's buyer, `far` the suppliers of those."""

    offers: Offers
    orders: Orders
    near: Trade
    far: Trade
    territories: Territories
    lanes: Lanes
    exclusives: Holders
    wanted: Wanted


class Rows(NamedTuple):
    """Candidates by row, the best of each order first.

    Parameters
    ----------
    demand, offer
        Rows of the order and of the offer.
    hops
        1 direct, 2 via a middleman, 3 strangers.
    strength
        Weight of the weakest tie on the way, 0 for strangers.
    middle
        Position of the middleman, -1 where there is none.
    reason
        Codes into `graph.candidates.kernel.REASONS`, 0 = eligible.
    lane
        Row of the lane taken, -1 none.
    holder
        Position of who holds the exclusive territory that it would violate, -1 nobody.
    days, km
        Until delivery; from where the goods leave to the place of delivery, NaN unknown.
    """

    demand: Int64
    offer: Int64
    hops: Int8
    strength: Float64
    middle: Int32
    reason: Int8
    lane: Int64
    holder: Int32
    days: Float64
    km: Float64
