"""What is done in the console in the audit: by whom, as the cookie says, before the page says that it is done."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

from nicegui import ui

from api.http.house import House
from api.http.sign_in import cookie_holder
from contracts.errors import EvenflowError
from services.audit import record_write
from store.notes import AuditLine, Note, noting

__all__ = ["audited", "who_asks"]

T = TypeVar("T")
_DONE, _REFUSED = 200, 422


def who_asks() -> str:
    """Return who signed in to the page at hand: a key's id, or the operator."""
    request = ui.context.client.request
    return cookie_holder(request.scope)


def audited(house: House, who: str, path: str, work: Callable[[], T], *, said: str = "") -> T:
    """Do something and put it down, done or refused.

    Parameters
    ----------
    path
        The route of the API that does the same.
    said
        What was typed; its hash is kept.
    """

    def line(status: int | None) -> AuditLine:
        return AuditLine(
            at_ms=time.time_ns() // 1_000_000,
            principal=who,
            role="console",
            tenant="",
            party=None,
            method="CONSOLE",
            route=path,
            path=path,
            status=status or _DONE,
            request_id=secrets.token_hex(8),
            body_hash=sha256(said.encode()).hexdigest(),
        )

    note = Note(line)
    try:
        with noting(note):
            done = work()
    except EvenflowError:
        record_write(house.database, note, _REFUSED)
        raise
    record_write(house.database, note, _DONE)
    return done
