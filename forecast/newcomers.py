"""Series without a history of their own: their level from attributes, their shape from everyone else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.panel import Panel

_RIDGE = 2.0
_FOLDS = 5
_MAX_CATEGORIES = 200


@dataclass(frozen=True)
class AttributePrior:
    """Levels expected from attributes alone.

    Parameters
    ----------
    level
        Expected pieces per period of each series, shape (n,); for the established series out of fold, so that what
        it misses is what it would miss on a newcomer.
    """

    level: np.ndarray


def attribute_prior(panel: Panel, level: np.ndarray, established: np.ndarray, *, seed: int) -> AttributePrior:
    """Regress the log level of established series on static attributes and known regressors (ridge).

    Parameters
    ----------
    panel
        Attributes of all series.
    level
        Present level of the established series, shape (n,).
    established
        Mask of the series to learn from; without any of them all levels are 0.
    """
    if not established.any():
        return AttributePrior(np.zeros(panel.n))
    design = _design(panel)
    rows = np.flatnonzero(established)
    floor = 0.01 * float(level[rows].mean()) or 1.0
    target = np.log(level[rows] + floor)
    out = _fit_predict(design[rows], target, level[rows], design, floor)
    fold = np.random.default_rng(seed).permutation(len(rows)) % _FOLDS
    if len(rows) >= 2 * _FOLDS:
        for k in range(_FOLDS):
            learn, apply = rows[fold != k], rows[fold == k]
            out[apply] = _fit_predict(design[learn], target[fold != k], level[learn], design[apply], floor)
    return AttributePrior(out)


def _fit_predict(
    learn: np.ndarray, target: np.ndarray, level: np.ndarray, apply: np.ndarray, floor: float
) -> np.ndarray:
    centre = target.mean()
    gram = learn.T @ learn + _RIDGE * np.eye(learn.shape[1])
    weights = np.linalg.solve(gram, learn.T @ (target - centre))
    low, high = target.min(), target.max()

    def expected(design: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(np.clip(centre + design @ weights, low, high)))

    smear = (level.mean() + floor) / expected(learn).mean()  # exp of a mean log is too small: keep the total
    return np.asarray(np.maximum(smear * expected(apply) - floor, 0))


def _design(panel: Panel) -> np.ndarray:
    columns = [np.zeros(panel.n)]
    for a in panel.static:
        if a.categorical and len(a.categories) <= _MAX_CATEGORIES:
            columns += [(a.values == code).astype(float) for code in range(len(a.categories))]
        elif not a.categorical:
            columns.append(_standard(a.values))
    for a in panel.known:
        if not a.categorical:
            ahead = a.values[:, panel.length :]
            seen = np.isfinite(ahead)
            mean = np.where(seen, ahead, 0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
            columns.append(_standard(np.where(seen.any(axis=1), mean, np.nan)))
    return np.stack(columns, axis=1)


def _standard(values: np.ndarray) -> np.ndarray:
    logs = np.sign(values) * np.log1p(np.abs(values))
    seen = np.isfinite(logs)
    if not seen.any():
        return np.zeros(len(values))
    spread = float(logs[seen].std()) or 1.0
    return np.where(seen, (logs - logs[seen].mean()) / spread, 0.0)
