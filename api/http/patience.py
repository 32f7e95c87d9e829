"""Connections that send no whole request are ended: whoever holds many open, a byte now and then, keeps nobody out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Patience"]


class Patience:
    """How long a connection may take over the head of a request.

    Parameters
    ----------
    seconds
        From when it is opened, or has had its last answer.
    clock
        Seconds, monotonic.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._since: dict[Any, tuple[Any, float]] = {}

    def end(self, connections: Iterable[Any]) -> int:
        """Close those that have taken too long, and return how many.

        Parameters
        ----------
        connections
            Protocols of uvicorn: their ``cycle`` is the latest request whose head came, None before the first; sockets
            of the console have none, and are left.
        """
        now, before, self._since, ended = self._clock(), self._since, {}, 0
        for connection in list(connections):
            if not hasattr(connection, "cycle"):
                continue
            cycle = connection.cycle
            if cycle is not None and not cycle.response_complete:
                continue  # we are the ones who owe an answer
            last, since = before.get(connection, (cycle, now))
            since = since if last is cycle else now
            if now - since >= self._seconds:
                connection.transport.close()
                ended += 1
            else:
                self._since[connection] = (cycle, since)
        return ended
