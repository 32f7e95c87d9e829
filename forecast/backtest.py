"""Forecasts as they would have been, scored on what happened, simple models beside them."""

from __future__ import annotations

from typing import Any

import numpy as np

from contracts.errors import InputError
from contracts.progress import Report, silent
from forecast.forecaster import Forecaster, ForecastProblem, ForecastResult, forecast_at
from forecast.hierarchy import Level
from forecast.metrics import bias, coverage, quantile_loss, rmsse, wape
from forecast.panel import Panel

YARDSTICKS = ("seasonal_window", "seasonal_naive", "moving_level")


def backtest(
    forecaster: Forecaster, problem: ForecastProblem, origins: int, *, progress: Report = silent
) -> list[dict[str, Any]]:
    """Score the forecaster and the yardsticks at several earlier origins, one horizon apart, the latest first.

    Returns
    -------
    Per origin and model: ``model, origin`` (last day seen), ``wape, rmsse, bias, quantile_loss, coverage``; with
    levels also ``level_wape`` by level.

    Raises
    ------
    InputError
        If the history is too short for that many origins.
    """
    panel = problem.panel
    most = possible_origins(panel)
    if most < 1:
        expected = f"a history of at least {panel.horizon + panel.frequency.windows[1]} periods"
        raise InputError("--backtest", expected, panel.length)
    if not 1 <= origins <= most:
        raise InputError(
            "--backtest", f"1 to {most} origins ({panel.length} periods of history, horizon {panel.horizon})", origins
        )
    main = forecaster.params.model
    models = [main, *(name for name in YARDSTICKS if name != main)]
    scores = []
    for k in range(1, origins + 1):
        length = panel.length - k * panel.horizon
        for name in models:
            result = forecast_at(forecaster, problem, length, model=name)
            scores.append(_score(forecaster, problem, result, length, name))
        progress("backtest", k, origins)
    return scores


def possible_origins(panel: Panel) -> int:
    """Return how many origins leave at least two short windows of history before them."""
    return max((panel.length - panel.frequency.windows[1]) // panel.horizon, 0)


def _score(
    forecaster: Forecaster, problem: ForecastProblem, result: ForecastResult, length: int, name: str
) -> dict[str, Any]:
    panel, y = problem.panel, forecaster.truth(length)
    mean, quantiles = result.series.mean, result.series.quantiles
    history = np.where(panel.available[:, :length], panel.y[:, :length], np.nan)
    score: dict[str, Any] = {
        "model": name,
        "origin": str(panel.dates(length - 1, length)[0]),
        "wape": wape(y, mean),
        "rmsse": rmsse(y, mean, history),
        "bias": bias(y, mean),
        "quantile_loss": quantile_loss(y, quantiles, problem.quantiles),
        "coverage": coverage(y, quantiles, problem.quantiles),
    }
    if problem.levels:
        score["level_wape"] = {level.name: _level_wape(level, y, mean) for level in problem.levels}
    return score


def _level_wape(level: Level, y: np.ndarray, mean: np.ndarray) -> float:
    seen = np.isfinite(y)
    return wape(level.sum(np.where(seen, y, 0)), level.sum(np.where(seen, mean, 0)))
