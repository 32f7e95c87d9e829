"""What may be promised, what is, and how it was decided."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Table, Text, text

from store.schema.base import METADATA, moment, tenant

__all__ = ["CAPACITIES", "CREDITS", "DECISIONS", "OVER", "RESERVATIONS", "STATES"]

STATES = ("held", "confirmed", "released", "expired", "rejected", "cancelled")

CAPACITIES = Table(
    "capacities",
    METADATA,
    tenant(),
    Column("supplier_id", Text, primary_key=True),
    Column("good", Text, primary_key=True),
    Column("bucket", Text, primary_key=True),
    Column("offered", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    moment("updated_at_ms"),
    CheckConstraint("reserved >= 0", "reserved_not_negative"),
    CheckConstraint("reserved <= total", "reserved_within_total"),
    CheckConstraint("offered >= 0 AND offered <= total", "offered_within_total"),
    Index(None, "tenant"),
)
"""Pieces a supplier offers of a good in a bucket (empty = no bucket: stock). The tenant is the supplier's.

`offered` is what it offers now; a hold needs ``reserved + pieces <= offered``. `total` is the fence: it equals
`offered` unless that was cut below what is promised already, then it stays at what is promised.
"""

CREDITS = Table(
    "credits",
    METADATA,
    tenant(),
    Column("buyer_id", Text, primary_key=True),
    Column("supplier_id", Text, primary_key=True),
    Column("limit_fen", BigInteger, nullable=False),
    Column("used_fen", BigInteger, nullable=False),
    Column("fence_fen", BigInteger, nullable=False),
    moment("updated_at_ms"),
    CheckConstraint("used_fen >= 0", "used_not_negative"),
    CheckConstraint("used_fen <= fence_fen", "used_within_fence"),
    CheckConstraint("limit_fen >= 0 AND limit_fen <= fence_fen", "limit_within_fence"),
    Index(None, "tenant"),
)
"""What a buyer may still take from a supplier on credit: `limit_fen` as `offered` and `fence_fen` as `total` above."""

RESERVATIONS = Table(
    "reservations",
    METADATA,
    Column("id", Text, primary_key=True),
    tenant(),
    Column("supplier_tenant", Text, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("buyer_id", Text, nullable=False),
    Column("sku_id", Text, nullable=False),
    Column("supplier_id", Text, nullable=False),
    Column("good", Text, nullable=False),
    Column("bucket", Text, nullable=False),
    Column("pieces", BigInteger, nullable=False),
    Column("taken_pieces", BigInteger, nullable=False),
    Column("unit_price_fen", BigInteger, nullable=False),
    Column("on_credit", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decision_id", Text),
    Column("replaces", Text),
    moment("created_at_ms"),
    moment("expires_at_ms"),
    moment("updated_at_ms"),
    CheckConstraint("pieces > 0", "pieces_positive"),
    CheckConstraint("taken_pieces >= 0 AND taken_pieces <= pieces", "taken_within_pieces"),
    CheckConstraint("unit_price_fen >= 0", "price_not_negative"),
    CheckConstraint("on_credit IN (0, 1)", "on_credit_or_not"),
    CheckConstraint(f"state IN ({', '.join(repr(state) for state in STATES)})", "state_known"),
    CheckConstraint("state IN ('held', 'confirmed') OR taken_pieces = 0", "nothing_taken_at_the_end"),
    Index(None, "tenant", "id"),
    Index(None, "supplier_tenant", "id"),
    Index(None, "order_id"),
    Index(None, "supplier_id", "good", "bucket"),
)
"""Pieces promised to a buyer. `tenant` holds, `supplier_tenant` supplies.

`taken_pieces` is what it takes of the capacity now (and, ``on_credit``, times `unit_price_fen` of the credit).
"""

Index("ix_reservations_due", RESERVATIONS.c.expires_at_ms, sqlite_where=RESERVATIONS.c.state == "held",
      postgresql_where=RESERVATIONS.c.state == "held")  # fmt: skip

OVER = text("state NOT IN ('held', 'confirmed')")
"""Reservations that take nothing any more, in the very words of the index of them: so it is found to serve."""

Index("ix_reservations_over", RESERVATIONS.c.updated_at_ms, sqlite_where=OVER, postgresql_where=OVER)
Index("ix_reservations_replaces", RESERVATIONS.c.replaces, sqlite_where=RESERVATIONS.c.replaces.is_not(None),
      postgresql_where=RESERVATIONS.c.replaces.is_not(None))  # fmt: skip

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("id", Text, primary_key=True),
    tenant(),
    Column("order_id", Text, nullable=False),
    Column("inputs", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    moment("created_at_ms"),
    Index(None, "tenant", "id"),
    Index(None, "order_id"),
)
"""What a route-and-hold was decided by (candidates, residuals, prices, versions), to be computed again."""
