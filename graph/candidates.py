"""The suppliers that could fill an order: who they are, by which path, and why not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import InputError, TableError
from graph.arrays import Array
from graph.network import SupplyNetwork
from graph.reach import Reached, direct, via
from graph.supply_book import SupplyBook

__all__ = ["COLUMNS", "gather", "gather_from"]

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
STRANGERS = 64
_EARTH_RADIUS_KM = 6371.0088
_REASONS = np.array(["", "out_of_territory", "below_minimum", "late", "full"], dtype=object)


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
        below_minimum, late, full``). Orders in the given order; eligible candidates first, then direct before via a
        middleman before strangers, stronger ties, lower cost, shorter distance. An order that nobody offers
        has no row.

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
    """Return what `gather` returns, from supply that is already indexed.

    All candidates known through relations are looked at, and the 64 cheapest offers of strangers per good.
    """
    if top < 1:
        raise InputError("top", "at least 1", top)
    orders = _Orders.of(book, demands, today)
    found = _reach(book, orders)
    rows = _describe(book, orders, found)
    order = np.lexsort(
        (
            book.supplier[rows["offer"]],
            rows["distance_km"],
            rows["unit_cost_fen"],
            -rows["tie_strength"],
            rows["hops"],
            rows["reason"] > 0,
            rows["demand"],
        )
    )
    demand = rows["demand"][order]
    rank = np.arange(len(order)) - np.searchsorted(demand, demand)
    return _frame(book, orders, {name: column[order[rank < top]] for name, column in rows.items()})


@dataclass(frozen=True, eq=False)
class _Orders:
    """Demands as arrays, shape (d,); goods are −1 where unknown."""

    ids: npt.NDArray[np.object_]
    buyer: Array
    sku: Array
    category: Array
    pieces: Array
    region: Array
    lat: npt.NDArray[np.float64]
    lon: npt.NDArray[np.float64]
    days: npt.NDArray[np.float64]

    @classmethod
    def of(cls, book: SupplyBook, demands: pd.DataFrame, today: pd.Timestamp | None) -> _Orders:
        parties = book.network.parties
        buyer = parties.ids.positions(demands["buyer_id"])
        if (buyer < 0).any():
            row = int(np.argmin(buyer))
            got = demands["buyer_id"].iloc[row]
            raise TableError("orders", "buyer_id", "the id of a known party", got, row=row + 1)
        sku = book.skus.positions(demands["sku_id"])
        category = np.where(sku >= 0, np.append(book.sku_category, np.int32(-1))[sku], -1)
        region, lat, lon = _places(book, demands, buyer)
        return cls(
            demands["order_id"].to_numpy(object),
            buyer,
            sku,
            np.where(category >= 0, category + len(book.skus), -1),
            demands["pieces"].to_numpy(np.int64),
            region,
            lat,
            lon,
            _days_left(demands, today),
        )


def _places(book: SupplyBook, demands: pd.DataFrame, buyer: Array) -> tuple[Array, Array, Array]:
    """Return region code, latitude and longitude of the place of delivery: a party's, or a region's middle."""
    parties = book.network.parties
    place, named = buyer.copy(), np.full(len(buyer), -1)
    if "ship_to" in demands:
        given = demands["ship_to"].notna().to_numpy() & (demands["ship_to"].astype("str") != "").to_numpy()
        party = parties.ids.positions(demands["ship_to"])
        named = np.where(given & (party < 0), book.regions.positions(demands["ship_to"]), -1)
        if (lost := given & (party < 0) & (named < 0)).any():
            row = int(np.flatnonzero(lost)[0])
            got = demands["ship_to"].iloc[row]
            raise TableError("orders", "ship_to", "the id of a known party or a region", got, row=row + 1)
        place = np.where(given & (party >= 0), party, buyer)
    region = np.where(named >= 0, named, book.party_region[place])
    middle = _region_middles(book) if (named >= 0).any() else np.zeros((2, 1))
    lat, lon = (
        np.where(named >= 0, middle[axis][np.maximum(named, 0) % middle.shape[1]], parties.numbers[name][place])
        for axis, name in enumerate(("lat", "lon"))
    )
    return region, lat, lon


def _region_middles(book: SupplyBook) -> npt.NDArray[np.float64]:
    numbers = book.network.parties.numbers
    located = (book.party_region >= 0) & np.isfinite(numbers["lat"]) & np.isfinite(numbers["lon"])
    region = book.party_region[located]
    count = np.bincount(region, minlength=len(book.regions))
    sums = [np.bincount(region, numbers[name][located], minlength=len(book.regions)) for name in ("lat", "lon")]
    middles: npt.NDArray[np.float64] = np.where(count > 0, np.array(sums) / np.maximum(count, 1), np.nan)
    return middles


def _days_left(demands: pd.DataFrame, today: pd.Timestamp | None) -> npt.NDArray[np.float64]:
    if today is None or "due_date" not in demands:
        return np.full(len(demands), np.inf)
    left = (pd.to_datetime(demands["due_date"]) - pd.Timestamp(today).normalize()).dt.days
    days: npt.NDArray[np.float64] = left.to_numpy(np.float64, na_value=np.inf)
    return days


def _reach(book: SupplyBook, orders: _Orders) -> Reached:
    """Return each (demand, offer) once, by its best path: direct, then via, then as a stranger."""
    goods = np.concatenate((orders.sku, orders.category))
    demand = np.tile(np.arange(len(orders.sku)), 2)[goods >= 0]
    goods = goods[goods >= 0]
    buyer = orders.buyer[demand]
    distinct, good_of = np.unique(goods, return_inverse=True)
    which, offer = book.offers_of(distinct, most=STRANGERS)
    starts = np.searchsorted(which, np.arange(len(distinct) + 1))
    counts = np.diff(starts)[good_of]
    stranger = np.repeat(demand, counts)
    place = np.arange(len(stranger)) - np.repeat(np.cumsum(counts) - counts - starts[good_of], counts)
    nobody = np.zeros(len(stranger))
    parts = [direct(book, demand, goods, buyer), via(book, demand, goods, buyer)]
    parts.append(Reached(stranger, offer[place], nobody, np.full(len(stranger), -2)))
    whole = Reached(*(np.concatenate([getattr(p, name) for p in parts]) for name in Reached.__dataclass_fields__))
    hops = np.repeat([1, 2, 3], [len(p.demand) for p in parts])
    best = np.lexsort((whole.middle, -whole.strength, hops, whole.offer, whole.demand))
    same = (np.diff(whole.demand[best]) == 0) & (np.diff(whole.offer[best]) == 0)
    best = best[np.concatenate(([True], ~same))[: len(best)]]
    best = best[book.supplier[whole.offer[best]] != orders.buyer[whole.demand[best]]]
    return Reached(whole.demand[best], whole.offer[best], whole.strength[best], whole.middle[best])


def _describe(book: SupplyBook, orders: _Orders, found: Reached) -> dict[str, Array]:
    demand, offer = found.demand, found.offer
    numbers = book.network.parties.numbers
    supplier = book.supplier[offer]
    cost = book.columns["unit_cost_fen"][offer]
    usual = np.append(book.sku_cost, np.nan)[orders.sku[demand]]
    rows = {name: column[offer] for name, column in book.columns.items()}
    rows["unit_cost_fen"] = np.where(np.isnan(cost), usual, cost)
    here = numbers["lat"][supplier].astype(float), numbers["lon"][supplier].astype(float)
    rows["distance_km"] = great_circle_km(*here, orders.lat[demand], orders.lon[demand])
    rows |= {"demand": demand, "offer": offer, "tie_strength": found.strength, "middle": found.middle}
    rows["hops"] = np.select([found.middle >= 0, found.middle == -1], [2, 1], 3)
    rows["reason"] = np.select(
        [
            ~book.delivers_to(offer, orders.region[demand]),
            orders.pieces[demand] < rows["minimum_order"],
            rows["lead_time_days"] > orders.days[demand],
            rows["capacity"] < np.maximum(rows["minimum_order"], 1),
        ],
        [1, 2, 3, 4],
        0,
    )
    return rows


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


def _frame(book: SupplyBook, orders: _Orders, rows: dict[str, Array]) -> pd.DataFrame:
    ids = book.network.parties.ids
    supplier, buyer = ids.texts_at(book.supplier[rows["offer"]]), ids.texts_at(orders.buyer[rows["demand"]])
    return pd.DataFrame(
        {
            "order_id": pd.Series(orders.ids[rows["demand"]], dtype="str"),
            "supplier_id": pd.Series(supplier, dtype="str"),
            "capacity": np.floor(rows["capacity"]).astype(np.int64),
            "unit_cost_fen": rows["unit_cost_fen"],
            "minimum_order": rows["minimum_order"].astype(np.int64),
            "lead_time_days": rows["lead_time_days"],
            "distance_km": rows["distance_km"],
            "tie_strength": rows["tie_strength"],
            "path": _paths(supplier, ids.texts_at(np.maximum(rows["middle"], -1)), buyer, rows["hops"]),
            "basis": np.where(rows["offer"] < book.start[len(book.skus)], "sku", "category"),
            "eligible": rows["reason"] == 0,
            "reason": pd.Series(_REASONS[rows["reason"]], dtype="str"),
        },
        columns=list(COLUMNS),
    )


def _paths(supplier: Array, middle: Array, buyer: Array, hops: Array) -> pd.Series:
    first, between, last = (pa.array(texts, pa.string()) for texts in (supplier, middle, buyer))
    through = pc.binary_join_element_wise(first, between, last, " > ")
    straight = pc.binary_join_element_wise(first, last, " > ")
    known = pc.if_else(pa.array(hops == 2), through, straight)
    return pd.Series(pc.if_else(pa.array(hops == 3), "", known), dtype="str")
