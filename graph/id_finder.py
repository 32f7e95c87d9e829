"""Texts to positions, tens of millions of them: a hash table over a column of ids."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.jit import compiled
from graph.arrays import Array, Ints

__all__ = ["IdFinder"]

Bytes = npt.NDArray[np.uint8]
Slots = npt.NDArray[np.int64]
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_BATCH = 256
_POSITION = (1 << 32) - 1  # the low half of a slot is a position, the high half some bits of the hash


class IdFinder:
    """A hash table that is made once and asked often; it takes 8 to 16 bytes an id.

    Parameters
    ----------
    texts
        Shape (n,), distinct fixed-width bytes.
    """

    def __init__(self, texts: npt.NDArray[np.bytes_]) -> None:
        self._bytes = np.ascontiguousarray(texts).view(np.uint8).reshape(len(texts), texts.dtype.itemsize)
        self._slots = np.full(1 << int(len(texts) * 1.25 + 1).bit_length(), -1, dtype=np.int64)
        _fill(self._bytes, self._slots)

    def positions(self, texts: pa.LargeStringArray) -> Ints:
        """Return the position of each text, -1 where it is unknown, empty or missing."""
        offsets = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
        data = texts.buffers()[2]
        found = np.empty(len(texts), dtype=np.int32)
        read = np.empty(0, dtype=np.uint8) if data is None else np.frombuffer(data, dtype=np.uint8)
        _find(offsets, read, self._bytes, self._slots, found)
        return found


@compiled
def _mixed(data: Bytes, first: int, last: int) -> Any:
    """Return a hash of some bytes: multiply and fold, eight bytes at a time."""
    mix, word = np.uint64(last - first), np.uint64(0)
    for i in range(first, last):
        word = (word << np.uint64(8)) | np.uint64(data[i])
        if (i - first) & 7 == 7 or i == last - 1:
            mix = (mix ^ word) * _PRIME
            mix ^= mix >> np.uint64(32)
            word = np.uint64(0)
    return mix * _PRIME


@compiled
def _slot(mix: Any, mask: int) -> Any:
    return np.int64(mix >> np.uint64(20)) & mask


@compiled
def _entry(mix: Any, position: int) -> Any:
    """Return a slot's content: some bits of the hash, so that few texts are compared in vain, and the position."""
    return (np.int64(mix & np.uint64(0x7FFFFFFF)) << 32) | position


@compiled
def _fill(texts: Bytes, slots: Slots) -> None:
    mask = len(slots) - 1
    for position in range(len(texts)):
        length = texts.shape[1]
        while length > 0 and texts[position, length - 1] == 0:
            length -= 1
        mix = _mixed(texts[position], 0, length)
        at = _slot(mix, mask)
        while slots[at] >= 0:
            at = (at + 1) & mask
        slots[at] = _entry(mix, position)


@compiled
def _same(data: Bytes, first: int, length: int, texts: Bytes, row: int) -> bool:
    for i in range(length):
        if data[first + i] != texts[row, i]:
            return False
    return length == texts.shape[1] or bool(texts[row, length] == 0)


@compiled
def _find(offsets: Array, data: Bytes, texts: Bytes, slots: Slots, found: Ints) -> int:
    """Look up in batches: the memory is asked for many slots at once instead of waiting for each."""
    mask, width = len(slots) - 1, texts.shape[1]
    mixes, entries = np.empty(_BATCH, dtype=np.uint64), np.empty(_BATCH, dtype=np.int64)
    touched = 0  # returned, so that the compiler does not take the reading away
    for start in range(0, len(found), _BATCH):
        stop = min(start + _BATCH, len(found))
        for i in range(start, stop):
            mixes[i - start] = _mixed(data, offsets[i], offsets[i + 1])
        for i in range(start, stop):
            entries[i - start] = slots[_slot(mixes[i - start], mask)]
        for i in range(stop - start):
            touched += texts[max(entries[i], 0) & _POSITION, 0]
        for i in range(start, stop):
            mix, entry = mixes[i - start], entries[i - start]
            at, length, found[i] = _slot(mix, mask), offsets[i + 1] - offsets[i], -1
            while entry >= 0 and 0 < length <= width:
                position = entry & _POSITION
                if entry == _entry(mix, position) and _same(data, offsets[i], length, texts, position):
                    found[i] = position
                    break
                at = (at + 1) & mask
                entry = slots[at]
    return touched
