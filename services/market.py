"""What single orders are decided by: room and price of everything offered, indexed once and kept."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.arrays import Array
from graph.candidates.filters import Sight
from graph.candidates.layout import STOCK
from graph.candidates.supply_book import SupplyBook
from matching.problem import Floats, Ints
from services.network_supply import known_on
from services.route_orders import Known
from services.route_terms import Standing, price_of_lines
from store.prices import PriceShelf
from store.snapshot import Snapshot

__all__ = ["Market", "market_at_hand", "market_on", "pool_names"]


@dataclass(frozen=True, eq=False)
class Market:
    """Offers grouped by the capacity they draw on (pools), as arrays.

    Parameters
    ----------
    pool
        int64 [offers], the pool of each offer: what a supplier has of a good (of stock: at a place).
    supplier
        int32 [pools], position of the supplier.
    room
        int64 [pools], pieces offered, less what is known to be lost.
    price
        float64 [pools], score that a piece is worth to the orders expected.
    down
        bool [pools], whether the supplier is down.
    version, cause
        Of the prices; 0 and ``start`` if none were published.
    terms_key, terms_row
        int64, ``buyer · parties + supplier`` of the terms, ascending, and their rows in the standing.
    rated, reliability, record
        int64 positions of suppliers with a record, ascending, float64 what it says (`services.route_terms`), and
        float64 [2, rated] the record: ``otif_low, p_late_next``.
    terms_share, terms_limit
        float64 [terms]: what waiting for a fen costs, in fen; what is left of the credit.
    goods
        float64 [3, skus]: usual cost, price and kilograms of a piece, NaN unknown.
    offered
        The book's parts, as `services.one_order_kernel` reads them.
    """

    pool: Ints
    supplier: Ints
    room: Ints
    price: Floats
    down: npt.NDArray[np.bool_]
    version: int
    cause: str
    terms_key: Ints
    terms_row: Ints
    rated: Ints
    reliability: Floats
    record: Floats
    terms_share: Floats
    terms_limit: Floats
    goods: Floats
    offered: tuple[Array, ...]

    @cached_property
    def free(self) -> Market:
        """The same where no capacity has a price yet."""
        return replace(self, price=np.zeros(self.price.size), version=0)

    @classmethod
    def of(cls, known: Known, shelf: PriceShelf) -> Market:
        """Index what is offered at the prices that serve."""
        book, serving, left = known.book, shelf.current(), shelf.left()
        pool, first = _pools(book)
        supplier = book.offers.rows["supplier"][first]
        share = np.ones(book.network.n_parties)
        if left:
            at = book.network.parties.ids.positions(pd.Series(list(left), dtype="str"))
            share[at[at >= 0]] = np.array(list(left.values()))[at >= 0]
        offered = np.maximum.reduceat(np.floor(book.offers.rows["capacity"]), first) if len(first) else np.zeros(0)
        products = known.products.reindex(book.skus.all_texts())[["price_fen", "weight_kg"]]
        terms = known.standing.terms
        terms_key, terms_row = _terms(known.standing, book)
        rated, reliability, record = _records(known.standing, book)
        return cls(
            pool=pool,
            supplier=supplier,
            room=np.floor(offered * share[supplier]).astype(np.int64),
            price=_prices(book, first, None if serving is None else serving.table()),
            down=share[supplier] == 0,
            version=0 if serving is None else serving.number,
            cause="start" if serving is None else str(serving.facts["cause"]),
            terms_key=terms_key,
            terms_row=terms_row,
            rated=rated,
            reliability=reliability,
            record=record,
            terms_share=price_of_lines(np.ones(len(terms)), terms, np.arange(len(terms))),
            terms_limit=terms["limit"].to_numpy(np.float64),
            goods=np.stack([book.sku["cost"], *products.to_numpy(np.float64, na_value=np.nan).T]),
            offered=_offered(book),
        )


def market_on(snapshot: Snapshot, day: pd.Timestamp, shelf: PriceShelf) -> tuple[Known, Market]:
    """Return what orders are decided by on a day (without time zone), indexed again when something changed."""
    known = known_on(snapshot, day)
    key, seen = (snapshot.root, snapshot.version, day), (id(known.book.offers), id(known.standing), *shelf.stamp())
    with _LOCK:
        kept = _KEPT.get(key)
        if kept is None or kept[0] != seen:
            market = Market.of(known, shelf)
            _KEPT.pop(key, None)
            _KEPT[key] = (seen, known, market)  # `known` stays alive, so that no other one gets its identity
            while len(_KEPT) > _DAYS:
                del _KEPT[next(iter(_KEPT))]
            return known, market
        _KEPT[key] = (seen, known, kept[2])  # changes recorded since may have made another net of the same offers
    return known, kept[2]


def market_at_hand(snapshot: Snapshot, day: pd.Timestamp, shelf: PriceShelf) -> tuple[Known, Market] | None:
    """Return what `market_on` returns if that is indexed already; None if it would have to be, without waiting."""
    kept = _KEPT.get((snapshot.root, snapshot.version, day))
    if kept is None or kept[0][2:] != shelf.stamp():
        return None
    known, market = kept[1:]
    return (known, market) if known.book.network is snapshot.network() else None


_DAYS = 2
_LOCK = threading.Lock()
_KEPT: dict[tuple[Path, str, pd.Timestamp], tuple[tuple[int, ...], Known, Market]] = {}


def _pools(book: SupplyBook) -> tuple[Ints, Ints]:
    """Return the pool of each offer, and the first offer of each pool; offers are sorted so that a pool is a block."""
    rows = book.offers.rows
    if not len(rows):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    good = np.repeat(np.arange(book.n_goods), np.diff(book.offers.start))
    stocked = rows["basis"] == STOCK
    place = np.where(stocked, rows["place"], -1)
    begins = np.ones(len(rows), np.bool_)
    begins[1:] = False
    for column in (good, rows["supplier"], place):
        begins[1:] |= column[1:] != column[:-1]
    return np.cumsum(begins) - 1, np.flatnonzero(begins)


def pool_names(
    book: SupplyBook, offers: Ints, sight: Sight | None = None
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Return supplier and good of offers, named as `services.route_frames.good_names` does; no place out of sight."""
    rows, ids = book.offers.rows[offers], book.network.parties.ids
    good = np.searchsorted(book.offers.start, offers, side="right") - 1
    n_skus = len(book.skus)
    named = np.where(good < n_skus, book.skus.texts_at(np.where(good < n_skus, good, -1)), "")
    on_request = np.where(good >= n_skus, book.network.parties.categories.texts_at(np.maximum(good - n_skus, -1)), "")
    names: npt.NDArray[np.object_] = np.where(good < n_skus, named, on_request).astype(object)
    stocked = np.flatnonzero(rows["basis"] == STOCK)
    places = rows["place"][stocked]
    shown = ids.texts_at(places).astype(object)
    if sight is not None:
        hidden = ~sight.parties[places]
        shown[hidden] = [f"hidden-{offer}" for offer in offers[stocked][hidden].tolist()]
    names[stocked] = names[stocked] + " @ " + shown
    return ids.texts_at(rows["supplier"]), names


def _prices(book: SupplyBook, first: Ints, published: pd.DataFrame | None) -> Floats:
    price = np.zeros(len(first))
    if published is None or published.empty:
        return price
    priced = book.network.parties.ids.positions(published["supplier_id"].astype("str"))
    mine = np.flatnonzero(np.isin(book.offers.rows["supplier"][first], priced))
    wanted = pd.MultiIndex.from_arrays(pool_names(book, first[mine]))
    table = published.groupby(["supplier_id", "good"])["price"].max()
    price[mine] = np.asarray(table.reindex(wanted).fillna(0.0), dtype=np.float64)
    return price


def _terms(standing: Standing, book: SupplyBook) -> tuple[Ints, Ints]:
    """Return the key of each pair with terms, ascending, and its row."""
    ids, terms = book.network.parties.ids, standing.terms
    buyer, seller = (ids.positions(terms[name].astype("str")).astype(np.int64) for name in ("buyer_id", "supplier_id"))
    there = np.flatnonzero((buyer >= 0) & (seller >= 0))
    key = buyer[there] * book.network.n_parties + seller[there]
    by_key = np.argsort(key, kind="stable")
    return key[by_key], there[by_key]


def _records(standing: Standing, book: SupplyBook) -> tuple[Ints, Floats, Floats]:
    """Return the position of each supplier with a record, ascending, and what the record says."""
    rated = book.network.parties.ids.positions(standing.records["supplier_id"].astype("str")).astype(np.int64)
    known = np.flatnonzero(rated >= 0)
    by_position = known[np.argsort(rated[known], kind="stable")]
    record = standing.records[["otif_low", "p_late_next"]].to_numpy(np.float64)[by_position].T
    return rated[by_position], np.nan_to_num(record[0] - standing.usual), record


def _offered(book: SupplyBook) -> tuple[Array, ...]:
    sizes = np.array([book.territories.regions, book.lanes.regions, book.network.n_parties], dtype=np.int64)
    lanes = (book.lanes.key, book.lanes.rows)
    return (*book.offers, book.territories.allowed, *lanes, *book.exclusives, sizes)
