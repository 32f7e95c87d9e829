"""Find an event by an id that its payload names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Select, func, or_, select

from store.database import Database
from store.outbox import OutboxRow, told_row
from store.schema import OUTBOX

__all__ = ["latest_of_subjects", "latest_rows", "row_with_id"]

_O = OUTBOX.c
_FACT, _FACTS = "fact:", "fact.accepted"
_LOOKED_AT, _AT_ONCE = 5, 400
_RECENT = 200_000  # positions: no topic has an index


def row_with_id(
    database: Database, field: str, value: str | None, *, topic: str | None = None, subject: str | None = None
) -> OutboxRow | None:
    """Return the newest event with a value in a field of its payload, whoever's it is; the caller decides who is told.

    Parameters
    ----------
    field, value
        Such as ``id`` and ``prices-7``; a value of None takes any.
    topic, subject
        Only events of these. Without a topic, facts are looked at for a ``fact:`` alone: there are many.
    """
    wanted = select(OUTBOX).order_by(_O.position.desc()).limit(_LOOKED_AT)
    if value is not None:
        wanted = wanted.where(_O.payload.contains(orjson.dumps({field: value}).decode()[1:-1], autoescape=True))
        wanted = wanted if topic else wanted.where((_O.topic == _FACTS) == value.startswith(_FACT))
    wanted = wanted if topic is None else wanted.where(_O.topic == topic)
    wanted = wanted if subject is None else wanted.where(_O.subject == subject)
    for row in _all(database, wanted):
        found = told_row(row)
        if value is None or found.payload.get(field) == value:
            return found
    return None


def latest_rows(database: Database, topic: str, *, naming: Iterable[str] = (), most: int = 1) -> list[OutboxRow]:
    """Return the newest events of a topic among the last 200 000 of all, the newest first.

    Parameters
    ----------
    naming
        Only those whose payload has one of these texts as a value; all by default.
    """
    newest = select(func.coalesce(func.max(_O.position), 0)).scalar_subquery()
    wanted = select(OUTBOX).where(_O.topic == topic, _O.position > newest - _RECENT)
    texts = [_O.payload.contains(orjson.dumps(text).decode(), autoescape=True) for text in naming]
    wanted = wanted.where(or_(*texts)) if texts else wanted
    wanted = wanted.order_by(_O.position.desc()).limit(most)
    return [told_row(row) for row in _all(database, wanted)]


def latest_of_subjects(database: Database, topic: str, subjects: Iterable[str]) -> dict[str, int]:
    """Return the position of the newest event of a topic by its subject."""
    names, found = sorted(set(subjects)), dict[str, int]()
    for start in range(0, len(names), _AT_ONCE):
        asked = (_O.topic == topic) & _O.subject.in_(names[start : start + _AT_ONCE])
        wanted = select(_O.subject, func.max(_O.position)).where(asked).group_by(_O.subject)
        found |= {str(row[0]): int(row[1]) for row in _all(database, wanted)}
    return found


def _all(database: Database, wanted: Select[Any]) -> Sequence[Any]:
    return database.read(lambda connection: connection.execute(wanted).all(), whole=True)
