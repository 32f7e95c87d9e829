"""One order split among its candidates so that the score is highest, exactly, with smallest lots."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from contracts.jit import compiled
from matching.problem import Floats, Ints

__all__ = ["MOST_PIECES", "Split", "best_split"]

MOST_PIECES = 512
"""Orders of more pieces are not split here where smallest lots bind: the table of all numbers of pieces gets long."""
_SAME = 1e-12
_NOTHING = -np.inf
_ONE, _SEVERAL, _TOO_LITTLE = range(3)  # best splits; one that gives somebody less than its smallest lot


class Split(NamedTuple):
    """Who takes how many pieces (int64 [K]), and what one more piece of each one's capacity would gain (float64 [K]).

    ``by_lots``: whether smallest lots changed who takes what; prices are those without smallest lots.
    """

    pieces: Ints
    price: Floats
    by_lots: bool


def best_split(score: Floats, room: Ints, minimum: Ints, pieces: int, penalty: float) -> Split | None:
    """Return the best split of an order; None where it is not unique, or the order is too large for smallest lots.

    Parameters
    ----------
    score, room, minimum
        float64 [K] gain per piece, int64 [K] pieces there, int64 [K] fewest pieces a candidate takes, >= 1.
    pieces
        Of the order, > 0.
    penalty
        Score lost per unserved piece.
    """
    found, taken, price = _filled(score + penalty, room, minimum, pieces)
    if found == _SEVERAL or (found == _TOO_LITTLE and pieces > MOST_PIECES):
        return None
    if found == _TOO_LITTLE:
        taken = _in_lots(score + penalty, room, minimum, pieces)
    return Split(taken, price, by_lots=bool(found == _TOO_LITTLE))


@compiled
def _filled(worth: Floats, room: Ints, minimum: Ints, pieces: int) -> tuple[int, Ints, Floats]:
    """Return what each takes if the best takes all it can, the next one what is left, and so on; and the prices.

    One more piece of somebody who serves would free a piece of the worst that serves, or one that is unserved.
    """
    taken, price = np.zeros(worth.size, np.int64), np.zeros(worth.size)
    ahead = np.argsort(-worth, kind="mergesort")
    found, left, least = _ONE, pieces, 0.0
    for at in range(worth.size):
        t = ahead[at]
        if abs(worth[t]) < _SAME or (at and worth[ahead[at - 1]] - worth[t] < _SAME):
            return _SEVERAL, taken, price
        if worth[t] > 0:
            taken[t] = min(room[t], left)
            left -= taken[t]
        if taken[t]:
            least = worth[t]
            if taken[t] < minimum[t]:
                found = _TOO_LITTLE
    for t in range(worth.size):
        if taken[t]:
            price[t] = worth[t] - (0.0 if left else least)
    return found, taken, price


@compiled
def _in_lots(worth: Floats, room: Ints, minimum: Ints, pieces: int) -> Ints:
    """Return the best pieces where each takes nothing or at least its minimum: best totals candidate by candidate."""
    best = np.full((worth.size + 1, pieces + 1), _NOTHING)
    best[0, 0] = 0.0
    lot = np.zeros((worth.size, pieces + 1), np.int64)
    for t in range(worth.size):
        best[t + 1] = best[t]
        if worth[t] <= 0:
            continue
        for total in range(pieces + 1):
            for mine in range(minimum[t], min(room[t], total) + 1):
                value = best[t, total - mine] + worth[t] * mine
                if value > best[t + 1, total]:
                    best[t + 1, total], lot[t, total] = value, mine
    total = int(np.argmax(best[worth.size]))
    taken = np.zeros(worth.size, np.int64)
    for t in range(worth.size - 1, -1, -1):
        taken[t] = lot[t, total]
        total -= taken[t]
    return taken
