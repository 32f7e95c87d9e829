"""Moves between feasible allocations: shift pieces, eject another order's, fill floors (compiled loops).

Shifts and ejections are the shortest ejection chains (Yagiura, Ibaraki and Glover, *An ejection chain approach for
the generalized assignment problem*, INFORMS Journal on Computing 16, 2004). None breaks a capacity or a credit line,
and none takes a supplier below its floor.
"""

from __future__ import annotations

import numpy as np

from contracts.jit import compiled
from matching.ledger import Book, State, fitting, move
from matching.problem import Ints

__all__ = ["eject", "fill_floors", "improve"]

_SLACK = 1e-9


@compiled
def improve(book: Book, state: State) -> int:
    """Move pieces to better candidates of their own order that have room; return the number of moves."""
    moves = 0
    for i in range(book.indptr.size - 1):
        for e in range(book.indptr[i], book.indptr[i + 1]):
            if state.pieces[e] > 0:
                moves += _shift_up(book, state, e)
    return moves


@compiled
def _shift_up(book: Book, state: State, e: int) -> int:
    i, moves = book.order[e], 0
    for other in range(book.indptr[i], book.indptr[i + 1]):
        if book.score[other] <= book.score[e] + 1e-12:
            continue
        wanted = _movable(book, state, e)
        most = fitting(book, state, other, wanted)
        if most > 0 and (most == state.pieces[e] or not book.unsplit):
            move(book, state, e, -most)
            move(book, state, other, most)
            moves += 1
    return moves


@compiled
def _movable(book: Book, state: State, e: int) -> int:
    """Return how many pieces of candidate e may leave without taking its supplier below its floor."""
    amount, over = int(state.pieces[e]), state.spare[book.supplier[e]]
    if amount * book.load[e] <= over + _SLACK:
        return amount
    return 0 if book.unsplit else max(0, int((over + _SLACK) / book.load[e]))


@compiled
def eject(orders: Ints, book: Book, state: State, looks: int) -> tuple[int, int]:
    """Try an ejection for every order that is unserved or not at its best.

    Returns the number made and how many of the allowed looks at other orders are left.
    """
    made = 0
    for i in orders:
        if looks <= 0:
            break
        source, amount = _worst_place(book, state, i)
        if amount == 0:
            continue
        held_score = book.score[source] if source >= 0 else -book.penalty[i]
        for at in range(book.indptr[i], book.indptr[i + 1]):
            e = book.ranked[at]
            if book.score[e] <= held_score:
                continue
            looks -= book.starts[book.supplier[e] + 1] - book.starts[book.supplier[e]]
            if _eject_for(book, state, e, source):
                made += 1
                break
    return made, looks


@compiled
def _worst_place(book: Book, state: State, i: int) -> tuple[int, int]:
    """Return the candidate where order i is served worst (-1 = unserved) and the pieces that may leave it."""
    if state.left[i] > 0:
        return -1, state.left[i]
    worst = -1
    for e in range(book.indptr[i], book.indptr[i + 1]):
        if state.pieces[e] > 0 and (worst < 0 or book.score[e] < book.score[worst]):
            worst = e
    if worst < 0 or _movable(book, state, worst) < state.pieces[worst]:
        return -1, 0
    return worst, state.pieces[worst]


@compiled
def _eject_for(book: Book, state: State, e: int, source: int) -> bool:
    """Let an order's pieces enter candidate e by sending another order's on, if both together gain."""
    i, j = book.order[e], book.supplier[e]
    amount = state.pieces[source] if source >= 0 else state.left[i]
    gain_in = (book.score[e] - (book.score[source] if source >= 0 else -book.penalty[i])) * amount
    missing = amount * book.load[e] - state.capacity[j]
    best, best_out, best_gain = -1, -1, 1e-9 * max(1.0, abs(gain_in))
    for at in range(book.starts[j], book.starts[j + 1]):
        other = book.members[at]
        held = state.pieces[other]
        if held == 0 or book.order[other] == i or held * book.load[other] < missing:
            continue
        out = _way_out(book, state, other)
        if out >= 0 and gain_in + (book.score[out] - book.score[other]) * held > best_gain:
            best, best_out = other, out
            best_gain = gain_in + (book.score[out] - book.score[other]) * held
    return best >= 0 and _exchange(book, state, e, source, best * book.score.size + best_out)


@compiled
def _way_out(book: Book, state: State, e: int) -> int:
    """Return the best other candidate of e's order that has room for all e holds, -1 for none."""
    i, best = book.order[e], -1
    for other in range(book.indptr[i], book.indptr[i + 1]):
        better = best < 0 or book.score[other] > book.score[best]
        if other != e and better and fitting(book, state, other, state.pieces[e]) == state.pieces[e]:
            best = other
    return best


@compiled
def _exchange(book: Book, state: State, e: int, source: int, pair: int) -> bool:
    """Send the pair's pieces on and the source's pieces into e; undo if a floor or a credit line forbids it."""
    leaving, out = pair // book.score.size, pair % book.score.size
    held = state.pieces[leaving]
    amount = state.pieces[source] if source >= 0 else state.left[book.order[e]]
    move(book, state, leaving, -held)
    move(book, state, out, held)
    keeps = state.spare[book.supplier[e]] + amount * book.load[e] >= -_SLACK
    if keeps and fitting(book, state, e, amount) == amount:
        if source >= 0:
            move(book, state, source, -amount)
        move(book, state, e, amount)
        return True
    move(book, state, out, -held)
    move(book, state, leaving, held)
    return False


@compiled
def fill_floors(book: Book, state: State) -> None:
    """Bring suppliers up to their floors with unserved pieces, then with what others hold beyond theirs."""
    for j in range(state.spare.size):
        for use_others in (False, True):
            for at in range(book.starts[j], book.starts[j + 1]):
                if state.spare[j] >= -_SLACK:
                    break
                _fill_from(book, state, book.members[at], use_others)


@compiled
def _fill_from(book: Book, state: State, e: int, use_others: bool) -> None:  # noqa: FBT001 (compiled: no keywords)
    """Give candidate e pieces of its order until its supplier's floor is met."""
    i, j = book.order[e], book.supplier[e]
    for source in range(book.indptr[i] - 1, book.indptr[i + 1]):
        unserved = source < book.indptr[i]
        if unserved == use_others or source == e or state.spare[j] >= -_SLACK:
            continue
        held = state.left[i] if unserved else _movable(book, state, source)
        needed = held if book.unsplit else min(held, int(np.ceil(-state.spare[j] / book.load[e] - _SLACK)))
        most = fitting(book, state, e, needed)
        if most > 0 and (most == needed or not book.unsplit):
            if not unserved:
                move(book, state, source, -most)
            move(book, state, e, most)
