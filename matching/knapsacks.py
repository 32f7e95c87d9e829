"""A sharper bound for whole orders: every supplier packs its own knapsack, orders are only paid for being packed.

Relaxing that each order goes to one place, with a payment per order, leaves a 0/1 knapsack per supplier, which is
solved exactly; payments follow the subgradient (Fisher, Jaikumar and Van Wassenhove, *A multiplier adjustment method
for the generalized assignment problem*, Management Science 32, 1986; steps after Polyak). Any payments prove a bound,
and the first ones, those of the linear relaxation, prove at least its bound.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from contracts.jit import compiled
from matching.choices import Choices
from matching.problem import Floats, Ints, MatchProblem

__all__ = ["knapsack_bound"]

_FINEST, _MOST_WORK, _ROUNDS = 20_000, 1_500_000_000, 400
_WORK_PER_SECOND = 100_000_000
_PATIENCE, _SHORTER, _LEAST_STEP, _MEMORY, _AIM = 15, 0.6, 1e-3, 0.6, 0.01


def knapsack_bound(
    problem: MatchProblem, choices: Choices, reached: float, *, seconds: float = np.inf, ends: float = np.inf
) -> float:
    """Return an upper bound on the objective of whole orders.

    Parameters
    ----------
    choices
        Of the problem, at good prices; credit lines are relaxed with theirs.
    reached
        Objective of an allocation, which the steps aim at.
    seconds
        About how long it may take: the work is counted, so that the bound is the same on any machine that is not much
        slower than that.
    ends
        Reading of `time.perf_counter` at which to stop at the latest, after one look at each supplier.
    """
    capacity, load = _in_units(problem, choices)
    by_supplier = np.argsort(choices.supplier, kind="stable")
    starts = np.append(0, np.cumsum(np.bincount(choices.supplier, minlength=problem.n_suppliers + 1)))
    order = np.repeat(np.arange(problem.n_orders), np.diff(choices.indptr))
    paid = choices.cost + np.where(choices.use > 0, choices.use, 0.0) * choices.line_price[choices.line]
    first = choices.net[choices.indptr[:-1]].copy()
    constant = 0.0
    if problem.credit is not None:
        constant = float(np.dot(choices.line_price[:-1], problem.credit.limit))
    items = (order[by_supplier], paid[by_supplier], load[by_supplier])
    work = int(min(_MOST_WORK, seconds * _WORK_PER_SECOND))
    pack = partial(_packed, items, starts, capacity)
    least = _descend(pack, first, -reached + constant, work, ends)
    return constant - least


def _in_units(problem: MatchProblem, choices: Choices) -> tuple[Ints, Ints]:
    """Return int64 capacities and loads in units that keep knapsacks small, rounded so that nothing is shut out."""
    capacity = np.append(problem.capacity, 0).astype(np.float64)
    whole = np.ones(capacity.size, np.bool_)
    whole[choices.supplier[choices.load != np.floor(choices.load)]] = False
    unit = np.where(whole & (capacity <= _FINEST), 1.0, np.maximum(capacity, 1.0) / _FINEST)
    of_choice = unit[choices.supplier]
    rounding = np.where(of_choice == 1.0, 1.0, 1 - 1e-12)
    units = np.floor(choices.load / of_choice * rounding).astype(np.int64)
    return np.floor(capacity / unit + 1e-9).astype(np.int64), units


def _descend(
    pack: Callable[[Floats, Ints], tuple[int, float]], payment: Floats, target: float, most_work: int, ends: float
) -> float:
    """Return the highest proved lower bound on the cost, following payments for as much work as is allowed."""
    best, best_payment, step, stalled, work = -np.inf, payment, 1.0, 0, 0
    way = np.zeros(payment.size)
    farthest = np.inf
    for _ in range(_ROUNDS):
        packed = np.zeros(payment.size, np.int64)
        cells, bound = pack(payment, packed)
        work += cells
        if bound - best > 1e-7 * abs(bound):
            best, best_payment, stalled = bound, payment, 0
        else:
            stalled += 1
        if stalled >= _PATIENCE:
            step, stalled, payment = step * _SHORTER, 0, best_payment
        farthest = min(farthest, _AIM * abs(bound))
        way = _MEMORY * way + (1 - _MEMORY) * (1.0 - packed)
        length = float(np.dot(way, way))
        if work > most_work or step < _LEAST_STEP or length < 1e-12 or bound >= target or time.perf_counter() >= ends:
            break
        payment = payment + step * min(target - bound, farthest) / length * way
    return best


@compiled
def _packed(
    items: tuple[Ints, Floats, Ints], starts: Ints, capacity: Ints, payment: Floats, packed: Ints
) -> tuple[int, float]:
    """Pack every supplier's knapsack; count each order's places, return the cells filled and the bound on the cost."""
    bound, work = payment.sum(), 0
    for j in range(capacity.size):
        cells, saved = _pack(items, starts[j], starts[j + 1], capacity[j], payment, packed)
        bound, work = bound + saved, work + cells
    return work, bound


@compiled
def _pack(  # noqa: PLR0917
    items: tuple[Ints, Floats, Ints], first: int, last: int, capacity: int, payment: Floats, packed: Ints
) -> tuple[int, float]:
    """Pack a supplier's knapsack; count its orders, return the cells filled and the cost less payments, <= 0."""
    order, paid, load = items
    wanted = np.empty(last - first, np.int64)
    n, total, saved = 0, 0, 0.0
    for at in range(first, last):
        if paid[at] < payment[order[at]] and load[at] <= capacity:
            wanted[n] = at
            n, total, saved = n + 1, total + load[at], saved + paid[at] - payment[order[at]]
    if total <= capacity:
        for k in range(n):
            packed[order[wanted[k]]] += 1
        return n, saved
    value = np.zeros(capacity + 1)
    took = np.zeros((n, capacity + 1), np.bool_)
    for k in range(n):
        size, cost = load[wanted[k]], paid[wanted[k]] - payment[order[wanted[k]]]
        for room in range(capacity, size - 1, -1):
            if value[room - size] + cost < value[room]:
                value[room] = value[room - size] + cost
                took[k, room] = True
    room = capacity
    for k in range(n - 1, -1, -1):
        if took[k, room]:
            packed[order[wanted[k]]] += 1
            room -= load[wanted[k]]
    return n * capacity, value[capacity]
