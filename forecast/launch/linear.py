"""Ridge regression on standardised features: the plain model every other one has to beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Ridge", "fit_ridge"]

_PENALTIES = np.logspace(-1, 4, 21)
_MOST_SPREADS = 4.0


@dataclass(frozen=True)
class Ridge:
    """A fitted linear model.

    Parameters
    ----------
    centre, scale, weight
        Per design column; `intercept` is the mean of the target.
    """

    centre: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    intercept: float

    def predict(self, values: np.ndarray) -> np.ndarray:
        """Return the target of rows of features, shape (m,)."""
        return np.asarray(_standard(values, self.centre, self.scale) @ self.weight + self.intercept)

    def contributions(self, values: np.ndarray) -> np.ndarray:
        """Return what each feature adds to the target, shape (m, k)."""
        return np.asarray(_standard(values, self.centre, self.scale) * self.weight)


def fit_ridge(values: np.ndarray, target: np.ndarray) -> Ridge:
    """Fit; empty cells count as the mean, and the penalty is the one of the least generalised cross-validation error.

    Parameters
    ----------
    values
        Features, NaN where unknown, shape (m, k).
    target
        Shape (m,).

    References
    ----------
    Golub, Heath & Wahba (1979), Generalized cross-validation as a method for choosing a good ridge parameter.
    """
    filled = np.isfinite(values)
    number = np.maximum(filled.sum(axis=0), 1)
    centre = np.where(filled, values, 0).sum(axis=0) / number
    spread = np.sqrt((np.where(filled, values - centre, 0) ** 2).sum(axis=0) / number)
    scale = np.where(spread > 1e-9, spread, np.inf)
    design = _standard(values, centre, scale)
    intercept = float(target.mean())
    left, singular, right = np.linalg.svd(design, full_matrices=False)
    along = left.T @ (target - intercept)
    shrunk = singular**2 / (singular**2 + _PENALTIES[:, None])
    miss = ((target - intercept) ** 2).sum() - ((2 * shrunk - shrunk**2) * along**2).sum(axis=1)
    best = int(np.argmin(miss / np.maximum(len(target) - 1 - shrunk.sum(axis=1), 1e-3) ** 2))
    weight = right.T @ (along * singular / (singular**2 + _PENALTIES[best]))
    return Ridge(centre, scale, weight, intercept)


def _standard(values: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    standard = (values - centre) / scale
    return np.clip(np.where(np.isfinite(standard), standard, 0), -_MOST_SPREADS, _MOST_SPREADS)
