"""The audit: one line for every write that was asked for, before it is answered."""

from __future__ import annotations

from typing import Any

from services.access import Principal
from store.audit import AuditLine, add_line, read_lines
from store.database import Database

__all__ = ["audited", "record_write"]


def record_write(database: Database, principal: Principal, **told: Any) -> None:
    """Append who asked for what and how it was answered; once it returns, the line survives a crash.

    Raises
    ------
    UnavailableError
        If it cannot be written: then the write is not acknowledged either.
    """
    line = AuditLine(
        principal=principal.name, role=principal.role, tenant=principal.tenant or "", party=principal.party, **told
    )
    database.write(lambda connection: add_line(connection, line))


def audited(database: Database, principal: Principal, *, after: int, limit: int) -> list[dict[str, Any]]:
    """Return lines after a position, the oldest first: all for the operator, a tenant's own for its keys."""
    lines = database.read(lambda connection: read_lines(connection, after=after, limit=limit, tenant=principal.tenant))
    return [line | {"tenant": line["tenant"] or None} for line in lines]
