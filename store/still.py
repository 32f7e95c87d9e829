"""Hold a home still: nobody publishes, appends or activates while a moment of it is copied."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import IO

from contracts.errors import UnavailableError

__all__ = ["copy_sqlite", "files_below", "held_still", "pinned"]

_LOCKS = ("lock", "events.log", "*.jsonl", "*.log")
_PAUSE_SECONDS = 0.02


@contextmanager
def held_still(home: Path, *, seconds: float = 30.0) -> Iterator[None]:
    """Hold every lock that writers of a home take.

    All are taken or none: whoever holds one and waits for another is let through first.

    Parameters
    ----------
    home
        The home folder.
    seconds
        How long to try.

    Raises
    ------
    UnavailableError
        If somebody was writing all the time.
    """
    end = time.monotonic() + seconds
    paths = [path for path in files_below(home) if any(fnmatch(path.name, name) for name in _LOCKS)]
    while True:
        with ExitStack() as stack:
            files = [stack.enter_context(path.open("rb")) for path in paths if path.exists()]
            busy = next((file for file in files if not _taken(file)), None)
            if busy is None:
                yield
                return
        if time.monotonic() > end:
            raise UnavailableError(f"{busy.name}: being written to for {seconds:g} s; try again later")
        time.sleep(_PAUSE_SECONDS)


def files_below(folder: Path) -> list[Path]:
    """List the files below a folder, sorted; a folder that goes away meanwhile has none."""
    below = (Path(place) / name for place, _, names in os.walk(folder) for name in names)
    return sorted(path for path in below if path.is_file())


@contextmanager
def pinned(file: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection that sees a SQLite file as it is now, whatever is written to it later."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("PRAGMA busy_timeout=5000").close()
        connection.execute("BEGIN").close()
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the snapshot begins with the first read
        yield connection
    finally:
        connection.close()


def copy_sqlite(source: sqlite3.Connection, place: Path) -> None:
    """Write what a connection sees to a new file."""
    place.unlink(missing_ok=True)
    target = sqlite3.connect(place)
    try:
        source.backup(target, pages=-1)  # in one step: the source's transaction is the one that was begun
    finally:
        target.close()


def _taken(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
