"""The loops of two-sided matching, compiled: an auction of places in which each pair counts once.

Seekers bid for hosts; a host keeps its highest bids in a binary heap with the lowest on top.
"""

from __future__ import annotations

import numpy as np

from contracts.jit import compiled, inlined
from matching.problem import Floats, Ints

__all__ = ["bid", "deferred_acceptance", "dual_value"]


@compiled
def bid(  # noqa: PLR0917 (compiled: no keywords)
    indptr: Ints, seeker: Ints, host: Ints, value: Floats, places: Ints, room: Ints, epsilon: float
) -> tuple[Ints, Floats]:
    """Return bool-like int8 [E] pairs matched and float64 [H] prices of a host's place.

    Every open place of a seeker goes to its best pair not held, at a bid that makes it indifferent to its next best,
    plus epsilon; a full host lets its lowest bid go.
    """
    starts = np.append(0, np.cumsum(room))
    heap_bid, heap_pair = np.empty(starts[-1]), np.empty(starts[-1], np.int64)
    size, price = np.zeros(room.size, np.int64), np.zeros(room.size)
    price[room == 0] = np.inf
    held = np.zeros(host.size, np.int8)
    opened = places.copy()
    queue, queued = np.arange(places.size), np.ones(places.size, np.int8)
    head, waiting = 0, places.size
    while waiting > 0:
        i = queue[head]
        head = head + 1 if head + 1 < queue.size else 0
        waiting -= 1
        queued[i] = 0
        while opened[i] > 0:
            e, best, second = _two_best(indptr[i], indptr[i + 1], host, value, price, held)
            if e < 0:
                break
            j = host[e]
            offer = price[j] + best - second + epsilon
            opened[i] -= 1
            held[e] = 1
            if size[j] < room[j]:
                size[j] += 1
                _rise(heap_bid, heap_pair, starts[j], size[j] - 1, offer, e)
            else:
                lost = heap_pair[starts[j]]
                held[lost] = 0
                k = seeker[lost]
                _sink(heap_bid, heap_pair, starts[j], size[j], offer, e)
                if not queued[k] and k != i:
                    queued[k] = 1
                    queue[(head + waiting) % queue.size] = k
                    waiting += 1
                opened[k] += 1
            if size[j] == room[j]:
                price[j] = heap_bid[starts[j]]
    return held, price


@compiled
def dual_value(  # noqa: PLR0917 (compiled: no keywords)
    indptr: Ints, host: Ints, value: Floats, places: Ints, room: Ints, price: Floats
) -> float:
    """Return what no matching can exceed at these prices: hosts' places, and each seeker's best pairs after them."""
    total = 0.0
    for j in range(room.size):
        if room[j] > 0:
            total += room[j] * price[j]
    for i in range(places.size):
        net = value[indptr[i] : indptr[i + 1]].astype(np.float64)
        for t in range(net.size):
            j = host[indptr[i] + t]
            net[t] = max(net[t] - price[j], 0.0) if room[j] > 0 else 0.0
        if net.size > places[i]:
            net = np.sort(net)[net.size - places[i] :]
        total += net.sum()
    return total


@compiled
def deferred_acceptance(  # noqa: PLR0917 (compiled: no keywords)
    indptr: Ints, ranked: Ints, seeker: Ints, host: Ints, liking: Floats, places: Ints, room: Ints
) -> Ints:
    """Return int8 [E], a matching without blocking pairs: seekers propose in their order, hosts keep whom they like.

    `ranked` lists each seeker's pairs from the dearest to it; `liking` is the host's, >= 0 where it opts in.
    """
    starts = np.append(0, np.cumsum(room))
    heap_bid, heap_pair = np.empty(starts[-1]), np.empty(starts[-1], np.int64)
    size = np.zeros(room.size, np.int64)
    held = np.zeros(host.size, np.int8)
    opened, following = places.copy(), indptr[:-1].copy()
    stack: Ints = np.arange(places.size)[::-1].copy()
    top = places.size
    while top > 0:
        i = stack[top - 1]
        if opened[i] == 0 or following[i] == indptr[i + 1]:
            top -= 1
            continue
        e = ranked[following[i]]
        following[i] += 1
        j = host[e]
        if room[j] == 0 or (size[j] == room[j] and liking[e] <= heap_bid[starts[j]]):
            continue
        held[e] = 1
        opened[i] -= 1
        if size[j] < room[j]:
            size[j] += 1
            _rise(heap_bid, heap_pair, starts[j], size[j] - 1, liking[e], e)
            continue
        lost = heap_pair[starts[j]]
        held[lost] = 0
        _sink(heap_bid, heap_pair, starts[j], size[j], liking[e], e)
        k = seeker[lost]
        opened[k] += 1
        if k != i:
            stack, top = _again(stack, top, k)
    return held


@inlined
def _two_best(  # noqa: PLR0917 (compiled: no keywords)
    first: int, last: int, host: Ints, value: Floats, price: Floats, held: Ints
) -> tuple[int, float, float]:
    """Return a seeker's best pair not held (-1 if none is worth its price), its net value and the next best's, >= 0."""
    at, best, second = -1, 0.0, 0.0
    for e in range(first, last):
        if held[e]:
            continue
        net = value[e] - price[host[e]]
        if net > best:
            second, best, at = best, net, e
        elif net > second:
            second = net
    return at, best, second


@compiled
def _again(stack: Ints, top: int, k: int) -> tuple[Ints, int]:
    if top == stack.size:
        stack = np.append(stack, np.zeros(stack.size, np.int64))
    stack[top] = k
    return stack, top + 1


@inlined
def _rise(bids: Floats, pairs: Ints, first: int, at: int, offer: float, e: int) -> None:  # noqa: PLR0917
    """Add a pair to the heap that starts at `first` and holds `at` pairs."""
    while at > 0 and bids[first + (at - 1) // 2] > offer:
        parent = (at - 1) // 2
        bids[first + at], pairs[first + at] = bids[first + parent], pairs[first + parent]
        at = parent
    bids[first + at], pairs[first + at] = offer, e


@inlined
def _sink(bids: Floats, pairs: Ints, first: int, size: int, offer: float, e: int) -> None:  # noqa: PLR0917
    """Replace the lowest pair of a heap."""
    at, child = 0, 1
    while child < size:
        if child + 1 < size and bids[first + child + 1] < bids[first + child]:
            child += 1
        if bids[first + child] >= offer:
            break
        bids[first + at], pairs[first + at] = bids[first + child], pairs[first + child]
        at, child = child, 2 * child + 1
    bids[first + at], pairs[first + at] = offer, e
