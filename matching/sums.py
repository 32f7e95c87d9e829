"""Sums per group, typed."""

from __future__ import annotations

import numpy as np

from matching.problem import Floats, Ints

__all__ = ["sum_by"]


def sum_by(group: Ints, values: Floats | Ints, size: int) -> Floats:
    """Return float64 [size], the sum of the values of each group.

    Examples
    --------
    >>> sum_by(np.array([0, 2, 2]), np.array([1, 2, 3]), 3).tolist()
    [1.0, 0.0, 5.0]
    """
    return np.bincount(group, weights=values, minlength=size).astype(np.float64)
