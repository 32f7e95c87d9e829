"""Whose rows may be read: the second fence, which PostgreSQL keeps even where a query forgets to ask whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, text

__all__ = ["EVERYBODY", "as_tenant", "narrow", "open_eyes", "reading_tenant"]

EVERYBODY = "\x01"  # not printable, so no tenant's name
"""What ``evenflow.tenant`` is in sessions of ours that no tenant asked for; elsewhere it is unset and shows nothing."""

_READING: ContextVar[str | None] = ContextVar("reading_tenant", default=None)
_NARROW = text("SELECT set_config('evenflow.tenant', :tenant, true)")


@contextmanager
def as_tenant(tenant: str | None) -> Iterator[None]:
    """Let every read within show only what is a tenant's; None: everybody's."""
    token = _READING.set(tenant)
    try:
        yield
    finally:
        _READING.reset(token)


def reading_tenant() -> str | None:
    """Return whose rows are read now; None: everybody's."""
    return _READING.get()


def narrow(connection: Connection, tenant: str) -> None:
    """Show a transaction only what is a tenant's, until it ends."""
    connection.execute(_NARROW, {"tenant": tenant})


def open_eyes(connection: Any, record: Any) -> None:
    """Let a new session of ours see everybody's rows, until a read narrows it."""
    del record
    connection.autocommit = True  # a session's setting made in a transaction ends with it if that is taken back
    connection.execute("SELECT set_config('evenflow.tenant', %s, false)", (EVERYBODY,)).close()
    connection.autocommit = False
