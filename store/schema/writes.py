"""Writes that may be repeated and what they tell others: answers by idempotency key, and the outbox."""

from __future__ import annotations

from sqlalchemy import Column, Index, SmallInteger, Table, Text

from store.schema.base import METADATA, moment, serial, tenant

__all__ = ["IDEMPOTENCY", "OUTBOX"]

IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    tenant(key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", Text, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("answer", Text, nullable=False),
    moment("created_at_ms"),
    Index(None, "created_at_ms"),
)
"""The answer to each write, kept in the transaction of the write: whoever repeats the key gets it again."""

OUTBOX = Table(
    "outbox",
    METADATA,
    serial("position"),
    tenant(),
    Column("topic", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("payload", Text, nullable=False),
    moment("created_at_ms"),
)
"""What happened, written in the transaction in which it happened, in the order of `position`."""
