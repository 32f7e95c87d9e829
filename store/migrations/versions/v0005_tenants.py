"""Row-level security of PostgreSQL: a session shows the rows of the tenant it names, none if it names none."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

_NAMED = "(SELECT nullif(current_setting('evenflow.tenant', true), ''))"  # a subquery: asked once, not for every row
_WHOSE = {
    "api_keys": ("tenant",),
    "audit": ("tenant",),
    "decisions": ("tenant",),
    "idempotency": ("tenant",),
    "outbox": ("tenant",),
    "reservations": ("tenant", "supplier_tenant"),
    "score_models": ("tenant",),
    "score_outcomes": ("tenant",),
    "score_reviews": ("tenant", "decider"),
    "scores": ("tenant",),
}


def upgrade() -> None:
    """Go forward."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, columns in _WHOSE.items():
        whose = " OR ".join(f"{column} = {_NAMED}" for column in columns)
        op.execute(f"CREATE POLICY tenants ON {table} USING ({_NAMED} = chr(1) OR {whose})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Go back."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _WHOSE:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"DROP POLICY tenants ON {table}")
