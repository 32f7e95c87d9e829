"""What finds reservations that are over, and what replaced them, so that old ones can be removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_PARTS = {"updated_at_ms": "state NOT IN ('held', 'confirmed')", "replaces": "replaces IS NOT NULL"}
_NAMES = {"updated_at_ms": "ix_reservations_over", "replaces": "ix_reservations_replaces"}


def upgrade() -> None:
    """Go forward."""
    for column, part in _PARTS.items():
        where = sa.text(part)
        op.create_index(_NAMES[column], "reservations", [column], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Go back."""
    for name in _NAMES.values():
        op.drop_index(name, "reservations")
