"""The Lagrangian bound: any prices prove an upper bound, the right ones prove optimality.

With supplier prices ``p`` (a negative one is the price of a floor) and credit-line prices ``mu >= 0``, no allocation
can gain more than ``sum p⁺·capacity + sum p⁻·floor + sum mu·limit + sum pieces·max(-penalty, best net score)``
(weak duality of the transportation problem; Ahuja, Magnanti and Orlin, *Network Flows*, chapter 16). Where floors
have to give way by some units in all, those are taken from the dearest floor prices: the bound then holds for every
allocation that misses no more than that, wherever it misses it.
"""

from __future__ import annotations

import numpy as np

from matching.problem import Floats, Ints, MatchProblem

__all__ = ["best_per_order", "lagrangian_bound", "net_scores"]

_CHUNK_ORDERS = 1 << 17


def net_scores(
    problem: MatchProblem, prices: Floats, line_prices: Floats | None = None, *, rows: slice = slice(None)
) -> Floats:
    """Return float64, the score of each candidate (of `rows`) after paying for capacity and credit."""
    paid = prices[problem.supplier[rows]]
    if problem.load is not None:
        paid = paid * problem.load[rows]
    net = problem.score[rows] - paid
    credit = problem.credit
    if credit is not None and line_prices is not None and line_prices.size:
        line = credit.line[rows]
        due = np.where(line >= 0, line_prices[line], 0.0)
        net -= due if credit.use is None else due * credit.use[rows]
    return net


def best_per_order(problem: MatchProblem, net: Floats, first: int = 0, last: int | None = None) -> Floats:
    """Return the best value of each order among its candidates and staying unserved.

    `net` holds the candidates of orders `first` to `last` only.
    """
    last = problem.n_orders if last is None else last
    starts = problem.indptr[first:last] - problem.indptr[first]
    some = np.diff(problem.indptr[first : last + 1]) > 0
    best = -problem.penalties[first:last]
    if some.any():
        best[some] = np.maximum(best[some], np.maximum.reduceat(net, starts[some]))
    return best


def lagrangian_bound(
    problem: MatchProblem,
    prices: Floats,
    line_prices: Floats | None = None,
    floors: Floats | Ints | None = None,
    missed: float = 0.0,
) -> float:
    """Return an upper bound on every feasible objective, split or unsplit.

    Parameters
    ----------
    prices
        float [M]; negative entries are only used where `floors` are given, else taken as 0.
    line_prices
        float [L], >= 0.
    floors
        float [M], guaranteed units of load per supplier.
    missed
        Units of the floors that may be missed in all.
    """
    prices = np.asarray(prices, dtype=np.float64)
    prices = np.maximum(prices, 0.0) if floors is None else prices
    total = float(np.dot(np.maximum(prices, 0.0), problem.capacity.astype(np.float64)))
    if floors is not None:
        total += float(np.dot(np.minimum(prices, 0.0), floors))
        total += _worth_of_missing(np.maximum(-prices, 0.0), np.asarray(floors, dtype=np.float64), missed)
    if problem.credit is not None and line_prices is not None:
        total += float(np.dot(line_prices, problem.credit.limit.astype(np.float64)))
    for first in range(0, problem.n_orders, _CHUNK_ORDERS):
        last = min(first + _CHUNK_ORDERS, problem.n_orders)
        rows = slice(int(problem.indptr[first]), int(problem.indptr[last]))
        best = best_per_order(problem, net_scores(problem, prices, line_prices, rows=rows), first, last)
        total += float(np.dot(best, problem.pieces[first:last].astype(np.float64)))
    return total


def _worth_of_missing(price: Floats, floors: Floats, missed: float) -> float:
    """Return the most that missing so many units of the floors can save at these prices (float [M], >= 0)."""
    dearest = np.argsort(-price, kind="stable")
    before = np.cumsum(floors[dearest]) - floors[dearest]
    units = np.clip(missed - before, 0.0, floors[dearest])
    return float(np.dot(price[dearest], units))
