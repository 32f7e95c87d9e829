"""Which form the database has, and the way from one form to the next (Alembic)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine

from contracts.errors import InputError, NotReadyError
from store.engines import IMMEDIATE

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

__all__ = ["downgrade", "newest", "require_current", "revision_of", "revisions", "upgrade"]

_SCRIPTS = Path(__file__).resolve().parent / "migrations"


def revisions() -> list[str]:
    """Return the names of all forms, the oldest first."""
    return [script.revision for script in _scripts().walk_revisions()][::-1]


def newest() -> str:
    """Return the name of the form that this program works with."""
    return revisions()[-1]


def revision_of(engine: Engine) -> str | None:
    """Return the form a database has; None for an empty one."""
    with engine.connect() as connection:
        return _revision(connection)


def require_current(engine: Engine) -> None:
    """Refuse a database in another form than this program works with.

    Raises
    ------
    NotReadyError
        Says which form it has, and what to do.
    """
    found, wanted = revision_of(engine), newest()
    if found == wanted:
        return
    if found is not None and found not in revisions():
        raise NotReadyError(_unknown(found, wanted))
    was = "is empty" if found is None else f"has form {found}"
    raise NotReadyError(f"the database {was}, this program needs {wanted}: run `evenflow db upgrade`")


def upgrade(engine: Engine, to: str | None = None) -> str | None:
    """Bring a database to a form, the newest by default, all or nothing; return the form it has then.

    Raises
    ------
    InputError
        If there is no such form, or it is an older one.
    NotReadyError
        If a newer program made the database.
    """
    return _migrate(engine, to or newest(), back=False)


def downgrade(engine: Engine, to: str) -> str | None:
    """Take a database back to an older form (``base`` = empty); what only newer forms hold is lost.

    Raises
    ------
    InputError
        If there is no such form, or it is a newer one.
    """
    return _migrate(engine, to, back=True)


def _migrate(engine: Engine, to: str, *, back: bool) -> str | None:
    known = ["base", *revisions()]
    if to not in known:
        raise InputError("--to", f"one of {', '.join(known)}", to)
    with engine.connect().execution_options(**IMMEDIATE) as connection, connection.begin():
        _take_turn(connection)
        found = _revision(connection) or "base"
        if found not in known:
            raise NotReadyError(_unknown(found, known[-1]))
        if found != to:
            if (known.index(to) < known.index(found)) is not back:
                raise InputError("--to", f"a form {'older' if back else 'newer'} than {found}", to)
            _run(connection, to, back=back)
        return None if to == "base" else to


def _take_turn(connection: Connection) -> None:
    """Wait for others that migrate: SQLite's lock is ours already, PostgreSQL has locks for such things."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4921733)")


def _revision(connection: Connection) -> str | None:
    from alembic.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def _run(connection: Connection, to: str, *, back: bool) -> None:
    from alembic import command

    config = _config(connection=connection)
    (command.downgrade if back else command.upgrade)(config, to)


def _config(**attributes: Any) -> Config:
    from alembic.config import Config

    config = Config(attributes=attributes)
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def _unknown(found: str, newest_known: str) -> str:
    return f"the database has form {found}, this program knows none after {newest_known}: upgrade the program"
