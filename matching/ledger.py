"""What placing pieces reads and changes: candidates with their loads, and the room that is left."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from contracts.jit import compiled
from matching.problem import Floats, Ints, MatchProblem
from matching.sums import sum_by

__all__ = ["Book", "State", "book_of", "fitting", "move", "state_of", "trimmed"]

_FEW = 32  # candidates that are sorted soonest by putting each in its place


class Book(NamedTuple):
    """The candidates as compiled loops read them.

    `ranked` lists each order's candidates from best to worst, `members` those of each supplier between `starts`;
    `line` points to a last line without limit where a candidate has no credit line, so that the loops need no special
    case. `unsplit`: one supplier serves the whole order or nobody does.
    """

    indptr: Ints
    ranked: Ints
    supplier: Ints
    order: Ints
    score: Floats
    penalty: Floats
    load: Floats
    line: Ints
    use: Floats
    members: Ints
    starts: Ints
    unsplit: bool


class State(NamedTuple):
    """What placing changes.

    Pieces left per order, pieces placed per candidate, the room of suppliers and lines, and how far each supplier is
    above its floor.
    """

    left: Ints
    pieces: Ints
    capacity: Floats
    limit: Floats
    spare: Floats


def book_of(problem: MatchProblem, rank_by: Floats | None = None, *, unsplit: bool = False) -> Book:
    """Return the problem's book, candidates ranked by `rank_by` (float [E], default the score)."""
    n, credit = problem.n_candidates, problem.credit
    score = problem.score.astype(np.float64)
    n_lines = 0 if credit is None else credit.limit.size
    line = np.full(n, n_lines) if credit is None else np.where(credit.line < 0, n_lines, credit.line)
    use = None if credit is None else credit.use
    starts = np.append(0, np.cumsum(np.bincount(problem.supplier, minlength=problem.n_suppliers)))
    return Book(
        indptr=problem.indptr.astype(np.int64),
        ranked=_ranked(problem.indptr, score if rank_by is None else rank_by),
        supplier=problem.supplier.astype(np.int64),
        order=problem.order,
        score=score,
        penalty=problem.penalties,
        load=np.ones(n) if problem.load is None else problem.load.astype(np.float64),
        line=line.astype(np.int64),
        use=np.ones(n) if use is None else use.astype(np.float64),
        members=_members(problem.supplier, starts),
        starts=starts,
        unsplit=unsplit,
    )


@compiled
def _ranked(indptr: Ints, key: Floats) -> Ints:
    """Return each order's candidates from the highest key to the lowest, ties in the order given."""
    ranked = np.empty(key.size, np.int64)
    for i in range(indptr.size - 1):
        first, last = indptr[i], indptr[i + 1]
        if last - first > _FEW:
            ranked[first:last] = first + np.argsort(-key[first:last], kind="mergesort")
            continue
        for row in range(first, last):
            at = row
            while at > first and key[ranked[at - 1]] < key[row]:
                ranked[at] = ranked[at - 1]
                at -= 1
            ranked[at] = row
    return ranked


@compiled
def _members(supplier: Ints, starts: Ints) -> Ints:
    """Return each supplier's candidates, in the order given."""
    free = starts.copy()
    members = np.empty(supplier.size, np.int64)
    for e in range(supplier.size):
        members[free[supplier[e]]] = e
        free[supplier[e]] += 1
    return members


def state_of(problem: MatchProblem, book: Book, pieces: Ints | None = None, floors: Floats | None = None) -> State:
    """Return the state after an allocation (int [E]; default: nothing placed yet)."""
    limits = np.zeros(0) if problem.credit is None else problem.credit.limit.astype(np.float64)
    placed = np.zeros(problem.n_candidates, np.int64) if pieces is None else pieces.astype(np.int64)
    used = np.flatnonzero(placed)
    taken = sum_by(book.supplier[used], placed[used] * book.load[used], problem.n_suppliers)
    drawn = sum_by(book.line[used], placed[used] * book.use[used], limits.size + 1)
    return State(
        left=problem.unserved(placed),
        pieces=placed,
        capacity=problem.capacity - taken,
        limit=np.append(limits, np.inf) - drawn,
        spare=taken if floors is None else taken - floors,
    )


@compiled
def fitting(book: Book, state: State, e: int, wanted: int) -> int:
    """Return how many of the wanted pieces candidate e can still take; never one too many."""
    room, limit = state.capacity[book.supplier[e]], state.limit[book.line[e]]
    load, use = book.load[e], book.use[e]
    most = wanted
    while most > 0 and (room < most * load or limit < most * use):
        fewer = most - 1
        if room < most * load:
            fewer = min(fewer, int(room / load))
        if limit < most * use:
            fewer = min(fewer, int(limit / use))
        most = fewer
    return max(most, 0)


@compiled
def move(book: Book, state: State, e: int, amount: int) -> None:
    """Place pieces of candidate e (take them back if negative)."""
    state.pieces[e] += amount
    state.left[book.order[e]] -= amount
    state.capacity[book.supplier[e]] -= amount * book.load[e]
    state.limit[book.line[e]] -= amount * book.use[e]
    state.spare[book.supplier[e]] += amount * book.load[e]


def trimmed(problem: MatchProblem, pieces: Ints, *, unsplit: bool) -> Ints:
    """Return an allocation without what exceeds a capacity or a credit line, lowest scores taken off first.

    Programs keep limits to a tolerance and integers to another; ours are kept exactly.
    """
    book = book_of(problem, unsplit=unsplit)
    state = state_of(problem, book, pieces)
    for j in np.flatnonzero(state.capacity < -_tolerance(problem.capacity)):
        _take_off(book, state, np.flatnonzero((book.supplier == j) & (state.pieces > 0)), state.capacity, int(j))
    for line in np.flatnonzero(state.limit < -_tolerance(state.limit)):
        _take_off(book, state, np.flatnonzero((book.line == line) & (state.pieces > 0)), state.limit, int(line))
    return state.pieces


def _tolerance(limits: Floats | Ints) -> Floats:
    """Return what rounding of sums of loads may leave, far below one piece."""
    finite = np.where(np.isfinite(limits), limits, 0.0)
    return np.asarray(1e-12 * np.maximum(1.0, np.abs(finite)), dtype=np.float64)


def _take_off(book: Book, state: State, rows: Ints, room: Floats, at: int) -> None:
    for e in rows[np.argsort(book.score[rows], kind="stable")]:
        while room[at] < -1e-12 * max(1.0, abs(room[at])) and state.pieces[e] > 0:
            move(book, state, int(e), -int(state.pieces[e]) if book.unsplit else -1)
