"""Quantiles from what the same forecaster missed at earlier origins, class by class.

Mondrian conformal prediction: the ratios of outcome to forecast are pooled in classes of like size, dispersion and
horizon, and their empirical quantiles multiply the forecast. Zeros are ratios too, so a series that sells every tenth
day gets a median of 0 without any model of zeros.

References
----------
Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World, ch. 4.5 (Mondrian confidence machines).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DEFAULT_QUANTILES = (0.005, 0.025, 0.165, 0.25, 0.5, 0.75, 0.835, 0.975, 0.995)

_CLASS_ROWS = 400
_FEWEST_ROWS = 20
_FLOOR = 0.01
_MOST_SIZES, _DISPERSIONS, _MOST_BLOCKS = 40, 3, 4


@dataclass(frozen=True, kw_only=True)
class Residuals:
    """Earlier forecasts with what happened.

    Parameters
    ----------
    mean, y
        Forecast and outcome, shape (m, horizon); pairs with NaN in either are left out.
    dispersion
        How much the series varied for its size by then, shape (m,).
    """

    mean: np.ndarray
    y: np.ndarray
    dispersion: np.ndarray


@dataclass(frozen=True)
class Calibration:
    """Ratio quantiles by class.

    Parameters
    ----------
    quantiles
        Sorted levels in (0, 1), shape (q,).
    sizes
        Inner edges of the size classes (forecast pieces).
    dispersions
        Inner edges of the dispersion classes per size class.
    blocks
        Number of horizon blocks.
    ratios
        Shape (sizes, dispersions, blocks, q); empty when there was too little to learn from.
    floor
        Forecasts below it (a hundredth of a piece, or of the mean if that is less) are taken for it: a ratio to next
        to nothing says nothing.
    """

    quantiles: np.ndarray
    sizes: np.ndarray
    dispersions: np.ndarray
    blocks: int
    ratios: np.ndarray
    floor: float = 0.0

    @property
    def learned(self) -> bool:
        """Whether the quantiles come from residuals; else from a negative binomial of shape 1."""
        return self.ratios.size > 0

    @property
    def pooled(self) -> bool:
        """Whether there were so few residuals that steady and unsteady series share a class."""
        return self.learned and self.ratios.shape[1] == 1

    def apply(self, mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
        """Return quantiles of forecasts.

        Parameters
        ----------
        mean
            Expected pieces, shape (n, horizon).
        dispersion
            As in `Residuals`, shape (n,).

        Returns
        -------
        Shape (n, horizon, q): sorted along the last axis, >= 0.
        """
        if not self.learned:
            return _geometric(mean, self.quantiles)
        unit = np.where(mean > 0, np.maximum(mean, self.floor), 0)
        size = np.searchsorted(self.sizes, unit, side="right")
        edges = self.dispersions[size]
        spread = (dispersion[:, None, None] >= edges).sum(axis=2) if edges.shape[-1] else np.zeros_like(size)
        block = np.broadcast_to(_block_of(mean.shape[1], self.blocks), mean.shape)
        return np.asarray(self.ratios[size, spread, block] * unit[:, :, None])


def calibrate(residuals: Residuals, quantiles: Sequence[float]) -> Calibration:
    """Learn ratio quantiles; classes are as fine as `_CLASS_ROWS` pairs each allow."""
    levels = np.sort(np.asarray(quantiles, dtype=float))
    horizon = residuals.mean.shape[1]
    good = np.isfinite(residuals.mean) & np.isfinite(residuals.y) & (residuals.mean > 0)
    if good.sum() < _FEWEST_ROWS:
        return Calibration(levels, np.empty(0), np.empty((1, 0)), 1, np.empty(0))
    n_sizes, n_spreads, blocks = _fineness(int(good.sum()), horizon)
    floor = _FLOOR * min(float(residuals.mean[good].mean()), 1.0)
    mean = np.maximum(residuals.mean[good], floor)
    ratio = residuals.y[good] / mean
    spread = np.broadcast_to(residuals.dispersion[:, None], good.shape)[good]
    block = np.broadcast_to(_block_of(horizon, blocks), good.shape)[good]
    sizes = _inner_edges(mean, n_sizes)
    size = np.searchsorted(sizes, mean, side="right")
    dispersions = np.stack([_inner_edges(spread[size == k], n_spreads) for k in range(n_sizes)])
    band = (spread[:, None] >= dispersions[size]).sum(axis=1)
    ratios = np.empty((n_sizes, n_spreads, blocks, len(levels)))
    for s, d, b in np.ndindex(n_sizes, n_spreads, blocks):
        for rough in ((size == s) & (band == d) & (block == b), size == s, np.ones(len(size), dtype=bool)):
            if rough.sum() >= _FEWEST_ROWS:
                ratios[s, d, b] = _order_statistics(ratio[rough], levels)
                break
    return Calibration(levels, sizes, dispersions, blocks, ratios, floor)


def _fineness(rows: int, horizon: int) -> tuple[int, int, int]:
    """How many size classes, dispersion classes and horizon blocks so many pairs carry."""
    classes = max(rows // _CLASS_ROWS, 1)
    blocks = min(-(-horizon // 7), _MOST_BLOCKS) if classes >= 8 * _MOST_BLOCKS else 1
    spreads = _DISPERSIONS if classes // blocks >= 4 * _DISPERSIONS else 1
    return int(np.clip(classes // (blocks * spreads), 1, _MOST_SIZES)), spreads, blocks


def _inner_edges(values: np.ndarray, classes: int) -> np.ndarray:
    if not len(values):
        return np.zeros(classes - 1)
    return np.asarray(np.quantile(values, np.arange(1, classes) / classes))


def _block_of(horizon: int, blocks: int) -> np.ndarray:
    return np.minimum(np.arange(horizon) * blocks // horizon, blocks - 1)


def _order_statistics(ratio: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Empirical quantiles, a step outwards of the middle for few values (the conformal n + 1)."""
    n = len(ratio)
    rank = np.where(levels >= 0.5, np.ceil((n + 1) * levels), np.floor((n + 1) * levels))
    return np.asarray(np.sort(ratio)[np.clip(rank, 1, n).astype(int) - 1])


def _geometric(mean: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles of a geometric count with the given mean: wide, but the best guess without any residual."""
    miss = np.maximum(mean, 0) / (1 + np.maximum(mean, 0))  # P(X > k) = miss ** (k + 1)
    with np.errstate(divide="ignore"):
        steps = np.log1p(-levels) / np.log(miss[:, :, None])
    return np.asarray(np.maximum(np.ceil(steps - 1e-9) - 1, 0) + 0.0)
