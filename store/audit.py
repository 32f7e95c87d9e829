"""Who wrote what and when: lines that the database lets nobody change or remove."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, select

from store.schema.access import AUDIT

__all__ = ["AuditLine", "add_line", "read_lines"]


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


def add_line(connection: Connection, line: AuditLine) -> None:
    """Append a line."""
    connection.execute(AUDIT.insert().values(asdict(line)))


def read_lines(connection: Connection, *, after: int, limit: int, tenant: str | None = None) -> list[dict[str, Any]]:
    """Return lines after a position, the oldest first, of one tenant if asked."""
    query = select(AUDIT).where(AUDIT.c.position > after).order_by(AUDIT.c.position).limit(limit)
    if tenant is not None:
        query = query.where(AUDIT.c.tenant == tenant)
    return [dict(row) for row in connection.execute(query).mappings()]
