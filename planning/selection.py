"""Which of several candidate styles to make when only some can be: by profit, or by the chance to have the hit.

Forecasts become joint samples of the totals, so that candidates which rise and fall together are not counted as
several chances. Few candidates are enumerated; many are chosen greedily, which for the chance of a hit (a submodular
function) is within 1 - 1/e of the best, and then improved by exchanges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from planning.launch_value import Floats, Margins, sellable, totals_at

__all__ = ["Selection", "SelectionParams", "SelectionProblem", "joint_totals", "solve"]


@dataclass(frozen=True, kw_only=True)
class SelectionParams:
    """What is wanted of a choice.

    Parameters
    ----------
    objective
        ``profit``: the most expected profit; ``hit``: the best chance that at least one hit is among the chosen;
        ``best``: the best chance that the candidate that sells most is.
    most_choices
        Choices that are enumerated at most, >= 1; beyond, greedy with exchanges.
    """

    objective: Literal["profit", "hit", "best"] = "profit"
    most_choices: int = 50_000

    def __post_init__(self) -> None:
        if self.objective not in ("profit", "hit", "best"):
            raise ValueError(f"Expected objective to be profit, hit or best, got {self.objective!r}.")
        if isinstance(self.most_choices, bool) or not isinstance(self.most_choices, int) or self.most_choices < 1:
            raise ValueError(f"Expected most_choices to be a whole number >= 1, got {self.most_choices!r}.")


@dataclass(frozen=True, kw_only=True)
class SelectionProblem:
    """Candidates of one choice.

    Parameters
    ----------
    totals
        Joint samples of the candidates' totals, pieces, shape (samples, n).
    count
        How many to choose, 1 to n.
    hit_pieces
        From how many pieces on each is a hit, shape (n,).
    price, unit_cost, salvage
        Fen per piece, shape (n,), salvage < cost < price.
    minimum
        Fewest pieces of an order, shape (n,).
    """

    totals: Floats
    count: int
    hit_pieces: Floats
    price: Floats
    unit_cost: Floats
    salvage: Floats
    minimum: Floats

    def __post_init__(self) -> None:
        n = self.totals.shape[1]
        if not 1 <= self.count <= n:
            raise ValueError(f"Expected count in [1, {n}], got {self.count}.")
        if not np.all((self.salvage < self.unit_cost) & (self.unit_cost < self.price)):
            raise ValueError("Expected salvage < unit_cost < price.")


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A choice.

    Parameters
    ----------
    chosen
        Indices of the chosen candidates, the one that adds most first, shape (count,).
    pieces, profit
        Best order of each candidate and its expected profit in fen, shape (n,).
    p_hit, p_best
        Probability of each candidate to be a hit, and to sell most of all, shape (n,).
    expected_profit
        Of the chosen together.
    p_caught, p_best_caught
        Probability that at least one hit, or the candidate that sells most, is among the chosen.
    exact
        Whether every choice was looked at.
    """

    chosen: NDArray[np.int64]
    pieces: NDArray[np.int64]
    profit: Floats
    p_hit: Floats
    p_best: Floats
    expected_profit: float
    p_caught: float
    p_best_caught: float
    exact: bool


def joint_totals(
    levels: Floats, quantiles: Floats, *, samples: int = 2_000, correlation: float = 0.0, seed: int = 0
) -> Floats:
    """Draw totals of several styles together (one-factor Gaussian copula).

    Parameters
    ----------
    levels, quantiles
        Levels (l,) and pieces (n, l).
    samples
        How many.
    correlation
        Of the standard scores of any two styles, in [0, 1).

    Returns
    -------
    array
        Pieces, shape (samples, n).
    """
    rng = np.random.default_rng([seed, 71])
    common, own = rng.normal(size=(samples, 1)), rng.normal(size=(samples, len(quantiles)))
    z = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    return np.asarray(totals_at(levels, quantiles, z.T).T)


def solve(problem: SelectionProblem, *, params: SelectionParams | None = None, seed: int = 0) -> Selection:
    """Choose `count` candidates.

    Parameters
    ----------
    seed
        Accepted as every kernel does; nothing here is random.
    """
    del seed
    params = params or SelectionParams()
    n = problem.totals.shape[1]
    pieces, profit = _orders(problem)
    hit, best = problem.totals >= problem.hit_pieces, np.zeros(problem.totals.shape, bool)
    best[np.arange(len(best)), problem.totals.argmax(axis=1)] = True
    value = _value_of(params.objective, profit, hit, best)
    exact = params.objective == "profit" or comb(n, problem.count) <= params.most_choices
    if params.objective == "profit":
        chosen = tuple(np.argsort(-profit, kind="stable")[: problem.count].tolist())
    elif exact:
        chosen = max(combinations(range(n), problem.count), key=value)
    else:
        chosen = _greedy(n, problem.count, value)
    order = np.array(_by_gain(chosen, value), dtype=np.int64)
    return Selection(
        chosen=order,
        pieces=pieces,
        profit=profit,
        p_hit=hit.mean(axis=0),
        p_best=best.mean(axis=0),
        expected_profit=float(profit[order].sum()),
        p_caught=float(hit[:, order].any(axis=1).mean()),
        p_best_caught=float(best[:, order].any(axis=1).mean()),
        exact=exact,
    )


def _orders(problem: SelectionProblem) -> tuple[NDArray[np.int64], Floats]:
    """Return each candidate's newsvendor order (0 if it does not pay) and its expected profit."""
    margins = Margins(price=problem.price, cost=problem.unit_cost, salvage=problem.salvage)
    ranked = np.sort(problem.totals, axis=0)
    spot = np.ceil(margins.fractile * len(ranked)).astype(int) - 1
    order = ranked[np.clip(spot, 0, len(ranked) - 1), np.arange(ranked.shape[1])]
    order = np.round(sellable(order, problem.minimum))
    gain = margins.gain(order, np.minimum(order, problem.totals).mean(axis=0))
    return np.where(gain > 0, order, 0).astype(np.int64), np.maximum(0.0, gain)


def _value_of(
    objective: str, profit: Floats, hit: NDArray[np.bool_], best: NDArray[np.bool_]
) -> Callable[[Iterable[int]], tuple[float, float]]:
    """Return the function that rates a choice; expected profit decides between equals."""
    caught = {"hit": hit, "best": best}.get(objective)

    def value(choice: Iterable[int]) -> tuple[float, float]:
        chosen = list(choice)
        money = float(profit[chosen].sum())
        return (money, 0.0) if caught is None else (float(caught[:, chosen].any(axis=1).mean()), money)

    return value


def _greedy(n: int, count: int, value: Callable[[Iterable[int]], tuple[float, float]]) -> tuple[int, ...]:
    chosen: list[int] = []
    while len(chosen) < count:
        chosen.append(max((i for i in range(n) if i not in chosen), key=lambda i: value([*chosen, i])))
    improved = True
    while improved:
        improved = False
        for spot in range(count):
            others = chosen[:spot] + chosen[spot + 1 :]
            best = max((i for i in range(n) if i not in others), key=lambda i: value([*others, i]))
            if value([*others, best]) > value(chosen):
                chosen, improved = [*others, best], True
    return tuple(chosen)


def _by_gain(chosen: tuple[int, ...], value: Callable[[Iterable[int]], tuple[float, float]]) -> list[int]:
    """Order the chosen so that each adds most to those before it."""
    ordered: list[int] = []
    while len(ordered) < len(chosen):
        ordered.append(max((i for i in chosen if i not in ordered), key=lambda i: value([*ordered, i])))
    return ordered
