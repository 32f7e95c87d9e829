"""Smoothed means of many parties at once, for what is no rate: days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from graph.scorecards.rates import Groups

__all__ = ["Mean", "smoothed_mean"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Mean:
    """A smoothed mean by party, each array of shape (parties,); NaN where nothing is known of anybody.

    Parameters
    ----------
    value
        Posterior mean.
    low, high
        Its range: normal, by the smoothed spread and the evidence.
    deviation
        Mean absolute deviation of the observations from the value.
    n
        Observations, faded.
    """

    value: Floats
    low: Floats
    high: Floats
    deviation: Floats
    n: Floats


def smoothed_mean(rows: Groups, value: Floats, *, prior: float, low: float) -> Mean:
    """Return the parties' means, each shrunk to the mean of its groups, itself shrunk to the mean of all.

    Parameters
    ----------
    value
        Observation of each row, shape (rows,); NaN = unknown, does not count.
    prior
        Observations that the group's mean counts for, > 0.
    low
        Quantile at which the range begins.
    """
    known = ~np.isnan(value)
    weight, value = np.where(known, rows.weight, 0.0), np.where(known, value, 0.0)
    mean, n = _shrunk(rows, weight, value, prior)
    off = value - mean[rows.party]
    spread, _ = _shrunk(rows, weight, np.square(off), prior)
    deviation, _ = _shrunk(rows, weight, np.abs(off), prior)
    reach = -ndtri(low) * np.sqrt(spread / n)
    return Mean(value=mean, low=mean - reach, high=mean + reach, deviation=deviation, n=n - prior)


def _shrunk(rows: Groups, weight: Floats, value: Floats, prior: float) -> tuple[Floats, Floats]:
    """Return each party's mean, and how many observations it rests on, the prior's included."""
    total, weighted = weight.sum(), weight * value
    overall = weighted.sum() / total if total > 0 else np.nan
    n = rows.per_party(weight) + prior
    return (rows.per_party(weighted) + prior * rows.expected(weighted, weight, prior, overall)) / n, n
