"""What tells at a glance how the database is: whether it answers, how far the outbox is, what is overdue."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from store.database import Database
from store.schema import AUDIT, OUTBOX, RESERVATIONS
from store.webhooks import tallies

__all__ = ["DatabaseSigns", "database_signs"]


@dataclass(frozen=True, kw_only=True)
class DatabaseSigns:
    """Signs of a database that answered.

    Parameters
    ----------
    seconds
        How long it took to answer.
    clock_ms
        Its own clock, milliseconds since 1970; of an embedded file, that of this machine.
    last_write_ms
        When the newest event or line of the audit was written; 0 if none was.
    outbox_position
        Position of the newest event; 0 if there is none.
    holds_overdue
        Holds that are due but not swept yet.
    deliveries_waiting, deliveries_dead
        Events that webhooks were not told of yet, and those given up.
    deliveries_since_ms
        Since when the oldest of those waits; None if none does.
    """

    seconds: float
    clock_ms: int
    last_write_ms: int
    outbox_position: int
    holds_overdue: int
    deliveries_waiting: int
    deliveries_dead: int
    deliveries_since_ms: int | None


def database_signs(database: Database, *, now_ms: int) -> DatabaseSigns:
    """Ask the database how it is.

    Raises
    ------
    UnavailableError, NotReadyError
        If it does not answer, or is not up to date.
    """
    database.require()  # to connect is not to answer
    started = time.perf_counter()
    look = _signs(embedded=database.embedded, now_ms=now_ms)
    clock_ms, last_ms, position, overdue = database.read(look, whole=True)
    waiting, dead, since_ms = database.read(tallies, whole=True)
    return DatabaseSigns(
        seconds=time.perf_counter() - started,
        clock_ms=clock_ms,
        last_write_ms=last_ms,
        outbox_position=position,
        holds_overdue=overdue,
        deliveries_waiting=waiting,
        deliveries_dead=dead,
        deliveries_since_ms=since_ms,
    )


def _signs(*, embedded: bool, now_ms: int) -> Callable[[Connection], tuple[int, int, int, int]]:
    def look(connection: Connection) -> tuple[int, int, int, int]:
        newest = connection.execute(
            select(OUTBOX.c.position, OUTBOX.c.created_at_ms).order_by(OUTBOX.c.position.desc()).limit(1)
        ).first()
        audited = connection.scalar(select(AUDIT.c.at_ms).order_by(AUDIT.c.position.desc()).limit(1)) or 0
        overdue = select(func.count()).where(RESERVATIONS.c.state == "held", RESERVATIONS.c.expires_at_ms <= now_ms)
        position, written = newest or (0, 0)
        return _clock(connection, embedded, now_ms), max(written, audited), position, connection.scalar(overdue) or 0

    return look


def _clock(connection: Connection, embedded: bool, now_ms: int) -> int:  # noqa: FBT001 (private)
    if embedded:
        return now_ms
    asked = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
    return int(connection.scalar(asked) or 0)
