"""Who is told of events, and what became of each telling."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, Text

from store.schema.base import METADATA, moment, tenant

__all__ = ["DELIVERIES", "DELIVERY_STATES", "WEBHOOKS"]

DELIVERY_STATES = ("waiting", "delivered", "dead")

WEBHOOKS = Table(
    "webhooks",
    METADATA,
    Column("id", Text, primary_key=True),
    tenant(),
    Column("party", Text),
    Column("url", Text, nullable=False),
    Column("topics", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("read_to", BigInteger, nullable=False),
    Column("leased_by", Text, nullable=False),
    moment("leased_until_ms"),
    moment("created_at_ms"),
    moment("ended_at_ms", nullable=True),
    Column("ended_because", Text, nullable=False),
    Index(None, "tenant"),
)
"""`topics` are prefixes separated by blanks, empty = all; events up to the position `read_to` have their deliveries."""

DELIVERIES = Table(
    "webhook_deliveries",
    METADATA,
    Column("webhook_id", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    tenant(),
    Column("subject", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    moment("next_at_ms"),
    Column("answer", Text, nullable=False),
    moment("updated_at_ms"),
    CheckConstraint(f"state IN ({', '.join(repr(state) for state in DELIVERY_STATES)})", "delivery_state_known"),
    Index(None, "webhook_id", "state", "subject", "position"),
)
"""One event for one webhook: `position` is the event's; `answer` is what the last attempt met with."""
