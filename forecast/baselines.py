"""Simple forecasts: the yardsticks of every backtest, and what carries series too short, dead or few for trees.

Each takes a panel and returns expected pieces, shape (n, horizon), >= 0; NaN only for series without any history.
Unavailable periods are skipped, never taken for zeros.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from forecast.panel import Panel
from forecast.windows import RunningSums, level_of, sums_of

_CYCLES = 8


def seasonal_window(panel: Panel) -> np.ndarray:
    """Mean of the last eight same weekdays; for weeks, months and so on last year's season at today's level."""
    row, t, target = _tasks(panel)
    sums = sums_of(panel)
    level = _level(panel, sums, row, t)
    if panel.frequency.unit == "D":
        values = sums.season_mean(row, t, target, _CYCLES)
        return _shaped(panel, np.where(np.isnan(values), level, values))
    window, back = panel.frequency.level_weights[0][0], panel.frequency.year
    before = sums.mean(row, t - back, window)
    growth = np.divide(level, before, out=np.ones_like(level), where=before > 0)
    season = sums.season_mean(row, t, target, 2) * np.clip(growth, 0.5, 2)
    return _shaped(panel, np.where(np.isnan(season), level, 0.5 * season + 0.5 * level))


def seasonal_naive(panel: Panel) -> np.ndarray:
    """Repeat the last same-season value, a moving level where there is none."""
    row, t, target = _tasks(panel)
    sums = sums_of(panel)
    values = sums.season_mean(row, t, target, 1)
    return _shaped(panel, np.where(np.isnan(values), _level(panel, sums, row, t), values))


def moving_level(panel: Panel) -> np.ndarray:
    """Hold a blend of moving means: the level that the trees are relative to."""
    row, t, _ = _tasks(panel)
    return _shaped(panel, _level(panel, sums_of(panel), row, t))


def tsb(panel: Panel, *, alpha: float = 0.1, beta: float = 0.05) -> np.ndarray:
    """Smooth the chance of a sale and its size apart: a dead series fades out.

    Parameters
    ----------
    panel
        Demand; the state is frozen while a series is unavailable.
    alpha, beta
        Smoothing of the size and of the chance, in (0, 1].

    References
    ----------
    Teunter, Syntetos & Babai (2011), Intermittent demand: linking forecasting to inventory obsolescence, eq. 2-3.
    """
    size, chance = _start(panel)
    for t in range(panel.length):
        seen, sold = panel.available[:, t], panel.y[:, t] > 0
        chance = np.where(seen, chance + beta * (sold - chance), chance)
        size = np.where(seen & sold, size + alpha * (panel.y[:, t] - size), size)
    return _flat(panel, size * chance)


def sba(panel: Panel, *, alpha: float = 0.1) -> np.ndarray:
    """Croston's size over interval, with the bias correction of Syntetos and Boylan.

    References
    ----------
    Syntetos & Boylan (2005), The accuracy of intermittent demand estimates, eq. 3.
    """
    size, chance = _start(panel)
    interval = np.divide(1.0, chance, out=np.full(panel.n, float(panel.length + 1)), where=chance > 0)
    waited = np.ones(panel.n)
    for t in range(panel.length):
        seen, sold = panel.available[:, t], (panel.y[:, t] > 0) & panel.available[:, t]
        size = np.where(sold, size + alpha * (panel.y[:, t] - size), size)
        interval = np.where(sold, interval + alpha * (waited - interval), interval)
        waited = np.where(sold, 1.0, waited + seen)
    return _flat(panel, (1 - alpha / 2) * size / interval)


BASELINES: dict[str, Callable[[Panel], np.ndarray]] = {
    "seasonal_window": seasonal_window,
    "seasonal_naive": seasonal_naive,
    "moving_level": moving_level,
    "tsb": tsb,
    "sba": sba,
}
"""The models that need no training, by the name that `--model` takes."""


def _tasks(panel: Panel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    row = np.repeat(np.arange(panel.n), panel.horizon)
    t = np.full(len(row), panel.length - 1)
    return row, t, t + np.tile(np.arange(1, panel.horizon + 1), panel.n)


def _level(panel: Panel, sums: RunningSums, row: np.ndarray, t: np.ndarray) -> np.ndarray:
    return level_of(sums, row, t, panel.frequency.level_weights)


def _start(panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Mean size of sales and their share of the first available periods: a neutral start of the smoothing."""
    sold = (panel.y > 0) & panel.available
    count = sold.sum(axis=1)
    size = np.divide(panel.y.sum(axis=1, dtype=float), count, out=np.zeros(panel.n), where=count > 0)
    chance = np.divide(count, panel.history, out=np.zeros(panel.n), where=panel.history > 0)
    return size, chance


def _flat(panel: Panel, level: np.ndarray) -> np.ndarray:
    return _shaped(panel, np.repeat(level, panel.horizon))


def _shaped(panel: Panel, values: np.ndarray) -> np.ndarray:
    out = values.reshape(panel.n, panel.horizon)
    return np.asarray(np.where(panel.history[:, None] > 0, out, np.nan))
