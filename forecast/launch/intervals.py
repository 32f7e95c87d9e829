"""From a median to a distribution: trees say how wide, earlier misses say what shape.

A style's ``log1p(total - so far)`` is its median plus its width times a miss that is drawn from those of a backtest, in
classes of like size (Mondrian conformal prediction on normalised residuals). Quantiles, the chance of a hit and the
expected total all come from that one distribution.

References
----------
Papadopoulos, Gammerman & Vovk (2008), Normalized nonconformity measures for regression conformal prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.boosting import StumpParams, Trees, grow
from forecast.launch.features import Features
from forecast.launch.methods import remainder

__all__ = ["Distribution", "Misses", "Width", "fit_width", "misses_from"]

_LOW, _HIGH = 0.1, 0.9
_LEAST_WIDTH = 0.05
_CLASS_ROWS, _MOST_CLASSES = 120, 6
_FEWEST_ROWS = 80
_GUESS = np.linspace(-1.0, 1.0, 41)


@dataclass(frozen=True)
class Width:
    """How far apart the outer quantiles are; the same for all if there were too few styles to learn it."""

    trees: tuple[Trees, ...]

    def predict(self, features: Features) -> np.ndarray:
        """Return the width in logarithms, > 0, shape (m,)."""
        if not self.trees:
            return np.ones(len(features.so_far))
        low, high = (trees.predict(features.values) for trees in self.trees)
        return np.asarray(np.maximum(high - np.maximum(low, 0), _LEAST_WIDTH))


def fit_width(features: Features, total: np.ndarray, *, params: StumpParams, seed: int) -> Width:
    """Grow trees for the 10 and 90 % quantiles of what is still to come."""
    if len(total) < _FEWEST_ROWS:
        return Width(())
    target = remainder(total, features.so_far)
    return Width(tuple(grow(features.values, target, level=q, params=params, seed=seed) for q in (_LOW, _HIGH)))


@dataclass(frozen=True)
class Misses:
    """Normalised misses of a backtest by size class.

    Parameters
    ----------
    edges
        Inner edges of the classes: forecast totals, shape (k - 1,).
    sorted_misses
        By class, ascending.
    """

    edges: np.ndarray
    sorted_misses: tuple[np.ndarray, ...]

    @property
    def learned(self) -> bool:
        """Whether there was anything to learn from."""
        return self.sorted_misses[0] is not _GUESS


def misses_from(median: np.ndarray, width: np.ndarray, total: np.ndarray, so_far: np.ndarray) -> Misses:
    """Pool the misses of forecasts whose outcome is known.

    Parameters
    ----------
    median, width
        As forecast, in logarithms, shape (m,).
    """
    if len(median) < 2:
        return Misses(np.empty(0), (_GUESS,))
    miss = (remainder(total, so_far) - median) / width
    size = so_far + np.expm1(median)
    classes = int(np.clip(len(miss) // _CLASS_ROWS, 1, _MOST_CLASSES))
    edges = np.quantile(size, np.arange(1, classes) / classes)
    place = np.searchsorted(edges, size, side="right")
    return Misses(edges, tuple(np.sort(miss[place == k]) for k in range(classes)))


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """Distributions of m totals.

    Parameters
    ----------
    so_far, median, width
        Shape (m,); the latter two in logarithms of what is still to come.
    misses
        The shape of what strays from the median.
    """

    so_far: np.ndarray
    median: np.ndarray
    width: np.ndarray
    misses: Misses

    def quantiles(self, levels: Sequence[float]) -> np.ndarray:
        """Return quantiles of the totals, sorted and never below what has come, shape (m, q)."""
        asked = np.asarray(levels, dtype=float)
        by_class = np.stack([_outward(misses, asked) for misses in self.misses.sorted_misses])
        strayed = self.median[:, None] + self.width[:, None] * by_class[self._classes()]
        return np.asarray(self.so_far[:, None] + np.maximum(np.expm1(strayed), 0))

    def chance_above(self, threshold: np.ndarray) -> np.ndarray:
        """Return the probability of a total above a threshold, in [0, 1], shape (m,)."""
        needed = (remainder(threshold, self.so_far) - self.median) / self.width
        place, chance = self._classes(), np.zeros(len(needed))
        for k, misses in enumerate(self.misses.sorted_misses):
            inside = place == k
            chance[inside] = (len(misses) - np.searchsorted(misses, needed[inside], "right") + 0.5) / (len(misses) + 1)
        return np.where(threshold < self.so_far, 1.0, chance)

    def mean(self) -> np.ndarray:
        """Return the expected totals, shape (m,)."""
        place, mean = self._classes(), np.zeros(len(self.median))
        for k, misses in enumerate(self.misses.sorted_misses):
            inside = place == k
            strayed = self.median[inside, None] + self.width[inside, None] * misses
            mean[inside] = np.maximum(np.expm1(strayed), 0).mean(axis=1)
        return np.asarray(self.so_far + mean)

    def _classes(self) -> np.ndarray:
        return np.asarray(np.searchsorted(self.misses.edges, self.so_far + np.expm1(self.median), side="right"))


def _outward(misses: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Empirical quantiles, a step outwards of the middle for few values (the conformal n + 1)."""
    place = np.clip(levels * (len(misses) + 1) - 1, 0, len(misses) - 1)
    return np.asarray(np.interp(place, np.arange(len(misses)), misses))
