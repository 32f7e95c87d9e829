"""Two-sided matching under exposure caps: each side opts in, may refuse, and takes part only so often a period.

Seekers (small sellers in a period, say) and hosts (offers) have places; a pair is matched once or not at all, and
only if both opt in. The matching with the highest joint value is found by an auction (as in `matching.auction`, with
places in the role of pieces) and certified by its prices: the linear program has whole solutions (its matrix is
totally unimodular), so that the bound is the optimum's. Pairs that would rather have each other than whom they got
are counted and priced (`matching.stability`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from contracts.errors import InputError
from contracts.jit import HAVE_NUMBA, NO_NUMBA_NOTE
from matching.problem import Floats, Ints, relative_gap
from matching.two_sided_kernel import bid, dual_value

__all__ = ["TwoSidedParams", "TwoSidedProblem", "TwoSidedResult", "solve_two_sided", "without"]

_FINER = (1.0, 5.0, 25.0)


@dataclass(frozen=True, kw_only=True)
class TwoSidedProblem:
    """S seekers, H hosts and E pairs, sorted by seeker.

    Parameters
    ----------
    indptr
        int [S + 1]: the pairs of seeker i are rows ``indptr[i]:indptr[i + 1]``.
    host
        int [E] in [0, H), each pair at most once.
    value
        float [E], joint value of a pair, finite; pairs at or below zero are not matched.
    places
        int [S], most pairs of each seeker (its exposure cap), >= 0. One who has a cap per period is a seeker in each.
    room
        int [H], most pairs of each host, >= 0.
    seeker_value, host_value
        float [E], what the pair is worth to either side, finite; below zero a side does not opt in. None = the joint
        value.

    Raises
    ------
    InputError
        If shapes or ranges are wrong; names the array and the first place.
    """

    indptr: Ints
    host: Ints
    value: Floats
    places: Ints
    room: Ints
    seeker_value: Floats | None = None
    host_value: Floats | None = None

    def __post_init__(self) -> None:
        n_pairs, seekers = self.host.size, self.places.size
        rising = self.indptr.shape == (seekers + 1,) and (np.diff(self.indptr) >= 0).all()
        if not rising or self.indptr[0] != 0 or self.indptr[-1] != n_pairs:
            raise InputError(
                "indptr", f"{seekers + 1} offsets rising from 0 to {n_pairs}", f"shape {self.indptr.shape}"
            )
        for name in ("value", "seeker_value", "host_value"):
            array = getattr(self, name)
            if array is not None and array.shape != (n_pairs,):
                raise InputError(name, f"{n_pairs} values", f"shape {array.shape}")
            if array is not None:
                _require(np.isfinite(array), name, "finite numbers", array)
        _require((self.host >= 0) & (self.host < self.room.size), "host", f"0 to {self.room.size - 1}", self.host)
        _require(self.places >= 0, "places", "whole numbers >= 0", self.places)
        _require(self.room >= 0, "room", "whole numbers >= 0", self.room)

    @property
    def seeker(self) -> Ints:
        """int64 [E]: the seeker of each pair."""
        return np.repeat(np.arange(self.places.size), np.diff(self.indptr))

    @property
    def willing(self) -> npt.NDArray[np.bool_]:
        """Bool [E]: whether both sides opt in."""
        willing: npt.NDArray[np.bool_] = np.ones(self.host.size, np.bool_)
        for array in (self.seeker_value, self.host_value):
            if array is not None:
                willing &= array >= 0
        return willing


@dataclass(frozen=True, kw_only=True)
class TwoSidedParams:
    """How a two-sided match is solved.

    Parameters
    ----------
    epsilon
        The first bid step as a share of the largest value, in (0, 1); finer ones follow where the gap asks.
    gap_tolerance
        Certified gap at which it is good enough, >= 0.
    """

    epsilon: float = 1e-2
    gap_tolerance: float = 5e-3

    def __post_init__(self) -> None:
        if not 0 < self.epsilon < 1:
            raise ValueError(f"epsilon: expected a number in (0, 1), got {self.epsilon}")
        if not self.gap_tolerance >= 0:
            raise ValueError(f"gap_tolerance: expected a number >= 0, got {self.gap_tolerance}")


@dataclass(frozen=True, kw_only=True)
class TwoSidedResult:
    """Who is matched with whom.

    Parameters
    ----------
    matched
        bool [E].
    prices
        float64 [H], joint value that one more place of the host would add.
    objective, upper_bound
        Reached, and proved unreachable beyond.
    notes
        What a user should know about how it was solved.
    """

    matched: npt.NDArray[np.bool_]
    prices: Floats
    objective: float
    upper_bound: float
    notes: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """Relative distance of the objective from its proved bound, >= 0."""
        return relative_gap(self.objective, self.upper_bound)


def solve_two_sided(problem: TwoSidedProblem, *, params: TwoSidedParams | None = None, seed: int = 0) -> TwoSidedResult:
    """Match for the highest joint value within every cap, and prove how near the highest it is.

    Parameters
    ----------
    seed
        Accepted like everywhere; nothing is drawn.

    Examples
    --------
    >>> problem = TwoSidedProblem(indptr=np.array([0, 2, 3]), host=np.array([0, 1, 0]), value=np.array([3.0, 2.0, 2.5]),
    ...                           places=np.array([1, 1]), room=np.array([1, 1]))
    >>> solve_two_sided(problem).matched.tolist()
    [False, True, True]
    """
    del seed
    params = params or TwoSidedParams()
    value = np.where(problem.willing, problem.value, 0.0).astype(np.float64)
    highest = float(value.max(initial=0.0))
    degree = np.bincount(problem.host, minlength=problem.room.size)
    room, places = np.minimum(problem.room, degree).astype(np.int64), problem.places.astype(np.int64)
    best = TwoSidedResult(
        matched=np.zeros(problem.host.size, np.bool_), prices=np.zeros(room.size), objective=0.0, upper_bound=np.inf
    )
    if highest <= 0:
        return replace(best, upper_bound=0.0)
    indptr, seeker, host = problem.indptr.astype(np.int64), problem.seeker, problem.host.astype(np.int64)
    for finer in _FINER:
        held, price = bid(indptr, seeker, host, value, places, room, params.epsilon / finer * highest)
        # A host without room has no price of its own: what a place there would be worth is not known.
        prices = np.where(room > 0, price, highest)
        matched = held > 0
        bound = min(dual_value(indptr, host, value, places, room, prices), best.upper_bound)
        objective = float(value[matched].sum())
        if objective >= best.objective:
            best = replace(best, matched=matched, prices=prices, objective=objective)
        best = replace(best, upper_bound=max(bound, best.objective), notes=() if HAVE_NUMBA else (NO_NUMBA_NOTE,))
        if best.gap <= params.gap_tolerance:
            break
    return best


def without(problem: TwoSidedProblem, kept: npt.NDArray[np.bool_], refused: npt.NDArray[np.bool_]) -> TwoSidedProblem:
    """Return what is left to match once some pairs stand and others have refused each other (bool [E] each).

    Pairs that stand take their places; refused ones are never offered again.
    """
    taken = np.bincount(problem.seeker[kept], minlength=problem.places.size)
    given = np.bincount(problem.host[kept], minlength=problem.room.size)
    return replace(
        problem,
        value=np.where(kept | refused, 0.0, problem.value),
        places=np.maximum(problem.places - taken, 0),
        room=np.maximum(problem.room - given, 0),
    )


def _require(good: npt.NDArray[np.bool_], name: str, expected: str, values: npt.NDArray[np.generic]) -> None:
    if not good.all():
        at = int(np.flatnonzero(~good)[0])
        raise InputError(f"{name}[{at}]", expected, values[at])
