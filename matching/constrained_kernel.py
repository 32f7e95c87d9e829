"""Placing pieces under any linear limits: fill, shift and take off (compiled loops).

Every limit is a row ``sum use · pieces <= most``: capacities, credit lines, limits, and with negative uses floors and
open pools, which pieces may only leave while they keep their minimum. Adding asks the rows with positive uses, taking
away those with negative ones; so no step breaks what holds before it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from contracts.jit import compiled
from matching.problem import Floats, Ints

__all__ = ["Rows", "Spot", "fill", "shift", "take_off"]

_SLACK = 1e-9


class Rows(NamedTuple):
    """The limits as compiled loops read them, by candidate (`starts`, `row`, `use`) and by row (`of_…`)."""

    starts: Ints
    row: Ints
    use: Floats
    of_starts: Ints
    of_candidate: Ints
    of_use: Floats
    indptr: Ints
    order: Ints
    score: Floats
    penalty: Floats
    split_cost: float
    unsplit: bool


class Spot(NamedTuple):
    """What placing changes: pieces left per order, pieces and suppliers in use, the room of each row."""

    left: Ints
    pieces: Ints
    suppliers: Ints
    room: Floats


@compiled
def _fitting(rows: Rows, spot: Spot, e: int, wanted: int) -> int:
    """Return how many of the wanted pieces candidate e can still take; never one too many."""
    most = wanted
    for k in range(rows.starts[e], rows.starts[e + 1]):
        use, room = rows.use[k], spot.room[rows.row[k]]
        while use > 0 and most > 0 and most * use > room:
            most = max(0, min(most - 1, int(room / use)))
    return 0 if rows.unsplit and most < wanted else most


@compiled
def _may_leave(rows: Rows, spot: Spot, e: int, amount: int) -> bool:
    """Whether pieces may leave candidate e without breaking what they make room for."""
    for k in range(rows.starts[e], rows.starts[e + 1]):
        use = rows.use[k]
        if use < 0 and spot.room[rows.row[k]] + use * amount < -_SLACK:
            return False
    return True


@compiled
def _move(rows: Rows, spot: Spot, e: int, amount: int) -> None:
    """Place pieces of candidate e (take them back if negative)."""
    before = spot.pieces[e]
    spot.pieces[e] += amount
    spot.left[rows.order[e]] -= amount
    spot.suppliers[rows.order[e]] += (spot.pieces[e] > 0) - (before > 0)
    for k in range(rows.starts[e], rows.starts[e + 1]):
        spot.room[rows.row[k]] -= rows.use[k] * amount


@compiled
def fill(ranked: Ints, rows: Rows, spot: Spot) -> int:
    """Give candidates, one after another, what is left of their order and fits; return the pieces placed."""
    placed = 0
    for e in ranked:
        i = rows.order[e]
        gain = rows.score[e] + rows.penalty[i]
        if spot.left[i] == 0 or gain < 0:
            continue
        amount = _fitting(rows, spot, e, spot.left[i])
        opens = spot.suppliers[i] > 0 and spot.pieces[e] == 0
        if amount > 0 and not (opens and gain * amount <= rows.split_cost):
            _move(rows, spot, e, amount)
            placed += amount
    return placed


@compiled
def shift(rows: Rows, spot: Spot) -> int:
    """Move pieces within their order where that gains, splits counted; return the number of moves."""
    moves = 0
    for i in range(rows.indptr.size - 1):
        for e in range(rows.indptr[i], rows.indptr[i + 1]):
            for other in range(rows.indptr[i], rows.indptr[i + 1]):
                if spot.pieces[e] > 0 and other != e:
                    moves += _shifted(rows, spot, e, other)
    return moves


@compiled
def _shifted(rows: Rows, spot: Spot, e: int, other: int) -> bool:
    """Move what fits from one candidate of an order to another, if it gains; else leave all as it was."""
    higher = rows.score[other] - rows.score[e]
    held = spot.pieces[e]
    if (higher <= 0 and rows.split_cost == 0) or not _may_leave(rows, spot, e, held):
        return False
    before = spot.suppliers[rows.order[e]]
    _move(rows, spot, e, -held)
    amount = _fitting(rows, spot, other, held)
    _move(rows, spot, other, amount)
    if _fitting(rows, spot, e, held - amount) == held - amount:
        _move(rows, spot, e, held - amount)
        gain = higher * amount - rows.split_cost * (spot.suppliers[rows.order[e]] - before)
        if amount > 0 and gain > _SLACK:
            return True
        _move(rows, spot, e, amount - held)
    _move(rows, spot, other, -amount)
    _move(rows, spot, e, held)
    return False


@compiled
def take_off(rows: Rows, spot: Spot) -> None:
    """Take pieces off broken rows, in the order in which a row lists its candidates, until none is broken by them."""
    broken = True
    while broken:
        broken = False
        for r in range(spot.room.size):
            for k in range(rows.of_starts[r], rows.of_starts[r + 1]):
                if spot.room[r] >= -_SLACK:
                    break
                e, use = rows.of_candidate[k], rows.of_use[k]
                if use > 0 and spot.pieces[e] > 0:
                    short = int(np.ceil(-spot.room[r] / use - _SLACK))
                    _move(rows, spot, e, -spot.pieces[e] if rows.unsplit else -min(spot.pieces[e], max(short, 1)))
                    broken = True
