"""Who trusts and distrusts whom: one judgement per pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from graph.arrays import Array, Ints, counting_order, starts_of
from graph.trust.params import TrustParams

__all__ = ["Judgements"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_MOST_EXPONENT = 900  # of a weight: sums of 2**120 such are still numbers


@dataclass(frozen=True, eq=False)
class Judgements:
    """One judgement per pair, sorted by (src, dst); arrays of shape (m,).

    Parameters
    ----------
    n
        Number of parties.
    src, dst
        Who judges whom: 0 … n - 1, never themselves.
    positive
        Whether it is trust.
    evidence
        How much it counts, > 0: faded, and by size if asked.
    age_days
        How old it is.
    """

    n: int
    src: Ints
    dst: Ints
    positive: Mask
    evidence: Floats
    age_days: Floats

    @classmethod
    def of(cls, n: int, src: Ints, dst: Ints, *, weight: Floats, age_days: Floats, params: TrustParams) -> Judgements:
        """Keep the latest judgement of each pair (the mean of those of one day); drop those of oneself and zeros."""
        keep = src != dst
        src, dst, weight, age_days = src[keep], dst[keep], weight[keep], age_days[keep]
        order = np.argsort(age_days, kind="stable")
        order = order[counting_order(dst[order], n)]
        order = order[counting_order(src[order], n)]
        src, dst, weight, age_days = src[order], dst[order], weight[order], age_days[order]
        first = np.append(True, (np.diff(src) != 0) | (np.diff(dst) != 0))[: len(src)]
        pair = np.cumsum(first) - 1
        weight = _summable(weight)
        latest = age_days == age_days[first][pair]
        mean = np.bincount(pair, weight * latest) / np.bincount(pair, latest)
        said = mean != 0
        src, dst, mean, age_days = src[first][said], dst[first][said], mean[said], age_days[first][said]
        size = np.abs(mean) / np.abs(mean).mean() if len(mean) else mean
        # Evidence of a century ago still counts a little, so that nobody's judgements ever vanish altogether.
        fade = np.exp2(-np.clip(age_days / params.half_life_days, 0, 500))
        return cls(n, src, dst, mean > 0, fade * size**params.size_power, age_days)

    def find(self, src: Array, dst: Array) -> npt.NDArray[np.int64]:
        """Return each pair's judgement, -1 where there is none."""
        keys = self.src.astype(np.int64) * self.n + self.dst
        wanted = np.asarray(src, dtype=np.int64) * self.n + dst
        at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        found = keys[at] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)
        return np.where(found, at, -1)

    def shares(self, rows: Mask) -> Floats:
        """Return each judgement's share of the evidence its giver gives in some rows (mask), 0 outside them."""
        evidence = np.where(rows, self.evidence, 0.0)
        given = np.bincount(self.src, evidence, self.n)[self.src]
        return np.divide(evidence, given, out=np.zeros(len(evidence)), where=given > 0)

    def matrix(self, rows: Mask, values: Floats) -> csr_array:
        """Return some rows (mask) as a matrix of shape (n, n) from givers to the judged."""
        starts = starts_of(self.src[rows], self.n)
        return csr_array((values[rows], self.dst[rows], starts), shape=(self.n, self.n))


def _summable(weight: Floats) -> Floats:
    """Return the weights, made smaller alike if their sum might overflow: only their size beside others counts."""
    _, exponent = np.frexp(np.abs(weight).max(initial=0.0))
    return np.ldexp(weight, -max(int(exponent) - _MOST_EXPONENT, 0))
