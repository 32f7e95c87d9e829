"""Alembic's entry: migrates on the connection it is given, in the caller's transaction."""

from __future__ import annotations

from alembic import context

from store.schema import METADATA

__all__ = ["run"]


def run() -> None:
    """Migrate; SQLite, which cannot change a table in place, gets a new one that takes over the rows."""
    context.configure(
        connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True
    )
    context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic loads this file; whoever else imports it migrates nothing
    run()
