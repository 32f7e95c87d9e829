"""New prices for the online router: solved from the orders expected, activated only if a replay is better for it.

Prices are those of a batch match of a past day's orders against the room there is now. Before they count, the past
orders are routed one after another at the old and at new prices made from the other half of them: an order never
votes on prices it helped to make, and prices that fit yesterday only are found out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.online import OnlineRouter, Prices
from matching.online_kernel import replay
from matching.problem import Floats, MatchParams, MatchProblem, of_orders
from matching.solve import solve

__all__ = ["Refresh", "learnt_prices", "refresh"]


class Refresh(NamedTuple):
    """What a refresh found: the new prices, whether they count now, and what old and new reach in the replay."""

    prices: Prices
    activated: bool
    old_objective: float
    new_objective: float


def refresh(
    router: OnlineRouter,
    expected: MatchProblem,
    *,
    share: float = 1.0,
    cause: str = "nightly",
    params: MatchParams | None = None,
) -> Refresh:
    """Make prices for the orders still to come and publish them if the replay is better for it.

    Parameters
    ----------
    router
        Gives its present room and prices; suppliers that are down have no room.
    expected
        Orders like those to come, for example yesterday's, split and without loads or credit; its capacity is not read.
    share
        How many such days of orders are still to come before the room is renewed, > 0: half a day is 0.5.
    cause
        Why: nightly, supplier_down, capacity_cut, wave …

    Raises
    ------
    ValueError
        If the share is not above zero, or the orders are of another number of suppliers.
    """
    if not 0 < share < np.inf:
        raise ValueError(f"share: expected a number > 0, got {share}")
    if expected.n_suppliers != router.room.size:
        raise ValueError(f"expected: orders over {router.room.size} suppliers, got {expected.n_suppliers}")
    before = router.prices.value
    made = Prices(_prices(expected, router.room / share, before, params), router.prices.version + 1, cause)
    even = np.arange(expected.n_orders) % 2 == 0
    if even.all():
        old = new = _reached(router, expected, made.value, share)
    else:
        judge, half = of_orders(expected, ~even), of_orders(expected, even)
        parts = [one.demand / expected.demand for one in (half, judge)]
        learnt = _prices(half, router.room / share * parts[0], before, params)
        old = _reached(router, judge, before, share / parts[1])
        new = _reached(router, judge, learnt, share / parts[1])
    activated = new >= old
    if activated:
        router.publish(made)
    return Refresh(made, activated, old, new)


def learnt_prices(orders: MatchProblem, before: Floats, params: MatchParams | None = None) -> Floats:
    """Return float64 [M], the prices of a batch match of orders, as far as so few orders tell them.

    The shadow prices of few orders swing with each of them: prices known before (float [M]; zero where none are) count
    as much as one order per supplier that these orders could go to.
    """
    n, m = orders.n_orders, np.unique(orders.supplier).size
    solved = np.maximum(solve(orders, params=params).prices, 0.0)
    return np.asarray((n * solved + m * before) / (n + m))


def _prices(expected: MatchProblem, room: Floats, before: Floats, params: MatchParams | None) -> Floats:
    return learnt_prices(expected.replace(capacity=np.floor(room).astype(np.int64)), before, params)


def _reached(router: OnlineRouter, orders: MatchProblem, prices: Floats, share: float) -> float:
    """Return the objective of routing the orders one after another in that share of the room."""
    room = np.floor(router.room / share).astype(np.int64)
    supplier, score = orders.supplier.astype(np.int64), orders.score.astype(np.float64)
    indptr, pieces = orders.indptr.astype(np.int64), orders.pieces.astype(np.int64)
    return float(replay(indptr, supplier, score, pieces, orders.penalties, prices, room, router.params.margin))
