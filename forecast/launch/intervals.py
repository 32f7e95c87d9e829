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
_CLASS_ROWS, _MOST_CLASSES = 150, 5
_FEWEST_ROWS = 60
_HALF_LIFE = 0.5
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
    values
        By class, ascending.
    below
        By class, the probability of a miss below each of them; the latest launches count most.
    """

    edges: np.ndarray
    values: tuple[np.ndarray, ...]
    below: tuple[np.ndarray, ...]


def misses_from(median: np.ndarray, width: np.ndarray, total: np.ndarray, so_far: np.ndarray) -> Misses:
    """Pool the misses of forecasts whose outcome is known; a guess if there are none.

    Parameters
    ----------
    median, width
        As forecast, in logarithms, in the order of the launches, shape (m,).
    """
    if len(median) < 2:
        return Misses(np.empty(0), (_GUESS,), ((np.arange(len(_GUESS)) + 1) / (len(_GUESS) + 1),))
    miss = (remainder(total, so_far) - median) / width
    size = so_far + np.expm1(median)
    classes = int(np.clip(len(miss) // _CLASS_ROWS, 1, _MOST_CLASSES))
    edges = np.quantile(size, np.arange(1, classes) / classes)
    place = np.searchsorted(edges, size, side="right")
    weight = np.exp2((np.arange(len(miss)) + 1 - len(miss)) / (_HALF_LIFE * len(miss)))
    sorted_misses = [_sorted(miss[place == k], weight[place == k]) for k in range(classes)]
    return Misses(edges, tuple(values for values, _ in sorted_misses), tuple(below for _, below in sorted_misses))


def _sorted(miss: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return misses in ascending order and the probability below each, the next one as likely as the heaviest.

    Their median is taken off: the method's own median, made to be one, is surer than what a class of misses says of it.
    """
    order = np.argsort(miss, kind="stable")
    below = np.cumsum(weight[order]) / (weight.sum() + weight.max(initial=1))
    return miss[order] - np.interp(0.5, below, miss[order]), below


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
        known = zip(self.misses.below, self.misses.values, strict=True)
        by_class = np.stack([np.interp(asked, below, values) for below, values in known])
        strayed = self.median[:, None] + self.width[:, None] * by_class[self._classes()]
        return np.asarray(self.so_far[:, None] + np.maximum(np.expm1(strayed), 0))

    def chance_above(self, threshold: np.ndarray) -> np.ndarray:
        """Return the probability of a total above a threshold, in [0, 1], shape (m,)."""
        needed = (remainder(threshold, self.so_far) - self.median) / self.width
        place, chance = self._classes(), np.zeros(len(needed))
        for k, (values, below) in enumerate(zip(self.misses.values, self.misses.below, strict=True)):
            inside = place == k
            at = np.concatenate([[0.0], below])[np.searchsorted(values, needed[inside], "right")]
            chance[inside] = np.clip(1 - at - (1 - below[-1]) / 2, 0, 1)
        return np.where(threshold < self.so_far, 1.0, chance)

    def _classes(self) -> np.ndarray:
        return np.asarray(np.searchsorted(self.misses.edges, self.so_far + np.expm1(self.median), side="right"))
