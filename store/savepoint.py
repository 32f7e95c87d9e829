"""A part of a transaction that can be taken back by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

__all__ = ["savepoint"]


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """Keep what the block changes if it ends, take it back if it raises; the transaction goes on either way."""
    # SQLite's driver at once: a savepoint is nothing beside SQLAlchemy's statement, which PostgreSQL's takes, so that
    # a lost connection is told as everywhere.
    sqlite = connection.dialect.name == "sqlite"
    execute = connection.connection.cursor().execute if sqlite else connection.exec_driver_sql
    execute("SAVEPOINT part")
    try:
        yield
    except BaseException as error:
        try:
            execute("ROLLBACK TO SAVEPOINT part")
            execute("RELEASE SAVEPOINT part")
        except (sqlite3.Error, SQLAlchemyError):
            raise error from None  # the disk is full or the server gone: everything was taken back already
        raise
    execute("RELEASE SAVEPOINT part")
