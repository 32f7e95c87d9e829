"""A thread that does a piece of work again and again; any number of servers and workers may have one of each."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from contracts.errors import EvenflowError

__all__ = ["KeepDoing"]

_log = logging.getLogger(__name__)


class KeepDoing:
    """Does its work every so many seconds until it is stopped; whatever goes wrong, it tries again.

    Parameters
    ----------
    work
        What is done; an error that is not an `EvenflowError`, a fault of ours, is logged.
    name
        Of the thread.
    seconds
        Between two times, > 0.
    """

    def __init__(self, work: Callable[[], object], name: str, *, seconds: float = 1.0) -> None:
        self._work, self._seconds = work, seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for what is being done."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                self._work()
            except EvenflowError:
                continue
            except Exception:  # noqa: BLE001 (a thread that ended would be missed by nobody until much later)
                _log.exception("%s", self._thread.name)
