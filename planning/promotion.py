"""Promotions spread over days so that the orders they create follow the factory's free hours.

Sellers of one style that bring about as much are one group; the share of a group that promotes on a day is what is
chosen. Orders follow a promotion over some days (the lag curve), more on days on which people shop. Minimised is the
expected squared distance of each day's hours from the level line: that of the mean, plus the variance that unknown
styles bring, so that styles nobody can foretell are spread. The problem is convex; groups are improved in turn by
projected gradient steps, and the linearised problem bounds what could still be gained.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from contracts.errors import InputError
from planning.promotion_kernel import gap_of, sweep

__all__ = ["LevelParams", "LevelProblem", "LevelResult", "naive_loads", "solve_level"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_SWEEPS, _ROUNDS = 20, 15
_PRICES = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class LevelProblem:
    """G groups of promotions over D days.

    Parameters
    ----------
    style
        int [G] in [0, S): the group's style.
    hours
        float [G], factory hours of the orders that the whole group is expected to create, >= 0.
    first, last
        int [G], the days on which it may promote, ``0 <= first <= last < D``.
    lag
        float [L], share of a promotion's orders that come 0, 1, … days after it, >= 0, summing to 1.
    shopping
        float [D + L - 1], how much people order on a day, against the usual day, > 0.
    free
        float [D], hours free on each day, >= 0 and not all 0: the shape of the level line.
    coming
        float [D + L - 1], hours of orders that come anyway, >= 0.
    spread
        float [S], squared coefficient of variation of what a style sells, >= 0.
    loss
        Share of a promotion's orders lost per day that it waits after the group's first day, in [0, 1).

    Raises
    ------
    InputError
        If shapes or ranges are wrong; names the array and the first place.
    """

    style: Ints
    hours: Floats
    first: Ints
    last: Ints
    lag: Floats
    shopping: Floats
    free: Floats
    coming: Floats
    spread: Floats
    loss: float = 0.0

    def __post_init__(self) -> None:
        groups, days, whole = self.style.size, self.free.size, self.free.size + self.lag.size - 1
        for name, size in (
            ("hours", groups), ("first", groups), ("last", groups), ("shopping", whole), ("coming", whole),
        ):  # fmt: skip
            if getattr(self, name).shape != (size,):
                raise InputError(name, f"{size} values", f"shape {getattr(self, name).shape}")
        for good, name, expected in (
            ((self.style >= 0) & (self.style < self.spread.size), "style", f"0 to {self.spread.size - 1}"),
            (np.isfinite(self.hours) & (self.hours >= 0), "hours", "numbers >= 0"),
            ((self.first >= 0) & (self.first <= self.last), "first", "a day not after the last"),
            (self.last < days, "last", f"a day before {days}"),
            (np.isfinite(self.free) & (self.free >= 0), "free", "hours >= 0"),
            (np.isfinite(self.coming) & (self.coming >= 0), "coming", "hours >= 0"),
            (np.isfinite(self.shopping) & (self.shopping > 0), "shopping", "numbers > 0"),
            (np.isfinite(self.spread) & (self.spread >= 0), "spread", "numbers >= 0"),
            (np.isfinite(self.lag) & (self.lag >= 0), "lag", "shares >= 0"),
        ):
            if not good.all():
                at = int(np.flatnonzero(~good)[0])
                raise InputError(f"{name}[{at}]", expected, getattr(self, name)[at])
        if not self.free.sum() > 0:
            raise InputError("free", "hours on at least one day", "none")
        if abs(self.lag.sum() - 1) > 1e-6:
            raise InputError("lag", "shares that sum to 1", float(self.lag.sum()))

    @property
    def response(self) -> Floats:
        """float64 [D, D + L - 1]: orders per day after promotions of one unit on each day."""
        days, lags = self.free.size, self.lag.size
        found = np.zeros((days, days + lags - 1))
        for day in range(days):
            found[day, day : day + lags] = self.lag * self.shopping[day : day + lags]
        return found

    @property
    def line(self) -> Floats:
        """float64 [D + L - 1]: the level line, hours per day in the shape of the free ones.

        After the last day it falls as orders do when promotions end; it sums to all that is expected.
        """
        after = 1.0 - np.cumsum(self.lag)[:-1]
        shape = np.append(self.free, self.free[-1] * after)
        total = float(self.hours.sum() + self.coming.sum())
        return np.asarray(shape * (total / max(float(shape.sum()), 1e-300)))


@dataclass(frozen=True, kw_only=True)
class LevelParams:
    """How promotions are levelled.

    Parameters
    ----------
    sales_floor
        Least share of the orders that promoting everything at once would create, in [0, 1].
    gap_tolerance
        Distance from the bound, as a share of the line's mean square, at which it is good enough, > 0.
    """

    sales_floor: float = 0.97
    gap_tolerance: float = 1e-4

    def __post_init__(self) -> None:
        if not 0 <= self.sales_floor <= 1:
            raise ValueError(f"sales_floor: expected a share in [0, 1], got {self.sales_floor}")
        if not self.gap_tolerance > 0:
            raise ValueError(f"gap_tolerance: expected a number > 0, got {self.gap_tolerance}")


@dataclass(frozen=True, kw_only=True, eq=False)
class LevelResult:
    """When each group promotes.

    Parameters
    ----------
    share
        float [G, D], rows sum to 1.
    load, variance
        float [D + L - 1], expected hours per day, those that come anyway included, and the variance that styles bring.
    kept
        Share of the orders that are created, of those if nothing waited.
    status
        ``ok``, or ``sales_floor`` if no schedule keeps it.
    objective, upper_bound
        Mean squared distance from the line, as a share of the line's mean square, negative (larger is better), and
        what it can't exceed.
    """

    share: Floats
    load: Floats
    variance: Floats
    kept: float
    status: str
    objective: float
    upper_bound: float

    @property
    def gap(self) -> float:
        """Distance from the bound, as a share of the line's mean square, >= 0."""
        return max(self.upper_bound - self.objective, 0.0)


def solve_level(problem: LevelProblem, *, params: LevelParams | None = None, seed: int = 0) -> LevelResult:
    """Choose the shares.

    Parameters
    ----------
    seed
        Accepted like everywhere; nothing is drawn.

    Examples
    --------
    >>> problem = LevelProblem(style=np.array([0]), hours=np.array([30.0]), first=np.array([0]), last=np.array([2]),
    ...                        lag=np.ones(1), shopping=np.ones(3), free=np.ones(3), coming=np.zeros(3),
    ...                        spread=np.zeros(1))
    >>> solve_level(problem).load.round(3).tolist()
    [10.0, 10.0, 10.0]
    """
    del seed
    params = params or LevelParams()
    share = _everywhere(problem)
    found = _at_price(problem, share, 0.0, params)
    price, low = 0.02, 0.0
    while found.kept < params.sales_floor and price < 1e4:
        low, price = price, price * 4
        found = _at_price(problem, found.share, price, params)
    for _ in range(_PRICES if low > 0 else 0):
        middle = (low + price) / 2
        tried = _at_price(problem, found.share, middle, params)
        if tried.kept >= params.sales_floor:
            found, price = tried, middle
        else:
            low = middle
    return found if found.kept >= params.sales_floor else replace(found, status="sales_floor")


def naive_loads(problem: LevelProblem) -> tuple[Floats, Floats]:
    """Return what a schedule is compared with: float [D + L - 1] hours per day, promoting at once and evenly.

    At once is on each group's first day, evenly as much on each day of its window.

    Examples
    --------
    >>> problem = LevelProblem(style=np.array([0]), hours=np.array([30.0]), first=np.array([0]), last=np.array([2]),
    ...                        lag=np.array([0.5, 0.5]), shopping=np.ones(4), free=np.ones(3), coming=np.zeros(4),
    ...                        spread=np.zeros(1))
    >>> [load.tolist() for load in naive_loads(problem)]
    [[15.0, 15.0, 0.0, 0.0], [5.0, 10.0, 10.0, 5.0]]
    """
    at_once = (np.arange(problem.free.size) == problem.first[:, None]).astype(np.float64)
    at_once, evenly = (
        (share * problem.hours[:, None] * _fresh(problem)).sum(axis=0) @ problem.response + problem.coming
        for share in (at_once, _everywhere(problem))
    )
    return at_once, evenly


def _fresh(problem: LevelProblem) -> Floats:
    """Return float [G, D], the share of its orders that a promotion still has on each day."""
    waits = np.maximum(np.arange(problem.free.size) - problem.first[:, None], 0)
    return np.asarray((1.0 - problem.loss) ** waits)


def _everywhere(problem: LevelProblem) -> Floats:
    day = np.arange(problem.free.size)
    within = (day >= problem.first[:, None]) & (day <= problem.last[:, None])
    return np.asarray(within / within.sum(axis=1, keepdims=True))


def _at_price(problem: LevelProblem, share: Floats, price: float, params: LevelParams) -> LevelResult:
    """Solve where a lost order costs `price`, in the objective's unit per share of all orders."""
    response, line, share = problem.response, problem.line, share.copy()
    fresh = _fresh(problem)
    scale = 1.0 / max(float((line**2).sum()), 1e-300)
    total = max(float(problem.hours.sum()), 1e-300)
    by_style = np.zeros((problem.spread.size, problem.free.size))
    np.add.at(by_style, problem.style, share * problem.hours[:, None] * fresh)
    gap = np.inf
    for _ in range(_ROUNDS):
        of_style = by_style @ response
        off = of_style.sum(axis=0) + problem.coming - line
        sweep(
            share, by_style, of_style, off, response, fresh, problem.hours, problem.style, problem.first, problem.last,
            problem.spread, scale, price / total, _SWEEPS,
        )  # fmt: skip
        gap = gap_of(
            share, of_style, off, response, fresh, problem.hours, problem.style, problem.first, problem.last,
            problem.spread, scale, price / total,
        )  # fmt: skip
        if gap <= params.gap_tolerance:
            break
    of_style = by_style @ response
    load = of_style.sum(axis=0) + problem.coming
    variance = (problem.spread[:, None] * of_style**2).sum(axis=0)
    reached = float((((load - line) ** 2).sum() + variance.sum()) * scale)
    kept = float((share * fresh * problem.hours[:, None]).sum()) / total if problem.hours.sum() > 0 else 1.0
    return LevelResult(
        share=share, load=load, variance=variance, kept=kept, status="ok", objective=-reached, upper_bound=gap - reached
    )
