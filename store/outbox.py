"""The outbox as its readers see it: rows in the order of their positions, none of them skipped."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, cast, func, insert, select, text
from sqlalchemy.dialects.postgresql import JSON

from contracts.errors import UnavailableError
from store.database import Database
from store.schema import OUTBOX

__all__ = ["OutboxRow", "read_outbox", "settled_to", "tell", "told_row", "waiting_for"]

_O = OUTBOX.c
_SECONDS_TO_WAIT, _SECONDS_BETWEEN_LOOKS = 30.0, 0.002
_HIGHEST = select(func.coalesce(func.max(_O.position), 0))
_WRITERS = text(
    "SELECT virtualtransaction FROM pg_locks WHERE relation = 'outbox'::regclass AND mode = 'RowExclusiveLock' "
    "AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class OutboxRow(NamedTuple):
    """One thing that happened."""

    position: int
    tenant: str
    topic: str
    subject: str
    payload: dict[str, Any]
    created_at_ms: int


def settled_to(database: Database) -> int:
    """Return a position up to which every row is there that ever will be.

    PostgreSQL hands out positions before commits. Whoever has one below the highest seen, but has not ended, holds
    the lock of an insert since before it got it: those few are waited for, and nobody waits for us.

    Raises
    ------
    UnavailableError
        If one of them does not end in half a minute.
    """
    highest = int(database.read(lambda connection: connection.scalar(_HIGHEST), whole=True) or 0)
    if database.embedded:
        return highest  # its only writer commits in the order of positions
    waited_for, until = _writers(database), time.monotonic() + _SECONDS_TO_WAIT
    while waited_for:
        if time.monotonic() > until:
            raise UnavailableError("a transaction that writes to the outbox does not end")
        time.sleep(_SECONDS_BETWEEN_LOOKS)
        waited_for &= _writers(database)
    return highest


def _writers(database: Database) -> set[str]:
    return set(database.read(lambda connection: connection.scalars(_WRITERS).all(), whole=True))


def read_outbox(
    database: Database, *, after: int, to: int, topics: Iterable[str] | None = None, limit: int = 1000
) -> list[OutboxRow]:
    """Return rows in the order of their positions.

    Parameters
    ----------
    after, to
        Positions: rows after one, up to the other (`settled_to`, or what was settled once).
    topics
        Only these; all by default.
    """
    wanted = select(OUTBOX).where(_O.position > after, _O.position <= to).order_by(_O.position).limit(limit)
    if topics is not None:
        wanted = wanted.where(_O.topic.in_(sorted(topics)))
    rows = database.read(lambda connection: connection.execute(wanted).all(), whole=True)
    return [told_row(row) for row in rows]


def told_row(row: Any) -> OutboxRow:
    """Return a row of the table as its readers see it."""
    return OutboxRow(row.position, row.tenant, row.topic, row.subject, orjson.loads(row.payload), row.created_at_ms)


def waiting_for(
    database: Database, *, after: int, topics: Iterable[str], kinds: Iterable[str] | None = None
) -> tuple[int, int | None]:
    """Return how many rows of some topics come after a position, and the moment of the oldest.

    Parameters
    ----------
    kinds
        Of facts, those of these kinds only; all by default.
    """
    waiting = (_O.position > after) & _O.topic.in_(sorted(topics))
    if kinds is not None:
        told = func.json_extract(_O.payload, "$.kind") if database.embedded else cast(_O.payload, JSON)["kind"].astext
        waiting &= told.in_(sorted(kinds))
    wanted = select(func.count(), func.min(_O.created_at_ms)).where(waiting)
    row = database.read(lambda connection: connection.execute(wanted).one(), whole=True)
    return int(row[0]), row[1]


def tell(connection: Connection, rows: Sequence[Mapping[str, Any]], *, now_ms: int) -> None:
    """Write rows (``topic, subject, payload`` and, unless it is the operator's, ``tenant``) in a transaction."""
    if rows:
        connection.execute(
            insert(OUTBOX),
            [
                {"tenant": "", **row, "payload": orjson.dumps(row["payload"]).decode(), "created_at_ms": now_ms}
                for row in rows
            ],
        )
