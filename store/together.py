"""Many small pieces of work in one transaction: one flush of the disk for all, and nobody sees half of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from store.database import Database, Work
from store.savepoint import savepoint
from store.turns import Turns

__all__ = ["together"]

T = TypeVar("T")


def together(database: Database, work: Callable[[Database], T]) -> T:
    """Return what `work` makes with a database all of whose reads and writes are one transaction.

    What it writes is durable when this returns, and none of it if it raises. A write whose error `work` catches takes
    back its own changes only.

    Parameters
    ----------
    work
        May be called again when another transaction was in the way, so it changes nothing but the database it is given.

    Raises
    ------
    UnavailableError, NotReadyError
        As for `Database.write`.
    """
    return database.write(lambda connection: work(_Joined(database, connection)))


class _Joined(Database):
    """A database within a transaction of another one."""

    def __init__(self, whole: Database, connection: Connection) -> None:
        self.url, self.embedded, self.file, self.engine = whole.url, whole.embedded, whole.file, whole.engine
        self.turns = Turns()  # nobody outside the transaction works on a row with it
        self._connection = connection

    def write(self, work: Work[T], *, single: bool = False) -> T:
        """Do a piece of work in a savepoint of its own."""
        del single
        with savepoint(self._connection):
            return work(self._connection)

    def read(self, work: Work[T], *, whole: bool = False) -> T:
        """Read as the transaction sees it."""
        del whole
        return work(self._connection)
