"""The line of a request or command at work, to be kept with what it does; light, as every command imports it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

__all__ = ["AuditLine", "Note", "keeps_nothing", "noting", "open_note"]


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


def keeps_nothing() -> None:
    """Say that the request at work, a dry run, keeps nothing: if it succeeds (200), there is no write to put down."""
    note = open_note()
    if note is not None:
        note.kept = 200


def open_note() -> Note | None:
    """Return the note of the request that is being answered here, if its line is not kept yet."""
    note = _OPEN.get()
    return None if note is None or note.kept is not None else note
