"""One order split among its candidates so that the score is highest, exactly, with smallest lots."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from contracts.jit import compiled, merged
from matching.online_kernel import CHOSEN, FULL, NOT_WORTH, OUTBID, OUTSCORED
from matching.problem import Floats, Ints

__all__ = ["MOST_PIECES", "Split", "best_split"]

MOST_PIECES = 512
"""Orders of more pieces are not split here where smallest lots bind: the table of all numbers of pieces gets long."""
_SAME = 1e-12
_NOTHING = -np.inf
_ONE, _SEVERAL, _TOO_LITTLE = range(3)  # best splits; one that gives somebody less than its smallest lot
_NO_LINES = (np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


class Split(NamedTuple):
    """Who takes how many pieces (int64 [K]), what one more piece of each one's capacity would gain (float64 [K]), why.

    ``code`` (int64 [K]) is the position of each candidate's reason in `matching.online.REASONS`. ``by_lots``: whether
    smallest lots changed who takes what; prices are those without smallest lots.
    """

    pieces: Ints
    price: Floats
    code: Ints
    by_lots: bool


def best_split(
    score: Floats,
    room: Ints,
    minimum: Ints,
    pieces: int,
    penalty: float,
    *,
    limit: Ints | None = None,
    credit: tuple[Ints, Floats, Floats] = _NO_LINES,
) -> Split | None:
    """Return the best split of an order; None where it is not unique or credit or the order's size ask for a solver.

    Parameters
    ----------
    score, room, minimum
        float64 [K] gain per piece, int64 [K] pieces there, int64 [K] fewest pieces a candidate takes, >= 1.
    pieces
        Of the order, > 0.
    penalty
        Score lost per unserved piece.
    limit
        int64 [K], reason that excludes a candidate, -1 = none; None: nobody is excluded.
    credit
        int64 [K] credit line of each candidate (-1 = none), float64 [K] what a piece takes of it (NaN unknown), float64
        [lines] what is left: enough for a piece more of all who serve, or lines decide, too.
    """
    limits = np.full(score.size, -1) if limit is None else limit
    found, taken, price, code = _split(score, room, minimum, limits, pieces, penalty, *credit)
    return None if found == _SEVERAL else Split(taken, price, code, by_lots=bool(found == _TOO_LITTLE))


@compiled
def _split(  # noqa: PLR0917 (compiled: no keywords)
    score: Floats, room: Ints, minimum: Ints, limit: Ints, pieces: int, penalty: float, line: Ints, use: Floats,
    left: Floats,
) -> tuple[int, Ints, Floats, Ints]:  # fmt: skip
    """Return whether there is one best split, and the split."""
    open_to = np.flatnonzero(limit < 0)
    worth, has, least = score[open_to] + penalty, room[open_to], minimum[open_to]
    found, some, gain = _filled(worth, has, least, pieces)
    if found == _TOO_LITTLE and pieces > MOST_PIECES:
        found = _SEVERAL
    elif found == _TOO_LITTLE:
        some = _in_lots(worth, has, least, pieces)
    taken, price = np.zeros(limit.size, np.int64), np.zeros(limit.size)
    for place, t in enumerate(open_to):
        taken[t], price[t] = some[place], gain[place]
    if line.size and not _has_credit(taken, limit, pieces, found == _TOO_LITTLE, line, use, left):
        found = _SEVERAL
    return found, taken, price, _codes(score, room, limit, taken, pieces, penalty)


@merged
def _has_credit(  # noqa: PLR0917 (compiled: no keywords)
    taken: Ints,
    limit: Ints,
    pieces: int,
    by_lots: bool,  # noqa: FBT001
    line: Ints,
    use: Floats,
    left: Floats,
) -> bool:
    """Whether credit changes nothing: a piece more from each who serves (in lots: from all) would be within it."""
    more = 0 if taken.max() == pieces else 1
    drawn = np.zeros(taken.size)
    for t in range(taken.size):
        asked = taken[t] + more if taken[t] else 0
        if by_lots:
            asked = pieces + 1 if limit[t] < 0 else 0
        drawn[t] = 0.0 if np.isnan(use[t]) else use[t] * asked
    short = False
    for t in range(taken.size):
        short |= line[t] >= 0 and drawn[line == line[t]].sum() > left[line[t]]
    return not short


@merged
def _codes(  # noqa: PLR0917 (compiled: no keywords)
    score: Floats, room: Ints, limit: Ints, taken: Ints, pieces: int, penalty: float
) -> Ints:
    """Return reasons: one better than the worst that serves is not taken for want of room, or by a smallest lot."""
    worst = -penalty
    if taken.sum() == pieces:
        worst = score[taken > 0].min()
    code = np.empty(taken.size, np.int64)
    for t in range(taken.size):
        if taken[t]:
            code[t] = CHOSEN
        elif limit[t] >= 0:
            code[t] = limit[t]
        elif score[t] < -penalty:
            code[t] = NOT_WORTH
        elif score[t] > worst + _SAME:
            code[t] = OUTBID if room[t] > 0 else FULL
        else:
            code[t] = OUTSCORED
    return code


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
