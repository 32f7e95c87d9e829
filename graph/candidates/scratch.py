"""The notes that the search keeps while it looks at one order: each offer once, by its best way."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from contracts.jit import lean
from graph.arrays import Array
from graph.candidates.layout import CANDIDATE, Int32, Int64, Offers

__all__ = ["COUNT", "ELIGIBLE", "HOLDERS", "ORDER", "Scratch", "Way", "note", "room", "span"]

COUNT, ORDER, HOLDERS, ELIGIBLE = 0, 1, 2, 3


class Way(NamedTuple):
    """How an offer is reached: hops (1 direct, 2 via, 3 stranger), weakest tie, the middleman (-1 none)."""

    hops: int
    strength: float
    middle: int


class Scratch(NamedTuple):
    """The candidates noted so far, and where that of each offer is.

    ``state[COUNT]`` are noted, ``state[ELIGIBLE]`` of them may serve, of the order ``state[ORDER]``, whose exclusive
    territory has ``state[HOLDERS]`` `holders`. ``seen[side, i]`` is one more than the last order that noted the i-th
    offer of its sku (side 0) or of its category (side 1), ``row[side, i]`` the row of `rows` (fields `CANDIDATE`) it is
    in. `best` are the best rows.
    """

    state: Int64
    seen: Int64
    row: Int32
    rows: Array
    holders: Int32
    best: Int64

    @classmethod
    def of(cls, offers: int, holders: int, top: int) -> Scratch:
        """Return room for `offers` of each of two goods."""
        n = max(offers, 1)
        return cls(
            np.zeros(4, np.int64),
            np.zeros((2, n), np.int64),
            np.empty((2, n), np.int32),
            room(2 * n),
            np.empty(max(holders, 1), np.int32),
            np.empty(max(top, 1), np.int64),
        )


def room(n: int) -> Array:
    """Return room for n candidates."""
    return np.empty(n, dtype=np.dtype(list(CANDIDATE.items())))


@lean
def span(offers: Offers, good: int, supplier: int) -> tuple[int, int]:
    """Return the first offer of a good by a supplier, and the one after the last."""
    low, high = offers.start[good], offers.start[good + 1]
    last = high
    while low < high:
        middle = (low + high) >> 1
        if offers.rows[middle]["supplier"] < supplier:
            low = middle + 1
        else:
            high = middle
    end = low
    while end < last and offers.rows[end]["supplier"] == supplier:
        end += 1
    return low, end


@lean
def _violated(offers: Offers, scratch: Scratch, offer: int, middle: int) -> int:
    """Return the holder whose territory a way of the goods passes by, -1 if there is none or it is on the way."""
    violated = int(scratch.holders[0]) if scratch.state[HOLDERS] else -1
    for i in range(scratch.state[HOLDERS]):
        holder = scratch.holders[i]
        if holder == offers.rows[offer]["supplier"] or holder == middle:
            violated = -1
    return violated


@lean
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
    noted = scratch.rows[row]
    noted["demand"], noted["offer"], noted["holder"] = stamp - 1, offer, violated
    noted["hops"], noted["strength"], noted["middle"] = way.hops, way.strength, way.middle


@lean
def _better(scratch: Scratch, row: int, way: Way, violated: int) -> bool:
    known = scratch.rows[row]
    if (violated < 0) != (known["holder"] < 0):
        return violated < 0
    if way.hops != known["hops"]:
        return bool(way.hops < known["hops"])
    if way.strength != known["strength"]:
        return bool(way.strength > known["strength"])
    return bool(way.middle < known["middle"])
