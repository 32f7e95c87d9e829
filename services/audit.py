"""The audit: one line for every write that was asked for, kept with what it did, or before it is answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from contracts.errors import InputError
from services.access import Principal
from store.audit import AuditSearch, add_line, read_lines
from store.booking.rows import moment_text
from store.database import Database
from store.notes import Note

__all__ = ["audited", "record_write", "search_of"]

_ZONE = ZoneInfo("Asia/Shanghai")


def record_write(database: Database, note: Note, status: int) -> None:
    """Append a request's line, unless it was kept with what the request did; it survives a crash from then on.

    Parameters
    ----------
    status
        How it is answered. A line that was kept with another one gets a second line beside it.

    Raises
    ------
    UnavailableError
        If it cannot be written: then the write is not acknowledged either.
    """
    line = None if note.kept == status else note.line(status)
    if line is not None:
        database.write(lambda connection: add_line(connection, line))
        note.kept = status


def search_of(*, since: str | None = None, until: str | None = None, **wanted: Any) -> AuditSearch:
    """Return which lines are wanted.

    Parameters
    ----------
    since, until
        Moments or days as ISO 8601 text, China's time unless they say; `until` is excluded.
    wanted
        As of `store.audit.AuditSearch`.

    Raises
    ------
    InputError
        If a moment is none.
    """
    return AuditSearch(since_ms=_milliseconds("since", since), until_ms=_milliseconds("until", until), **wanted)


def audited(
    database: Database, principal: Principal, *, search: AuditSearch, after: int, limit: int
) -> list[dict[str, Any]]:
    """Return lines after a position, the oldest first: of all for the operator, a tenant's own for its keys."""
    mine = search if principal.tenant is None else replace(search, tenant=principal.tenant)
    lines = database.read(lambda connection: read_lines(connection, mine, after=after, limit=limit))
    return [line | {"tenant": line["tenant"] or None, "at": moment_text(line["at_ms"])} for line in lines]


def _milliseconds(where: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=_ZONE)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise InputError(where, "a day or moment such as 2026-11-11T14:00+08:00", text) from None
