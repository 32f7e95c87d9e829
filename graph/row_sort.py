"""Sorting relations by their ends, and ids by their bytes, in linear time: compiled loops over integers.

Relations are dealt into a few hundred buckets of neighbouring parties first and put in order within each bucket, where
all reads and writes stay in the processor's cache: writing each relation straight to its place waits for memory once
a relation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contracts.jit import compiled
from graph.arrays import Ints

__all__ = ["grouped", "turned", "word_order"]

Places = npt.NDArray[np.int64]
# Up to this length a row is sorted by insertion, which is what nearly all rows of a net need.
_SHORT = 32
_LOW = (1 << 32) - 1
_BUCKETS_LOG2 = 8


def grouped(parts: list[tuple[Ints, Ints]], n: int) -> tuple[Ints, Ints, Ints]:
    """Sort relations by (src, dst); equal pairs keep their order.

    Parameters
    ----------
    parts
        Of (src, dst), each of shape (m_i,), values in 0 … n - 1. The list is emptied on the way: nobody needs them any
        more, and they take a third of the memory.
    n
        How many parties there are.

    Returns
    -------
    start, dst, order
        Shapes (n + 1,), (m,), (m,): the sorted relations that start at i are ``start[i]:start[i + 1]``, and
        ``order`` says which one of the relations, in the order given, stands at each place.

    Examples
    --------
    >>> start, dst, order = grouped([(np.array([1, 0, 1], np.int32), np.array([2, 1, 0], np.int32))], 3)
    >>> start.tolist(), dst.tolist(), order.tolist()
    ([0, 1, 3, 3], [1, 0, 2], [1, 2, 0])
    """
    shift = _shift(n)
    bounds = _bounds([src for src, _ in parts], n, shift)
    key, dst, order = (np.empty(int(bounds[-1]), dtype=np.int32) for _ in range(3))
    place, done = bounds.copy(), 0
    while parts:
        src, ends = parts.pop(0)
        _deal(src, ends, shift, place, done, key, dst, order)
        done += len(src)
    return _settled(key, dst, order, bounds, shift, n), dst, order


def turned(start: Ints, dst: Ints, n: int) -> tuple[Ints, Ints, Ints]:
    """Return sorted relations by their destination: where each one's run starts, the sources and the relations.

    Examples
    --------
    >>> into, src, edge = turned(np.array([0, 1, 3, 3], np.int32), np.array([1, 0, 2], np.int32), 3)
    >>> into.tolist(), src.tolist(), edge.tolist()
    ([0, 1, 2, 3], [1, 0, 1], [1, 0, 2])
    """
    shift = _shift(n)
    bounds = _bounds([dst], n, shift)
    key, src, edge = (np.empty(len(dst), dtype=np.int32) for _ in range(3))
    _deal_rows(start, dst, shift, bounds.copy(), key, src, edge)
    return _settled(key, src, edge, bounds, shift, n), src, edge


def word_order(words: npt.NDArray[np.uint64]) -> Ints:
    """Return the stable order that sorts words of eight bytes.

    Examples
    --------
    >>> word_order(np.array([2**63, 7, 2**40, 7], dtype=np.uint64)).tolist()
    [1, 3, 2, 0]
    """
    return _radix_order(words.view(np.int64))


def _shift(n: int) -> int:
    """Return by how many bits a position is shifted to get its bucket."""
    return max(0, n.bit_length() - _BUCKETS_LOG2)


def _bounds(keys: list[Ints], n: int, shift: int) -> Places:
    """Return where each bucket's run starts, and the end."""
    bounds = np.zeros((n >> shift) + 2, dtype=np.int64)
    for part in keys:
        _count(part, shift, bounds)
    return np.cumsum(bounds)


@compiled
def _count(keys: Ints, shift: int, counts: Places) -> None:
    """Count each key's bucket one place further on, so that sums of the counts are the buckets' starts."""
    for i in range(len(keys)):
        counts[(keys[i] >> shift) + 1] += 1


@compiled
def _deal(  # noqa: PLR0917
    src: Ints, dst: Ints, shift: int, place: Places, first: int, key: Ints, other: Ints, number: Ints
) -> None:
    """Put (src, dst, number) at the next place of the bucket of its src."""
    for i in range(len(src)):
        bucket = src[i] >> shift
        at = place[bucket]
        place[bucket] = at + 1
        key[at], other[at], number[at] = src[i], dst[i], first + i


@compiled
def _deal_rows(  # noqa: PLR0917
    start: Ints, dst: Ints, shift: int, place: Places, key: Ints, other: Ints, number: Ints
) -> None:
    """Put (dst, src, number) of sorted relations at the next place of the bucket of its dst."""
    for row in range(len(start) - 1):
        for i in range(start[row], start[row + 1]):
            bucket = dst[i] >> shift
            at = place[bucket]
            place[bucket] = at + 1
            key[at], other[at], number[at] = dst[i], row, i


@compiled
def _settled(key: Ints, other: Ints, number: Ints, bounds: Places, shift: int, n: int) -> Ints:  # noqa: PLR0917
    """Sort each bucket of (key, other, number) in place; return where each key's run starts."""
    start = np.zeros(n + 1, dtype=np.int32)
    words = np.empty((bounds[1:] - bounds[:-1]).max(), dtype=np.int64)
    place = np.empty((1 << shift) + 1, dtype=np.int64)
    for bucket in range(len(bounds) - 1):
        low, first, last = bucket << shift, bounds[bucket], bounds[bucket + 1]
        rows = min(n - low, 1 << shift)
        place[:] = 0
        for i in range(first, last):
            place[key[i] - low + 1] += 1
        for row in range(rows):
            place[row + 1] += place[row]
            start[low + row + 1] = first + place[row + 1]
        for i in range(first, last):
            row = key[i] - low
            words[place[row]] = (np.int64(other[i]) << 32) | number[i]
            place[row] += 1  # moves every start to its row's end
        _sort_rows(place[:rows], words)
        for i in range(first, last):
            other[i], number[i] = words[i - first] >> 32, words[i - first] & _LOW
    return start


@compiled
def _sort_rows(end: Places, words: Places) -> None:
    low = 0
    for high in end:
        if high - low > _SHORT:
            words[low:high].sort()
        else:
            for i in range(low + 1, high):
                word, j = words[i], i
                while j > low and words[j - 1] > word:
                    words[j] = words[j - 1]
                    j -= 1
                words[j] = word
        low = high


@compiled
def _radix_order(words: Places) -> Ints:
    """Sort by one byte after the other from the last, leaving out bytes that are alike everywhere."""
    n = len(words)
    order, words = np.arange(n).astype(np.int32), words.copy()
    later, moved = np.empty_like(order), np.empty_like(words)
    for shift in range(0, 64, 8):
        place = np.zeros(257, dtype=np.int64)
        for word in words:
            place[((word >> shift) & 255) + 1] += 1
        if place.max() == n:
            continue
        place = np.cumsum(place)
        for i in range(n):
            byte = (words[i] >> shift) & 255
            at = place[byte]
            place[byte] = at + 1
            moved[at], later[at] = words[i], order[i]
        order, later, words, moved = later, order, moved, words
    return order
