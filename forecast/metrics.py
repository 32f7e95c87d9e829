"""Errors of forecasts, each over all pairs that could be seen (NaN outcomes are left out)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def wape(y: np.ndarray, mean: np.ndarray) -> float:
    """Sum of absolute errors over the sum of demand.

    Examples
    --------
    >>> wape(np.array([[1.0, 3.0]]), np.array([[2.0, 2.0]]))
    0.5
    """
    seen = np.isfinite(y)
    return _over(np.abs(mean - y)[seen].sum(), y[seen].sum())


def bias(y: np.ndarray, mean: np.ndarray) -> float:
    """Sum of forecasts over the sum of demand, minus one: positive = too much."""
    seen = np.isfinite(y)
    return _over((mean - y)[seen].sum(), y[seen].sum())


def rmsse(y: np.ndarray, mean: np.ndarray, history: np.ndarray) -> float:
    """Root mean squared error scaled by the mean squared one-step change of the history, averaged over series.

    Parameters
    ----------
    y, mean
        Shape (n, horizon).
    history
        Shape (n, T), NaN where nothing could be seen. Series without any change are left out.

    References
    ----------
    Makridakis, Spiliotis & Assimakopoulos (2022), The M5 accuracy competition, eq. 1.
    """
    steps = np.diff(history, axis=1) ** 2
    scale = _row_mean(steps)
    error = _row_mean((mean - y) ** 2)
    good = (scale > 0) & np.isfinite(error)
    return float(np.sqrt(error[good] / scale[good]).mean()) if good.any() else float("nan")


def quantile_loss(y: np.ndarray, forecast: np.ndarray, quantiles: Sequence[float]) -> float:
    """Mean pinball loss over all pairs and quantiles.

    Parameters
    ----------
    y
        Shape (n, horizon).
    forecast
        Shape (n, horizon, q).
    """
    error = y[..., None] - forecast
    levels = np.asarray(quantiles)
    loss = np.maximum(levels * error, (levels - 1) * error)
    return float(np.nanmean(loss)) if np.isfinite(y).any() else float("nan")


def coverage(y: np.ndarray, forecast: np.ndarray, quantiles: Sequence[float]) -> dict[str, float]:
    """Share of outcomes inside each central interval, by its nominal share (ends included)."""
    seen = np.isfinite(y)
    out = {}
    for k, low in enumerate(quantiles):
        for j in range(k + 1, len(quantiles)):
            if abs(low + quantiles[j] - 1) < 1e-9:
                inside = (y >= forecast[..., k]) & (y <= forecast[..., j])
                out[f"{quantiles[j] - low:.4g}"] = _over(inside[seen].sum(), seen.sum())
    return out


def calibration(y: np.ndarray, forecast: np.ndarray, quantiles: Sequence[float]) -> dict[str, tuple[float, float]]:
    """Share of outcomes below and share at or below each quantile: the nominal level belongs between the two."""
    seen = np.isfinite(y)
    return {
        f"{level:g}": (
            _over((y < forecast[..., k])[seen].sum(), seen.sum()),
            _over((y <= forecast[..., k])[seen].sum(), seen.sum()),
        )
        for k, level in enumerate(quantiles)
    }


def _over(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _row_mean(values: np.ndarray) -> np.ndarray:
    seen = np.isfinite(values)
    total, count = np.where(seen, values, 0).sum(axis=1), seen.sum(axis=1)
    return np.asarray(np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0))
