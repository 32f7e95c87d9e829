"""Facts may tell of a push to communities, and are found by when they happened."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

_BEFORE = ("order", "sale", "signal", "capacity_change", "progress", "cancellation")
_COLUMNS = "tenant, key, kind, subject, root, payload, digest, sequence, occurred_at_ms, accepted_at_ms"


def upgrade() -> None:
    """Go forward."""
    _allow((*_BEFORE, "push"))
    op.create_index("ix_facts_kind_occurred_at_ms", "facts", ["kind", "occurred_at_ms"])


def downgrade() -> None:
    """Go back; facts of the new kind are lost."""
    op.drop_index("ix_facts_kind_occurred_at_ms", "facts")
    op.execute("DELETE FROM facts WHERE kind = 'push'")
    _allow(_BEFORE)


def _allow(kinds: tuple[str, ...]) -> None:
    """Let facts be of these kinds; SQLite changes no check, so that the table is made anew."""
    check = f"CONSTRAINT ck_facts_kind_known CHECK (kind IN ({', '.join(map(repr, kinds))}))"
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE facts DROP CONSTRAINT ck_facts_kind_known")
        op.execute(f"ALTER TABLE facts ADD {check}")
        return
    texts = ", ".join(f"{name} TEXT NOT NULL" for name in _COLUMNS.split(", ")[:7])
    moments = ", ".join(f"{name} BIGINT NOT NULL" for name in _COLUMNS.split(", ")[7:])
    key = "CONSTRAINT pk_facts PRIMARY KEY (tenant, key)"
    op.execute(f"CREATE TABLE facts_anew ({texts}, {moments}, {key}, {check})")
    op.execute(f"INSERT INTO facts_anew ({_COLUMNS}) SELECT {_COLUMNS} FROM facts")  # noqa: S608 (our own names)
    op.execute("DROP TABLE facts")
    op.execute("ALTER TABLE facts_anew RENAME TO facts")
    op.create_index("ix_facts_tenant_root", "facts", ["tenant", "root"])
    op.create_index("ix_facts_kind_subject", "facts", ["kind", "subject"])
