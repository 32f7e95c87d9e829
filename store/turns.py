"""Work on the same thing, done by turns: whoever waits meanwhile is done together at the next turn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

__all__ = ["Turns"]

W = TypeVar("W")
R = TypeVar("R")
_MOST = 64  # of one turn: whoever comes first waits for at most so many others


class _Piece(Generic[W, R]):
    """A piece of work whose thread waits for its turn: with others at the head of which it stands, or done."""

    def __init__(self, work: W) -> None:
        self.work = work
        self.ready = threading.Event()
        self.turn: list[_Piece[W, R]] = []
        self.outcome: R | Exception = RuntimeError("its turn was broken off")


class Turns:
    """Threads that work on the same thing at once share its turns. The thread of a turn's first piece does them all.

    Nobody waits for others to come: who finds a thing free works on it at once.
    """

    def __init__(self) -> None:
        self._waiting: dict[Hashable, list[_Piece[Any, Any]]] = {}
        self._lock = threading.Lock()

    def take(self, thing: Hashable, work: W, do: Callable[[Sequence[W]], Sequence[R | Exception]]) -> R:
        """Return the outcome of a piece of work on a thing.

        Parameters
        ----------
        do
            Does the pieces of a turn and returns an outcome for each, in their order. An exception is raised where the
            piece came from; one that it raises is everybody's of the turn.
        """
        piece: _Piece[W, R] = _Piece(work)
        with self._lock:
            if thing in self._waiting:
                self._waiting[thing].append(piece)
            else:
                self._waiting[thing], piece.turn = [], [piece]
        if not piece.turn:
            piece.ready.wait()
        if piece.turn:
            self._lead(thing, piece.turn, do)
        if isinstance(piece.outcome, Exception):
            raise piece.outcome
        return piece.outcome

    def _lead(
        self, thing: Hashable, turn: list[_Piece[W, R]], do: Callable[[Sequence[W]], Sequence[R | Exception]]
    ) -> None:
        try:
            for piece, outcome in zip(turn, do([piece.work for piece in turn]), strict=True):
                piece.outcome = outcome
        except Exception as error:  # noqa: BLE001 (each raises it where it waits)
            for piece in turn:
                piece.outcome = error
        finally:
            self._hand_on(thing)
            for piece in turn[1:]:
                piece.ready.set()

    def _hand_on(self, thing: Hashable) -> None:
        """Give the next turn to the first who waits."""
        with self._lock:
            waiting = self._waiting.pop(thing)
            turn, later = waiting[:_MOST], waiting[_MOST:]
            if turn:
                self._waiting[thing] = later
                turn[0].turn = turn
                turn[0].ready.set()
