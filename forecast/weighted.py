"""The two measures of the M5 competition: errors of all levels, scaled by each node's own change, weighted by value.

References
----------
Makridakis, Spiliotis & Assimakopoulos (2022), The M5 accuracy competition, eq. 1-2; Makridakis et al. (2022), The M5
uncertainty competition, eq. 1-2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.hierarchy import Level

__all__ = ["step_scale", "wrmsse", "wspl"]


def wrmsse(
    levels: Sequence[Level], truth: np.ndarray, mean: np.ndarray, *, history: np.ndarray, value: np.ndarray
) -> float:
    """Weighted root mean squared scaled error, the mean of all levels.

    Parameters
    ----------
    levels
        The levels that count alike; name the series themselves as a level of their own if they are to count.
    truth, mean
        Pieces and forecasts of the series, shape (n, horizon).
    history
        Pieces up to the origin, shape (n, T); zeros before a node's first sale do not count.
    value
        What each series sold for lately, shape (n,), >= 0: nodes weigh in proportion. Nodes that never changed are
        left out.

    Examples
    --------
    One series that moved by 2 each day and was missed by 1:

    >>> own = Level(name="id", keys=("a",), group=np.zeros(1, dtype=int))
    >>> past = np.array([[2.0, 4.0, 2.0]])
    >>> wrmsse([own], np.array([[4.0]]), np.array([[3.0]]), history=past, value=np.ones(1))
    0.5
    """
    scores = []
    for level in levels:
        error = ((level.sum(truth) - level.sum(mean)) ** 2).mean(axis=1)
        scale = step_scale(level.sum(history), power=2)
        scores.append(_weighted(np.sqrt(_over(error, scale)), level.sum(value)))
    return float(np.mean(scores))


def wspl(
    levels: Sequence[Level],
    truth: np.ndarray,
    quantiles: Sequence[np.ndarray],
    taus: Sequence[float],
    *,
    history: np.ndarray,
    value: np.ndarray,
) -> float:
    """Weighted scaled pinball loss, the mean of all levels and quantiles.

    Parameters
    ----------
    levels, truth, history, value
        As for `wrmsse`.
    quantiles
        Per level the quantiles of its nodes, shape (groups, horizon, q).
    taus
        The quantiles' levels in (0, 1), shape (q,).

    Examples
    --------
    A median of 3 where 4 came: half a piece of pinball loss over a mean change of 2.

    >>> own = Level(name="id", keys=("a",), group=np.zeros(1, dtype=int))
    >>> past = np.array([[2.0, 4.0, 2.0]])
    >>> wspl([own], np.array([[4.0]]), [np.array([[[3.0]]])], [0.5], history=past, value=np.ones(1))
    0.25
    """
    tau = np.asarray(taus)
    scores = []
    for level, forecast in zip(levels, quantiles, strict=True):
        error = level.sum(truth)[:, :, None] - forecast
        loss = np.maximum(tau * error, (tau - 1) * error).mean(axis=(1, 2))
        scores.append(_weighted(_over(loss, step_scale(level.sum(history), power=1)), level.sum(value)))
    return float(np.mean(scores))


def step_scale(history: np.ndarray, *, power: int) -> np.ndarray:
    """Return the mean of |one-step change|^power since the first sale, per row; 0 where there was none."""
    steps = np.abs(np.diff(history, axis=1)) ** power
    started = (np.cumsum(history > 0, axis=1) > 0)[:, :-1]
    return np.asarray((steps * started).sum(axis=1) / np.maximum(started.sum(axis=1), 1))


def _over(error: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.asarray(np.divide(error, scale, out=np.zeros_like(error), where=scale > 0))


def _weighted(scores: np.ndarray, value: np.ndarray) -> float:
    return float((scores * value).sum() / value.sum()) if value.sum() > 0 else float("nan")
