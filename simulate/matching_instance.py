"""The standard matching instance: orders along a ring of suppliers, some near and some anywhere.

Suppliers sit on a ring, differ in size, quality, cost and lead time, and better ones cost more. An order has a place on
the ring, 1 to 50 pieces and about twenty candidates: seven in ten from its neighbourhood, where larger suppliers are
likelier, the rest anywhere, with probability growing with the square root of size. The score of a candidate is
``1 - 0.4 cost - 0.3 lead - 0.3 (1 - trust)``, an unserved piece loses 1, and capacities exceed demand by the slack.
Suppliers and orders have seeds of their own, so that "yesterday" is the same suppliers with other orders.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["MatchingInstance", "matching_instance"]

Array = npt.NDArray[Any]
_TRIES = 200


@dataclass(frozen=True, kw_only=True)
class MatchingInstance:
    """Arrays of a match: candidates of order i are rows ``indptr[i]:indptr[i + 1]``.

    ``indptr`` int64 [N + 1], ``supplier`` int32 [E], ``score`` float32 [E], ``pieces`` int64 [N], ``capacity`` int64
    [M].
    """

    indptr: Array
    supplier: Array
    score: Array
    pieces: Array
    capacity: Array


class _Suppliers(NamedTuple):
    place: Array
    size: Array
    quality: Array
    cost: Array
    lead: Array


def matching_instance(
    n_orders: int,
    *,
    n_suppliers: int | None = None,
    candidates: int = 20,
    slack: float = 0.10,
    seed: int = 0,
    order_seed: int | None = None,
) -> MatchingInstance:
    """Make an instance.

    Parameters
    ----------
    n_orders
        N, >= 1.
    n_suppliers
        M; default N / 100, at least 10.
    candidates
        Candidates per order, at most M.
    slack
        Share by which total capacity exceeds total demand (negative = shortage).
    seed, order_seed
        Of the suppliers, and of the orders (default: derived from `seed`).

    Examples
    --------
    >>> made = matching_instance(1000, seed=1)
    >>> int(made.indptr[-1]), made.capacity.size
    (10000, 10)
    """
    m = n_suppliers or max(10, n_orders // 100)
    suppliers = _suppliers(m, seed)
    rng = np.random.default_rng(seed + 1000 if order_seed is None else order_seed)
    place, pieces = rng.random(n_orders), rng.integers(1, 51, n_orders)
    stream = seed if order_seed is None else order_seed
    draw, rate = _compiled()
    supplier = draw(place, suppliers.size, min(candidates, m), stream)
    score = rate(supplier, place, suppliers, stream * 7919 + 1)
    share = suppliers.size / suppliers.size.sum()
    capacity = np.maximum(np.floor(share * pieces.sum() * (1 + slack)).astype(np.int64), 1)
    degree = (supplier >= 0).sum(axis=1)
    if (degree == supplier.shape[1]).all():
        flat, rated = supplier.reshape(-1), score.reshape(-1)
    else:
        flat, rated = supplier[supplier >= 0], score[supplier >= 0]
    return MatchingInstance(
        indptr=np.append(0, np.cumsum(degree)), supplier=flat, score=rated, pieces=pieces, capacity=capacity
    )


def _suppliers(m: int, seed: int) -> _Suppliers:
    rng = np.random.default_rng(seed)
    place, size = np.sort(rng.random(m)), rng.lognormal(0, 0.9, m)
    quality = np.clip(0.5 + 0.2 * rng.standard_normal(m), 0, 1)
    cost = np.clip(0.3 + 0.3 * quality + 0.12 * rng.standard_normal(m), 0, 1)
    return _Suppliers(place=place, size=size, quality=quality, cost=cost, lead=rng.random(m))


@cache
def _compiled() -> tuple[Callable[..., Array], Callable[..., Array]]:
    from numba import njit

    return njit(cache=True)(_draw), njit(cache=True)(_rate)


def _draw(place: Array, size: Array, k: int, seed: int) -> Array:
    """Return int32 [N, k], distinct suppliers of each order, -1 where none was found."""
    np.random.seed(seed)  # noqa: NPY002 (the generator that compiled code has)
    n, m = place.size, size.size
    near, reach = int(round(k * 0.7)), max(min(150, m // 3), 4)  # noqa: RUF046
    likely = np.clip(np.sqrt(size) / 2, 0.05, 1)
    reached = np.cumsum(np.sqrt(size))
    reached /= reached[-1]
    found = np.full((n, k), -1, np.int32)
    for i in range(n):
        count = 0
        for _ in range(_TRIES):
            if count == k:
                break
            if count < near:
                j = (int(place[i] * m) + np.random.randint(-reach, reach + 1)) % m  # noqa: NPY002
                good = np.random.random() <= likely[j]  # noqa: NPY002
            else:
                j = min(int(np.searchsorted(reached, np.random.random())), m - 1)  # noqa: NPY002
                good = True
            for other in range(count):
                good = good and found[i, other] != j
            if good:
                found[i, count] = j
                count += 1
    return found


def _rate(supplier: Array, place: Array, suppliers: _Suppliers, seed: int) -> Array:
    """Return float32 [N, k], the score of each candidate."""
    score = np.full(supplier.shape, -np.inf, np.float32)
    for i in range(place.size):
        np.random.seed((seed + i) % 2**32)  # noqa: NPY002
        for t in range(supplier.shape[1]):
            j = supplier[i, t]
            if j < 0:
                continue
            way = abs(place[i] - suppliers.place[j])
            far = 2 * min(way, 1 - way)
            price = min(1.0, max(0.0, suppliers.cost[j] + 0.10 * far + np.random.normal(0, 0.08)))  # noqa: NPY002
            slow = min(1.0, 0.5 * suppliers.lead[j] + 0.5 * far + 0.1 * np.random.random())  # noqa: NPY002
            trust = suppliers.quality[j]
            if np.random.random() < 0.3:  # noqa: NPY002 (three in ten have traded before)
                trust = min(1.0, trust + 0.4 * np.random.random())  # noqa: NPY002
            score[i, t] = 1 - 0.4 * price - 0.3 * slow - 0.3 * (1 - trust)
    return score
