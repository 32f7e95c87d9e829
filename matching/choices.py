"""Whole orders as choices: where each may go, what it costs there and what it takes, staying unserved included."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.bound import net_scores
from matching.problem import Floats, Ints, MatchProblem

__all__ = ["Choices", "choices_of"]


class Choices(NamedTuple):
    """Each order's choices from the lowest net cost to the highest, staying unserved included.

    ``cost`` is the score of a whole order with its sign turned, ``net`` the same after paying for capacity and credit.
    Staying unserved is at a last supplier and a last line, both without limit. ``row`` is each choice's candidate,
    -1 = staying unserved.
    """

    indptr: Ints
    supplier: Ints
    line: Ints
    cost: Floats
    net: Floats
    load: Floats
    use: Floats
    price: Floats
    line_price: Floats
    row: Ints


def choices_of(problem: MatchProblem, prices: Floats, line_prices: Floats) -> Choices:
    """Return the choices at prices of capacity (float [M], >= 0) and of credit (float [L], >= 0)."""
    order, n, credit = problem.order, problem.n_orders, problem.credit
    size = problem.pieces[order].astype(np.float64)
    load = size if problem.load is None else size * problem.load
    n_lines = 0 if credit is None else credit.limit.size
    line = np.full(order.size, n_lines) if credit is None else np.where(credit.line < 0, n_lines, credit.line)
    use = np.zeros(order.size) if credit is None else size * (1.0 if credit.use is None else credit.use)
    use = np.where(line < n_lines, use, 0.0)
    limit = np.append(np.zeros(0) if credit is None else credit.limit.astype(np.float64), np.inf)
    kept = np.flatnonzero(
        (load <= problem.capacity[problem.supplier])
        & (use <= limit[line])
        & (problem.score >= -problem.penalties[order])
    )
    unserved = problem.penalties * problem.pieces
    net = np.concatenate([-(net_scores(problem, prices, line_prices) * size)[kept], unserved])
    owner = np.concatenate([order[kept], np.arange(n)])
    rank = np.lexsort((net, owner))

    def ranked(of_candidates: Floats | Ints, of_unserved: Floats | Ints) -> Floats:
        return np.concatenate([of_candidates[kept], of_unserved])[rank]

    return Choices(
        indptr=np.append(0, np.cumsum(np.bincount(owner, minlength=n))),
        supplier=ranked(problem.supplier, np.full(n, problem.n_suppliers)).astype(np.int64),
        line=ranked(line, np.full(n, n_lines)).astype(np.int64),
        cost=ranked(-problem.score.astype(np.float64) * size, unserved),
        net=net[rank],
        load=ranked(load, np.zeros(n)),
        use=ranked(use, np.zeros(n)),
        price=np.append(prices, 0.0),
        line_price=np.append(line_prices if line_prices.size else np.zeros(n_lines), 0.0),
        row=ranked(np.arange(order.size), np.full(n, -1)).astype(np.int64),
    )
