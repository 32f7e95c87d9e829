"""What was reported from outside, how far each stage of the flow has come, and what it had to leave aside."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, Text

from store.schema.base import METADATA, moment, serial, tenant

__all__ = ["FACTS", "FACT_KINDS", "PARKED_WORK", "STAGES"]

FACT_KINDS = ("order", "sale", "signal", "capacity_change", "progress", "cancellation", "push")

FACTS = Table(
    "facts",
    METADATA,
    tenant(key=True),
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("root", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    moment("occurred_at_ms"),
    moment("accepted_at_ms"),
    CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in FACT_KINDS)})", "kind_known"),
    Index(None, "tenant", "root"),
    Index(None, "kind", "subject"),
    Index(None, "kind", "occurred_at_ms"),
)
"""What happened, as it was told, never changed. `root` is the key of the original: its own, or the one it corrects."""

STAGES = Table(
    "stages",
    METADATA,
    tenant(),
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("leased_by", Text, nullable=False),
    moment("leased_until_ms"),
    moment("next_at_ms"),
    moment("updated_at_ms"),
)
"""A stage has done everything of the outbox up to `position`; who leases it works on what came since."""

PARKED_WORK = Table(
    "parked_work",
    METADATA,
    serial("number"),
    tenant(),
    Column("stage", Text, nullable=False),
    Column("from_position", BigInteger, nullable=False),
    Column("to_position", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),
    moment("parked_at_ms"),
    moment("updated_at_ms"),
    CheckConstraint("state IN ('parked', 'retried', 'discarded')", "state_known"),
    Index(None, "state", "number"),
)
"""Ranges of the outbox that a stage gave up on, until somebody retries or discards them."""
