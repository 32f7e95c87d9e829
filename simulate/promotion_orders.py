"""What comes of promotions on given days: orders day by day, and what a factory behind them makes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.small_sellers import SmallSellerMarket

__all__ = ["Factory", "Season", "run_factory"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_LAG = np.array([0.44, 0.2, 0.12, 0.08, 0.06, 0.04, 0.03, 0.03])
_WEEKDAY = np.array([0.9, 0.85, 0.9, 1.0, 1.1, 1.3, 0.95])
_FORTNIGHT = 14


class Season:
    """A season of promotions in a simulated market: the same luck whatever the schedule.

    Parameters
    ----------
    market
        Sellers, styles and their truth.
    seller, style, hour
        int [n]: promotions that both sides agreed on.
    first
        int [n], first day on which each style may be promoted.
    days
        Days of the season; day 0 is a Monday.
    loss
        Share of a promotion's orders lost per day that it waits.
    shock
        Squared coefficient of variation of what a day brings to all, >= 0.
    seed
        Of the luck.
    """

    def __init__(
        self, market: SmallSellerMarket, seller: Ints, style: Ints, hour: Ints, *, first: Ints, days: int,
        loss: float = 0.002, shock: float = 0.002, seed: int = 0,
    ) -> None:  # fmt: skip
        rng = np.random.default_rng([seed, 62])
        self.market, self.seller, self.style, self.hour = market, seller, style, hour
        self.first, self.days, self._loss = first, days, loss
        self._luck = rng.gamma(1 / market.params.noise, market.params.noise, len(seller))
        whole = days + len(_LAG)
        self._day = _WEEKDAY[np.arange(whole) % 7] * (rng.gamma(1 / shock, shock, whole) if shock > 0 else 1.0)
        self._seed = seed
        self.orders = np.zeros((len(seller), len(_LAG)), np.int64)
        """int [n, lags], pieces ordered 0, 1, … days after each promotion that was run."""
        self.day = np.full(len(seller), -1, np.int64)
        """int [n], the day on which each was run, -1 if it was not yet."""

    def run(self, which: Ints, day: Ints) -> None:
        """Run promotions (rows, int [k]) on days >= those of all that were run before; each once."""
        self.day[which] = day
        recent = np.zeros(len(which), np.int64)
        key = self.seller * np.int64(self.days + _FORTNIGHT) + self.day
        done = np.sort(key[self.day >= 0])
        own = self.seller[which] * np.int64(self.days + _FORTNIGHT) + day
        since = self.seller[which] * np.int64(self.days + _FORTNIGHT) + np.maximum(day - _FORTNIGHT, 0)
        recent = np.searchsorted(done, own) - np.searchsorted(done, since)
        mean = self.market.mean_pieces(self.seller[which], self.style[which], self.hour[which], recent)
        mean = mean * self._luck[which] * (1 - self._loss) ** (day - self.first[which])
        rng = np.random.default_rng([self._seed, 63, int(day.min(initial=0))])
        after = day[:, None] + np.arange(len(_LAG))
        self.orders[which] = rng.poisson(mean[:, None] * _LAG * self._day[after])

    def so_far(self, today: int) -> Ints:
        """Return int [n], pieces ordered before a day."""
        after = self.day[:, None] + np.arange(len(_LAG))
        return np.asarray((self.orders * ((self.day[:, None] >= 0) & (after < today))).sum(axis=1))

    def per_day(self) -> Floats:
        """Return float [days], pieces ordered on each day by what was run."""
        after = self.day[:, None] + np.arange(len(_LAG))
        good = (self.day[:, None] >= 0) & (after < self.days)
        return np.bincount(after[good], self.orders[good], self.days).astype(np.float64)

    def net_pieces(self) -> float:
        """Return the pieces expected to stay after returns."""
        gone = self.market.returned_share(self.seller, self.style)
        return float((self.orders.sum(axis=1) * (1 - gone)).sum())


@dataclass(frozen=True, kw_only=True)
class Factory:
    """What a factory makes of orders: hours idle, in overtime, late, and pieces lost to waiting."""

    idle_hours: float
    overtime_hours: float
    lost_pieces: float


def run_factory(orders: Floats, capacity: float, *, overtime: float = 0.25, patience_days: int = 7) -> Factory:
    """Let a factory work orders off, the oldest first; who waits longer than their patience is lost.

    Parameters
    ----------
    orders
        float [days], pieces (an hour each).
    capacity
        Pieces a day; up to `overtime` more are made in overtime if the queue is longer than three days.

    Examples
    --------
    >>> run_factory(np.array([10.0, 10.0]), 10.0)
    Factory(idle_hours=0.0, overtime_hours=0.0, lost_pieces=0.0)
    """
    queue = np.zeros(patience_days + 1)  # by days waited
    idle = extra = lost = 0.0
    for came in orders:
        lost += queue[-1]
        queue = np.append(came, queue[:-1])
        rush = min(max(queue.sum() - 3 * capacity, 0.0), overtime * capacity)
        left = capacity + rush
        for age in range(patience_days, -1, -1):
            made = min(queue[age], left)
            queue[age] -= made
            left -= made
        idle += left
        extra += rush
    return Factory(idle_hours=float(idle), overtime_hours=float(extra), lost_pieces=float(lost))
