"""Who may ask, and who wrote what."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, SmallInteger, Table, Text

from store.schema.base import METADATA, moment, serial, tenant

__all__ = ["API_KEYS", "AUDIT"]

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("id", Text, primary_key=True),
    tenant(),
    Column("party", Text),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("requests_per_second", Float),
    moment("created_at_ms"),
    moment("expires_at_ms", nullable=True),
    moment("revoked_at_ms", nullable=True),
    Column("replaced_by", Text),
)
"""What keys open; of the keys themselves only hashes."""

AUDIT = Table(
    "audit",
    METADATA,
    serial("position"),
    tenant(),
    Column("party", Text),
    moment("at_ms"),
    Column("principal", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("body_hash", Text, nullable=False),
    Index(None, "tenant", "position"),
)
"""Every write that was asked for; triggers refuse to change or remove a line."""
