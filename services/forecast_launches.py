"""Styles, early signals and sales in; the distribution of each style's total at checkpoints after its launch out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError
from contracts.progress import Report, silent
from forecast.launch.checkpoints import DEFAULT_CHECKPOINTS, Checkpoint, checkpoints_from
from forecast.launch.features import Scene, scene_of
from forecast.launch.forecaster import DEFAULT_QUANTILES, LaunchParams, check_quantiles, forecast_rows
from forecast.launch.launches import LIFE_DAYS, Launches, launches_from
from forecast.launch.model import CheckpointModel, fit_checkpoint, thresholds_of
from forecast.launch.path import check_bucket, path_rows
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
    path
        ``item, bucket, mean, q…`` after one checkpoint, if asked for: what `evenflow plan --demand` takes.
    """

    forecast: pd.DataFrame
    summary: dict[str, Any]
    path: pd.DataFrame | None = None


def forecast_launches(
    styles: pd.DataFrame,
    signals: pd.DataFrame | None = None,
    sales: pd.DataFrame | None = None,
    *,
    kols: pd.DataFrame | None = None,
    kol_record: pd.DataFrame | None = None,
    checkpoints: Sequence[str] = DEFAULT_CHECKPOINTS,
    quantiles: Sequence[float] = DEFAULT_QUANTILES,
    path_at: str | None = None,
    bucket: str = "D",
    life_days: int = LIFE_DAYS,
    seed: int = 0,
    params: LaunchParams | None = None,
    sources: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> LaunchReport:
    """Forecast the styles without a total at each checkpoint, as one would have stood there.

    Parameters
    ----------
    styles, signals, sales, kols, kol_record
        Raw rows (`forecast.launch.tables`, `forecast.tables.SIGNALS`). Styles with a total are history; a total counts
        as known from ``final_at`` on.
    checkpoints
        Times after the launch, like ``0h`` or ``7d``.
    quantiles
        Levels in (0, 1).
    path_at
        The checkpoint after which to lay out what is still to come, in buckets (``D`` or ``W-MON``) over a life.
    sources
        File names of the tables, for messages.

    Raises
    ------
    InputError
        Naming the table with its column and first bad row, or the option.
    """
    started = time.perf_counter()
    asked = checkpoints_from(checkpoints)
    check_quantiles(quantiles, option="--quantiles")
    check_bucket(bucket, option="--bucket")
    laid_out = None if path_at is None else _of(asked, path_at)
    progress("read", 0, 1)
    launches = launches_from(styles, signals, sales, kols, kol_record, sources=sources)
    question = _Question(
        launches=launches,
        wanted=_wanted(launches, (sources or {}).get("styles", "styles")),
        asked=asked,
        quantiles=tuple(quantiles),
        laid_out=laid_out,
        bucket=bucket,
        life_days=life_days,
        params=params or LaunchParams(),
        seed=seed,
    )
    progress("read", 1, 1)
    answer = _by_vintage(question, progress)
    summary = _summary(question, answer.models) | {"seconds": round(time.perf_counter() - started, 3)}
    path = _in_order(answer.paths) if answer.paths else None
    return LaunchReport(forecast=_in_order(answer.frames), summary=summary, path=path)


@dataclass(frozen=True, kw_only=True)
class _Question:
    launches: Launches
    wanted: np.ndarray
    asked: tuple[Checkpoint, ...]
    quantiles: tuple[float, ...]
    laid_out: Checkpoint | None
    bucket: str
    life_days: int
    params: LaunchParams
    seed: int


@dataclass(frozen=True)
class _Answer:
    """Frames indexed by the places of their rows in the answer, and the latest models by checkpoint."""

    frames: list[pd.DataFrame] = field(default_factory=list)
    paths: list[pd.DataFrame] = field(default_factory=list)
    models: dict[Checkpoint, tuple[Scene, CheckpointModel]] = field(default_factory=dict)


def _wanted(launches: Launches, source: str) -> np.ndarray:
    wanted = np.flatnonzero(np.isnan(launches.total))
    if not len(wanted):
        raise InputError(source, "at least one style without a total, to be forecast", "none")
    return wanted


def _of(asked: Sequence[Checkpoint], name: str) -> Checkpoint:
    """Return the checkpoint of a name."""
    seconds = checkpoints_from([name], option="--path-at")[0].seconds
    for checkpoint in asked:
        if checkpoint.seconds == seconds:
            return checkpoint
    raise InputError("--path-at", "one of the checkpoints (" + ",".join(c.name for c in asked) + ")", name)


def _by_vintage(question: _Question, progress: Report) -> _Answer:
    """Forecast each row by the latest models learnt before it."""
    launches, wanted, asked = question.launches, question.wanted, question.asked
    moments = launches.launch[wanted, None] + np.array([checkpoint.seconds for checkpoint in asked])
    cutoffs, vintage = vintages_of(moments, launches.final)
    answer = _Answer()
    for v, cutoff in enumerate(cutoffs):
        scene = scene_of(launches, float(cutoff))
        for k in map(int, np.flatnonzero((vintage == v).any(axis=0))):
            _at_checkpoint(scene, np.flatnonzero(vintage[:, k] == v), k, question, answer)
        progress("forecast", v + 1, len(cutoffs))
    return answer


def _at_checkpoint(scene: Scene, places: np.ndarray, k: int, question: _Question, answer: _Answer) -> None:
    """Learn one checkpoint's model and add what it says of some of the wanted styles."""
    checkpoint, rows = question.asked[k], question.wanted[places]
    features = scene.features(checkpoint.seconds)
    model = fit_checkpoint(scene, checkpoint.seconds, features, question.params, question.seed)
    estimates = model.estimates(features.take(rows), thresholds_of(scene, question.params)[rows])
    frame = forecast_rows(scene.launches.ids[rows], checkpoint, estimates, question.quantiles)
    answer.frames.append(frame.set_index(places * len(question.asked) + k))
    answer.models[checkpoint] = (scene, model)
    if checkpoint == question.laid_out:
        path = path_rows(
            scene,
            model,
            features,
            rows=rows,
            estimates=estimates,
            quantiles=question.quantiles,
            bucket=question.bucket,
            life_days=question.life_days,
        )
        answer.paths.append(path.set_index(scene.launches.ids.get_indexer(path["item"])))


def _in_order(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames).sort_index(kind="stable").reset_index(drop=True)


def _summary(question: _Question, models: Mapping[Checkpoint, tuple[Scene, CheckpointModel]]) -> dict[str, Any]:
    launches, scene = question.launches, models[question.asked[-1]][0]
    return {
        "styles": launches.n,
        "forecast_styles": len(question.wanted),
        "history_styles": int(np.isfinite(launches.final).sum()),
        "adds_up_to_total": list(scene.accrual.kinds),
        "ignored_columns": list(scene.attributes.ignored),
        "rows_of_unknown_styles": launches.strangers,
        "checkpoints": {checkpoint.name: models[checkpoint][1].summary() for checkpoint in question.asked},
    }
