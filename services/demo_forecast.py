"""The demo's forecasts: days of each series for the planner, weeks of each style for the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from contracts.progress import Report, silent
from services.forecast_demand import ForecastReport, forecast_demand
from services.transactions import RetailDemand

__all__ = ["MarketForecasts", "forecast_figures", "forecast_market"]

DAYS, WEEKS = 28, 8


@dataclass(frozen=True)
class MarketForecasts:
    """Forecasts of the loaded sales: `daily` by series, `weekly` (bucket sums) by style."""

    daily: ForecastReport
    weekly: ForecastReport


def forecast_market(
    sales: pd.DataFrame, retail: RetailDemand, *, seed: int = 0, progress: Report = silent
) -> MarketForecasts:
    """Forecast the loaded sales of the retail stores, with one held-out backtest of the days."""
    columns = ["unique_id", "ds", "y"]
    daily = forecast_demand(
        sales[columns],
        horizon=DAYS,
        static=retail.static,
        calendar=retail.calendar,
        backtest=1,
        seed=seed,
        progress=progress,
    )
    by_style = sales.groupby(["style_id", "ds"], as_index=False)["y"].sum()
    weekly = forecast_demand(
        by_style.rename(columns={"style_id": "unique_id"})[columns],
        horizon=7 * WEEKS,
        calendar=retail.calendar,
        bucket="W-MON",
        seed=seed,
        progress=progress,
    )
    return MarketForecasts(daily, weekly)


def forecast_figures(forecasts: MarketForecasts) -> dict[str, Any]:
    """Return the error on the held-out days beside the best yardstick's, and how often the 95 % interval held."""
    scores = forecasts.daily.summary["backtest"]
    ours, yardsticks = scores[0], scores[1:]
    best = min(yardsticks, key=lambda score: score["wape"])
    return {
        "forecast_rows": len(forecasts.daily.forecast) + len(forecasts.weekly.forecast),
        "forecast_models": forecasts.daily.summary["models"],
        "forecast_wape": ours["wape"],
        "baseline": best["model"],
        "baseline_wape": best["wape"],
        "forecast_quantile_loss": ours["quantile_loss"],
        "baseline_quantile_loss": best["quantile_loss"],
        "interval_coverage": ours["coverage"]["0.95"],
        "backtest_origin": ours["origin"],
    }
