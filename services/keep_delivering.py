"""A thread that sends events to webhooks as they happen; any number of servers and workers may have one."""

from __future__ import annotations

import threading

from contracts.errors import EvenflowError
from services.deliver_events import Courier, deliver_due

__all__ = ["KeepDelivering"]


class KeepDelivering:
    """Delivers every so many seconds until it is stopped. A database that does not answer is tried again next time.

    Parameters
    ----------
    seconds
        Between two looks, > 0.
    """

    def __init__(self, courier: Courier, *, seconds: float = 1.0) -> None:
        self._courier, self._seconds = courier, seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for what is being sent."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                deliver_due(self._courier, seconds=self._seconds)
            except EvenflowError:
                continue
