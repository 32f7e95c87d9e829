"""Facts from outside, stages over the outbox, and what they parked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_NAMED = "(SELECT nullif(current_setting('evenflow.tenant', true), ''))"
_TABLES = ("facts", "stages", "parked_work")
_KINDS = "kind IN ('order', 'sale', 'signal', 'capacity_change', 'progress', 'cancellation')"


def upgrade() -> None:
    """Go forward."""
    _facts()
    _stages()
    _parked_work()
    if op.get_bind().dialect.name == "postgresql":
        for table in _TABLES:
            op.execute(f"CREATE POLICY tenants ON {table} USING ({_NAMED} = chr(1) OR tenant = {_NAMED})")
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _facts() -> None:
    op.create_table(
        "facts",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("root", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("occurred_at_ms", sa.BigInteger, nullable=False),
        sa.Column("accepted_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key", name="pk_facts"),
        sa.CheckConstraint(_KINDS, name=op.f("ck_facts_kind_known")),
    )
    op.create_index("ix_facts_tenant_root", "facts", ["tenant", "root"])
    op.create_index("ix_facts_kind_subject", "facts", ["kind", "subject"])


def _stages() -> None:
    op.create_table(
        "stages",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("leased_by", sa.Text, nullable=False),
        sa.Column("leased_until_ms", sa.BigInteger, nullable=False),
        sa.Column("next_at_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_stages"),
    )


def _parked_work() -> None:
    op.create_table(
        "parked_work",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("from_position", sa.BigInteger, nullable=False),
        sa.Column("to_position", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("parked_at_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_parked_work"),
        sa.CheckConstraint("state IN ('parked', 'retried', 'discarded')", name=op.f("ck_parked_work_state_known")),
    )
    op.create_index("ix_parked_work_state_number", "parked_work", ["state", "number"])


def downgrade() -> None:
    """Go back."""
    for table in _TABLES[::-1]:
        op.drop_table(table)
