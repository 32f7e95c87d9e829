"""Forecasts as they would have been, scored on what happened, simple models beside them."""

from __future__ import annotations

from typing import Any

from contracts.errors import InputError
from contracts.progress import Report, silent
from forecast.forecaster import ForecastProblem, Origins, forecast_at
from forecast.panel import Panel
from forecast.scoring import Outcome, score, value_added

YARDSTICKS = ("seasonal_window", "seasonal_naive", "moving_level")


def backtest(
    forecaster: Origins, problem: ForecastProblem, origins: int, *, progress: Report = silent
) -> list[dict[str, Any]]:
    """Score the forecaster and the yardsticks at several earlier origins, one horizon apart, the latest first.

    Returns
    -------
    Per origin and model: ``model, origin`` (last day seen) and the measures of `forecast.scoring.score`; for the
    forecaster's own model also ``value_added``: by what share its WAPE is below each yardstick's.

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
    scores: list[dict[str, Any]] = []
    for k in range(1, origins + 1):
        length = panel.length - k * panel.horizon
        truth = forecaster.truth(length)
        outcome = Outcome.of(panel, length, truth, levels=problem.levels, quantiles=problem.quantiles)
        here = []
        for name in models:
            result = forecast_at(forecaster, problem, length, model=name)
            here.append({"model": name, "origin": str(panel.dates(length - 1, length)[0]), **score(outcome, result)})
        here[0]["value_added"] = value_added(here, main)
        scores += here
        progress("backtest", k, origins)
    return scores


def possible_origins(panel: Panel) -> int:
    """Return how many origins leave at least two short windows of history before them."""
    return max((panel.length - panel.frequency.windows[1]) // panel.horizon, 0)
