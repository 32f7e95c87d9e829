"""Asks what may never answer, for a time only: a server that is stopped keeps its connections and their readers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from contracts.errors import UnavailableError

__all__ = ["Probe"]


class Probe:
    """One question; whoever asks while it is still being answered waits for that answer.

    Parameters
    ----------
    question
        Returns if all is well, and raises if not.
    seconds
        How long who asks waits.

    Examples
    --------
    >>> Probe(lambda: None, seconds=5).ask()
    >>> never = threading.Event()
    >>> Probe(lambda: None if never.wait(30) else None, seconds=0.01).ask()
    Traceback (most recent call last):
    ...
    contracts.errors.UnavailableError: the database does not answer: nothing came in 0.01 s
    """

    def __init__(self, question: Callable[[], None], *, seconds: float) -> None:
        self._question, self._seconds = question, seconds
        self._lock = threading.Lock()
        self._asked: Future[None] | None = None

    def ask(self) -> None:
        """Return once all is known to be well.

        Raises
        ------
        UnavailableError
            If nothing is known in time. What else the question raises is raised.
        """
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = Future()
                threading.Thread(target=self._answer, args=(self._asked,), name="probe", daemon=True).start()
            asked = self._asked
        try:
            asked.result(self._seconds)
        except TimeoutError:
            raise UnavailableError(f"the database does not answer: nothing came in {self._seconds:g} s") from None

    def _answer(self, asked: Future[None]) -> None:
        try:
            self._question()
        except BaseException as error:  # noqa: BLE001 (whoever asked is told)
            asked.set_exception(error)
        else:
            asked.set_result(None)
