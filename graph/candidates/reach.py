"""Which offers a buyer can reach through relations: from its suppliers, and from theirs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.arrays import Array, expand
from graph.blocks import Ties
from graph.candidates.supply_book import SupplyBook
from graph.network import SupplyNetwork

__all__ = ["TRADE", "Reached", "direct", "strangers", "via"]

TRADE = ("supplies", "distributes", "serves")


@dataclass(frozen=True, eq=False)
class Reached:
    """Offers reached, one row each; of a pair that occurs more than once the first row is the best.

    Parameters
    ----------
    demand, offer
        Index of the demand and of the offer.
    strength
        Weight of the weakest tie on the way.
    middle
        Position of the party between, -1 if none.
    """

    demand: Array
    offer: Array
    strength: npt.NDArray[np.float64]
    middle: Array


def direct(book: SupplyBook, demand: Array, good: Array, buyer: Array) -> Reached:
    """Return the offers of those who supply, distribute to or serve the buyer.

    Parameters
    ----------
    book
        The offers.
    demand, good, buyer
        Shape (q,): what each demand asks for (a demand may ask for several goods) and for whom.
    """
    which, supplier, weight = _suppliers(book.network, buyer)
    offer = book.find(good[which], supplier)
    keep = offer >= 0
    which, offer, weight = which[keep], offer[keep], weight[keep]
    best = np.argsort(-weight, kind="stable")
    return Reached(demand[which[best]], offer[best], weight[best], np.full(len(best), -1, dtype=np.int32))


def via(book: SupplyBook, demand: Array, good: Array, buyer: Array) -> Reached:
    """Return the offers of those who supply the buyer's suppliers.

    Many demands share a distributor and a good, so each (distributor, good) is looked up once, from whichever side
    is the smaller: the distributor's suppliers or the good's offers.
    """
    which, middle, weight = _suppliers(book.network, buyer)
    pairs, pair_of = np.unique(middle.astype(np.int64) * book.n_goods + good[which], return_inverse=True)
    pair_middle, pair_good = np.divmod(pairs, book.n_goods)
    pair, offer, first_weight = _offers_through(book, pair_middle, pair_good)
    by_pair = np.argsort(pair, kind="stable")
    starts = np.searchsorted(pair[by_pair], np.arange(len(pairs) + 1)).astype(np.int64)
    row, place = expand(starts, pair_of)
    found = by_pair[place]
    own = book.supplier[offer[found]] != buyer[which[row]]
    row, found = row[own], found[own]
    strength = np.minimum(first_weight[found], weight[row])
    best = np.lexsort((middle[row], -strength))
    row, found = row[best], found[best]
    return Reached(demand[which[row]], offer[found], strength[best], middle[row])


def strangers(book: SupplyBook, demand: Array, good: Array, *, most: int) -> Reached:
    """Return the `most` cheapest offers of each good, whoever makes them."""
    distinct, good_of = np.unique(good, return_inverse=True)
    which, offer = book.offers_of(distinct, most=most)
    row, place = expand(np.searchsorted(which, np.arange(len(distinct) + 1)), good_of)
    return Reached(demand[row], offer[place], np.zeros(len(row)), np.full(len(row), -1, dtype=np.int32))


def _trade(network: SupplyNetwork) -> list[Ties]:
    return [network.blocks[kind] for kind in TRADE if kind in network.blocks]


def _joined(parts: list[tuple[Array, Array, Array]]) -> tuple[Array, Array, Array]:
    """Return the columns of the parts end to end."""
    empty = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    first, second, third = (np.concatenate(column) for column in zip(*(parts or [empty]), strict=True))
    return first, second, third


def _suppliers(network: SupplyNetwork, buyer: Array) -> tuple[Array, Array, npt.NDArray[np.float64]]:
    """Return (index into buyer, supplier, weight) of all relations of trade that lead to the buyers."""
    parts = []
    for block in _trade(network):
        which, supplier, relation = block.into(buyer)
        parts.append((which, supplier, block.values("weight", relation).astype(float)))
    return _joined(parts)


def _offers_through(book: SupplyBook, middle: Array, good: Array) -> tuple[Array, Array, npt.NDArray[np.float64]]:
    """Return (pair, offer, weight) for the offers of each pair's good by suppliers of its middle party."""
    offers = book.start[good + 1] - book.start[good]
    ties = np.zeros(len(middle), dtype=np.int64)
    for block in _trade(book.network):
        ties += block.n_into(middle)
    by_offer, by_tie = np.flatnonzero((offers > 0) & (offers <= ties)), np.flatnonzero((offers > ties) & (ties > 0))
    found = [_from_ties(book, by_tie, middle, good)]
    found += [_from_offers(book, block, by_offer, middle, good) for block in _trade(book.network)]
    return _joined(found)


def _from_ties(book: SupplyBook, pairs: Array, middle: Array, good: Array) -> tuple[Array, Array, Array]:
    which, supplier, weight = _suppliers(book.network, middle[pairs])
    offer = book.find(good[pairs][which], supplier)
    keep = offer >= 0
    return pairs[which[keep]], offer[keep], weight[keep]


def _from_offers(book: SupplyBook, block: Ties, pairs: Array, middle: Array, good: Array) -> tuple[Array, Array, Array]:
    which, offer = book.offers_of(good[pairs])
    relation = block.find(book.supplier[offer], middle[pairs][which])
    keep = relation >= 0
    return pairs[which[keep]], offer[keep], block.values("weight", relation[keep]).astype(float)
