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
        Per feature, shape (k,).
    curved, curve
        Which features also count by their square (index, shape (c,)), and the weights of the squares.
    intercept
        Target of a row that is average in everything.
    error
        Root mean squared error to be expected of new rows (generalised cross-validation).
    """

    centre: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    curved: np.ndarray
    curve: np.ndarray
    intercept: float
    error: float

    def predict(self, values: np.ndarray) -> np.ndarray:
        """Return the target of rows of features, shape (m,)."""
        return np.asarray(self.contributions(values).sum(axis=1) + self.intercept)

    def contributions(self, values: np.ndarray) -> np.ndarray:
        """Return what each feature adds to the target, shape (m, k)."""
        standard = _standard(values, self.centre, self.scale)
        added = standard * self.weight
        added[:, self.curved] += standard[:, self.curved] ** 2 * self.curve
        return np.asarray(added)


def fit_ridge(values: np.ndarray, target: np.ndarray, curved: np.ndarray | None = None) -> Ridge:
    """Fit; empty cells count as the mean, and the penalty is the one of the least generalised cross-validation error.

    Parameters
    ----------
    values
        Features, NaN where unknown, shape (m, k).
    target
        Shape (m,).
    curved
        Index of the features that may also count by their square; none by default.

    References
    ----------
    Golub, Heath & Wahba (1979), Generalized cross-validation as a method for choosing a good ridge parameter.
    """
    squared = np.empty(0, dtype=int) if curved is None else curved
    filled = np.isfinite(values)
    number = np.maximum(filled.sum(axis=0), 1)
    centre = np.where(filled, values, 0).sum(axis=0) / number
    spread = np.sqrt((np.where(filled, values - centre, 0) ** 2).sum(axis=0) / number)
    scale = np.where(spread > 1e-9, spread, np.inf)
    standard = _standard(values, centre, scale)
    design = np.column_stack([standard, standard[:, squared] ** 2])
    middle = design.mean(axis=0)
    weight, error = _solve(design - middle, target - target.mean())
    intercept = float(target.mean() - middle @ weight)
    k = values.shape[1]
    return Ridge(centre, scale, weight[:k], squared, weight[k:], intercept, error)


def _solve(design: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, float]:
    """Return weights and expected error for a centred design and target."""
    left, singular, right = np.linalg.svd(design, full_matrices=False)
    along = left.T @ target
    shrunk = singular**2 / (singular**2 + _PENALTIES[:, None])
    miss = (target**2).sum() - ((2 * shrunk - shrunk**2) * along**2).sum(axis=1)
    freedom = np.maximum(len(target) - 1 - shrunk.sum(axis=1), 1e-3)
    best = int(np.argmin(miss / freedom**2))
    weight = right.T @ (along * singular / (singular**2 + _PENALTIES[best]))
    return weight, float(np.sqrt(max(miss[best], 0) * len(target)) / freedom[best])


def _standard(values: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    standard = (values - centre) / scale
    return np.clip(np.where(np.isfinite(standard), standard, 0), -_MOST_SPREADS, _MOST_SPREADS)
