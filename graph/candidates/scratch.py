"""The notes that the search keeps while it looks at one order: each offer once, by its best way."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from contracts.jit import compiled, inlined
from graph.candidates.layout import Float64, Int8, Int32, Int64, Offers

__all__ = ["COUNT", "HOLDERS", "ORDER", "Scratch", "Way", "note", "span"]

COUNT, ORDER, HOLDERS = 0, 1, 2


class Way(NamedTuple):
    """How an offer is reached: hops (1 direct, 2 via, 3 stranger), weakest tie, the middleman (-1 none)."""

    hops: int
    strength: float
    middle: int


class Scratch(NamedTuple):
    """Rows noted so far, and where each offer's row is.

    ``state[COUNT]`` rows are noted of the order ``state[ORDER]``, whose exclusive territory has ``state[HOLDERS]``
    holders. ``seen[side, i]`` is one more than the last order that noted the i-th offer of its sku (side 0) or of its
    category (side 1), ``row[side, i]`` the row it is in. `holders` are those of the order's exclusive territory, `best`
    its best rows.
    """

    state: Int64
    seen: Int64
    row: Int32
    offer: Int64
    hops: Int8
    strength: Float64
    middle: Int32
    violated: Int32
    reason: Int8
    lane: Int64
    days: Float64
    holders: Int32
    best: Int64

    @classmethod
    def of(cls, offers: int, holders: int, top: int) -> Scratch:
        """Return room for `offers` of each of two goods."""
        n = max(2 * offers, 1)
        return cls(
            np.zeros(3, np.int64),
            np.zeros((2, max(offers, 1)), np.int64),
            np.empty((2, max(offers, 1)), np.int32),
            np.empty(n, np.int64),
            np.empty(n, np.int8),
            np.empty(n),
            np.empty(n, np.int32),
            np.empty(n, np.int32),
            np.empty(n, np.int8),
            np.empty(n, np.int64),
            np.empty(n),
            np.empty(max(holders, 1), np.int32),
            np.empty(max(top, 1), np.int64),
        )


@compiled
def span(offers: Offers, good: int, supplier: int) -> tuple[int, int]:
    """Return the first offer of a good by a supplier, and the one after the last."""
    low, high = offers.start[good], offers.start[good + 1]
    last = high
    while low < high:
        middle = (low + high) >> 1
        if offers.supplier[middle] < supplier:
            low = middle + 1
        else:
            high = middle
    end = low
    while end < last and offers.supplier[end] == supplier:
        end += 1
    return low, end


@inlined
def _violated(offers: Offers, scratch: Scratch, offer: int, middle: int) -> int:
    """Return the holder whose territory a way of the goods passes by, -1 if there is none or it is on the way."""
    violated = np.int64(scratch.holders[0]) if scratch.state[HOLDERS] else np.int64(-1)
    for i in range(scratch.state[HOLDERS]):
        holder = scratch.holders[i]
        if holder == offers.supplier[offer] or holder == middle:
            violated = -1
    return violated


@compiled
def note(offers: Offers, scratch: Scratch, good: int, side: int, offer: int, way: Way) -> None:  # noqa: PLR0917
    """Note a way to an offer, unless a better one is known: one that violates nobody, shorter, stronger, smaller id.

    A stranger's offer (3 hops) that is known by another way is left as it is.
    """
    local, stamp = offer - offers.start[good], scratch.state[ORDER] + 1
    violated = _violated(offers, scratch, offer, way.middle)
    row = scratch.row[side, local]
    if scratch.seen[side, local] != stamp:
        row = scratch.state[COUNT]
        scratch.state[COUNT] = row + 1
        scratch.seen[side, local], scratch.row[side, local] = stamp, row
    elif way.hops == 3 or not _better(scratch, row, way, violated):
        return
    scratch.offer[row], scratch.hops[row], scratch.strength[row] = offer, way.hops, way.strength
    scratch.middle[row], scratch.violated[row] = way.middle, violated


@inlined
def _better(scratch: Scratch, row: int, way: Way, violated: int) -> bool:
    if (violated < 0) != (scratch.violated[row] < 0):
        return violated < 0
    if way.hops != scratch.hops[row]:
        return way.hops < scratch.hops[row]
    if way.strength != scratch.strength[row]:
        return way.strength > scratch.strength[row]
    return way.middle < scratch.middle[row]
