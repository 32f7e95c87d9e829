"""Additive log-odds of yes or no from features with a few levels each, shrunk towards saying nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = ["LogOdds", "fit_log_odds"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]
_MOST_STEPS, _ENOUGH = 50, 1e-9


@dataclass(frozen=True, eq=False)
class LogOdds:
    """What each level adds to the log-odds.

    Parameters
    ----------
    base
        Log-odds where nothing is known.
    effects
        Per feature what each of its levels adds, shape (levels,).
    covariance
        Of base and effects in their order, shape (1 + all levels,) twice.
    """

    base: float
    effects: tuple[Floats, ...]
    covariance: Floats

    def row(self, codes: Sequence[int]) -> Floats:
        """Return the row of the design for one level per feature, -1 unknown, shape (1 + all levels,)."""
        row: Floats = _design(np.array([codes], dtype=np.int8), [len(effect) for effect in self.effects])[0]
        return row


def fit_log_odds(codes: Codes, levels: Sequence[int], yes: npt.NDArray[np.bool_], *, spread: float = 1.0) -> LogOdds:
    """Fit additive log-odds by penalised maximum likelihood.

    A level that was never seen adds nothing, as does an unknown one; half a yes and half a no keep the base defined
    where all answers are the same.

    Parameters
    ----------
    codes
        Level of each feature, -1 unknown, shape (rows, features).
    levels
        How many levels each feature has.
    yes
        Shape (rows,), at least one row.
    spread
        Standard deviation expected of an effect, in log-odds, > 0: the smaller, the more evidence an effect needs.

    Notes
    -----
    Ridge logistic regression by Newton steps; the covariance is that of Laplace's approximation: le Cessie & van
    Houwelingen (1992), Ridge estimators in logistic regression.

    Examples
    --------
    >>> codes = np.repeat(np.array([[0], [1]], np.int8), 100, axis=0)
    >>> fitted = fit_log_odds(codes, [2], np.arange(200) % 100 < np.where(np.arange(200) < 100, 80, 20))
    >>> [round(float(effect), 2) for effect in fitted.effects[0]]
    [1.31, -1.31]
    """
    design = np.vstack((_design(codes, levels), np.eye(1, 1 + sum(levels))))
    target, weight = np.append(yes.astype(float), 0.5), np.ones(len(yes) + 1)
    penalty = np.diag(np.append(0.0, np.full(sum(levels), 1.0 / spread**2)))
    found = np.zeros(design.shape[1])
    for _ in range(_MOST_STEPS):
        chance = 1.0 / (1.0 + np.exp(-design @ found))
        curve = design.T @ (design * (weight * chance * (1.0 - chance))[:, None]) + penalty
        step = np.linalg.solve(curve, design.T @ (target - chance) - penalty @ found)
        found = found + step / max(1.0, float(np.abs(step).max()) / 2.0)  # a long step from far away overshoots
        if np.abs(step).max() < _ENOUGH:
            break
    ends = np.cumsum([1, *levels])
    effects = tuple(found[start:end] for start, end in pairwise(ends))
    covariance: Floats = np.asarray(np.linalg.inv(curve), dtype=np.float64)
    return LogOdds(float(found[0]), effects, covariance)


def _design(codes: Codes, levels: Sequence[int]) -> Floats:
    columns = [np.ones((len(codes), 1))]
    columns += [codes[:, [at]] == np.arange(count) for at, count in enumerate(levels)]
    return np.hstack(columns).astype(np.float64)
