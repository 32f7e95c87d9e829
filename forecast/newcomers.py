"""Series without a history of their own: their level from attributes and look-alikes, their shape from everyone else.

A ridge on the log level finds what attributes mean everywhere (a floor area, a store); the look-alikes nearest by the
numbers among them add what no straight line goes through (a good quarter, by latitude and longitude). They count as far
as they would have helped series left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from forecast.panel import Panel

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

_RIDGE = 2.0
_FOLDS = 5
_MAX_CATEGORIES = 200
_NEIGHBOURS, _BELIEF = 10, 3.0
_WEIGHTS = (0.0, 0.5, 1.0)


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
    """Learn the log level of established series from static attributes and known regressors.

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
    design, numbers = _design(panel), _numbers(panel)
    rows = np.flatnonzero(established)
    floor = 0.01 * float(level[rows].mean()) or 1.0
    target = np.log(level[rows] + floor)
    if len(rows) < 2 * _FOLDS:
        return AttributePrior(_fit_predict(design[rows], target, level[rows], design, floor=floor))
    fold = np.random.default_rng(seed).permutation(len(rows)) % _FOLDS
    weights = _WEIGHTS if numbers.shape[1] else _WEIGHTS[:1]
    left_out = {weight: np.zeros(len(rows)) for weight in weights}
    for k, weight in product(range(_FOLDS), weights):
        learn, apply = rows[fold != k], rows[fold == k]
        near = _Near(numbers[learn], numbers[apply], weight)
        left_out[weight][fold == k] = _fit_predict(
            design[learn], target[fold != k], level[learn], design[apply], floor=floor, near=near
        )
    best = min(weights, key=lambda weight: float(np.abs(np.log(left_out[weight] + floor) - target).mean()))
    near = _Near(numbers[rows], numbers, best)
    out = _fit_predict(design[rows], target, level[rows], design, floor=floor, near=near)
    out[rows] = left_out[best]
    return AttributePrior(out)


@dataclass(frozen=True)
class _Near:
    """Where the known and the asked series stand by their numbers, and how much look-alikes count."""

    learn: np.ndarray
    apply: np.ndarray
    weight: float

    def add(self, beyond: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what look-alikes add to known and to asked series, of what each known one is `beyond` expectation."""
        if not self.weight:
            return np.zeros(len(self.learn)), np.zeros(len(self.apply))
        from scipy.spatial import cKDTree  # only look-alikes by numbers pay for it

        tree = cKDTree(self.learn)
        return self._mean(tree, beyond, self.learn, 1), self._mean(tree, beyond, self.apply, 0)

    def _mean(self, tree: cKDTree, beyond: np.ndarray, points: np.ndarray, skip: int) -> np.ndarray:
        last = min(_NEIGHBOURS + skip, len(self.learn))
        _, near = tree.query(points, k=np.arange(1 + skip, last + 1))
        return np.asarray(self.weight * beyond[near].sum(axis=1) / (near.shape[1] + _BELIEF))


def _fit_predict(
    learn: np.ndarray,
    target: np.ndarray,
    level: np.ndarray,
    apply: np.ndarray,
    *,
    floor: float,
    near: _Near | None = None,
) -> np.ndarray:
    centre = target.mean()
    gram = learn.T @ learn + _RIDGE * np.eye(learn.shape[1])
    weights = np.linalg.solve(gram, learn.T @ (target - centre))
    low, high = target.min(), target.max()
    known, asked = near.add(target - centre - learn @ weights) if near else (0.0, 0.0)

    def expected(design: np.ndarray, more: np.ndarray | float) -> np.ndarray:
        return np.asarray(np.exp(np.clip(centre + design @ weights + more, low, high)))

    smear = (level.mean() + floor) / expected(learn, known).mean()  # exp of a mean log is too small: keep the total
    return np.asarray(np.maximum(smear * expected(apply, asked) - floor, 0))


def _numbers(panel: Panel) -> np.ndarray:
    """Return the static numbers of each series on a common scale, shape (n, columns)."""
    columns = [_standard(a.values) for a in panel.static if not a.categorical]
    return np.stack(columns, axis=1) if columns else np.zeros((panel.n, 0))


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
