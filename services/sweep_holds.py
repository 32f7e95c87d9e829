"""A thread that expires holds that are due; any number of servers may have one."""

from __future__ import annotations

import threading

from contracts.errors import EvenflowError
from services.reserve import Desk
from store.booking.end import sweep

__all__ = ["Sweeper"]


class Sweeper:
    """Sweeps every so many seconds until it is stopped. A database that does not answer is tried again next time.

    Parameters
    ----------
    seconds
        Between two sweeps, > 0. A hold that is due can no longer be confirmed, swept or not.
    """

    def __init__(self, desk: Desk, *, seconds: float = 1.0) -> None:
        self._desk, self._seconds = desk, seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hold-sweeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for a sweep at work."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                if self._desk.database.made:
                    while sweep(self._desk.database, self._desk.clock()):
                        pass
            except EvenflowError:
                continue
