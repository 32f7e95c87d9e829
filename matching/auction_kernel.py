"""The loops of the ε-auction, compiled.

Every supplier keeps the lots it holds in a binary heap with the lowest bid on top. Heaps live in one pool; one that
outgrows its block moves to the pool's end. The kernel stops between two bids when an array is full, so that its
caller can enlarge it and go on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from contracts.jit import compiled, inlined
from matching.problem import Floats, Ints

__all__ = [
    "CANDIDATE",
    "DONE",
    "LOTS_FULL",
    "ORDER",
    "PIECES",
    "POOL_FULL",
    "TOO_MANY_BIDS",
    "Auction",
    "Market",
    "best_values",
    "run",
]

DONE, LOTS_FULL, POOL_FULL, TOO_MANY_BIDS = 0, 1, 2, 3
CANDIDATE, ORDER, PIECES = 0, 1, 2


class Market(NamedTuple):
    """What the auction reads: the candidates of the unit problem, capacities and penalties."""

    indptr: Ints
    supplier: Ints
    score: Floats
    capacity: Ints
    penalty: Floats


class Auction(NamedTuple):
    """What the auction changes.

    ``left`` unplaced pieces per order and ``queue`` the orders waiting to bid (a ring); ``price`` and ``room`` per
    supplier; ``held`` [lots, 3] candidate, order and pieces of each lot side by side, free lots chained through the
    first; ``start``, ``size``, ``space`` of each supplier's heap in the pool ``heap_bid``, ``heap_lot``; ``tally``:
    first free lot, bids made, head and size of the queue, end of the pool.
    """

    left: Ints
    queue: Ints
    price: Floats
    room: Ints
    held: Ints
    start: Ints
    size: Ints
    space: Ints
    heap_bid: Floats
    heap_lot: Ints
    tally: Ints


@compiled
def run(market: Market, auction: Auction, epsilon: float, most_bids: int) -> int:
    """Let the orders in the queue bid until none waits; return why it stopped."""
    indptr, supplier, score, _, penalty = market
    left, queue, price, room, held, start, size, space, bids, lots, tally = auction
    free, made, head, waiting, pool_end = tally[0], tally[1], tally[2], tally[3], tally[4]
    status = DONE
    while waiting > 0:
        i = queue[head]
        e, margin = _best(score, supplier, price, indptr[i], indptr[i + 1], -penalty[i])
        if e >= 0 and left[i] > 0:
            j = supplier[e]
            if size[j] == space[j]:
                pool_end = _relocate(bids, lots, start, space, j, pool_end)
            status = _obstacle(free < 0, size[j] == space[j], made >= most_bids)
            if status != DONE:
                break
            made += 1
            lot, free = free, held[free, CANDIDATE]
            held[lot, CANDIDATE], held[lot, ORDER], held[lot, PIECES] = e, i, left[i]
            room[j] -= left[i]
            left[i] = 0
            _push(bids, lots, start[j], size[j], price[j] + margin + epsilon, lot)
            size[j] += 1
        head = head + 1 if head + 1 < queue.size else 0
        waiting -= 1
        while e >= 0 and room[j] < 0:
            lot = lots[start[j]]
            sent = min(held[lot, PIECES], -room[j])
            waiting = _send_away(left, queue, held[lot, ORDER], sent, head + waiting) + waiting
            room[j] += sent
            held[lot, PIECES] -= sent
            if held[lot, PIECES] == 0:
                size[j] -= 1
                _pop(bids, lots, start[j], size[j])
                held[lot, CANDIDATE], free = free, lot
        if e >= 0 and room[j] == 0:
            price[j] = bids[start[j]]
    tally[0], tally[1], tally[2], tally[3], tally[4] = free, made, head, waiting, pool_end
    return status


@compiled
def best_values(market: Market, price: Floats, pieces: Ints) -> float:
    """Return the sum over orders of pieces times the best net score, staying unserved included."""
    indptr, supplier, score, _, penalty = market
    total = 0.0
    for i in range(pieces.size):
        best = -penalty[i]
        for e in range(indptr[i], indptr[i + 1]):
            best = max(best, score[e] - price[supplier[e]])
        total += best * pieces[i]
    return total


@inlined
def _best(score: Floats, supplier: Ints, price: Floats, first: int, last: int, unserved: float) -> tuple[int, float]:  # noqa: PLR0917
    """Return the best candidate and how far it is above the second best; -1 where staying unserved is best."""
    best, second, at = -np.inf, unserved, -1
    # Without branches the compiler keeps this loop, half of the work, free of mispredictions.
    for e in range(first, last):
        value = score[e] - price[supplier[e]]
        at = e if value > best else at
        second = max(second, min(value, best))
        best = max(best, value)
    return (at if best >= unserved else -1), best - second


@inlined
def _obstacle(no_lot: bool, no_space: bool, no_bid: bool) -> int:  # noqa: FBT001
    if no_lot:
        return LOTS_FULL
    if no_space:
        return POOL_FULL
    return TOO_MANY_BIDS if no_bid else DONE


@inlined
def _send_away(left: Ints, queue: Ints, k: int, pieces: int, tail: int) -> int:
    """Give order k pieces to place again; return 1 if it comes to wait, 0 if it waits already.

    An order with pieces left either waits, or stays unserved because every price is too high: prices only rise.
    """
    left[k] += pieces
    if left[k] > pieces:
        return 0
    queue[tail if tail < queue.size else tail - queue.size] = k
    return 1


@inlined
def _relocate(bids: Floats, lots: Ints, start: Ints, space: Ints, j: int, end: int) -> int:  # noqa: PLR0917
    """Move a full heap to the pool's end with twice its space, if there is room; return the pool's new end."""
    size = int(space[j])
    wanted = 2 * size + 4
    if end + wanted > bids.size:
        return end
    for at in range(size):
        bids[end + at], lots[end + at] = bids[start[j] + at], lots[start[j] + at]
    start[j], space[j] = end, wanted
    return end + wanted


@inlined
def _push(bids: Floats, lots: Ints, first: int, at: int, bid: float, lot: int) -> None:  # noqa: PLR0917
    """Add a lot to the heap that starts at `first` and holds `at` lots."""
    while at > 0 and bids[first + (at - 1) // 2] > bid:
        parent = (at - 1) // 2
        bids[first + at], lots[first + at] = bids[first + parent], lots[first + parent]
        at = parent
    bids[first + at], lots[first + at] = bid, lot


@inlined
def _pop(bids: Floats, lots: Ints, first: int, size: int) -> None:
    """Take the lowest bid off the heap that starts at `first` and then holds `size` lots."""
    bid, lot = bids[first + size], lots[first + size]
    at, child = 0, 1
    while child < size:
        if child + 1 < size and bids[first + child + 1] < bids[first + child]:
            child += 1
        if bids[first + child] >= bid:
            break
        bids[first + at], lots[first + at] = bids[first + child], lots[first + child]
        at, child = child, 2 * child + 1
    bids[first + at], lots[first + at] = bid, lot
