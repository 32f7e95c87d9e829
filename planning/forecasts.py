"""Forecasts as they were made: rows of one history, each known from a bucket on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planning.demand import atom_chances
from planning.problem import Floats, Ints

__all__ = ["Forecasts"]


@dataclass(frozen=True, kw_only=True)
class Forecasts:
    """Forecast rows of one path, sorted by when they were made.

    Parameters
    ----------
    as_of, item, bucket
        Shape (n,): the bucket at whose start a row was known, and what it forecasts.
    quantiles
        Shape (n, K): pieces, non-decreasing over K.
    levels
        Shape (K,): what share of outcomes lies below each quantile, ascending, in (0, 1).
    """

    as_of: Ints
    item: Ints
    bucket: Ints
    quantiles: Floats
    levels: Floats

    @property
    def chance(self) -> Floats:
        """Probability that each quantile stands for, shape (K,)."""
        return atom_chances(self.levels)

    @property
    def middle(self) -> int:
        """Column of the quantile nearest to the median."""
        return int(np.argmin(np.abs(self.levels - 0.5)))

    def known_at(self, now: int, ahead: int, n_items: int) -> Floats:
        """Return the newest forecast known at the start of a bucket, shape (P, K, ahead)."""
        out = np.zeros((n_items, len(self.levels), ahead))
        end = int(np.searchsorted(self.as_of, now, side="right"))
        if end == 0:
            return out
        rows = slice(int(np.searchsorted(self.as_of, self.as_of[end - 1])), end)
        bucket = self.bucket[rows] - now
        inside = (bucket >= 0) & (bucket < ahead)
        out[self.item[rows][inside], :, bucket[inside]] = self.quantiles[rows][inside]
        return out
