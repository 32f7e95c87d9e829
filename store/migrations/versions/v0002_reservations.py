"""Capacities, credits, reservations and the decisions behind them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Go forward."""
    _capacities()
    _credits()
    _reservations()
    _decisions()


def downgrade() -> None:
    """Go back."""
    for table in ("decisions", "reservations", "credits", "capacities"):
        op.drop_table(table)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _capacities() -> None:
    op.create_table(
        "capacities",
        *(_text(name) for name in ("tenant", "supplier_id", "good", "bucket")),
        *(_whole(name) for name in ("offered", "reserved", "total", "updated_at_ms")),
        sa.PrimaryKeyConstraint("supplier_id", "good", "bucket", name="pk_capacities"),
        sa.CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        sa.CheckConstraint("reserved <= total", name="reserved_within_total"),
        sa.CheckConstraint("offered >= 0 AND offered <= total", name="offered_within_total"),
    )
    op.create_index("ix_capacities_tenant", "capacities", ["tenant"])


def _credits() -> None:
    op.create_table(
        "credits",
        *(_text(name) for name in ("tenant", "buyer_id", "supplier_id")),
        *(_whole(name) for name in ("limit_fen", "used_fen", "fence_fen", "updated_at_ms")),
        sa.PrimaryKeyConstraint("buyer_id", "supplier_id", name="pk_credits"),
        sa.CheckConstraint("used_fen >= 0", name="used_not_negative"),
        sa.CheckConstraint("used_fen <= fence_fen", name="used_within_fence"),
        sa.CheckConstraint("limit_fen >= 0 AND limit_fen <= fence_fen", name="limit_within_fence"),
    )
    op.create_index("ix_credits_tenant", "credits", ["tenant"])


def _reservations() -> None:
    texts = ("id", "tenant", "supplier_tenant", "order_id", "buyer_id", "sku_id", "supplier_id", "good", "bucket")
    states = "'held', 'confirmed', 'released', 'expired', 'rejected', 'cancelled'"
    op.create_table(
        "reservations",
        *(_text(name) for name in texts),
        *(_whole(name) for name in ("pieces", "taken_pieces", "unit_price_fen", "on_credit")),
        *(_text(name) for name in ("state", "reason")),
        *(_text(name, nullable=True) for name in ("decision_id", "replaces")),
        *(_whole(name) for name in ("created_at_ms", "expires_at_ms", "updated_at_ms")),
        sa.PrimaryKeyConstraint("id", name="pk_reservations"),
        sa.CheckConstraint("pieces > 0", name="pieces_positive"),
        sa.CheckConstraint("taken_pieces >= 0 AND taken_pieces <= pieces", name="taken_within_pieces"),
        sa.CheckConstraint("unit_price_fen >= 0", name="price_not_negative"),
        sa.CheckConstraint("on_credit IN (0, 1)", name="on_credit_or_not"),
        sa.CheckConstraint(f"state IN ({states})", name="state_known"),
        sa.CheckConstraint("state IN ('held', 'confirmed') OR taken_pieces = 0", name="nothing_taken_at_the_end"),
    )
    op.create_index("ix_reservations_tenant_id", "reservations", ["tenant", "id"])
    op.create_index("ix_reservations_supplier_tenant_id", "reservations", ["supplier_tenant", "id"])
    op.create_index("ix_reservations_order_id", "reservations", ["order_id"])
    op.create_index("ix_reservations_supplier_id_good_bucket", "reservations", ["supplier_id", "good", "bucket"])
    held = sa.text("state = 'held'")
    op.create_index("ix_reservations_due", "reservations", ["expires_at_ms"], sqlite_where=held, postgresql_where=held)


def _decisions() -> None:
    op.create_table(
        "decisions",
        *(_text(name) for name in ("id", "tenant", "order_id", "inputs", "outcome")),
        _whole("created_at_ms"),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_tenant_id", "decisions", ["tenant", "id"])
    op.create_index("ix_decisions_order_id", "decisions", ["order_id"])
