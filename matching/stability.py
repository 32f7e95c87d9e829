"""Blocking pairs of a two-sided match: counted, priced, and what a match without any would cost.

A pair blocks a match if both would rather have each other than (one of) whom they got, or have a place free (Gale and
Shapley, *College admissions and the stability of marriage*, 1962). The match of highest joint value has some; deferred
acceptance has none, and the difference in joint value is the price of stability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.problem import Floats, Ints
from matching.two_sided import TwoSidedProblem
from matching.two_sided_kernel import deferred_acceptance

__all__ = ["Blocking", "blocking_pairs", "stable_match"]


@dataclass(frozen=True, kw_only=True)
class Blocking:
    """Pairs that would rather have each other.

    Parameters
    ----------
    pairs
        int64 [B], rows of the problem.
    seeker_gain, host_gain
        float64 [B], what each side would gain over whom it would let go, > 0.
    cost
        float64 [B], joint value that giving in to this pair alone would lose (negative = it would gain).
    """

    pairs: Ints
    seeker_gain: Floats
    host_gain: Floats
    cost: Floats


def blocking_pairs(problem: TwoSidedProblem, matched: npt.NDArray[np.bool_]) -> Blocking:
    """Return the pairs that block a match (bool [E]), each with what giving in to it would cost.

    Examples
    --------
    >>> problem = TwoSidedProblem(indptr=np.array([0, 2, 3]), host=np.array([0, 1, 0]), value=np.array([3.0, 2.0, 2.5]),
    ...                           places=np.array([1, 1]), room=np.array([1, 1]))
    >>> found = blocking_pairs(problem, np.array([False, True, True]))
    >>> found.pairs.tolist(), found.cost.tolist()
    ([0], [1.5])
    """
    seeker, host = problem.seeker, problem.host
    mine, theirs = _values(problem)
    worst_mine, lost_mine = _worst(seeker, mine, problem.value, matched, problem.places)
    worst_theirs, lost_theirs = _worst(host, theirs, problem.value, matched, problem.room)
    gain_mine, gain_theirs = mine - worst_mine[seeker], theirs - worst_theirs[host]
    wants = ~matched & problem.willing & (problem.value > 0)
    pairs = np.flatnonzero(wants & (gain_mine > 0) & (gain_theirs > 0))
    lost = lost_mine[seeker[pairs]] + lost_theirs[host[pairs]]
    return Blocking(
        pairs=pairs, seeker_gain=gain_mine[pairs], host_gain=gain_theirs[pairs], cost=lost - problem.value[pairs]
    )


def stable_match(problem: TwoSidedProblem) -> npt.NDArray[np.bool_]:
    """Return bool [E], the match without blocking pairs that seekers like best (ties: the first given)."""
    mine, theirs = _values(problem)
    able = problem.willing & (problem.value > 0)
    ranked = np.lexsort((-mine, ~able, problem.seeker))
    counts = np.bincount(problem.seeker[able], minlength=problem.places.size)
    starts = problem.indptr[:-1]
    rows = np.repeat(starts - np.append(0, np.cumsum(counts)[:-1]), counts) + np.arange(int(counts.sum()))
    degree = np.bincount(problem.host, minlength=problem.room.size)
    held = deferred_acceptance(
        np.append(0, np.cumsum(counts)), ranked[rows], problem.seeker, problem.host.astype(np.int64), theirs,
        problem.places.astype(np.int64), np.minimum(problem.room, degree).astype(np.int64),
    )  # fmt: skip
    return held > 0


def _values(problem: TwoSidedProblem) -> tuple[Floats, Floats]:
    """Return what each pair is worth to the seeker and to the host."""
    mine = problem.value if problem.seeker_value is None else problem.seeker_value
    theirs = problem.value if problem.host_value is None else problem.host_value
    return mine.astype(np.float64), theirs.astype(np.float64)


def _worst(
    party: Ints, liking: Floats, value: Floats, matched: npt.NDArray[np.bool_], most: Ints
) -> tuple[Floats, Floats]:
    """Return each party's liking and joint value of whom it would let go; -inf and 0 while it has a place free.

    A party without any place would let nobody go for anybody: inf.
    """
    rows = np.flatnonzero(matched)
    count = np.bincount(party[rows], minlength=most.size)
    worst = np.where(most > 0, -np.inf, np.inf)
    lost = np.zeros(most.size)
    ranked = rows[np.lexsort((-liking[rows], party[rows]))]  # the last of each party is its worst
    full = (count >= most) & (most > 0)
    here = ranked[full[party[ranked]]]
    worst[party[here]], lost[party[here]] = liking[here], value[here]
    return worst, lost
