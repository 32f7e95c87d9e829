"""What an event makes of the relations of one pair and kind; all functions are pure."""

from __future__ import annotations

import math

from contracts.errors import EvenflowError
from graph.delta.rows import Row, day_number, rounded, traded
from graph.delta.tables import Event
from graph.relations import ALWAYS, NEVER
from graph.tables import AMOUNT_LIMIT, COUNT_LIMIT

__all__ = ["RefusedEventError", "begun_or_updated", "ended", "fitting", "traded_on"]

_DATES = ("first_at", "last_at", "valid_from", "valid_to")
Rows = tuple[Row, ...]


class RefusedEventError(EvenflowError):
    """An event that cannot happen to this net; the text is a code and the reason in words."""


def begun_or_updated(rows: Rows, event: Event) -> Rows:
    """Begin a relation or give one new values.

    With ``valid_from`` it is the relation that began on that day; without it the latest one, unless that has ended by
    ``at``. Where there is none, one begins (on ``valid_from``, else on ``at``, else it always held).

    Parameters
    ----------
    rows
        The pair's relations of the kind, by validity.
    event
        The event; only the values given change.

    Raises
    ------
    RefusedEventError
        If its dates are reversed or it would hold on days on which another of the pair does.
    """
    days = {name: day_number(event[name]) for name in ("at", *_DATES) if name in event}
    old = _target(rows, days)
    begins = days.get("valid_from", days.get("at", int(ALWAYS)))
    row = old or Row(valid_from=begins)
    changed = row._replace(**{name: days[name] for name in _DATES if name in days})
    if "weight" in event:
        changed = changed._replace(weight=rounded(event["weight"]))
    changed = changed._replace(
        trades=event.get("count", row.trades), amount_fen=event.get("amount_fen", row.amount_fen)
    )
    if changed.reversed():
        raise RefusedEventError("reversed_dates: last_at before first_at, or valid_to not after valid_from")
    others = tuple(other for other in rows if other is not old)
    if (old is None or _life(changed) != _life(old)) and any(changed.overlaps(other) for other in others):
        raise RefusedEventError("overlaps: the pair has a relation of this kind on some of these days")
    return _sorted((*others, changed))


def ended(rows: Rows, day: int) -> Rows:
    """End the relation that holds up to a day: it no longer holds from that day on.

    Raises
    ------
    RefusedEventError
        If none holds then, it began on that very day, or another one begins later.
    """
    if any(row.valid_from > day for row in rows):
        raise RefusedEventError("later: another relation of the pair begins after that day")
    for row in rows:
        if row.valid_from < day < row.valid_to:
            return tuple(row._replace(valid_to=day) if other is row else other for other in rows)
    if any(row.valid_from == day for row in rows):
        raise RefusedEventError("reversed_dates: the relation begins on the day on which it is to end")
    raise RefusedEventError("no_relation: no relation of this kind leads from src to dst on that day")


def traded_on(rows: Rows, day: int, amount_fen: int) -> Rows:
    """Let the tie that holds on a day grow by a trade; without one a relation begins with it.

    Raises
    ------
    RefusedEventError
        If a later trade is already counted.
    """
    held = next((row for row in reversed(rows) if row.holds(day)), None)
    if held is None:
        until = min((row.valid_from for row in rows if row.valid_from > day), default=int(NEVER))
        begun = Row(weight=0.0, valid_from=day, valid_to=until)
        return _sorted((*rows, traded(begun, day, amount_fen)))
    if day < held.last_at:
        raise RefusedEventError("reversed_time: a trade of a later day is already counted")
    return tuple(traded(held, day, amount_fen) if other is held else other for other in rows)


def fitting(rows: Rows) -> Rows:
    """Return relations as they are if the net can hold their values; one that it cannot would make it unreadable.

    Raises
    ------
    RefusedEventError
        If it cannot.
    """
    for row in rows:
        if row.trades > COUNT_LIMIT or row.amount_fen > AMOUNT_LIMIT or not math.isfinite(row.weight):
            raise RefusedEventError(
                f"too_large: the relation's count would be above {COUNT_LIMIT}, its amount_fen above {AMOUNT_LIMIT} or "
                "its weight above 3.4e38"
            )
    return rows


def _target(rows: Rows, days: dict[str, int]) -> Row | None:
    """Return the relation an event is about, None if it begins one."""
    if "valid_from" in days:
        return next((row for row in rows if row.valid_from == days["valid_from"]), None)
    latest = rows[-1] if rows else None
    return None if latest is not None and days.get("at", latest.valid_from) >= latest.valid_to else latest


def _sorted(rows: Rows) -> Rows:
    return tuple(sorted(rows, key=_life))


def _life(row: Row) -> tuple[int, int]:
    return row.valid_from, row.valid_to
