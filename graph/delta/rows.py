"""One relation as a plain row, and its life in time: the arithmetic of validity that events need."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np

from graph.relations import ALWAYS, NEVER, UNKNOWN_DAY
from graph.trust.strength import updated

__all__ = ["Pair", "Row", "day_number", "joined", "rounded", "traded", "without_history"]

_EPOCH = dt.date(1970, 1, 1).toordinal()

Pair = tuple[int, int]


class Row(NamedTuple):
    """A relation of a pair of parties; its fields are `graph.blocks.MISSING`, in that order.

    ``trades`` is the column ``count``; days count from 1970-01-01, the ends of int32 stand for "not given".
    """

    weight: float = 1.0
    trades: int = 0
    amount_fen: int = 0
    first_at: int = int(UNKNOWN_DAY)
    last_at: int = int(UNKNOWN_DAY)
    valid_from: int = int(ALWAYS)
    valid_to: int = int(NEVER)

    def holds(self, day: int) -> bool:
        """Whether the relation holds on a day."""
        return self.valid_from <= day < self.valid_to

    def overlaps(self, other: Row) -> bool:
        """Whether there is a day on which both hold."""
        return self.valid_from < other.valid_to and other.valid_from < self.valid_to

    def reversed(self) -> bool:
        """Whether the relation ends before it begins, or its last trade lies before its first."""
        return self.valid_to <= self.valid_from or int(UNKNOWN_DAY) < self.last_at < self.first_at


def day_number(text: str) -> int:
    """Return days since 1970-01-01 of a date ``YYYY-MM-DD``.

    Examples
    --------
    >>> day_number("1970-01-31")
    30
    """
    return dt.date.fromisoformat(text).toordinal() - _EPOCH


def rounded(weight: float) -> float:
    """Return a weight as the net keeps it (float32): folding changes in earlier or later must not show."""
    with np.errstate(over="ignore"):  # infinite then, and refused
        return float(np.float32(weight))


def without_history(row: Row) -> Row:
    """Return the relation as it begins for somebody who did none of its trades: its strength, no counts."""
    return row._replace(trades=0, amount_fen=0, first_at=int(UNKNOWN_DAY))


def traded(row: Row, day: int, amount_fen: int) -> Row:
    """Return the relation after one more trade, at or after the last one.

    Examples
    --------
    >>> traded(Row(weight=3.0, last_at=0, first_at=0, trades=1), 180, 0)
    Row(weight=1.5, trades=2, amount_fen=0, first_at=0, last_at=180, valid_from=-2147483648, valid_to=2147483647)
    """
    since = day - row.last_at if row.last_at != UNKNOWN_DAY else 0
    return row._replace(
        weight=rounded(float(updated(row.weight, since, amount_fen))),
        trades=row.trades + 1,
        amount_fen=row.amount_fen + amount_fen,
        first_at=day if row.first_at == UNKNOWN_DAY else row.first_at,
        last_at=day,
    )


def joined(rows: tuple[Row, ...], carried: Row) -> tuple[Row, ...]:
    """Lay one more relation of the same pair over those it has: on no day do two of them hold because of it.

    Where the days overlap, the strengths add, both faded to the later of the two last trades; outside them each stays
    as it was. What was counted stays with the first piece of each, so that it counts once.

    Examples
    --------
    >>> for row in joined((Row(2.0, 7, valid_to=100),), Row(1.0, valid_from=50)):
    ...     print(row.weight, row.trades, row.valid_from, row.valid_to)
    2.0 7 -2147483648 50
    3.0 0 50 100
    1.0 0 100 2147483647
    """
    met = next((row for row in rows if row.overlaps(carried)), None)
    if met is None:
        return tuple(sorted((*rows, carried), key=_life))
    low, high = max(met.valid_from, carried.valid_from), min(met.valid_to, carried.valid_to)
    own, new = _cut(met, low, high), _cut(carried, low, high)
    both = _together(own[1], new[1])
    rest = [row for row in rows if row is not met]
    result = tuple(row for row in (*rest, own[0], both, own[2]) if row is not None)
    for part in (new[0], new[2]):
        result = joined(result, part) if part is not None else result
    return tuple(sorted(result, key=_life))


def _life(row: Row) -> Pair:
    return row.valid_from, row.valid_to


def _cut(row: Row, low: int, high: int) -> tuple[Row | None, Row, Row | None]:
    """Return the relation before, within and after some days of its life; the first piece keeps what was counted."""
    before = row._replace(valid_to=low) if row.valid_from < low else None
    later = without_history(row)
    within = (row if before is None else later)._replace(valid_from=low, valid_to=high)
    after = later._replace(valid_from=high) if high < row.valid_to else None
    return before, within, after


def _together(one: Row, two: Row) -> Row:
    last = max(one.last_at, two.last_at)
    firsts = [row.first_at for row in (one, two) if row.first_at != UNKNOWN_DAY]
    return one._replace(
        weight=rounded(_faded(one, last) + _faded(two, last)),
        trades=one.trades + two.trades,
        amount_fen=one.amount_fen + two.amount_fen,
        first_at=min(firsts, default=int(UNKNOWN_DAY)),
        last_at=last,
    )


def _faded(row: Row, day: int) -> float:
    return row.weight if row.last_at in (UNKNOWN_DAY, day) else float(updated(row.weight, day - row.last_at, 0))
