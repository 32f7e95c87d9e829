"""The suppliers that could fill an order: who they are, by which path, and why not."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import InputError
from graph.arrays import Array
from graph.candidates.orders import OrderArrays
from graph.candidates.reach import Reached, direct, strangers, via
from graph.candidates.supply_book import SupplyBook
from graph.network import SupplyNetwork

__all__ = ["COLUMNS", "REASONS", "Candidates", "find", "gather", "gather_from"]

COLUMNS = (
    "order_id",
    "supplier_id",
    "capacity",
    "unit_cost_fen",
    "minimum_order",
    "lead_time_days",
    "distance_km",
    "tie_strength",
    "path",
    "basis",
    "eligible",
    "reason",
)
REASONS = ("", "out_of_territory", "below_minimum", "late", "full")
STRANGERS = 64
_EARTH_RADIUS_KM = 6371.0088


@dataclass(frozen=True, eq=False)
class Candidates:
    """Candidates by row, the best of each order first; all arrays have shape (c,).

    Parameters
    ----------
    demand, offer
        Row of the order and of the offer in the book.
    hops
        1 direct, 2 via a middleman, 3 strangers.
    strength
        Weight of the weakest tie on the path, 0 for strangers.
    middle
        Position of the middleman, -1 where there is none.
    reason
        int8 codes into `REASONS`, 0 = eligible.
    distance_km
        Great circle from the supplier to the place of delivery, NaN unknown.
    """

    demand: Array
    offer: Array
    hops: Array
    strength: npt.NDArray[np.float64]
    middle: Array
    reason: npt.NDArray[np.int8]
    distance_km: npt.NDArray[np.float64]


def gather(
    network: SupplyNetwork,
    supply: pd.DataFrame,
    products: pd.DataFrame,
    demands: pd.DataFrame,
    *,
    top: int = 20,
    today: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """Return the candidate suppliers of each order, the best `top` of each.

    Indexes the supply first; keep a `SupplyBook` and call `gather_from` where many batches use the same supply.

    Parameters
    ----------
    network
        The net; pass ``network.as_of(day)`` for the relations of a day.
    supply, products, demands
        Frames with the types of `graph.tables` (SUPPLY, PRODUCTS, DEMANDS).
    top
        Most candidates per order, >= 1.
    today
        The day from which lead times count; without it nobody is late.

    Returns
    -------
    DataFrame
        Per candidate: ``order_id, supplier_id``, ``capacity`` (pieces a day), ``unit_cost_fen`` (NaN unknown),
        ``minimum_order`` (pieces), ``lead_time_days``, ``distance_km`` (great circle to the place of delivery, NaN
        unknown), ``tie_strength`` (weakest tie on the path, 0 for strangers), ``path`` (``F > D > S``, empty for
        strangers), ``basis`` (``sku``: supply lists it; ``category``: the supplier makes the category on request),
        ``eligible`` and ``reason`` (empty if eligible, else the first that applies of ``out_of_territory,
        below_minimum, late, full``). Orders in the given order; of each, eligible candidates first, then direct before
        via a middleman before strangers, then stronger ties, then those who list the sku, lower cost, more capacity.
        An order that nobody offers has no row.

    Raises
    ------
    TableError
        If a supplier, a buyer or a place of delivery is unknown; names the row.
    InputError
        If `top` is below 1.
    """
    return gather_from(SupplyBook.of(network, supply, products, today=today), demands, top=top, today=today)


def gather_from(
    book: SupplyBook, demands: pd.DataFrame, *, top: int = 20, today: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Return what `gather` returns, from supply that is already indexed."""
    orders = OrderArrays.of(book, demands, today)
    return _frame(book, orders, demands["order_id"], find(book, orders, top=top))


def find(book: SupplyBook, orders: OrderArrays, *, top: int = 20) -> Candidates:
    """Return the best `top` candidates of each order, as arrays.

    All offers known through relations are looked at, and the 64 cheapest offers of strangers per good.

    Raises
    ------
    InputError
        If `top` is below 1.
    """
    if top < 1:
        raise InputError("top", "at least 1", top)
    reached, hops = _reach(book, orders)
    reason = _reasons(book, orders, reached)
    group = (reached.demand * 2 + (reason > 0)) * 4 + hops
    # Rows come sorted by (order, place among the cheapest): a stable sort keeps that as the last criterion.
    order = np.lexsort((-reached.strength, group))
    demand = reached.demand[order]
    best = order[np.arange(len(order)) - np.searchsorted(demand, demand) < top]
    demand, offer = reached.demand[best], reached.offer[best]
    return Candidates(
        demand,
        offer,
        hops[best],
        reached.strength[best],
        reached.middle[best],
        reason[best].astype(np.int8),
        _distances(book, orders, demand, offer),
    )


def _reach(book: SupplyBook, orders: OrderArrays) -> tuple[Reached, Array]:
    """Return each (order, offer) once, by its best path, and its hops; sorted by (order, place in `cheapest`)."""
    goods = np.concatenate((orders.sku, orders.category))
    demand = np.tile(np.arange(len(orders.sku)), 2)[goods >= 0]
    goods = goods[goods >= 0]
    buyer = orders.buyer[demand]
    parts = [direct(book, demand, goods, buyer), via(book, demand, goods, buyer)]
    parts.append(strangers(book, demand, goods, most=STRANGERS))
    whole = Reached(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Reached)))
    hops = np.repeat([1, 2, 3], [len(part.demand) for part in parts])
    keys = whole.demand * len(book.supplier) + book.place[whole.offer]
    # Parts come best first, so the first of equal keys in a stable sort is the best.
    order = np.argsort(keys, kind="stable")
    first = np.append(True, np.diff(keys[order]) != 0)[: len(order)]
    others = book.supplier[whole.offer[order]] != orders.buyer[whole.demand[order]]
    best = order[first & others]
    return Reached(*(getattr(whole, field.name)[best] for field in fields(Reached))), hops[best]


def _reasons(book: SupplyBook, orders: OrderArrays, found: Reached) -> Array:
    """Return each candidate's code into `REASONS`."""
    demand, offer = found.demand, found.offer
    minimum = book.columns["minimum_order"][offer]
    tests = [
        ~book.delivers_to(offer, orders.region[demand]),
        orders.pieces[demand] < minimum,
        book.columns["lead_time_days"][offer] > orders.days[demand],
        book.columns["capacity"][offer] < np.maximum(minimum, 1),
    ]
    return np.select(tests, [1, 2, 3, 4], 0)


def _distances(book: SupplyBook, orders: OrderArrays, demand: Array, offer: Array) -> npt.NDArray[np.float64]:
    numbers, supplier = book.network.parties.numbers, book.supplier[offer]
    lat, lon = (numbers[name][supplier].astype(float) for name in ("lat", "lon"))
    return great_circle_km(lat, lon, orders.lat[demand], orders.lon[demand])


def great_circle_km(lat1: Array, lon1: Array, lat2: Array, lon2: Array) -> npt.NDArray[np.float64]:
    """Return the haversine distance between points given in degrees, NaN where one is unknown.

    Examples
    --------
    >>> round(float(great_circle_km(31.23, 121.47, 39.90, 116.41)))  # Shanghai to Beijing
    1067
    """
    a, b = np.radians(lat1), np.radians(lat2)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(np.subtract(lon2, lon1)) / 2) ** 2
    distance: npt.NDArray[np.float64] = 2 * _EARTH_RADIUS_KM * np.arcsin(np.sqrt(half))
    return distance


def _frame(book: SupplyBook, orders: OrderArrays, order_ids: pd.Series, found: Candidates) -> pd.DataFrame:
    own = {name: column[found.offer] for name, column in book.columns.items()}
    usual = np.append(book.sku_cost, np.nan)[orders.sku[found.demand]]
    supplier = book.network.parties.ids.arrow_at(book.supplier[found.offer])
    return pd.DataFrame(
        {
            "order_id": _series(pa.array(order_ids, pa.large_string()).take(pa.array(found.demand))),
            "supplier_id": _series(supplier),
            "capacity": np.floor(own["capacity"]).astype(np.int64),
            "unit_cost_fen": np.where(np.isnan(own["unit_cost_fen"]), usual, own["unit_cost_fen"]),
            "minimum_order": own["minimum_order"].astype(np.int64),
            "lead_time_days": own["lead_time_days"],
            "distance_km": found.distance_km,
            "tie_strength": found.strength,
            "path": _series(_paths(book, orders, found, supplier)),
            "basis": _series(
                pa.array(["sku", "category"]).take(pa.array(found.offer >= book.start[len(book.skus)]).cast("int8"))
            ),
            "eligible": found.reason == 0,
            "reason": _series(pa.array(REASONS).take(pa.array(found.reason))),
        },
        columns=list(COLUMNS),
    )


def _paths(book: SupplyBook, orders: OrderArrays, found: Candidates, supplier: pa.LargeStringArray) -> pa.Array:
    ids = book.network.parties.ids
    buyer = ids.arrow_at(orders.buyer).take(pa.array(found.demand))
    middle = ids.arrow_at(found.middle)
    arrow, nothing = (pa.scalar(text, pa.large_string()) for text in (" > ", ""))
    through = pc.binary_join_element_wise(supplier, middle, buyer, arrow)
    straight = pc.binary_join_element_wise(supplier, buyer, arrow)
    known = pc.if_else(pa.array(found.hops == 2), through, straight)
    return pc.if_else(pa.array(found.hops == 3), nothing, known)


def _series(texts: pa.Array) -> pd.Series:
    return pd.Series(pd.array(texts, dtype="str"))
