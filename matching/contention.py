"""What a match has to decide: an order that the room of its best supplier suffices for, whoever else comes, is decided.

Every order goes to its best candidate. Where more come than there is room, all of them may have to give way to each
other, and count at their next best, too, and so on. Suppliers that stay with room for all who may come cost nothing:
an order does no better below the first of these, and only what it likes better is left to a solver. Without the rest
the optimum is the same, since whatever is served below that first one can be moved there. A supplier that credit
lines lead to counts as contested.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from contracts.jit import compiled
from matching.problem import Ints, MatchProblem

__all__ = ["Contention", "contention"]

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[Any]


class Contention(NamedTuple):
    """What is left to decide.

    Parameters
    ----------
    rows
        bool [E], the candidates to decide about.
    fallback
        int64 [N], the candidate that serves what those of the order do not; -1 = nobody.
    least
        [N], what a piece gains there.
    """

    rows: Mask
    fallback: Ints
    least: Numbers


def contention(problem: MatchProblem, scores: Numbers | None = None, penalties: Numbers | None = None) -> Contention:
    """Return what has to be decided of a problem in unit form without floors.

    Parameters
    ----------
    scores, penalties
        Of candidates and orders, if others than the problem's count: rounded ones.
    """
    scores = problem.score if scores is None else scores
    penalties = problem.penalties if penalties is None else penalties
    contested = np.zeros(problem.n_suppliers, np.bool_)
    if problem.credit is not None:
        contested[problem.supplier[problem.credit.line >= 0]] = True
    fallback = _settled(
        problem.indptr.astype(np.int64), problem.supplier.astype(np.int32), scores, problem.pieces.astype(np.int64),
        problem.capacity.astype(np.int64), -penalties, contested,
    )  # fmt: skip
    served = fallback >= 0
    least = np.where(served, np.append(scores, -1)[fallback], -penalties)
    at_least = least[problem.order]
    better = (scores > at_least) | ((scores == at_least) & ~served[problem.order])
    return Contention(better & contested[problem.supplier], fallback, least)


@compiled
def _settled(  # noqa: PLR0917 (compiled: no keywords)
    indptr: Ints, supplier: Ints, scores: Numbers, pieces: Ints, capacity: Ints, least: Numbers, contested: Mask
) -> Ints:
    """Return each order's best candidate with room for all who may come; write who has not that room."""
    n = len(pieces)
    fallback, coming = np.full(n, -1), np.zeros(len(capacity), np.int64)
    todo, left = np.arange(n), n
    while left:
        for k in range(left):
            i, best = todo[k], -1
            for row in range(indptr[i], indptr[i + 1]):
                open_to = not contested[supplier[row]] and scores[row] >= least[i]
                if open_to and (best < 0 or scores[row] > scores[best]):
                    best = row
            fallback[i] = best
            if best >= 0:
                coming[supplier[best]] += pieces[i]
        contested[:] = contested | (coming > capacity)
        left = 0
        for i in range(n):
            if fallback[i] >= 0 and contested[supplier[fallback[i]]]:
                todo[left] = i
                left += 1
    return fallback
