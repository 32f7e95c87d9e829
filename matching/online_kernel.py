"""The online rule in compiled loops: rank an order's candidates by score less price, take what has room."""

from __future__ import annotations

import numpy as np

from contracts.jit import compiled, inlined
from matching.problem import Floats, Ints

__all__ = [
    "BELOW_MINIMUM",
    "CHOSEN",
    "DOWN",
    "FIRST_LIMIT",
    "FULL",
    "NOT_WORTH",
    "NO_CREDIT",
    "OUTBID",
    "OUTSCORED",
    "REJECTED",
    "decide",
    "replay",
]

CHOSEN, OUTSCORED, OUTBID, FULL, NO_CREDIT, NOT_WORTH, DOWN, REJECTED, BELOW_MINIMUM = range(9)
FIRST_LIMIT = 9


@compiled
def decide(  # noqa: PLR0917 (compiled: no keywords)
    price: Floats,
    room: Ints,
    credit_left: Floats,
    supplier: Ints,
    score: Floats,
    limit: Ints,
    line: Ints,
    use: Floats,
    minimum: Ints,
    pieces: int,
    penalty: float,
    margin: float,
    split_cost: float,
    unsplit: bool,  # noqa: FBT001
) -> tuple[Ints, Ints, Ints, Floats]:
    """Return ranks, pieces, reason codes and net scores of an order's candidates; changes nothing.

    `limit`, `line`, `use`, `minimum` may be empty arrays (none); see `matching.online.OnlineOrder`.
    """
    net, rank = _ranked(price, supplier, score)
    taken = np.zeros(supplier.size, np.int64)
    code = np.full(supplier.size, OUTSCORED, np.int64)
    left, best = pieces, -np.inf
    for t in rank:
        worth = score[t] + penalty
        if limit.size and limit[t] >= 0:
            code[t] = limit[t]
        elif worth < 0:
            code[t] = NOT_WORTH
        # An order refused cannot be served later, and room left idle is worth nothing: prices must be clear about it.
        elif left == 0 or net[t] + penalty < -margin * worth:
            code[t] = OUTBID if left > 0 or score[t] > best else OUTSCORED
        else:
            most, code[t] = _fitting(room[supplier[t]], left, credit_left, line, use, taken, t)
            if most == 0 or (unsplit and most < left):
                continue
            least = minimum[t] if minimum.size else 1
            code[t] = _split_code(most, least, left < pieces, worth * most <= split_cost)
            if code[t] == CHOSEN:
                taken[t] = most
                left -= most
                best = max(best, score[t])
    return rank, taken, code, net


@inlined
def _ranked(price: Floats, supplier: Ints, score: Floats) -> tuple[Floats, Ints]:
    """Return net scores and the candidates from the highest to the lowest, ties as given."""
    net = np.empty(supplier.size)
    rank = np.empty(supplier.size, np.int64)
    for t in range(supplier.size):
        net[t] = score[t] - price[supplier[t]]
        at = t
        while at > 0 and net[rank[at - 1]] < net[t]:
            rank[at] = rank[at - 1]
            at -= 1
        rank[at] = t
    return net, rank


@inlined
def _fitting(  # noqa: PLR0917 (compiled: no keywords)
    room: int, left: int, credit_left: Floats, line: Ints, use: Floats, taken: Ints, t: int
) -> tuple[int, int]:
    """Return how many of the pieces left candidate t can take, and what keeps it from more."""
    most, why = min(left, room), FULL
    if line.size and line[t] >= 0 and use[t] > 0:
        credit = credit_left[line[t]]
        for other in range(taken.size):
            if line[other] == line[t]:
                credit -= taken[other] * use[other]
        if credit < most * use[t]:
            most, why = max(int(credit / use[t]), 0), NO_CREDIT
            while most > 0 and most * use[t] > credit:
                most -= 1
    return most, why


@inlined
def _split_code(most: int, least: int, second: bool, dear: bool) -> int:  # noqa: FBT001
    """Return whether the pieces are taken: enough for the supplier, and worth a second supplier."""
    if most < least:
        return BELOW_MINIMUM
    return NOT_WORTH if second and dear else CHOSEN


@compiled
def replay(  # noqa: PLR0917 (compiled: no keywords)
    indptr: Ints, supplier: Ints, score: Floats, pieces: Ints, penalty: Floats, price: Floats, room: Ints, margin: float
) -> float:
    """Route orders one after another; return the objective. Uses up `room`."""
    total = 0.0
    nothing, no_sums = np.zeros(0, np.int64), np.zeros(0)
    for i in range(pieces.size):
        rows = slice(indptr[i], indptr[i + 1])
        _, taken, _, _ = decide(
            price, room, no_sums, supplier[rows], score[rows], nothing, nothing, no_sums, nothing,
            pieces[i], penalty[i], margin, 0.0, False,
        )  # fmt: skip
        left = pieces[i]
        for t in range(taken.size):
            e = indptr[i] + t
            total += taken[t] * score[e]
            room[supplier[e]] -= taken[t]
            left -= taken[t]
        total -= penalty[i] * left
    return total
