"""Styles, early signals and sales in; the distribution of each style's total at checkpoints after its launch out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError
from contracts.progress import Report, silent
from forecast.launch.checkpoints import DEFAULT_CHECKPOINTS, Checkpoint, checkpoints_from
from forecast.launch.features import Scene, scene_of
from forecast.launch.forecaster import DEFAULT_QUANTILES, LaunchParams, check_quantiles, forecast_rows
from forecast.launch.launches import Launches, launches_from
from forecast.launch.model import CheckpointModel, fit_checkpoint, thresholds_of
from forecast.launch.vintages import vintages_of

__all__ = ["LaunchReport", "forecast_launches"]


@dataclass(frozen=True, kw_only=True)
class LaunchReport:
    """Forecasts of launches and key figures.

    Parameters
    ----------
    forecast
        ``style_id, checkpoint, mean, q…, p_hit, drivers``, in the order of the styles, then of the checkpoints.
    summary
        Counts, and per checkpoint the method, its history and the backtest.
    """

    forecast: pd.DataFrame
    summary: dict[str, Any]


def forecast_launches(
    styles: pd.DataFrame,
    signals: pd.DataFrame | None = None,
    sales: pd.DataFrame | None = None,
    *,
    kols: pd.DataFrame | None = None,
    checkpoints: Sequence[str] = DEFAULT_CHECKPOINTS,
    quantiles: Sequence[float] = DEFAULT_QUANTILES,
    seed: int = 0,
    params: LaunchParams | None = None,
    sources: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> LaunchReport:
    """Forecast the styles without a total at each checkpoint, as one would have stood there.

    Parameters
    ----------
    styles, signals, sales, kols
        Raw rows (`forecast.launch.tables`, `forecast.tables.SIGNALS`). Styles with a total are history; a total counts
        as known from ``final_at`` on.
    checkpoints
        Times after the launch, like ``0h`` or ``7d``.
    quantiles
        Levels in (0, 1).
    sources
        File names of the tables, for messages.

    Raises
    ------
    InputError
        Naming the table with its column and first bad row, or the option.
    """
    started, chosen = time.perf_counter(), params or LaunchParams()
    asked = checkpoints_from(checkpoints)
    check_quantiles(quantiles, option="--quantiles")
    progress("read", 0, 1)
    launches = launches_from(styles, signals, sales, kols, sources=dict(sources or {}))
    wanted = np.flatnonzero(np.isnan(launches.total))
    if not len(wanted):
        raise InputError(
            (sources or {}).get("styles", "styles"), "at least one style without a total, to be forecast", "none"
        )
    progress("read", 1, 1)
    question = _Question(launches=launches, wanted=wanted, asked=asked, quantiles=quantiles, params=chosen, seed=seed)
    frames, models = _by_vintage(question, progress)
    forecast = pd.concat(frames).sort_index(kind="stable").reset_index(drop=True)
    summary = _summary(launches, wanted, asked, models) | {"seconds": round(time.perf_counter() - started, 3)}
    return LaunchReport(forecast=forecast, summary=summary)


_Models = dict[tuple[int, Checkpoint], tuple[Scene, CheckpointModel]]


@dataclass(frozen=True, kw_only=True)
class _Question:
    launches: Launches
    wanted: np.ndarray
    asked: tuple[Checkpoint, ...]
    quantiles: Sequence[float]
    params: LaunchParams
    seed: int


def _by_vintage(question: _Question, progress: Report) -> tuple[list[pd.DataFrame], _Models]:
    """Forecast each row by the latest models learnt before it; frames are indexed by the rows' places in the answer."""
    launches, wanted, asked = question.launches, question.wanted, question.asked
    moments = launches.launch[wanted, None] + np.array([checkpoint.seconds for checkpoint in asked])
    cutoffs, vintage = vintages_of(moments, launches.final)
    frames: list[pd.DataFrame] = []
    models: _Models = {}
    for v, cutoff in enumerate(cutoffs):
        scene = scene_of(launches, float(cutoff))
        for k in map(int, np.flatnonzero((vintage == v).any(axis=0))):
            places = np.flatnonzero(vintage[:, k] == v)
            frame, model = _at_checkpoint(scene, wanted[places], asked[k], question)
            frames.append(frame.set_index(places * len(asked) + k))
            models[v, asked[k]] = (scene, model)
        progress("forecast", v + 1, len(cutoffs))
    return frames, models


def _at_checkpoint(
    scene: Scene, rows: np.ndarray, checkpoint: Checkpoint, question: _Question
) -> tuple[pd.DataFrame, CheckpointModel]:
    features = scene.features(checkpoint.seconds)
    model = fit_checkpoint(scene, checkpoint.seconds, features, question.params, question.seed)
    thresholds = thresholds_of(scene, question.params)[rows]
    estimates = model.estimates(features.take(rows), thresholds)
    return forecast_rows(scene.launches.ids[rows], checkpoint, estimates, question.quantiles), model


def _summary(launches: Launches, wanted: np.ndarray, asked: Sequence[Checkpoint], models: _Models) -> dict[str, Any]:
    latest = {checkpoint: max(v for v, c in models if c == checkpoint) for checkpoint in asked}
    scene = models[latest[asked[-1]], asked[-1]][0]
    return {
        "styles": launches.n,
        "forecast_styles": len(wanted),
        "history_styles": int(np.isfinite(launches.final).sum()),
        "vintages": len({v for v, _ in models}),
        "adds_up_to_total": list(scene.accrual.kinds),
        "ignored_columns": list(scene.attributes.ignored),
        "checkpoints": {c.name: models[latest[c], c][1].summary() for c in asked},
    }
