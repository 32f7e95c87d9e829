"""What would have served the pieces that nobody serves: all that the candidate which came nearest lacks for them.

Each order is taken alone: with everything granted that is listed for it, the allocation plus its pieces at that
candidate keeps every limit and is worth no less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from matching.constraint_frames import Constrainer
from matching.ledger import book_of, state_of
from matching.problem import Ints, MatchProblem, MatchResult

__all__ = ["Lack", "lacks_of"]

_SMALL = 1e-9


class Lack(NamedTuple):
    """What is missing, how much of it, and the limit meant.

    ``missing_score`` (per piece) · ``missing_minimum`` (the lot that would be reached) · ``missing_limit`` (in the
    limit's unit) · ``missing_credit`` (pieces or fen) · ``missing_capacity`` (units of load)
    """

    code: str
    amount: float
    name: str = ""


def lacks_of(
    problem: MatchProblem, result: MatchResult, named: Constrainer, orders: Ints, candidates: Ints
) -> list[list[Lack]]:
    """Return what each order's candidate lacks to serve all pieces the order has left.

    Parameters
    ----------
    orders, candidates
        int, orders with unserved pieces and a candidate of each.
    """
    at_limits = _limits(result, named, orders, candidates, problem.n_candidates)
    at_room = _room(problem, result, orders, candidates)
    return [
        [*_score(problem, result, named, i, e), *_minimum(result, named, i, e), *at_limits[k], *at_room[k]]
        for k, (i, e) in enumerate(zip(orders.tolist(), candidates.tolist(), strict=True))
    ]


def _score(problem: MatchProblem, result: MatchResult, named: Constrainer, i: int, e: int) -> Iterator[Lack]:
    """Tell what the score lacks to be worth more than the penalty and, of a further supplier, the price of a split."""
    served = result.pieces[problem.indptr[i] : problem.indptr[i + 1]]
    split = bool(served.any()) and not result.pieces[e]
    cost = named.constraints.split_cost / int(result.unserved[i]) if split else 0.0
    short = cost - float(problem.penalties[i]) - float(problem.score[e])
    if short > _SMALL:
        yield Lack("missing_score", short)


def _minimum(result: MatchResult, named: Constrainer, i: int, e: int) -> Iterator[Lack]:
    pools = named.constraints.pools
    if pools is not None and pools.pool[e] >= 0:
        reached = int(result.pieces[pools.pool == pools.pool[e]].sum() + result.unserved[i])
        if reached < pools.minimum[pools.pool[e]]:
            yield Lack("missing_minimum", reached)


def _limits(
    result: MatchResult, named: Constrainer, orders: Ints, candidates: Ints, n_candidates: int
) -> dict[int, list[Lack]]:
    """Return by position what limits lack."""
    found: dict[int, list[Lack]] = defaultdict(list)
    limits = named.constraints.limits
    if limits is None:
        return found
    position = pd.Index(candidates).get_indexer(limits.candidate)
    wanted = np.append(result.unserved[orders], 0)[position] * limits.use
    short = wanted - (limits.most - limits.matrix(n_candidates) @ result.pieces)[limits.row]
    for k in np.flatnonzero((position >= 0) & (short > _SMALL * np.maximum(1.0, wanted))).tolist():
        limit = named.limits.iloc[limits.row[k]]
        name = f"{limit['limit_id']} ({limit['group']})" if limit["group"] else str(limit["limit_id"])
        found[int(position[k])].append(Lack("missing_limit", float(short[k] / limit["per_piece"]), name))
    return found


def _room(problem: MatchProblem, result: MatchResult, orders: Ints, candidates: Ints) -> list[list[Lack]]:
    """Return per order what the candidate's credit line and supplier lack."""
    book = book_of(problem)
    state = state_of(problem, book, result.pieces)
    pieces = result.unserved[orders]
    credit = pieces * book.use[candidates] - state.limit[book.line[candidates]]
    load = pieces * book.load[candidates] - state.capacity[problem.supplier[candidates]]
    small = _SMALL * np.maximum(1.0, pieces)
    codes = (("missing_credit", credit), ("missing_capacity", load))
    return [[Lack(code, float(short[k])) for code, short in codes if short[k] > small[k]] for k in range(orders.size)]
