"""The ledger of settled sales, which only grows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_WHOSE = {
    "settlement_rules": ("tenant",),
    "settlement_events": ("tenant", "owner_tenant"),
    "settlement_entries": ("tenant", "party_tenant"),
}
_REFUSED = "the ledger is append-only"
_NAMED = "(SELECT nullif(current_setting('evenflow.tenant', true), ''))"


def upgrade() -> None:
    """Go forward."""
    _tables()
    for table in _WHOSE:
        for statement in _triggers(table):
            op.execute(statement)
    if op.get_bind().dialect.name == "postgresql":
        _fence()


def downgrade() -> None:
    """Go back."""
    for table in _WHOSE:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION ledger_kept()")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _wholes(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _tables() -> None:
    op.create_table(
        "settlement_rules",
        *_texts("tenant", "rules_hash", "body"),
        *_wholes("created_at_ms"),
        sa.PrimaryKeyConstraint("tenant", "rules_hash", name="pk_settlement_rules"),
    )
    op.create_table(
        "settlement_events",
        *_texts("tenant", "kind", "event_id", "sale_id", "owner_id", "owner_tenant"),
        *_wholes("pieces", "digest"),
        *_texts("rules_hash"),
        *_wholes("at_ms", "booked_at_ms"),
        sa.PrimaryKeyConstraint("tenant", "kind", "event_id", name="pk_settlement_events"),
    )
    op.create_table(
        "settlement_entries",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        *_texts("tenant", "kind", "event_id", "sale_id", "role", "party_id", "party_tenant"),
        *_wholes("share_fen", "at_ms", "booked_at_ms"),
        sa.PrimaryKeyConstraint("position", name="pk_settlement_entries"),
    )
    op.create_index("ix_settlement_events_tenant_sale_id", "settlement_events", ["tenant", "sale_id"])
    op.create_index("ix_settlement_events_sale_id", "settlement_events", ["sale_id"])
    op.create_index("ix_settlement_entries_tenant_sale_id", "settlement_entries", ["tenant", "sale_id"])
    op.create_index("ix_settlement_entries_party_id_position", "settlement_entries", ["party_id", "position"])


def _triggers(table: str) -> tuple[str, ...]:
    if op.get_bind().dialect.name == "sqlite":
        return tuple(
            f"CREATE TRIGGER {table}_{what.lower()} BEFORE {what} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
            for what in ("UPDATE", "DELETE")
        )
    body = f"$$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$"
    kept = "EXECUTE FUNCTION ledger_kept()"
    return (
        f"CREATE OR REPLACE FUNCTION ledger_kept() RETURNS trigger LANGUAGE plpgsql AS {body}",
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {kept}",
        f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {kept}",
    )


def _fence() -> None:
    for table, columns in _WHOSE.items():
        whose = " OR ".join(f"{column} = {_NAMED}" for column in columns)
        op.execute(f"CREATE POLICY tenants ON {table} USING ({_NAMED} = chr(1) OR {whose})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
