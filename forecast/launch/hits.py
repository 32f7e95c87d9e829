"""What counts as a hit: more than the 90th percentile of the totals that the category is known to have had."""

from __future__ import annotations

import numpy as np

__all__ = ["hit_thresholds"]

_FEWEST_IN_CATEGORY = 10


def hit_thresholds(total: np.ndarray, known: np.ndarray, category: np.ndarray, level: float) -> np.ndarray:
    """Return the threshold of each style; NaN where no total is known at all.

    A category of fewer than ten known totals goes by those of all categories.

    Parameters
    ----------
    total, known, category
        Totals, which of them are known and the category's index (-1 = none), shape (n,).
    level
        Percentile, in (0, 1).

    Examples
    --------
    >>> hit_thresholds(np.arange(11.0), np.ones(11, bool), np.zeros(11, int), 0.9)[0].item()
    9.0
    """
    if not known.any():
        return np.full(len(total), np.nan)
    thresholds = np.full(len(total), np.quantile(total[known], level))
    for index in np.unique(category):
        inside = category == index
        if (inside & known).sum() >= _FEWEST_IN_CATEGORY:
            thresholds[inside] = np.quantile(total[inside & known], level)
    return thresholds
