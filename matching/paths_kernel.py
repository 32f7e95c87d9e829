"""Contested orders placed one after another, each by the cheapest path that makes room for it, in compiled loops.

Successive shortest paths (Ahuja, Magnanti and Orlin, *Network Flows*, section 9.7) over suppliers: one that is full
passes a piece of an order on to another of the order's candidates, or to its fallback. Suppliers' prices keep every
step from costing less than nothing, so that Dijkstra's search ends at the first place that has room; it sees only
what lies nearer than that. Parts of the market that orders do not connect never meet.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from contracts.jit import compiled, lean
from matching.problem import Ints

__all__ = ["placed"]

_NOBODY = -1


class _Net(NamedTuple):
    """Candidates by order, what they serve, and the rows that serve pieces of each supplier as a chain.

    ``least``: what a piece of an order costs at its fallback; ``first`` of each supplier, ``after`` and ``before`` of
    each row: the chain; ``price`` and ``room`` of each supplier; ``found``: suppliers reached, ``far`` how far, ``by``
    which row, and instead ``of`` which row that gives its pieces away; ``state`` of each: 0 unseen, 1 reached, 2 done.
    """

    indptr: Ints
    order: Ints
    supplier: Ints
    cost: Ints
    least: Ints
    pieces: Ints
    first: Ints
    after: Ints
    before: Ints
    price: Ints
    room: Ints
    found: Ints
    far: Ints
    by: Ints
    of: Ints
    state: Ints


@compiled
def placed(  # noqa: PLR0917 (compiled: no keywords)
    indptr: Ints, supplier: Ints, cost: Ints, wanted: Ints, capacity: Ints, least: Ints, steps: int
) -> tuple[Ints, bool]:
    """Return int64 [E], pieces of each candidate at the least cost, and whether so many steps were enough for it.

    Parameters
    ----------
    indptr, supplier, cost
        Candidates by order, int64; what a piece costs there.
    wanted, least
        int64 [N], pieces of each order and what one costs elsewhere, without limit.
    capacity
        int64 [M].
    """
    n, m, rows = len(wanted), len(capacity), len(supplier)
    order = np.empty(rows, np.int64)
    for i in range(n):
        order[indptr[i] : indptr[i + 1]] = i
    net = _Net(
        indptr, order, supplier, cost, least, np.zeros(rows, np.int64), np.full(m, _NOBODY), np.full(rows, _NOBODY),
        np.full(rows, _NOBODY), np.zeros(m, np.int64), capacity.copy(), np.empty(m, np.int64), np.empty(m, np.int64),
        np.empty(m, np.int64), np.empty(m, np.int64), np.zeros(m, np.int64),
    )  # fmt: skip
    for i in range(n):
        left = wanted[i]
        while left > 0 and steps > 0:
            end, drop, taken = _cheapest(net, i)
            steps -= taken
            if end == _NOBODY:
                break
            left -= _moved(net, end, drop, left)
    return net.pieces, steps > 0


@lean
def _cheapest(net: _Net, i: int) -> tuple[int, int, int]:
    """Return where the cheapest path of an order ends, the row that gives way there (-1 = it has room), and steps.

    It ends at nobody where the order's own fallback is the cheapest. Prices rise by what the path is dearer.
    """
    far, state, price, found = net.far, net.state, net.price, net.found  # to read them from the tuple takes longer
    best, end, drop, steps = net.least[i], _NOBODY, _NOBODY, 0
    count = _reach(net, 0, i, _NOBODY, 0, best)
    while True:
        near = _NOBODY
        for k in range(count):
            if state[found[k]] == 1 and (near == _NOBODY or far[found[k]] < far[near]):
                near = found[k]
        steps += count
        if near == _NOBODY or far[near] >= best:
            break
        state[near] = 2
        if net.room[near] > 0:
            best, end, drop = far[near], near, _NOBODY
            break
        row = net.first[near]
        while row != _NOBODY:
            j = net.order[row]
            base = far[near] - net.cost[row] - price[near]
            if base + net.least[j] < best:
                best, end, drop = base + net.least[j], near, row
            count = _reach(net, count, j, row, base, best)
            steps += net.indptr[j + 1] - net.indptr[j]
            row = net.after[row]
    for k in range(count):
        state[found[k]] = 0
        price[found[k]] += max(best - far[found[k]], 0)
    return end, drop, steps


@lean
def _reach(net: _Net, count: int, i: int, giver: int, base: Any, best: Any) -> int:  # noqa: PLR0917 (compiled)
    """Note the ways that lead over an order's candidates where none is nearer; return how many are reached by now."""
    far, state, price, found = net.far, net.state, net.price, net.found
    supplier, cost, by, of = net.supplier, net.cost, net.by, net.of
    for row in range(net.indptr[i], net.indptr[i + 1]):
        one = supplier[row]
        reached = base + cost[row] + price[one]
        if reached >= best or state[one] == 2 or (state[one] == 1 and far[one] <= reached):
            continue
        if state[one] == 0:
            state[one] = 1
            found[count] = one
            count += 1
        far[one], by[one], of[one] = reached, row, giver
    return count


@lean
def _moved(net: _Net, end: int, drop: int, left: int) -> Any:
    """Move as many pieces along the path as it carries; return how many."""
    amount = min(left, net.room[end] if drop == _NOBODY else net.pieces[drop])
    at = end
    while net.of[at] != _NOBODY:
        giver = net.of[at]
        amount = min(amount, net.pieces[giver])
        at = net.supplier[giver]
    if drop == _NOBODY:
        net.room[end] -= amount
    else:
        _change(net, drop, -amount)
    at = end
    while True:
        giver = net.of[at]
        _change(net, net.by[at], amount)
        if giver == _NOBODY:
            return amount
        _change(net, giver, -amount)
        at = net.supplier[giver]


@lean
def _change(net: _Net, row: int, amount: int) -> None:
    """Change what a row serves, and whether it is in its supplier's chain."""
    one, before = net.supplier[row], net.pieces[row]
    net.pieces[row] = before + amount
    if before == 0:
        net.after[row], net.before[row] = net.first[one], _NOBODY
        if net.first[one] != _NOBODY:
            net.before[net.first[one]] = row
        net.first[one] = row
    elif net.pieces[row] == 0:
        if net.before[row] == _NOBODY:
            net.first[one] = net.after[row]
        else:
            net.after[net.before[row]] = net.after[row]
        if net.after[row] != _NOBODY:
            net.before[net.after[row]] = net.before[row]
