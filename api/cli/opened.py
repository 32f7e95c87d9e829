"""The database of a home, open for as long as a command needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from api.settings import read_settings

if TYPE_CHECKING:
    from store.database import Database

__all__ = ["opened_database"]


@contextmanager
def opened_database(home: Path | None) -> Iterator[Database]:
    """Yield the database that a home, or the environment, names; close it in the end."""
    from store.database import Database

    database = Database.open(read_settings(home=home).database())
    try:
        yield database
    finally:
        database.close()
