"""Webhooks and their deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_NAMED = "(SELECT nullif(current_setting('evenflow.tenant', true), ''))"
_TABLES = ("webhooks", "webhook_deliveries")


def _deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("webhook_id", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at_ms", sa.BigInteger, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", "position", name="pk_webhook_deliveries"),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name="delivery_state_known"),
    )
    op.create_index(
        "ix_webhook_deliveries_webhook_id_state_subject_position",
        "webhook_deliveries",
        ["webhook_id", "state", "subject", "position"],
    )


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("party", sa.Text),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("topics", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("read_to", sa.BigInteger, nullable=False),
        sa.Column("leased_by", sa.Text, nullable=False),
        sa.Column("leased_until_ms", sa.BigInteger, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger),
        sa.Column("ended_because", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_index("ix_webhooks_tenant", "webhooks", ["tenant"])
    _deliveries()
    if op.get_bind().dialect.name == "postgresql":
        for table in _TABLES:
            op.execute(f"CREATE POLICY tenants ON {table} USING ({_NAMED} = chr(1) OR tenant = {_NAMED})")
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Go back."""
    for table in reversed(_TABLES):
        op.drop_table(table)
