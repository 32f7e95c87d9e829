"""Find an event by an id that its payload names."""

from __future__ import annotations

import orjson
from sqlalchemy import select

from store.database import Database
from store.outbox import OutboxRow, told_row
from store.schema import OUTBOX

__all__ = ["row_with_id"]

_O = OUTBOX.c
_FACT, _FACTS = "fact:", "fact.accepted"
_LOOKED_AT = 5


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
    for row in database.read(lambda connection: connection.execute(wanted).all(), whole=True):
        found = told_row(row)
        if value is None or found.payload.get(field) == value:
            return found
    return None
