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
    worth = score + penalty
    ahead = np.argsort(-worth, kind="stable")
    if (np.abs(worth) < _SAME).any() or (np.diff(worth[ahead]) > -_SAME).any():
        return None
    taken = _filled(worth, room, ahead, pieces)
    price = _prices(worth, taken, int(pieces - taken.sum()))
    if (taken[taken > 0] >= minimum[taken > 0]).all():
        return Split(taken, price, by_lots=False)
    if pieces > MOST_PIECES:
        return None
    return Split(_in_lots(worth, room, minimum, pieces), price, by_lots=True)


def _filled(worth: Floats, room: Ints, ahead: Ints, pieces: int) -> Ints:
    """Return what each takes if the best takes all it can, the next one what is left, and so on."""
    offered = np.where(worth > 0, np.minimum(room, pieces), 0)[ahead]
    before = np.cumsum(offered) - offered
    taken: Ints = np.zeros(worth.size, np.int64)
    taken[ahead] = np.clip(pieces - before, 0, offered)
    return taken


def _prices(worth: Floats, taken: Ints, unserved: int) -> Floats:
    """Return what one more piece of each would gain: it frees a piece of the worst that serves, or one unserved."""
    served = taken > 0
    least = 0.0 if unserved or not served.any() else float(worth[served].min())
    price: Floats = np.where(served, worth - least, 0.0)
    return price


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
