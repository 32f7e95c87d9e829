"""Answers by idempotency key: whoever repeats a write gets the first answer again, and nothing happens twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from contracts.errors import EvenflowError
from store.audit import write_noted
from store.database import Database
from store.schema import IDEMPOTENCY

__all__ = ["Answer", "KeyReusedError", "Write", "answered", "keep_answer", "known_answer", "refuse"]


class KeyReusedError(EvenflowError):
    """An idempotency key that stands for another request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """One write as its caller names it.

    Parameters
    ----------
    tenant
        Whose keys: two tenants may use the same key. Empty = the operator.
    key
        The caller's own.
    request_hash
        What the key stands for.
    now_ms
        The moment, in milliseconds since 1970.
    """

    tenant: str
    key: str
    request_hash: str
    now_ms: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write was answered: its HTTP status and its body; `again` if it was answered before."""

    status: int
    body: dict[str, Any]
    again: bool = False


_KNOWN = select(IDEMPOTENCY.c.request_hash, IDEMPOTENCY.c.status, IDEMPOTENCY.c.answer).where(
    IDEMPOTENCY.c.tenant == bindparam("tenant"), IDEMPOTENCY.c.key == bindparam("key")
)
_KEEP = insert(IDEMPOTENCY)


def known_answer(connection: Connection, write: Write) -> Answer | None:
    """Return the answer that a key was given before, None if it is new.

    Raises
    ------
    KeyReusedError
        If it stands for another request.
    """
    found = connection.execute(_KNOWN, {"tenant": write.tenant, "key": write.key}).first()
    if found is None:
        return None
    if found.request_hash != write.request_hash:
        raise KeyReusedError(f"the key {write.key} was used for another request; take a new key for a new request")
    return Answer(found.status, orjson.loads(found.answer), again=True)


def keep_answer(connection: Connection, write: Write, answer: Answer) -> None:
    """Keep the answer of a key, in the transaction of what it answers.

    Raises
    ------
    sqlalchemy.exc.IntegrityError
        If another transaction answered the key first; this one must be taken back then.
    """
    row = {
        "tenant": write.tenant,
        "key": write.key,
        "request_hash": write.request_hash,
        "status": answer.status,
        "answer": orjson.dumps(answer.body).decode(),
        "created_at_ms": write.now_ms,
    }
    connection.execute(_KEEP, row)


def refuse(database: Database, write: Write, answer: Answer) -> Answer:
    """Keep an answer that changed nothing else; return it, or what the key was answered meanwhile."""

    def work(connection: Connection) -> Answer:
        known = known_answer(connection, write)
        if known is None:
            keep_answer(connection, write, answer)
        return known or answer

    return answered(database, write, work)


def answered(database: Database, write: Write, work: Callable[[Connection], Answer]) -> Answer:
    """Return what a transaction answers, its audit line kept with it; what another one answered first, if it did."""
    try:
        return write_noted(database, work, status=lambda answer: None if answer.again else answer.status)
    except IntegrityError:
        known = database.read(lambda connection: known_answer(connection, write))
        if known is None:
            raise
        return known
