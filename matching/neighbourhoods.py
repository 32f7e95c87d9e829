"""Whole orders improved part by part: free some orders of a few suppliers, solve them exactly, keep what is better.

Large neighbourhood search (Shaw, *Using constraint programming and local search methods to solve vehicle routing
problems*, 1998) with a mixed-integer program as the repair. A part is an order that its prices say is placed badly,
the suppliers it would rather have, and orders that they hold; each freed order may go to its few best candidates by
net score, or stay. The number of orders freed follows what the program solves in time.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from matching.ledger import book_of, state_of
from matching.linear import linear_form, whole_pieces
from matching.problem import Floats, Ints, MatchProblem, of_orders, only
from matching.sums import sum_by

__all__ = ["improve_parts"]

_FIRST_ORDERS, _FEWEST_ORDERS, _MOST_ORDERS = 40, 12, 400
_CHOICES = 5
_PART_SECONDS = 1.5
_SLACK = 1e-9

Mask = npt.NDArray[np.bool_]


def improve_parts(problem: MatchProblem, net: Floats, pieces: Ints, *, seconds: float, seed: int) -> Ints:
    """Return int64 [E], an allocation of whole orders no worse than the one given, without floors.

    Parameters
    ----------
    net
        float [E], score less what the prices of capacity and credit take.
    pieces
        int [E], feasible whole orders.
    seconds
        When to stop, >= 0.
    """
    started, rng = time.perf_counter(), np.random.default_rng(seed)
    pieces, wanted = pieces.copy(), float(_FIRST_ORDERS)
    promising = _promising(problem, net)
    while time.perf_counter() - started < seconds:
        orders = _part(problem, net, pieces, int(wanted), rng)
        began = time.perf_counter()
        pieces, proved = _solved(problem, promising | (pieces > 0), pieces, orders)
        quick = proved and time.perf_counter() - began < _PART_SECONDS / 3
        wanted = float(np.clip(wanted * (1.15 if quick else 0.8), _FEWEST_ORDERS, _MOST_ORDERS))
        if proved and orders.all():
            break
    return pieces


def _promising(problem: MatchProblem, net: Floats) -> Mask:
    """Return bool [E]: the few candidates of each order whose net scores are highest."""
    rank = np.lexsort((-net, problem.order))
    place = np.empty(rank.size, np.int64)
    place[rank] = np.arange(rank.size) - problem.indptr[problem.order[rank]]
    promising: Mask = place < _CHOICES
    return promising


def _part(problem: MatchProblem, net: Floats, pieces: Ints, wanted: int, rng: np.random.Generator) -> Mask:
    """Return bool [N], the orders to free: one placed badly and others at the suppliers it would rather have."""
    if problem.n_orders <= wanted:
        return np.ones(problem.n_orders, np.bool_)
    holder = np.full(problem.n_orders, -1)
    used = np.flatnonzero(pieces)
    holder[problem.order[used]] = problem.supplier[used]
    first = int(rng.choice(problem.n_orders, p=_chances(problem, net, pieces)))
    rows = np.arange(problem.indptr[first], problem.indptr[first + 1])
    ranked = problem.supplier[rows[np.argsort(-net[rows])]]
    others = rng.permutation(problem.n_suppliers)
    wide = int(rng.integers(2, max(3, min(problem.n_suppliers, wanted // 3)) + 1))
    suppliers = list(dict.fromkeys([int(holder[first]), *ranked[: wide // 2].tolist(), *others.tolist()]))[: wide + 1]
    near = np.flatnonzero(np.isin(holder, suppliers))
    if near.size > wanted:
        near = rng.choice(near, wanted, replace=False)
    chosen: Mask = np.zeros(problem.n_orders, np.bool_)
    chosen[near] = True
    chosen[first] = True
    return chosen


def _chances(problem: MatchProblem, net: Floats, pieces: Ints) -> Floats:
    """Return float64 [N] summing to one: half even, half by what each order loses against its best candidate."""
    unserved = -problem.penalties
    best = unserved.copy()
    np.maximum.at(best, problem.order, net)
    got = sum_by(problem.order, net * pieces, problem.n_orders) + unserved * problem.unserved(pieces)
    regret = np.maximum(best * problem.pieces - got, 0.0)
    even = np.full(regret.size, 1.0 / regret.size)
    return even if regret.sum() <= 0 else 0.5 * even + 0.5 * regret / regret.sum()


def _solved(problem: MatchProblem, allowed: Mask, pieces: Ints, orders: Mask) -> tuple[Ints, bool]:
    """Return the allocation with these orders placed anew if that is better, and whether no better one is possible."""
    mine = orders[problem.order]
    book = book_of(problem, unsplit=True)
    stay = np.where(mine, 0, pieces)
    state = state_of(problem, book, stay)
    part = of_orders(problem, orders).replace(capacity=_whole(state.capacity))
    if part.credit is not None:
        part = part.replace(credit=replace(part.credit, limit=_whole(state.limit[:-1])))
    part = only(part, allowed[mine])
    found, _, proved = whole_pieces(part, linear_form(part, None, unsplit=True), gap=1e-6, seconds=_PART_SECONDS)
    if found is None:
        return pieces, proved
    after = stay
    after[np.flatnonzero(mine)[allowed[mine]]] = found
    state = state_of(problem, book, after)
    fits = (state.capacity >= -_SLACK).all() and (state.limit >= -_SLACK).all() and (state.left >= 0).all()
    better = fits and problem.objective(after) > problem.objective(pieces) + _SLACK
    return (after if better else pieces), proved


def _whole(room: Floats) -> Ints:
    whole: Ints = np.maximum(np.floor(room + _SLACK), 0).astype(np.int64)
    return whole
