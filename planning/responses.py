"""The cheapest plan of each item alone when hours have prices: a compiled loop over items.

An item's cumulative supply only rises, costs are convex and piecewise linear in it, and a piece that arrives in a
bucket costs that bucket's cheapest way. So in an optimum the supply stands at a cumulative demand in every bucket, and
going through those levels bucket by bucket is exact: O(T J) for J levels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from contracts.jit import compiled
from planning.problem import Floats, Ints

__all__ = ["ItemCurves", "Ways", "responses"]


class ItemCurves(NamedTuple):
    """What supply is worth to each item.

    Parameters
    ----------
    slope, edge, base
        Shapes (P, T, K + 1), (P, T, K), (P, T): cost per piece between cumulative demands, the demands, and the cost
        of having nothing.
    there
        Shape (P, T): cumulative supply without new orders.
    top
        Shape (P,): new pieces that may arrive in all.
    last
        Shape (P,): last bucket that counts.
    """

    slope: Floats
    edge: Floats
    base: Floats
    there: Floats
    top: Floats
    last: Ints


class Ways(NamedTuple):
    """How items are made.

    Parameters
    ----------
    by_item, first_mode
        Modes sorted by item, shape (M,), and where each item's begin, shape (P + 1,).
    lead, output, cost
        Shape (M,), as in `planning.problem.Modes`.
    allowed
        Shape (M, T): whether a mode may start in a bucket.
    first_op
        Shape (M + 1,): where each mode's operations begin.
    op_resource, op_offset, op_hours
        Shape (O,), as in `planning.problem.Modes`.
    """

    by_item: Ints
    first_mode: Ints
    lead: Ints
    output: Floats
    cost: Floats
    allowed: np.ndarray
    first_op: Ints
    op_resource: Ints
    op_offset: Ints
    op_hours: Floats


@compiled
def responses(curves: ItemCurves, ways: Ways, price: Floats, block: Ints, load: Floats) -> float:
    """Return the cost of all items' cheapest plans and add their hours to `load`.

    Parameters
    ----------
    price
        Shape (R, T): money per hour.
    block, load
        Shapes (P,) and (B, R, T).
    """
    n_items, n_buckets, n_edges = curves.edge.shape
    most = n_edges * n_buckets + 2
    level, value = np.empty(most), np.empty(most)
    came = np.empty((n_buckets, most), np.int64)
    unit, way = np.empty(n_buckets), np.empty(n_buckets, np.int64)
    total = 0.0
    for p in range(n_items):
        _arrivals(ways, p, price, unit, way)
        n = _levels(curves, p, level)
        value[:n] = np.inf
        value[0] = 0.0
        for t in range(n_buckets):
            _rise(value[:n], level[:n], unit[t], came[t])
            if t <= curves.last[p]:
                _add_cost(curves, p, t, level[:n], value)
        j = int(np.argmin(value[:n]))
        total += value[j]
        for t in range(n_buckets - 1, -1, -1):
            i = came[t, j]
            if i < j:
                _take_hours(ways, way[t], t, level[j] - level[i], load[block[p]])
            j = i
    return total


@compiled
def _arrivals(ways: Ways, item: int, price: Floats, unit: Floats, way: Ints) -> None:
    """Find the cheapest way for a good piece to arrive in each bucket; none costs infinity."""
    unit[:] = np.inf
    for mode in ways.by_item[ways.first_mode[item] : ways.first_mode[item + 1]]:
        lead = ways.lead[mode]
        for at in range(len(unit) - lead):
            if ways.allowed[mode, at]:
                money = ways.cost[mode]
                for o in range(ways.first_op[mode], ways.first_op[mode + 1]):
                    money += ways.op_hours[o] * price[ways.op_resource[o], at + ways.op_offset[o]]
                money /= ways.output[mode]
                if money < unit[at + lead]:
                    unit[at + lead] = money
                    way[at + lead] = mode


@compiled
def _levels(curves: ItemCurves, item: int, level: Floats) -> int:
    """Write 0, the top and what new supply lacks to each cumulative demand, ascending; return how many they are."""
    edge, top = curves.edge[item], curves.top[item]
    level[0] = 0.0
    n = 1
    for t in range(min(curves.last[item] + 1, edge.shape[0])):
        for k in range(edge.shape[1]):
            lacking = edge[t, k] - curves.there[item, t]
            if 0.0 < lacking < top:
                level[n] = lacking
                n += 1
    if top > 0.0:
        level[n] = top
        n += 1
    level[:n].sort()
    kept = 1
    for j in range(1, n):
        if level[j] > level[kept - 1]:
            level[kept] = level[j]
            kept += 1
    return kept


@compiled
def _rise(value: Floats, level: Floats, unit: float, came: Ints) -> None:
    """Let supply rise to each level at a price per piece; note where from."""
    lowest, source = np.inf, 0
    for j in range(len(level)):
        if unit == np.inf:
            came[j] = j
            continue
        stay = value[j] - unit * level[j]
        if stay <= lowest:
            lowest, source = stay, j
        came[j] = source
        value[j] = lowest + unit * level[j]


@compiled
def _add_cost(curves: ItemCurves, item: int, t: int, level: Floats, value: Floats) -> None:
    """Add a bucket's cost of stock and lateness at each level."""
    slope, edge = curves.slope[item, t], curves.edge[item, t]
    money, position, k = curves.base[item, t], 0.0, 0
    for j in range(len(level)):
        goal = curves.there[item, t] + level[j]
        while k < len(edge) and edge[k] < goal:
            money += slope[k] * (edge[k] - position)
            position = edge[k]
            k += 1
        money += slope[k] * (goal - position)
        position = goal
        value[j] += money


@compiled
def _take_hours(ways: Ways, mode: int, arrival: int, good: float, load: Floats) -> None:
    """Add the hours of good pieces that arrive in a bucket by a mode."""
    started = good / ways.output[mode]
    for o in range(ways.first_op[mode], ways.first_op[mode + 1]):
        load[ways.op_resource[o], arrival - ways.lead[mode] + ways.op_offset[o]] += started * ways.op_hours[o]
