"""Processes that write to one SQLite file, one after the other, and none of them twice while another waits."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

__all__ = ["alone"]

_SECONDS_TO_WAIT, _SECONDS_BETWEEN_LOOKS = 5.0, 0.001


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Be the only process at its turn at a file.

    SQLite's own lock is kept by whoever asks again first: others look for it after up to a tenth of a second only, so
    a busy process keeps them out for seconds. Here who waits stands in the door, through which the busy one has to come
    again. It is about fairness only: after a while, or where a lock cannot be made, SQLite's lock has to do.

    Parameters
    ----------
    file
        The locks lie beside it: ``FILE-door`` and ``FILE-turn``.
    """
    with ExitStack() as stack:
        try:
            door, turn = (stack.enter_context(file.with_name(f"{file.name}-{name}").open("wb")) for name in _LOCKS)
        except OSError:
            yield
            return
        until = time.monotonic() + _SECONDS_TO_WAIT
        if _taken(door, until) and _taken(turn, until):
            fcntl.flock(door, fcntl.LOCK_UN)
        yield


_LOCKS = ("door", "turn")


def _taken(lock: IO[bytes], until: float) -> bool:
    """Take a lock, which its file's end gives back; return whether that could be done in time."""
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > until:
                return False
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        else:
            return True
