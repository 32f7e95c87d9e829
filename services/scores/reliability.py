"""How scores compare with what came true of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

__all__ = ["probability_reliability", "value_reliability"]

Floats = npt.NDArray[np.float64]
_BINS = 10
_EDGE = 1e-15


def probability_reliability(value: Floats, outcome: Floats) -> dict[str, Any]:
    """Return how probabilities compare with what came true.

    Parameters
    ----------
    value
        Probabilities, shape (n,).
    outcome
        What came true: 1, 0, or the share of several, shape (n,).

    Returns
    -------
    dict
        ``n``, ``base_rate``, ``mean_value``, ``brier`` (mean squared error), ``brier_of_base_rate`` (that of always
        saying the base rate), ``skill`` (1 less their ratio; None where all outcomes are the same), ``log_loss``,
        ``calibration_error`` (mean distance between value and outcome over the bins, by their counts), ``bins`` (tenths
        of the probability: ``from, to, n, mean_value, mean_outcome, low, high``, the last two the 10 % and 90 % of the
        outcome's rate given so few; empty bins are left out). All None but n where there is nothing.

    Notes
    -----
    Brier (1950); reliability diagrams: Bröcker & Smith (2007).

    Examples
    --------
    >>> found = probability_reliability(np.array([0.2, 0.2, 0.8, 0.8]), np.array([0.0, 0.0, 1.0, 0.0]))
    >>> round(found["brier"], 2), [one["mean_outcome"] for one in found["bins"]]
    (0.19, [0.0, 0.5])
    """
    if not len(value):
        names = ("base_rate", "mean_value", "brier", "brier_of_base_rate", "skill", "log_loss", "calibration_error")
        return {"n": 0, **dict.fromkeys(names), "bins": []}
    base, brier = float(outcome.mean()), float(np.square(value - outcome).mean())
    usual = float(np.square(base - outcome).mean())
    inside = np.clip(value, _EDGE, 1 - _EDGE)
    loss = -(outcome * np.log(inside) + (1 - outcome) * np.log1p(-inside))
    bins = _bins(value, outcome)
    off = sum(one["n"] * abs(one["mean_value"] - one["mean_outcome"]) for one in bins)
    return {
        "n": len(value),
        "base_rate": base,
        "mean_value": float(value.mean()),
        "brier": brier,
        "brier_of_base_rate": usual,
        "skill": 1 - brier / usual if usual > 0 else None,
        "log_loss": float(loss.mean()),
        "calibration_error": off / len(value),
        "bins": bins,
    }


def value_reliability(value: Floats, low: Floats, high: Floats, outcome: Floats) -> dict[str, Any]:
    """Return how scores that are no probabilities compare with what came true.

    Returns
    -------
    dict
        ``n``, ``mean_value``, ``mean_outcome``, ``bias`` (value less outcome), ``mean_absolute_error``, ``coverage``
        (share of the outcomes within their ranges) and ``rank_correlation`` (Spearman's; None where either is all the
        same). All None but n where there is nothing.
    """
    if not len(value):
        names = ("mean_value", "mean_outcome", "bias", "mean_absolute_error", "coverage", "rank_correlation")
        return {"n": 0, **dict.fromkeys(names)}
    return {
        "n": len(value),
        "mean_value": float(value.mean()),
        "mean_outcome": float(outcome.mean()),
        "bias": float((value - outcome).mean()),
        "mean_absolute_error": float(np.abs(value - outcome).mean()),
        "coverage": float(((low <= outcome) & (outcome <= high)).mean()),
        "rank_correlation": _rank_correlation(value, outcome),
    }


def _bins(value: Floats, outcome: Floats) -> list[dict[str, Any]]:
    place = np.minimum((value * _BINS).astype(np.int64), _BINS - 1)
    found = []
    for number in np.unique(place):
        inside = place == number
        n, good = int(inside.sum()), float(outcome[inside].sum())
        low, high = (float(betaincinv(good + 0.5, n - good + 0.5, q)) for q in (0.1, 0.9))
        found.append(
            {
                "from": int(number) / _BINS,
                "to": (int(number) + 1) / _BINS,
                "n": n,
                "mean_value": float(value[inside].mean()),
                "mean_outcome": good / n,
                "low": low,
                "high": high,
            }
        )
    return found


def _rank_correlation(value: Floats, outcome: Floats) -> float | None:
    from scipy.stats import rankdata

    first, second = rankdata(value), rankdata(outcome)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])
