"""Whom some parties reach together: audiences overlap, so the second one adds less than it reaches alone.

Influence spreads along relations, each with a probability (independent cascade). Parties are chosen by how many
reverse-reachable sets they cover (Borgs et al. 2014; Tang, Shi & Xiao 2015) and scored on other sets, drawn
independently; both together bound how far the choice is from the best (Tang et al. 2018).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.errors import InputError
from graph.reach_kernel import best_cover, reverse_sets

__all__ = ["ReachProblem", "ReachResult", "reach_of", "solve_reach"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_FIRST_SETS, _DOUBLINGS = 4_000, 7
_DELTA = 0.01
_CERTAIN = 1.0 - 1.0 / math.e


@dataclass(frozen=True, kw_only=True, eq=False)
class ReachProblem:
    """N parties and who influences them.

    Parameters
    ----------
    start, src
        int [N + 1] and [E]: party i is influenced by ``src[start[i]:start[i + 1]]``.
    probability
        float [E] in [0, 1]: with which each influence carries over.
    allowed
        bool [N], who may be chosen.
    k
        How many are chosen at most, >= 1.

    Raises
    ------
    InputError
        If shapes or ranges are wrong, or nobody may be chosen.
    """

    start: Ints
    src: Ints
    probability: Floats
    allowed: npt.NDArray[np.bool_]
    k: int

    def __post_init__(self) -> None:
        if self.start.shape != (self.allowed.size + 1,) or self.start[-1] != self.src.size:
            raise InputError("start", f"{self.allowed.size + 1} offsets up to {self.src.size}", f"{self.start.shape}")
        if self.probability.shape != self.src.shape:
            raise InputError("probability", f"{self.src.size} values", f"shape {self.probability.shape}")
        bad = ~((self.probability >= 0) & (self.probability <= 1))
        if bad.any():
            at = int(bad.argmax())
            raise InputError(f"probability[{at}]", "a probability", self.probability[at])
        if not self.allowed.any():
            raise InputError("allowed", "at least one party to choose", "none")
        if self.k < 1:
            raise InputError("k", "at least 1", self.k)


@dataclass(frozen=True, kw_only=True, eq=False)
class ReachResult:
    """Who is chosen, in order.

    Parameters
    ----------
    chosen
        int [<= k].
    added
        float, parties that each adds to the reach of those before it, on independent samples.
    reach, upper_bound
        Parties reached by all of them, on independent samples, and what no k can exceed with 99 % certainty.
    sets
        Samples drawn for either side.
    """

    chosen: Ints
    added: Floats
    reach: float
    upper_bound: float
    sets: int


def solve_reach(problem: ReachProblem, *, certainty: float = 0.5, seed: int = 0) -> ReachResult:
    """Choose up to k parties that reach the most together.

    Parameters
    ----------
    certainty
        Share of the upper bound at which sampling stops, in (0, 1 - 1/e).
    seed
        Of the samples.

    Examples
    --------
    >>> star = ReachProblem(start=np.array([0, 0, 1, 2, 3]), src=np.array([0, 0, 0]), probability=np.ones(3),
    ...                     allowed=np.ones(4, bool), k=1)
    >>> found = solve_reach(star)
    >>> found.chosen.tolist(), round(found.reach, 1)
    ([0], 4.0)
    """
    n = problem.allowed.size
    for doubling in range(_DOUBLINGS):
        sets = _FIRST_SETS * 2**doubling
        first, second = (
            reverse_sets(problem.start, problem.src, problem.probability, sets, 2 * (seed * 101 + doubling) + side)
            for side in (0, 1)
        )
        chosen, gains = best_cover(*first, problem.allowed, problem.k)
        chosen = chosen[chosen >= 0]
        added = _added(*second, chosen, n)
        tail = math.log(2.0 * _DOUBLINGS / _DELTA)
        covered = float(gains.sum()) / _CERTAIN
        upper = (math.sqrt(covered + tail / 2) + math.sqrt(tail / 2)) ** 2 * n / sets
        low = max((math.sqrt(added.sum() + 2 * tail / 9) - math.sqrt(tail / 2)) ** 2 - tail / 18, 0.0) * n / sets
        if low >= certainty * upper:
            break
    scale = n / sets
    return ReachResult(
        chosen=chosen,
        added=added * scale,
        reach=float(added.sum()) * scale,
        upper_bound=min(upper, float(n)),
        sets=sets,
    )


def reach_of(problem: ReachProblem, chosen: Ints, *, sets: int = 100_000, seed: int = 1) -> Floats:
    """Return how many parties each of some parties adds to the reach of those before it, float [len(chosen)]."""
    n = problem.allowed.size
    return _added(*reverse_sets(problem.start, problem.src, problem.probability, sets, seed), chosen, n) * (n / sets)


def _added(offsets: Ints, members: Ints, chosen: Ints, n: int) -> Floats:
    """Return how many sets each of the chosen covers that none before it does."""
    rank = np.full(n, len(chosen), np.int64)
    rank[chosen[::-1]] = np.arange(len(chosen))[::-1]
    first = np.minimum.reduceat(rank[members], offsets[:-1])
    return np.bincount(first, minlength=len(chosen) + 1)[: len(chosen)].astype(np.float64)
