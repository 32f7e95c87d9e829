"""A prior from what was known before the first sale, updated by how far the launch curve says the style has come.

In logarithms: the prior says ``total ~ N(prior, error²)``; the category's launch curve says which share of the total
has usually come by the checkpoint, and how much that share varies; both are weighed by their precision.

References
----------
Gelman et al. (2013), Bayesian Data Analysis, ch. 2.5 (normal with known variance).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.launch.features import Features
from forecast.launch.linear import Ridge, fit_ridge
from forecast.launch.methods import Fitted, remainder

__all__ = ["CurveUpdate", "update"]

_BEFORE = ("attribute_", "hour", "weekday", "others_", "launches_", "kin", "reach_")
_SHRINK = 5.0
_LEAST_VARIANCE = 1e-4


def update(prior: np.ndarray, variance: float, told: np.ndarray, told_variance: float) -> np.ndarray:
    """Return the posterior mean of a normal prior after one normal observation.

    Examples
    --------
    >>> update(np.array([0.0]), 1.0, np.array([3.0]), 0.5).tolist()
    [2.0]
    """
    weight = variance / (variance + told_variance)
    return np.asarray(prior + weight * (told - prior))


@dataclass(frozen=True)
class _Updated:
    names: tuple[int, ...]
    prior: Ridge
    share: np.ndarray
    variance: float

    def predict(self, features: Features) -> np.ndarray:
        prior = self.prior.predict(features.values[:, self.names])
        told = np.log(features.so_far + 0.5) - self.share[np.minimum(features.category, len(self.share) - 1)]
        posterior = update(prior, self.prior.error**2, told, self.variance)
        return remainder(np.exp(posterior) - 0.5, features.so_far)

    def contributions(self, features: Features) -> np.ndarray:
        added = np.zeros(features.values.shape)
        added[:, self.names] = self.prior.contributions(features.values[:, self.names])
        return added


@dataclass(frozen=True)
class CurveUpdate:
    """Bayesian update of an attribute prior by the category's launch curve."""

    fewest: int = 20

    def fit(self, features: Features, total: np.ndarray, *, seed: int) -> Fitted:
        """Learn the prior, and which share of the total has usually come, per category."""
        del seed
        names = tuple(k for k, name in enumerate(features.names) if name.startswith(_BEFORE) or name.endswith("before"))
        logs = np.log(total + 0.5)
        prior = fit_ridge(features.values[:, names], logs)
        come = np.log(features.so_far + 0.5) - logs
        usual = float(come.mean())
        sums = np.bincount(features.category, weights=come - usual)
        share = usual + sums / (np.bincount(features.category) + _SHRINK)
        variance = float(np.mean((come - share[features.category]) ** 2))
        return _Updated(names, prior, share, max(variance, _LEAST_VARIANCE))
