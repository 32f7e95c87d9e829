"""Orders as arrays: positions instead of ids, a place of delivery, days left."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import TableError
from graph.arrays import Array
from graph.candidates.layout import ORDER, table
from graph.candidates.supply_book import SupplyBook

__all__ = ["OrderArrays"]


_ORDER = np.dtype(list(ORDER.items()))
_UNKNOWN = (-1, -1, -1, np.nan, np.nan)  # an sku that the book has not: fields `SKU`


@dataclass(frozen=True, eq=False)
class OrderArrays:
    """Orders as a book's search reads them: `rows` has the fields `graph.candidates.layout.ORDER`."""

    rows: Array

    @classmethod
    def of(cls, book: SupplyBook, demands: pd.DataFrame, today: pd.Timestamp | None = None) -> OrderArrays:
        """Encode a frame with the columns of `graph.tables.DEMANDS`.

        Raises
        ------
        TableError
            If a buyer or a place of delivery is unknown; names the row.
        """
        buyer = book.network.parties.ids.positions(demands["buyer_id"])
        if (buyer < 0).any():
            row = int(np.argmin(buyer))
            got = demands["buyer_id"].iloc[row]
            raise TableError("orders", "buyer_id", "the id of a known party", got, row=row + 1)
        sku, pieces = book.skus.positions(demands["sku_id"]), demands["pieces"].to_numpy(np.int64)
        return cls._coded(book, buyer, (sku, pieces), _places(book, demands, buyer), _days(demands, today))

    @classmethod
    def one(
        cls, book: SupplyBook, sku_id: str, pieces: int, buyer_id: str, *, ship_to: str = "", days: float = np.inf
    ) -> OrderArrays:
        """Encode one order without building a frame: what an answer in a fraction of a millisecond needs.

        Parameters
        ----------
        ship_to
            Party or region the goods go to; the buyer's place if empty.
        days
            Days until the due date, infinite without one.

        Raises
        ------
        TableError
            If the buyer or the place of delivery is unknown.
        """
        parties = book.network.parties
        buyer = parties.ids.find(buyer_id)
        if buyer < 0:
            raise TableError("orders", "buyer_id", "the id of a known party", buyer_id, row=1)
        place = buyer if ship_to in ("", buyer_id) else parties.ids.find(ship_to)
        region = book.regions.find(ship_to) if place < 0 else book.party_region[place]
        if place < 0 and region < 0:
            raise TableError("orders", "ship_to", "the id of a known party or a region", ship_to, row=1)
        known = (parties.numbers[name][place] for name in ("lat", "lon"))
        lat, lon = known if place >= 0 else book.middles[:, region]
        sku = book.skus.find(sku_id)
        own, group, brand, _, kg = book.sku[sku].item() if sku >= 0 else _UNKNOWN
        category = own + len(book.skus) if own >= 0 else -1
        weight = 0.0 if isnan(kg) else kg * pieces
        row = (buyer, region, brand, group, sku, category, pieces, weight, lat, lon, days)  # as `ORDER` names them
        return cls(np.array([row], dtype=_ORDER))

    @classmethod
    def _coded(
        cls, book: SupplyBook, buyer: Array, wanted: tuple[Array, Array], place: tuple[Array, Array, Array], days: Array
    ) -> OrderArrays:
        """Encode who wants what (sku and pieces), where (region, latitude, longitude) and until when."""
        sku, pieces = wanted
        unknown = np.zeros(1, dtype=book.sku.dtype)  # the last row stands for -1, a sku that the book has not
        unknown["category"], unknown["group"], unknown["brand"] = -1, -1, -1
        own = book.sku[sku] if (sku >= 0).all() else np.append(book.sku, unknown)[sku]
        region, lat, lon = place
        return cls(
            table(
                ORDER,
                buyer=buyer,
                region=region,
                brand=own["brand"],
                group=own["group"],
                sku=sku,
                category=np.where(own["category"] >= 0, own["category"].astype(np.int64) + len(book.skus), -1),
                pieces=pieces,
                kg=np.nan_to_num(own["kg"] * pieces),
                lat=lat,
                lon=lon,
                days=days,
            )
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
    lat, lon = (
        np.where(named >= 0, book.middles[axis][np.maximum(named, 0)], parties.numbers[name][place])
        if (named >= 0).any()
        else parties.numbers[name][place]
        for axis, name in enumerate(("lat", "lon"))
    )
    return region, lat, lon


def _days(demands: pd.DataFrame, today: pd.Timestamp | None) -> npt.NDArray[np.float64]:
    if today is None or "due_date" not in demands:
        return np.full(len(demands), np.inf)
    left = (pd.to_datetime(demands["due_date"]) - pd.Timestamp(today).normalize()).dt.days
    days: npt.NDArray[np.float64] = left.to_numpy(np.float64, na_value=np.inf)
    return days
