"""Who wrote what and when: lines that the database lets nobody change or remove."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from store.database import Database
from store.schema.access import AUDIT

__all__ = ["AuditLine", "AuditSearch", "Note", "add_line", "noting", "open_note", "read_lines", "write_noted"]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class AuditLine:
    """One write that was asked for.

    Parameters
    ----------
    principal, role, tenant, party
        Who asked; the tenant is empty for the operator.
    route, path
        The template and what was asked for.
    status
        How it was answered.
    body_hash
        SHA-256 of the body as far as it was read, hexadecimal.
    """

    at_ms: int
    principal: str
    role: str
    tenant: str
    party: str | None
    method: str
    route: str
    path: str
    status: int
    request_id: str
    body_hash: str


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


class Note:
    """The line of a request that is being answered, to be kept in the transaction of what it does.

    Parameters
    ----------
    line
        Makes the line from the status of the answer; from None: with the status that the request has if it succeeds.
        None if requests of its kind are not audited.
    """

    def __init__(self, line: Callable[[int | None], AuditLine | None]) -> None:
        self.line = line
        self.kept: int | None = None
        """The status with which it is in the database; None while it is not."""


_OPEN: ContextVar[Note | None] = ContextVar("open_note", default=None)


@contextmanager
def noting(note: Note) -> Iterator[None]:
    """Let what is written within keep a request's line beside it (`write_noted`)."""
    token = _OPEN.set(note)
    try:
        yield
    finally:
        _OPEN.reset(token)


def open_note() -> Note | None:
    """Return the note of the request that is being answered here, if its line is not kept yet."""
    note = _OPEN.get()
    return None if note is None or note.kept is not None else note


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
