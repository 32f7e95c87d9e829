"""Orders as arrays: positions instead of ids, a place of delivery, days left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import TableError
from graph.arrays import Array
from graph.candidates.supply_book import SupplyBook

__all__ = ["OrderArrays"]


@dataclass(frozen=True, eq=False)
class OrderArrays:
    """Orders by row, all arrays of shape (d,).

    Parameters
    ----------
    buyer
        Positions of the parties that buy.
    sku, category
        Goods of the book, -1 where it has none: the sku asked for, and its category.
    pieces
        How many.
    region
        Code into the book's regions of the place of delivery, -1 unknown.
    lat, lon
        Degrees of the place of delivery, NaN unknown.
    days
        Days until the due date, infinite without one.
    """

    buyer: Array
    sku: Array
    category: Array
    pieces: Array
    region: Array
    lat: npt.NDArray[np.float64]
    lon: npt.NDArray[np.float64]
    days: npt.NDArray[np.float64]

    @classmethod
    def of(cls, book: SupplyBook, demands: pd.DataFrame, today: pd.Timestamp | None = None) -> OrderArrays:
        """Encode a frame with the columns of `graph.tables.DEMANDS`.

        Raises
        ------
        TableError
            If a buyer or a place of delivery is unknown; names the row.
        """
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
