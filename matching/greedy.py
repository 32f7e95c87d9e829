"""First come first served: each order in turn takes its best candidates that still have room.

What order-management products do, and therefore the baseline; it keeps every hard limit and knows no floors.
"""

from __future__ import annotations

import numpy as np

from contracts.jit import compiled
from matching.ledger import Book, State, book_of, fitting, move, state_of
from matching.problem import Ints, MatchProblem

__all__ = ["first_come", "place"]


def first_come(problem: MatchProblem, *, unsplit: bool = False) -> Ints:
    """Return int64 [E], pieces per candidate, orders served in the order given.

    Examples
    --------
    >>> problem = MatchProblem(indptr=np.array([0, 2, 3]), supplier=np.array([0, 1, 0]), pieces=np.array([5, 5]),
    ...                        score=np.array([0.9, 0.8, 0.9]), capacity=np.array([5, 5]))
    >>> first_come(problem).tolist()
    [5, 0, 0]
    """
    book = book_of(problem, unsplit=unsplit)
    state = state_of(problem, book)
    place(np.arange(problem.n_orders), book, state)
    return state.pieces


@compiled
def place(orders: Ints, book: Book, state: State) -> None:
    """Serve orders one after another, each from its ranked candidates; changes the state."""
    for i in orders:
        for at in range(book.indptr[i], book.indptr[i + 1]):
            e = book.ranked[at]
            wanted = state.left[i]
            if wanted == 0 or book.score[e] < -book.penalty[i]:
                continue
            most = fitting(book, state, e, wanted)
            if most > 0 and (most == wanted or not book.unsplit):
                move(book, state, e, most)
