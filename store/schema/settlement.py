"""What sales and returns were divided into: agreements, events, entries; rows are only ever added."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text

from store.schema.base import METADATA, moment, serial, tenant

__all__ = ["SETTLEMENT_ENTRIES", "SETTLEMENT_EVENTS", "SETTLEMENT_RULES"]

SETTLEMENT_RULES = Table(
    "settlement_rules",
    METADATA,
    tenant(key=True),
    Column("rules_hash", Text, primary_key=True),
    Column("body", Text, nullable=False),
    moment("created_at_ms"),
)
"""Agreements that something was settled by, each version once."""

SETTLEMENT_EVENTS = Table(
    "settlement_events",
    METADATA,
    tenant(key=True),
    Column("kind", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("sale_id", Text, nullable=False),
    Column("owner_id", Text, nullable=False),
    Column("owner_tenant", Text, nullable=False),
    Column("pieces", BigInteger, nullable=False),
    Column("digest", BigInteger, nullable=False),
    Column("rules_hash", Text, nullable=False),
    moment("at_ms"),
    moment("booked_at_ms"),
    Index(None, "tenant", "sale_id"),
    Index(None, "sale_id"),
)
"""Sales, returns and refusals, each once. `owner_id` gets the rest of the sale, and may read all of its split."""

SETTLEMENT_ENTRIES = Table(
    "settlement_entries",
    METADATA,
    serial("position"),
    tenant(),
    Column("kind", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("sale_id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("party_id", Text, nullable=False),
    Column("party_tenant", Text, nullable=False),
    Column("share_fen", BigInteger, nullable=False),
    moment("at_ms"),
    moment("booked_at_ms"),
    Index(None, "tenant", "sale_id"),
    Index(None, "party_id", "position"),
)
"""What each party got or gave back of each event; per event they sum to its margin."""
