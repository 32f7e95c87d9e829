"""Vouching: a stranger inherits trust from who vouches for it, and who vouches shares the blame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from graph.arrays import Array, Ints, counting_order, expand, starts_of

__all__ = ["Vouches"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Vouches:
    """Who vouches for whom, each pair once, sorted by (dst, src); arrays of shape (v,).

    Parameters
    ----------
    n
        Number of parties.
    src, dst
        Who vouches for whom: 0 … n - 1, never themselves.
    age_days
        Days since the vouching began, infinite where it is not known.
    """

    n: int
    src: Ints
    dst: Ints
    age_days: Floats

    @classmethod
    def of(cls, n: int, src: Ints, dst: Ints, age_days: Floats | None = None) -> Vouches:
        """Keep the first vouching of each pair; drop those of oneself."""
        age = np.full(len(src), np.inf) if age_days is None else age_days
        keep = src != dst
        src, dst, age = src[keep], dst[keep], age[keep]
        order = np.argsort(-age, kind="stable")
        order = order[counting_order(src[order], n)]
        order = order[counting_order(dst[order], n)]
        src, dst, age = src[order], dst[order], age[order]
        first = np.append(True, (np.diff(src) != 0) | (np.diff(dst) != 0))[: len(src)]
        return cls(n, src[first], dst[first], age[first])

    def lent(self, earned: Floats, mean: float, share: float) -> Floats:
        """Return the default trust of each party, shape (n,): lifted from the mean towards its best voucher's.

        Only trust that a voucher earned itself is lent: what was lent cannot be lent on, so a circle of strangers who
        vouch for each other stays at the mean.

        Parameters
        ----------
        earned
            Shape (n,): trust without any vouching.
        mean
            Default of a stranger nobody vouches for.
        share
            How far towards the voucher's own, in [0, 1).

        Examples
        --------
        >>> vouches = Vouches.of(3, np.array([0, 1]), np.array([1, 2]))
        >>> vouches.lent(np.array([0.9, 0.5, 0.5]), 0.5, 0.75).tolist()
        [0.5, 0.8, 0.5]
        """
        lift = np.zeros(self.n)
        np.maximum.at(lift, self.dst, earned[self.src] - mean)
        return np.asarray(mean + share * lift)

    def best(self, trust: Floats) -> Ints:
        """Return each party's most trusted voucher (of equals the smallest position), -1 without one; shape (n,)."""
        order = np.lexsort((-self.src, trust[self.src]))
        best = np.full(self.n, -1, dtype=np.int32)
        best[self.dst[order]] = self.src[order]  # the last written, the most trusted, stays
        return best

    def blamed(self, against: Ints, age_days: Floats) -> tuple[Array, Ints, Floats]:
        """Return who shares the blame of judgements against parties.

        Parameters
        ----------
        against
            Shape (b,): the party each judgement is against.
        age_days
            Shape (b,): the judgements' ages; who vouched later than the judgement is not to blame.

        Returns
        -------
        which, voucher, share
            `share[k]` of the blame of judgement `which[k]` falls on `voucher[k]`; the shares of one sum to 1.
        """
        which, vouch = expand(starts_of(self.dst, self.n), against)
        before = self.age_days[vouch] >= age_days[which]
        which, vouch = which[before], vouch[before]
        share = 1.0 / np.bincount(which, minlength=len(against))[which]
        return which, self.src[vouch], share

    def circles(self) -> list[Ints]:
        """Return the groups of parties who vouch for each other in a circle, each sorted, the largest first."""
        links = csr_array((np.ones(len(self.src), dtype=np.int8), (self.src, self.dst)), shape=(self.n, self.n))
        _, group = connected_components(links, connection="strong")
        inside = self.src[group[self.src] == group[self.dst]]
        groups = [np.flatnonzero(group == g).astype(np.int32) for g in np.unique(group[inside])]
        return sorted(groups, key=lambda members: (-len(members), int(members[0])))
