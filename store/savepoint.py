"""A part of a transaction that can be taken back by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

__all__ = ["savepoint"]


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """Keep what the block changes if it ends, take it back if it raises; the transaction goes on either way."""
    cursor = connection.connection.cursor()  # the driver's own: a savepoint is nothing beside SQLAlchemy's statement
    cursor.execute("SAVEPOINT part")
    try:
        yield
    except BaseException as error:
        try:
            cursor.execute("ROLLBACK TO SAVEPOINT part")
            cursor.execute("RELEASE SAVEPOINT part")
        except connection.dialect.loaded_dbapi.Error:
            raise error from None  # the disk is full or the server gone: everything was taken back already
        raise
    cursor.execute("RELEASE SAVEPOINT part")
