"""The loops of levelled promotion, compiled: projected gradient steps of one group after the other, and their bound."""

from __future__ import annotations

import numpy as np

from contracts.jit import compiled, inlined
from planning.problem import Floats, Ints

__all__ = ["OPEN", "assign_days", "gap_of", "sweep"]

OPEN = -1_000_000
"""The day of a promotion whose day is still to be chosen; days gone by are negative."""


@compiled
def sweep(  # noqa: PLR0917 (compiled: no keywords)
    share: Floats, by_style: Floats, of_style: Floats, off: Floats, response: Floats, fresh: Floats, hours: Floats,
    style: Ints, first: Ints, last: Ints, spread: Floats, scale: float, price: float, sweeps: int,
) -> None:  # fmt: skip
    """Improve `share` [G, D] in place, and with it the loads of styles and the distance from the line.

    `by_style` [S, D] are hours promoted per style and day, `of_style` [S, T] the hours of orders they create, `off` [T]
    the distance of their sum, and of what comes anyway, from the line.
    """
    norm = 0.0
    for d in range(response.shape[0]):
        norm = max(norm, (response[d] * response[d]).sum())
    whole = response.sum(axis=0).max() * response.sum(axis=1).max()
    step_norm = min(whole, norm * response.shape[0])
    for _ in range(sweeps):
        for g in range(share.shape[0]):
            if hours[g] <= 0.0 or first[g] == last[g]:
                continue
            s, a, b = style[g], first[g], last[g] + 1
            gradient = _gradient(off, of_style[s], response, fresh[g], hours[g], spread[s], scale, price, a, b)
            step = 1.0 / max(2.0 * scale * hours[g] * hours[g] * step_norm * (1.0 + spread[s]), 1e-300)
            moved = _onto_simplex(share[g, a:b] - step * gradient)
            for d in range(a, b):
                change = (moved[d - a] - share[g, d]) * hours[g] * fresh[g, d]
                if change != 0.0:
                    share[g, d] = moved[d - a]
                    by_style[s, d] += change
                    for t in range(d, min(d + response.shape[1] - response.shape[0] + 1, off.size)):
                        of_style[s, t] += change * response[d, t]
                        off[t] += change * response[d, t]


@compiled
def gap_of(  # noqa: PLR0917 (compiled: no keywords)
    share: Floats, of_style: Floats, off: Floats, response: Floats, fresh: Floats, hours: Floats, style: Ints,
    first: Ints, last: Ints, spread: Floats, scale: float, price: float,
) -> float:  # fmt: skip
    """Return how much the objective could still fall at most: the gain of the linearised problem (Frank and Wolfe)."""
    gain = 0.0
    for g in range(share.shape[0]):
        s, a, b = style[g], first[g], last[g] + 1
        gradient = _gradient(off, of_style[s], response, fresh[g], hours[g], spread[s], scale, price, a, b)
        gain += (gradient * share[g, a:b]).sum() - gradient.min()
    return gain


@compiled
def assign_days(  # noqa: PLR0917 (compiled: no keywords)
    group: Ints, seller: Ints, fixed: Ints, wanted: Floats, first: Ints, last: Ints, sellers: int, cap: Ints,
    week_of: Ints,
) -> Ints:  # fmt: skip
    """Return int64 [E], the day of each promotion, `OPEN` where the seller's weeks have no room in its window.

    Promotions are taken in their order; each goes to the day on which its group is furthest behind `wanted` [G, D]
    (people per day) among the days on which the seller does not promote yet and whose week has room (`cap` [sellers]).
    Days in `fixed` that are not `OPEN` stand.
    """
    days, weeks = wanted.shape[1], week_of.max() + 1
    used = np.zeros((sellers, weeks), np.int64)
    busy = np.zeros((sellers, days), np.bool_)
    left = wanted.copy()
    found = fixed.copy()
    for e in range(group.size):
        if fixed[e] >= 0:
            used[seller[e], week_of[fixed[e]]] += 1
            busy[seller[e], fixed[e]] = True
            left[group[e], fixed[e]] -= 1.0
    for e in range(group.size):
        if fixed[e] != OPEN:
            continue
        g, i, best, at = group[e], seller[e], -np.inf, OPEN
        for d in range(first[g], last[g] + 1):
            if not busy[i, d] and used[i, week_of[d]] < cap[i] and left[g, d] > best:
                best, at = left[g, d], d
        if at != OPEN:
            used[i, week_of[at]] += 1
            busy[i, at] = True
            left[g, at] -= 1.0
            found[e] = at
    return found


@inlined
def _gradient(  # noqa: PLR0917 (compiled: no keywords)
    off: Floats, mine: Floats, response: Floats, fresh: Floats, hours: float, spread: float, scale: float,
    price: float, a: int, b: int,
) -> Floats:  # fmt: skip
    """Return what one unit more of a group's share on each day of its window adds to the objective."""
    gradient = np.zeros(b - a)
    lags = response.shape[1] - response.shape[0] + 1
    for d in range(a, b):
        total = 0.0
        for t in range(d, d + lags):
            total += response[d, t] * (off[t] + spread * mine[t])
        gradient[d - a] = hours * (2.0 * scale * fresh[d] * total + price * (1.0 - fresh[d]))
    return gradient


@inlined
def _onto_simplex(point: Floats) -> Floats:
    """Return the nearest point whose entries are >= 0 and sum to 1."""
    ordered = np.sort(point)[::-1]
    total, theta = 0.0, 0.0
    for k in range(ordered.size):
        total += ordered[k]
        level = (total - 1.0) / (k + 1)
        if ordered[k] > level:
            theta = level
    return np.maximum(point - theta, 0.0)
