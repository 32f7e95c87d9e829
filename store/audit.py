"""Who wrote what and when: lines that the database lets nobody change or remove."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from store.database import Database
from store.notes import AuditLine, open_note
from store.schema.access import AUDIT

__all__ = ["AuditSearch", "add_line", "read_lines", "write_noted"]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class AuditSearch:
    """Which lines are wanted; None = any.

    Parameters
    ----------
    tenant
        Whose; empty = the operator's own.
    principal, method, status
        As they stand in the line.
    path
        What the path begins with.
    since_ms, until_ms
        Moments in milliseconds since 1970, the second one excluded.
    """

    tenant: str | None = None
    principal: str | None = None
    method: str | None = None
    path: str | None = None
    status: int | None = None
    since_ms: int | None = None
    until_ms: int | None = None


def write_noted(
    database: Database, work: Callable[[Connection], T], *, status: Callable[[T], int | None] | None = None
) -> T:
    """Write as `Database.write`, and the line of the request it is done for in the same transaction.

    Parameters
    ----------
    status
        Tells the request's status from what `work` returned; None if it changed nothing, and no line is kept. Without
        it the status is the one the request has if it succeeds.
    """
    note = open_note()
    if note is None:
        return database.write(work)

    def both(connection: Connection) -> tuple[T, int | None]:
        result = work(connection)
        told = None if status is None else status(result)
        line = note.line(told) if status is None or told is not None else None
        if line is not None:
            add_line(connection, line)
        return result, None if line is None else line.status

    result, note.kept = database.write(both)
    return result


def add_line(connection: Connection, line: AuditLine) -> None:
    """Append a line."""
    connection.execute(_ADD, asdict(line))


def read_lines(connection: Connection, search: AuditSearch, *, after: int, limit: int) -> list[dict[str, Any]]:
    """Return the lines wanted that come after a position, the oldest first."""
    query = select(AUDIT).where(AUDIT.c.position > after).order_by(AUDIT.c.position).limit(limit)
    for name in ("tenant", "principal", "method", "status"):
        wanted = getattr(search, name)
        query = query if wanted is None else query.where(AUDIT.c[name] == wanted)
    if search.path is not None:
        query = query.where(AUDIT.c.path.startswith(search.path, autoescape=True))
    if search.since_ms is not None:
        query = query.where(AUDIT.c.at_ms >= search.since_ms)
    if search.until_ms is not None:
        query = query.where(AUDIT.c.at_ms < search.until_ms)
    return [dict(row) for row in connection.execute(query).mappings()]


_ADD = AUDIT.insert()
