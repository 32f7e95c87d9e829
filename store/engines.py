"""Connections: SQLite as a file that survives a crash, PostgreSQL through psycopg 3."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from contracts.errors import InputError
from store.eyes import open_eyes

__all__ = ["FILE_NAME", "IMMEDIATE", "checked_url", "default_url", "engine_of", "first_rows"]

FILE_NAME = "evenflow.db"
IMMEDIATE = {"evenflow_immediate": True}
"""Execution option of a connection whose transactions take SQLite's write lock at once, not at their first write."""

_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")
_EXPECTED = "sqlite:///FILE or postgresql://USER@HOST/NAME"
_POOL = 16  # connections of a process; more clients than that wait for one
_SECONDS_TO_WAIT = 5  # for a connection of the pool, for the server, and for SQLite's lock
_KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
# seconds, seconds, times, milliseconds: whoever waits for a machine that is gone is told so
_SERVER_OPTIONS = "-c lock_timeout=5s -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s"


def default_url(home: Path) -> str:
    """Return the URL of a home's own database: a SQLite file in it."""
    return URL.create("sqlite", database=str(home / FILE_NAME)).render_as_string()


def checked_url(text: str) -> URL:
    """Return a database's URL, PostgreSQL's with the driver we use.

    Raises
    ------
    InputError
        If it is none of ours; passwords are not shown.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise InputError("database URL", _EXPECTED, "something that is no URL") from None
    if url.drivername == "sqlite" and url.database not in (None, "", ":memory:"):
        return url
    if url.drivername in _POSTGRES:
        return url.set(drivername="postgresql+psycopg")
    raise InputError("database URL", _EXPECTED, url.render_as_string())


def engine_of(url: URL) -> Engine:
    """Return the engine of a checked URL; nothing is connected yet."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, pool_size=_POOL, max_overflow=0, pool_timeout=_SECONDS_TO_WAIT)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    arguments = {"connect_timeout": _SECONDS_TO_WAIT, "options": _SERVER_OPTIONS, "application_name": "evenflow"}
    arguments |= _KEEPALIVES
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    engine = create_engine(
        url, pool_size=_POOL, max_overflow=0, pool_timeout=_SECONDS_TO_WAIT, connect_args=arguments, pool_use_lifo=True
    )
    event.listen(engine, "connect", open_eyes)
    return engine


def first_rows(connection: Connection, statement: str, parameters: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Execute a statement of PostgreSQL's driver many times in one trip to the server; return the first row of each.

    Parameters
    ----------
    connection
        In a transaction (`Connection.begin`): the driver is asked behind SQLAlchemy's back.

    Raises
    ------
    DBAPIError
        As when SQLAlchemy executes it.
    """
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor:
            cursor.executemany(statement, parameters, returning=True)
            rows = [cursor.fetchone()]
            while cursor.nextset():
                rows.append(cursor.fetchone())
            return rows
    except connection.dialect.loaded_dbapi.Error as error:
        lost = bool(driver.closed)
        if lost:
            connection.invalidate(error)
        base = connection.dialect.loaded_dbapi.Error
        raise DBAPIError.instance(statement, None, error, base, connection_invalidated=lost) from error


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    del record
    connection.isolation_level = None  # Python's own idea of when a transaction begins leaves DDL outside
    for setting in (
        f"busy_timeout={_SECONDS_TO_WAIT * 1000}",  # first: changing the journal may have to wait, too
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {setting}").close()


def _begin_sqlite(connection: Connection) -> None:
    now = connection.get_execution_options().get("evenflow_immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if now else "BEGIN")
