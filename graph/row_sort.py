"""Sorting relations by their ends in linear time: compiled loops over integers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contracts.jit import compiled
from graph.arrays import Ints

__all__ = ["grouped", "turned"]

Keys = npt.NDArray[np.int64]
# Up to this length a row is sorted by insertion, which is what nearly all rows of a net need.
_SHORT = 32
_LOW = (1 << 32) - 1


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
    start = np.zeros(n + 1, dtype=np.int32)
    for src, _ in parts:
        _count(src, start)
    np.cumsum(start, out=start)
    keys = np.empty(int(start[-1]), dtype=np.int64)
    done = 0
    while parts:
        src, dst = parts.pop(0)
        _scatter(src, dst, start, keys, done)
        done += len(src)
    start[1:] = start[:-1]  # scattering moved every start to its row's end
    start[0] = 0
    _sort_rows(start, keys)
    dst, order = np.empty(len(keys), dtype=np.int32), np.empty(len(keys), dtype=np.int32)
    _split(keys, dst, order)
    return start, dst, order


def turned(start: Ints, dst: Ints, n: int) -> tuple[Ints, Ints, Ints]:
    """Return sorted relations by their destination: where each one's run starts, the sources and the relations.

    Examples
    --------
    >>> into, src, edge = turned(np.array([0, 1, 3, 3], np.int32), np.array([1, 0, 2], np.int32), 3)
    >>> into.tolist(), src.tolist(), edge.tolist()
    ([0, 1, 2, 3], [1, 0, 1], [1, 0, 2])
    """
    into = np.zeros(n + 1, dtype=np.int32)
    _count(dst, into)
    np.cumsum(into, out=into)
    src, edge = np.empty(len(dst), dtype=np.int32), np.empty(len(dst), dtype=np.int32)
    _split(_turn(start, dst, into), src, edge)
    into[1:] = into[:-1]
    into[0] = 0
    return into, src, edge


@compiled
def _count(keys: Ints, counts: Ints) -> None:
    """Count each key one place further on, so that sums of the counts are the keys' starts."""
    for i in range(len(keys)):
        counts[keys[i] + 1] += 1


@compiled
def _scatter(src: Ints, dst: Ints, place: Ints, keys: Keys, first: int) -> None:
    """Put (dst, number) as one integer at the next place of its src."""
    for i in range(len(src)):
        at = place[src[i]]
        keys[at] = (np.int64(dst[i]) << 32) | (first + i)
        place[src[i]] = at + 1


@compiled
def _sort_rows(start: Ints, keys: Keys) -> None:
    for row in range(len(start) - 1):
        low, high = start[row], start[row + 1]
        if high - low > _SHORT:
            keys[low:high].sort()
        else:
            for i in range(low + 1, high):
                key, j = keys[i], i
                while j > low and keys[j - 1] > key:
                    keys[j] = keys[j - 1]
                    j -= 1
                keys[j] = key


@compiled
def _turn(start: Ints, dst: Ints, place: Ints) -> Keys:
    """Put (src, number) as one integer at the next place of its dst: one far write instead of two."""
    keys = np.empty(len(dst), dtype=np.int64)
    for row in range(len(start) - 1):
        for i in range(start[row], start[row + 1]):
            at = place[dst[i]]
            keys[at] = (np.int64(row) << 32) | i
            place[dst[i]] = at + 1
    return keys


@compiled
def _split(keys: Keys, high: Ints, low: Ints) -> None:
    for i in range(len(keys)):
        high[i] = keys[i] >> 32
        low[i] = keys[i] & _LOW
