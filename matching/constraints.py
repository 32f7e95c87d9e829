"""What else a match keeps to: limits on what is served together, minimum lots of pooled orders, the price of splits.

Every one has a price. A limit is linear in pieces (a supplier's ceiling, a buyer's exposure, a share of a category); a
pool opens or stays closed; a split costs what it costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.errors import InputError
from matching.problem import Floats, Ints, MatchProblem
from matching.tables import MAX_SCORE

__all__ = ["Constraints", "Limits", "Pools", "attainable", "extra_splits"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """R limits ``sum use · pieces <= most``, as K entries.

    Parameters
    ----------
    row, candidate
        int [K], which limit and which candidate, each pair at most once.
    use
        float [K], what one piece takes of its limit; negative where it makes room (the base of a share of what is
        served). Whole numbers keep a limit exactly.
    most
        float [R]; below zero only for a least that is held already (an open pool's minimum).
    code
        object [R], reason that a limit gives (``exposure_cap``, ``ceiling``, ``mix_limit``, ``no_credit``).
    """

    row: Ints
    candidate: Ints
    use: Floats
    most: Floats
    code: npt.NDArray[np.object_]

    def __post_init__(self) -> None:
        if not (self.row.size == self.candidate.size == self.use.size) or self.code.size != self.most.size:
            raise InputError("limits", "as many rows as candidates and uses", (self.row.size, self.use.size))
        if not (np.isfinite(self.use).all() and np.isfinite(self.most).all()):
            raise InputError("limits", "finite uses and limits", "others")
        if self.row.size and not (self.row.min() >= 0 and self.row.max() < self.most.size):
            raise InputError("limits.row", f"0 to {self.most.size - 1}", (int(self.row.min()), int(self.row.max())))

    def matrix(self, n_candidates: int) -> Any:
        """Return the sparse matrix [R, E] of uses."""
        from scipy import sparse

        shape = (self.most.size, n_candidates)
        return sparse.csr_matrix((self.use.astype(np.float64), (self.row, self.candidate)), shape=shape)


@dataclass(frozen=True, kw_only=True)
class Pools:
    """Candidates that are made in one lot, and the fewest pieces that open it.

    Parameters
    ----------
    pool
        int [E] in [0, G), -1 = none.
    minimum
        int [G], pieces, >= 0: a pool gets none or at least so many.
    """

    pool: Ints
    minimum: Ints

    def totals(self, pieces: Ints) -> Ints:
        """Return int64 [G], the pieces of each pool."""
        on = self.pool >= 0
        return np.bincount(self.pool[on], weights=pieces[on], minlength=self.minimum.size).astype(np.int64)

    def short(self, pieces: Ints) -> npt.NDArray[np.bool_]:
        """Return bool [G], whether a pool has pieces, but fewer than its minimum."""
        totals = self.totals(pieces)
        return (totals > 0) & (totals < self.minimum)

    def members(self, of: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return bool [E], whether a candidate is in one of the pools (bool [G])."""
        members: npt.NDArray[np.bool_] = np.append(of, False)[self.pool]
        return members


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """What a match keeps to beside capacities, credit lines and floors; `split_cost` is score per extra supplier."""

    limits: Limits | None = None
    pools: Pools | None = None
    split_cost: float = 0.0

    def __post_init__(self) -> None:
        if self.limits is not None and (self.limits.most < 0).any():
            raise InputError("limits", "most >= 0, so that serving nothing keeps it", float(self.limits.most.min()))
        if not 0 <= self.split_cost <= MAX_SCORE:
            raise InputError("split cost", f"a number >= 0 and <= {MAX_SCORE:g}", self.split_cost)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to keep to."""
        return self.limits is None and self.pools is None and self.split_cost == 0


def attainable(problem: MatchProblem, pools: Pools, limits: Limits | None) -> Floats:
    """Return float64 [G], pieces that a pool cannot exceed: its orders', within capacities and each's first limit.

    A pool whose minimum is above that stays closed, whatever else is decided.
    """
    load = 1.0 if problem.load is None else problem.load
    each = np.minimum(problem.pieces[problem.order], np.floor(problem.capacity[problem.supplier] / load + 1e-9))
    row = np.full(problem.n_candidates, -1)
    most = np.full(1, np.inf)
    if limits is not None:
        least_use = np.full(limits.most.size, np.inf)
        np.minimum.at(least_use, limits.row, limits.use)
        caps = least_use > 0  # a limit to which some make room is none on the others alone
        most = np.append(np.floor(limits.most / np.where(caps, least_use, 1.0) + 1e-9), np.inf)
        entries = np.flatnonzero(caps[limits.row])[::-1]
        row[limits.candidate[entries]] = limits.row[entries]
    on = np.flatnonzero(pools.pool >= 0)
    group, at = np.unique(pools.pool[on] * most.size + row[on] % most.size, return_inverse=True)
    capped = np.minimum(np.bincount(at, each[on], group.size), most[group % most.size])
    return np.asarray(np.bincount(group // most.size, capped, pools.minimum.size), dtype=np.float64)


def extra_splits(problem: MatchProblem, pieces: Ints) -> int:
    """Return how many suppliers serve orders beyond the first of each."""
    suppliers = np.bincount(problem.order[np.flatnonzero(pieces)], minlength=problem.n_orders)
    return int(np.maximum(suppliers - 1, 0).sum())
