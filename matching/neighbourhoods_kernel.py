"""The loops that improve whole orders part by part, compiled.

A part is a few suppliers and some of the orders they hold. Its orders are placed anew by depth-first enumeration: each
takes its options from the best net cost up, and a branch ends where its net cost so far, the least the others can add
and what all room left could be worth reach the cost to beat (the bound of the prices, for this part only). Prices make
nearly all options hopeless at once, so that twenty orders are enumerated in some hundred steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from contracts.jit import compiled, inlined
from matching.choices import Choices
from matching.problem import Floats, Ints

__all__ = ["MOST_ORDERS", "MOST_SUPPLIERS", "Part", "Search", "improve_for"]

FEWEST_SUPPLIERS, MOST_SUPPLIERS, MOST_ORDERS = 3, 7, 62
_NEAR, _LOOKS, _TOURNAMENT, _POOL = 6, 30, 3, 64
_STEPS = 2000
_FEWEST_ORDERS = 4.0


class Search(NamedTuple):
    """What the search changes.

    ``chosen`` choice per order and ``best`` those of the best allocation met; ``room`` and ``line_room``; the orders of
    supplier j in ``slots[start[j]:start[j] + held[j]]``, each at its ``place``; ``cost`` now and at best; ``size``
    orders freed per number of suppliers; ``draws`` random numbers in [0, 1), read in a ring from ``tally[0]``.
    """

    chosen: Ints
    best: Ints
    room: Floats
    line_room: Floats
    slots: Ints
    start: Ints
    held: Ints
    place: Ints
    cost: Floats
    size: Floats
    draws: Floats
    tally: Ints


class Part(NamedTuple):
    """Room to work on one part: its suppliers and orders, their options, and the branch that is looked at."""

    suppliers: Ints
    inside: Ints
    priced: Ints
    pool: Ints
    stiffness: Floats
    orders: Ints
    option: Ints
    n_options: Ints
    at: Ints
    so_far: Floats
    least: Floats
    pick: Ints
    found: Ints


@compiled
def improve_for(choices: Choices, search: Search, part: Part, steps: int, heat: float, noise: float) -> None:  # noqa: PLR0917
    """Place part after part anew until so many steps of enumeration are made.

    ``heat`` is the mean cost by which a part may become worse, ``noise`` how loosely orders are chosen for a part.
    """
    while steps > 0:
        wide = FEWEST_SUPPLIERS + int(_draw(search) * (MOST_SUPPLIERS + 1 - FEWEST_SUPPLIERS))
        first = _misplaced(choices, search)
        n_suppliers = _choose_suppliers(choices, search, part, first, wide)
        n_orders = _choose_orders(choices, search, part, first, n_suppliers, noise)
        before = _free(choices, search, part, n_orders)
        worth = _list_options(choices, search, part, n_orders, n_suppliers)
        allowed = before + 1e-7 * max(1.0, abs(before))
        if heat > 0.0:
            allowed -= heat * np.log(_draw(search) + 1e-12)
        made, after = _enumerate(choices, search, part, n_orders, worth, allowed)
        _take(choices, search, part, n_orders, after < allowed)
        if after < allowed:
            search.cost[0] += after - before
        if search.cost[0] < search.cost[1] - 1e-9 * max(1.0, abs(search.cost[1])):
            search.cost[1] = search.cost[0]
            search.best[:] = search.chosen
        change = -0.3 if made > _STEPS else (0.03 if 4 * made < _STEPS else 0.0)
        search.size[n_suppliers] = min(max(search.size[n_suppliers] + change, _FEWEST_ORDERS), MOST_ORDERS - 1.0)
        steps -= made + n_orders
        for b in range(n_suppliers):
            part.inside[part.suppliers[b]] = 0


@inlined
def _draw(search: Search) -> float:
    at = search.tally[0]
    search.tally[0] = at + 1 if at + 1 < search.draws.size else 0
    return float(search.draws[at])


@compiled
def _misplaced(choices: Choices, search: Search) -> int:
    """Return of a few orders the one that is furthest from its best net cost."""
    worst, most = 0, -1.0
    for _ in range(_TOURNAMENT):
        i = int(_draw(search) * search.chosen.size)
        regret = choices.net[search.chosen[i]] - choices.net[choices.indptr[i]]
        if regret > most:
            worst, most = i, regret
    return worst


@compiled
def _choose_suppliers(choices: Choices, search: Search, part: Part, first: int, wide: int) -> int:
    """Choose the first order's supplier, one it would like, one that an order there would like, and so on."""
    n, source = 0, first
    j = choices.supplier[search.chosen[first]]
    for _ in range(_LOOKS):
        if not part.inside[j]:
            part.inside[j], part.suppliers[n] = 1, j
            n += 1
            source = first
            if search.held[j] > 0:
                source = search.slots[search.start[j] + int(_draw(search) * search.held[j])]
        if n == wide:
            break
        near = min(_NEAR, choices.indptr[source + 1] - choices.indptr[source])
        j = choices.supplier[choices.indptr[source] + int(_draw(search) * near)]
    return n


@compiled
def _choose_orders(choices: Choices, search: Search, part: Part, first: int, n_suppliers: int, noise: float) -> int:  # noqa: PLR0917
    """Choose the first order and those that lose least by leaving for another supplier of the part."""
    part.pool[0], part.stiffness[0], n = first, -np.inf, 1
    for b in range(n_suppliers):
        j = part.suppliers[b]
        n_held, skip = search.held[j], 0
        if n_held > _POOL:
            skip = int(_draw(search) * (n_held - _POOL + 1))
        for at in range(skip, min(n_held, skip + _POOL)):
            i = search.slots[search.start[j] + at]
            if i == first:
                continue
            part.pool[n] = i
            part.stiffness[n] = _loss(choices, search, part, i) - noise * np.log(_draw(search) + 1e-12)
            n += 1
    wanted = min(n, int(search.size[n_suppliers] + _draw(search)), MOST_ORDERS)
    ranked = np.argsort(part.stiffness[:n])
    for q in range(wanted):
        i = part.pool[ranked[q]]
        load, at = choices.load[search.chosen[i]], q
        while at > 0 and choices.load[search.chosen[part.orders[at - 1]]] < load:
            part.orders[at] = part.orders[at - 1]
            at -= 1
        part.orders[at] = i
    return wanted


@compiled
def _loss(choices: Choices, search: Search, part: Part, i: int) -> float:
    """Return what order i loses net by its best other choice within the part."""
    now = search.chosen[i]
    for e in range(choices.indptr[i], choices.indptr[i + 1]):
        if e != now and part.inside[choices.supplier[e]]:
            return float(choices.net[e] - choices.net[now])
    return np.inf


@compiled
def _free(choices: Choices, search: Search, part: Part, n_orders: int) -> float:
    """Take the part's orders off their suppliers; return what they cost there."""
    cost = 0.0
    for q in range(n_orders):
        e = search.chosen[part.orders[q]]
        cost += choices.cost[e]
        search.room[choices.supplier[e]] += choices.load[e]
        search.line_room[choices.line[e]] += choices.use[e]
    return cost


@compiled
def _list_options(choices: Choices, search: Search, part: Part, n_orders: int, n_suppliers: int) -> float:
    """List each order's choices within the part; return what all room there and on their lines could be worth."""
    worth, n_priced = 0.0, 0
    for b in range(n_suppliers):
        j = part.suppliers[b]
        worth += choices.price[j] * search.room[j] if choices.price[j] > 0 else 0.0
    part.least[n_orders] = 0.0
    for q in range(n_orders - 1, -1, -1):
        i, n = part.orders[q], 0
        for e in range(choices.indptr[i], choices.indptr[i + 1]):
            if not part.inside[choices.supplier[e]]:
                continue
            part.option[q, n] = e
            if n > 0 and choices.net[e] <= choices.net[part.option[q, n - 1]] and _draw(search) < 0.5:
                part.option[q, n], part.option[q, n - 1] = part.option[q, n - 1], e
            n += 1
            line = choices.line[e]
            if choices.line_price[line] > 0 and not part.inside[choices.price.size + line]:
                part.inside[choices.price.size + line], part.priced[n_priced] = 1, line
                worth += choices.line_price[line] * search.line_room[line]
                n_priced += 1
            if n > n_suppliers:
                break
        part.n_options[q] = n
        part.least[q] = part.least[q + 1] + choices.net[part.option[q, 0]]
    for k in range(n_priced):
        part.inside[choices.price.size + part.priced[k]] = 0
    return worth


@compiled
def _enumerate(  # noqa: PLR0917
    choices: Choices, search: Search, part: Part, n_orders: int, worth: float, allowed: float
) -> tuple[int, float]:
    """Look for a placing that costs less than allowed; return the steps made and the cost (as allowed if none)."""
    made, depth, best = 0, 0, allowed
    part.at[0], part.so_far[0] = 0, 0.0
    while depth >= 0 and made <= _STEPS:
        made += 1
        e = -1
        if depth < n_orders:
            e = _next_option(choices, search, part, depth, best + worth)
        else:
            best = _kept_if_better(choices, search, part, n_orders, best)
        if e < 0:
            depth -= 1
            if depth >= 0:
                search.room[choices.supplier[part.pick[depth]]] += choices.load[part.pick[depth]]
                search.line_room[choices.line[part.pick[depth]]] += choices.use[part.pick[depth]]
            continue
        search.room[choices.supplier[e]] -= choices.load[e]
        search.line_room[choices.line[e]] -= choices.use[e]
        part.pick[depth] = e
        part.so_far[depth + 1] = part.so_far[depth] + choices.net[e]
        depth += 1
        part.at[depth] = 0
    for q in range(depth):
        search.room[choices.supplier[part.pick[q]]] += choices.load[part.pick[q]]
        search.line_room[choices.line[part.pick[q]]] += choices.use[part.pick[q]]
    return made, best


@inlined
def _next_option(choices: Choices, search: Search, part: Part, depth: int, most: float) -> int:
    """Return the order's next choice that fits and may still lead below the most, -1 if none does."""
    found = -1
    while found < 0 and part.at[depth] < part.n_options[depth]:
        e = part.option[depth, part.at[depth]]
        part.at[depth] += 1
        if part.so_far[depth] + choices.net[e] + part.least[depth + 1] >= most:
            part.at[depth] = part.n_options[depth]
        elif (
            choices.load[e] <= search.room[choices.supplier[e]] and choices.use[e] <= search.line_room[choices.line[e]]
        ):
            found = e
    return found


@compiled
def _kept_if_better(choices: Choices, search: Search, part: Part, n_orders: int, best: float) -> float:
    """Note the branch if it costs less than the best and is not what was there; return the best cost."""
    cost, same = 0.0, True
    for q in range(n_orders):
        cost += choices.cost[part.pick[q]]
        same = same and part.pick[q] == search.chosen[part.orders[q]]
    if same or cost >= best:
        return best
    part.found[:n_orders] = part.pick[:n_orders]
    return cost


@compiled
def _take(choices: Choices, search: Search, part: Part, n_orders: int, better: bool) -> None:  # noqa: FBT001
    """Put the part's orders where the enumeration found, or back."""
    for q in range(n_orders):
        i = part.orders[q]
        old = search.chosen[i]
        e = part.found[q] if better else old
        search.room[choices.supplier[e]] -= choices.load[e]
        search.line_room[choices.line[e]] -= choices.use[e]
        if e != old:
            j, k = choices.supplier[old], choices.supplier[e]
            search.held[j] -= 1
            last = search.slots[search.start[j] + search.held[j]]
            search.slots[search.start[j] + search.place[i]] = last
            search.place[last] = search.place[i]
            search.slots[search.start[k] + search.held[k]] = i
            search.place[i] = search.held[k]
            search.held[k] += 1
            search.chosen[i] = e
