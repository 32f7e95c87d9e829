"""What the loaded network offers on a day, and how its parties stand with each other: indexed once, then kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

import pandas as pd

from contracts.errors import NotReadyError, TableError
from graph.candidates.supply_book import SupplyBook
from graph.network import SupplyNetwork
from services.network_scores import supplier_reliability
from services.route_orders import Known
from services.route_terms import Standing, standing_of
from store.snapshot import Snapshot

__all__ = ["book_of", "known_on", "require_known", "spare_book"]

T = TypeVar("T")
_DAYS = 2
_OFFERED = ("stock", "routes", "lanes", "exclusives")
_MADE_OF = "supplies"  # who does steps for whom is read off these relations when offers are indexed


class _Kept(Generic[T]):
    """The latest few results by version and day; changes recorded since a version was built do not drop them."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Path, str, pd.Timestamp], T] = {}
        self._lock = threading.Lock()

    def get(self, snapshot: Snapshot, day: pd.Timestamp, make: Callable[[T | None], T]) -> T:
        """Return what `make` makes of the earlier result; one at a time, so that nothing is made twice."""
        key = (snapshot.root, snapshot.version, day)
        with self._lock:
            made = self._kept[key] = make(self._kept.pop(key, None))
            while len(self._kept) > _DAYS:
                del self._kept[next(iter(self._kept))]
        return made


_BOOKS: _Kept[SupplyBook] = _Kept()
_KNOWN: _Kept[Known] = _Kept()


def book_of(snapshot: Snapshot, day: pd.Timestamp) -> SupplyBook:
    """Return what a network offers on a day (without time zone), with the changes recorded so far."""
    network = snapshot.network()

    def make(earlier: SupplyBook | None) -> SupplyBook:
        if earlier is None or not _same_makers(earlier.network, network):
            tables = {name: snapshot.table(name) for name in ("supply", "products", *_OFFERED)}
            return SupplyBook.of(network, today=day, **tables)
        return earlier if earlier.network is network else replace(earlier, network=network)

    return _BOOKS.get(snapshot, day, make)


def known_on(snapshot: Snapshot, day: pd.Timestamp) -> Known:
    """Return what routing goes by on a day: offers, products, and from ledger, terms and deliveries who stands how."""
    book = book_of(snapshot, day)

    def make(earlier: Known | None) -> Known:
        if earlier is None:
            return Known.of(book, snapshot.table("products"), _standing(snapshot, day))
        return earlier if earlier.book is book else replace(earlier, book=book)

    return _KNOWN.get(snapshot, day, make)


def spare_book(snapshot: Snapshot, day: pd.Timestamp) -> SupplyBook:
    """Return what a network offers on a day when the current plan keeps the hours it needs.

    Raises
    ------
    NotReadyError
        If it has no plan.
    """
    load = snapshot.result("load")
    if not isinstance(load, pd.DataFrame):
        raise NotReadyError("the loaded network has no plan: `POST /v1/plans` with the body {}, or `evenflow run`")
    tables = {name: snapshot.table(name) for name in ("supply", "products", *_OFFERED)}
    tables["supply"] = _spare(tables["supply"], load, day)
    return SupplyBook.of(snapshot.network(), today=day, **tables)


def _spare(supply: pd.DataFrame, load: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return the supply with the share of each resource's hours that a plan leaves free in the bucket of the day."""
    buckets = pd.to_datetime(load["bucket"])
    now = buckets[buckets <= day].max()
    if pd.isna(now) or "resource" not in supply:
        return supply
    here = load[buckets == now].set_index("resource")
    free = ((here["capacity"] - here["hours"]) / here["capacity"].where(here["capacity"] > 0)).clip(0, 1).fillna(0.0)
    return supply.assign(capacity=supply["capacity"] * supply["resource"].map(free).fillna(1.0))


def require_known(orders: pd.DataFrame, book: SupplyBook) -> None:
    """Refuse orders of skus that the network has never heard of; a search does the same for parties."""
    if "sku_id" not in orders:
        return
    asked = orders["sku_id"]
    unknown = asked.notna().to_numpy() & (book.skus.positions(asked.astype("str")) < 0)
    if unknown.any():
        row = int(unknown.argmax())
        raise TableError(
            "orders",
            "sku_id",
            "an sku of the loaded network",
            asked.iloc[row],
            row=row + 1,
            bad_rows=int(unknown.sum()),
        )


def _same_makers(one: SupplyNetwork, other: SupplyNetwork) -> bool:
    """Whether two states of a net have the same parties and the same relations by which goods are made."""
    return one.parties is other.parties and one.blocks.get(_MADE_OF) is other.blocks.get(_MADE_OF)


def _standing(snapshot: Snapshot, day: pd.Timestamp) -> Standing:
    records = supplier_reliability(snapshot, day)
    return standing_of(snapshot.table("ledger"), snapshot.table("terms"), records, day)
