"""Processes that do the same work side by side: forked, watched, ended together."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from contracts.errors import EvenflowError

__all__ = ["Crew"]

_ENDS = (signal.SIGINT, signal.SIGTERM)
_SOON_SECONDS, _MOST_SOON = 5.0, 3
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG


class Crew:
    """Does its work in several processes; one that ends is followed by another until SIGINT or SIGTERM ends them all.

    They are forks of this process: what it has in memory they share until somebody changes it. So it may run no
    threads. uvicorn's own workers are started anew instead, and each reads and indexes everything for itself.

    Parameters
    ----------
    work
        What each of them does until it is told to end.
    count
        How many, >= 1.
    ended
        Called with the number of each process that ended.
    """

    def __init__(self, work: Callable[[], None], count: int, *, ended: Callable[[int], None]) -> None:
        self._work, self._count, self._ended = work, count, ended
        self._began: dict[int, float] = {}
        self._told: int | None = None
        self._soon = 0

    def run(self) -> None:
        """Return once all of them have ended.

        Raises
        ------
        EvenflowError
            If they end again and again right after their start.
        """
        for number in _ENDS:
            signal.signal(number, self._tell)
        for _ in range(self._count):
            self._start()
        while self._began:
            pid, _ = os.wait()
            began = self._began.pop(pid, None)
            if began is not None:
                self._ended(pid)
                self._follow(began)
        if self._soon >= _MOST_SOON:
            raise EvenflowError(
                f"serve: {self._soon} processes ended right after their start; their errors stand above"
            )

    def _follow(self, began: float) -> None:
        """Start another process in place of one that ended by itself."""
        if self._told is not None:
            return
        self._soon = self._soon + 1 if time.monotonic() - began < _SOON_SECONDS else 0
        if self._soon < _MOST_SOON:
            self._start()
        else:
            self._tell(signal.SIGTERM, None)

    def _tell(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._told = number
        for pid in list(self._began):
            os.kill(pid, number)

    def _start(self) -> None:
        sys.stdout.flush()
        parent = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)  # a signal between the fork and its handlers would be lost
        pid = os.fork()
        if pid == 0:
            self._be(parent)
        self._began[pid] = time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
        if self._told is not None:
            os.kill(pid, self._told)

    def _be(self, parent: int) -> NoReturn:
        """Do the work in the new process, then end it without what its parent would do at its end."""
        code = 1
        try:
            os.setpgid(0, 0)  # Ctrl-C reaches the parent alone, which passes it on once
            _die_with(parent)
            for number in _ENDS:
                signal.signal(number, _leave)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
            self._work()
            code = 0
        except SystemExit:
            code = 0
        except EvenflowError as error:
            sys.stderr.write(f"evenflow: {error}\n")
        except BaseException:  # noqa: BLE001 (nothing may unwind into the parent's work)
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """End before the work took the signals over, or after it has ended by them."""
    del number, frame
    warnings.simplefilter("ignore", RuntimeWarning)  # of a loop that was made and will never run
    sys.exit(0)


def _die_with(parent: int) -> None:
    """End by SIGTERM when the parent is gone, however it went, where the system knows how."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)
