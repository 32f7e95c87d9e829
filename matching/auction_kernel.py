"""The loops of the ε-auction, compiled.

Every supplier keeps the lots it holds in a binary heap with the lowest bid on top. Heaps live in one pool; one that
outgrows its block moves to the pool's end. The kernel stops between two bids when an array is full, so that its
caller can enlarge it and go on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.jit import compiled
from matching.problem import Floats, Ints

__all__ = ["DONE", "LOTS_FULL", "POOL_FULL", "TOO_MANY_BIDS", "Auction", "Market", "run"]

DONE, LOTS_FULL, POOL_FULL, TOO_MANY_BIDS = 0, 1, 2, 3
_FREE, _BIDS, _QUEUE_HEAD, _QUEUE_SIZE, _POOL_END = 0, 1, 2, 3, 4


class Market(NamedTuple):
    """What the auction reads: the candidates of the unit problem, capacities and penalties."""

    indptr: Ints
    supplier: Ints
    score: Floats
    capacity: Ints
    penalty: Floats


class Auction(NamedTuple):
    """What the auction changes.

    ``left`` unplaced pieces per order; ``queue`` orders waiting to bid (a ring) and ``queued`` who is in it;
    ``price`` and ``room`` per supplier; ``lot_edge``, ``lot_pieces`` per lot, free lots chained through ``lot_edge``;
    ``start``, ``size``, ``space`` of each supplier's heap in the pool ``heap_bid``, ``heap_lot``; ``tally``: first
    free lot, bids made, queue head and size, end of the pool.
    """

    left: Ints
    queue: Ints
    queued: npt.NDArray[np.bool_]
    price: Floats
    room: Ints
    lot_edge: Ints
    lot_pieces: Ints
    start: Ints
    size: Ints
    space: Ints
    heap_bid: Floats
    heap_lot: Ints
    tally: Ints


@compiled
def run(market: Market, auction: Auction, epsilon: float, most_bids: int) -> int:
    """Let the orders in the queue bid until none waits; return why it stopped."""
    tally = auction.tally
    while tally[_QUEUE_SIZE] > 0:
        i = auction.queue[tally[_QUEUE_HEAD]]
        while auction.left[i] > 0:
            e, bid = _best_bid(market, auction, i, epsilon)
            if e < 0:
                break
            if tally[_FREE] < 0:
                return LOTS_FULL
            if not _make_space(auction, market.supplier[e]):
                return POOL_FULL
            if tally[_BIDS] >= most_bids:
                return TOO_MANY_BIDS
            tally[_BIDS] += 1
            _place(market, auction, i, e, bid)
        auction.queued[i] = False
        tally[_QUEUE_HEAD] = (tally[_QUEUE_HEAD] + 1) % auction.queue.size
        tally[_QUEUE_SIZE] -= 1
    return DONE


@compiled
def _best_bid(market: Market, auction: Auction, i: int, epsilon: float) -> tuple[int, float]:
    """Return order i's best candidate and what it bids there; -1 where staying unserved is best."""
    best, second, at = -np.inf, -market.penalty[i], -1
    for e in range(market.indptr[i], market.indptr[i + 1]):
        value = market.score[e] - auction.price[market.supplier[e]]
        if value > best:
            second = max(second, best)
            best, at = value, e
        elif value > second:
            second = value
    if at < 0 or best < -market.penalty[i]:
        return -1, 0.0
    return at, auction.price[market.supplier[at]] + best - second + epsilon


@compiled
def _place(market: Market, auction: Auction, i: int, e: int, bid: float) -> None:
    """Put all of the order's pieces into candidate e at its bid and send the lowest bids above capacity away."""
    j = market.supplier[e]
    lot = auction.tally[_FREE]
    auction.tally[_FREE] = auction.lot_edge[lot]
    auction.lot_edge[lot] = e
    auction.lot_pieces[lot] = auction.left[i]
    auction.room[j] -= auction.left[i]
    auction.left[i] = 0
    _push(auction, j, bid, lot)
    while auction.room[j] < 0:
        _evict(market, auction, j)
    if auction.room[j] == 0:
        auction.price[j] = auction.heap_bid[auction.start[j]]


@compiled
def _evict(market: Market, auction: Auction, j: int) -> None:
    lot = auction.heap_lot[auction.start[j]]
    pieces = min(auction.lot_pieces[lot], -auction.room[j])
    k = _order_of(market.indptr, auction.lot_edge[lot])
    auction.left[k] += pieces
    auction.room[j] += pieces
    auction.lot_pieces[lot] -= pieces
    if not auction.queued[k]:
        auction.queued[k] = True
        tail = (auction.tally[_QUEUE_HEAD] + auction.tally[_QUEUE_SIZE]) % auction.queue.size
        auction.queue[tail] = k
        auction.tally[_QUEUE_SIZE] += 1
    if auction.lot_pieces[lot] == 0:
        _pop(auction, j)
        auction.lot_edge[lot] = auction.tally[_FREE]
        auction.tally[_FREE] = lot


@compiled
def _order_of(indptr: Ints, e: int) -> int:
    low, high = 0, indptr.size - 1
    while high - low > 1:
        middle = (low + high) // 2
        if indptr[middle] <= e:
            low = middle
        else:
            high = middle
    return low


@compiled
def _make_space(auction: Auction, j: int) -> bool:
    """Make sure that the supplier's heap can take one lot more; False if the pool's end is reached."""
    size = auction.size[j]
    if size < auction.space[j]:
        return True
    wanted, end = 2 * size + 4, auction.tally[_POOL_END]
    if end + wanted > auction.heap_bid.size:
        return False
    start = auction.start[j]
    auction.heap_bid[end : end + size] = auction.heap_bid[start : start + size]
    auction.heap_lot[end : end + size] = auction.heap_lot[start : start + size]
    auction.start[j], auction.space[j] = end, wanted
    auction.tally[_POOL_END] = end + wanted
    return True


@compiled
def _push(auction: Auction, j: int, bid: float, lot: int) -> None:
    bids, lots, first = auction.heap_bid, auction.heap_lot, auction.start[j]
    at = auction.size[j]
    auction.size[j] += 1
    while at > 0:
        parent = (at - 1) // 2
        if bids[first + parent] <= bid:
            break
        bids[first + at], lots[first + at] = bids[first + parent], lots[first + parent]
        at = parent
    bids[first + at], lots[first + at] = bid, lot


@compiled
def _pop(auction: Auction, j: int) -> None:
    bids, lots, first = auction.heap_bid, auction.heap_lot, auction.start[j]
    auction.size[j] -= 1
    size = auction.size[j]
    bid, lot = bids[first + size], lots[first + size]
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and bids[first + child + 1] < bids[first + child]:
            child += 1
        if bids[first + child] >= bid:
            break
        bids[first + at], lots[first + at] = bids[first + child], lots[first + child]
        at = child
    bids[first + at], lots[first + at] = bid, lot
