"""The trained models that serve: opened from the shelf, asked for forecasts without learning anew."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError, NotReadyError
from contracts.progress import Report, silent
from forecast.conformal import DEFAULT_QUANTILES
from forecast.frames import Framed
from forecast.ranges import ForecastProblem
from forecast.snapshot import SnapshotError, unpack
from forecast.trained import Trained, first_periods
from services.forecast_demand import (
    ForecastReport,
    buckets_of,
    forecast_demand,
    framed_from,
    levels_of,
    node_ids,
    result_frame,
    result_summary,
)
from store.models import Kept, Shelf

__all__ = [
    "DEFAULT_NAME",
    "Model",
    "champion_name",
    "forecast_by",
    "forecast_with",
    "framed_for",
    "open_champion",
    "open_model",
    "shelf_of",
    "trained_options",
    "waiting_of",
]

DEFAULT_NAME = "demand"
_CHAMPION = "champion"


@dataclass(frozen=True)
class Model:
    """A trained model, read from the shelf.

    Parameters
    ----------
    refused
        Why the champion does not serve and an earlier one does; None if nothing is wrong.
    """

    name: str
    version: str
    card: Mapping[str, Any]
    trained: Trained
    refused: str | None = None

    @property
    def label(self) -> str:
        """Name and version, as forecasts are marked with."""
        return f"{self.name}-{self.version}"


def shelf_of(home: Path, name: str = DEFAULT_NAME) -> Shelf:
    """Return the shelf of a model."""
    return Shelf(home / "models", name)


def waiting_of(shelf: Shelf, table: str) -> str:
    """Return the version of the challenger; `table` is the option of `evenflow train` that makes one.

    Raises
    ------
    NotReadyError
        If there is none.
    """
    waiting = shelf.roles().challenger
    if waiting is None:
        raise NotReadyError(f"the model {shelf.name} has no challenger: `evenflow train --{table}` makes one")
    return waiting.version


def champion_name(model: str) -> str | None:
    """Return whose champion a `model` option asks for; None if it asks for another model.

    Examples
    --------
    >>> champion_name("champion"), champion_name("champion:weekly"), champion_name("auto")
    ('demand', 'weekly', None)
    """
    head, _, name = model.partition(":")
    return (name or DEFAULT_NAME) if head == _CHAMPION else None


def open_champion(shelf: Shelf) -> Model:
    """Return the champion, or the latest one before it that is whole.

    Raises
    ------
    NotReadyError
        If nothing was promoted yet, or nothing promoted is whole.
    """
    kept, refused = shelf.champion()
    return _opened(shelf.name, kept, refused)


def open_model(shelf: Shelf, version: str) -> Model:
    """Return one version; raises as `Shelf.read`."""
    return _opened(shelf.name, shelf.read(version), None)


def framed_for(
    model: Model,
    tables: Mapping[str, pd.DataFrame | None],
    sources: Mapping[str, str],
    *,
    hierarchy: Sequence[str] = (),
) -> Framed:
    """Return the panel of some tables, as the model was trained on one: period, horizon, country, texts."""
    recipe = model.card["recipe"]
    texts = [c.name for c in model.trained.columns if c.table == "static" and c.categories]
    return framed_from(
        tables,
        sources,
        horizon=model.trained.horizon,
        freq=recipe["freq"],
        hierarchy=[*hierarchy, *texts],
        country=recipe.get("country"),
    )


def forecast_with(
    model: Model,
    sales: pd.DataFrame,
    *,
    horizon: int | None = None,
    static: pd.DataFrame | None = None,
    known: pd.DataFrame | None = None,
    calendar: pd.DataFrame | None = None,
    quantiles: Sequence[float] = DEFAULT_QUANTILES,
    hierarchy: Sequence[str] = (),
    bucket: str | None = None,
    sources: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> ForecastReport:
    """Forecast with a trained model, without learning anew: `services.forecast_demand`, but for the fit.

    Period and country are those of the training. Any quantile can be asked for: they are read from the earlier
    forecasts that the model keeps, not from quantiles chosen beforehand.

    Raises
    ------
    InputError
        If the tables are wrong or lack what the model was trained with, or the horizon is longer than it learnt.
    """
    started = time.perf_counter()
    trained = model.trained
    h = horizon or trained.horizon
    if not 1 <= h <= trained.horizon:
        raise InputError("horizon", f"1 to {trained.horizon} periods, which {model.label} was trained for", h)
    progress("read", 0, 1)
    tables = {"sales": sales, "static": static, "known": known, "calendar": calendar}
    framed = framed_for(model, tables, sources or {}, hierarchy=hierarchy)
    panel = framed.panel
    progress("read", 1, 1)
    levels = levels_of(panel, hierarchy)
    labels, buckets, whole = _labels(trained, h, panel, bucket, model.card["recipe"]["freq"])
    problem = ForecastProblem(panel=panel, levels=levels, quantiles=tuple(quantiles), buckets=whole)
    progress("forecast", 0, 1)
    result = first_periods(trained.predict(problem), len(labels))
    progress("forecast", 1, 1)
    frame = result_frame(panel, levels, result, problem.quantiles, labels)
    if buckets is not None:
        frame["periods"] = np.tile(np.bincount(buckets), len(frame) // len(labels))
    summary = result_summary(panel, result, framed.notes, frame)
    told = {"horizon": h, "model_version": model.label, "champion_refused": model.refused}
    return ForecastReport(
        frame, {**summary, **told, "seconds": round(time.perf_counter() - started, 3)}, node_ids(levels)
    )


def forecast_by(
    sales: pd.DataFrame, *, home: Path, model: str = "auto", options: Mapping[str, Any], **given: Any
) -> ForecastReport:
    """Forecast with the champion if `model` names one (``champion``, ``champion:NAME``), else by learning anew.

    Parameters
    ----------
    options
        Of `services.forecast_demand`, without the tables.
    given
        Tables, `sources` and `progress`.
    """
    name = champion_name(model)
    if name is None:
        return forecast_demand(sales, **given, **options, model=model)
    champion = open_champion(shelf_of(home, name))
    return forecast_with(champion, sales, **given, **trained_options(champion, options))


def trained_options(model: Model, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a trained model leaves open.

    Raises
    ------
    InputError
        If a backtest is asked of it (`evenflow compare` scores trained models), or another period, country or way to
        make levels agree than those of its training.
    """
    recipe = model.card["recipe"]
    learnt = {
        "freq": recipe["freq"],
        "country": recipe.get("country"),
        "reconcile": model.trained.model.params.reconcile,
    }
    for name, own in learnt.items():
        asked = options.get(name)
        if asked is not None and asked.strip().upper() != (own or "").upper():
            expected = (
                f"{own or 'none'}, as {model.label} was trained (`evenflow train --{name} {asked}` trains another)"
            )
            raise InputError(f"--{name}", expected, asked)
    if options.get("backtest"):
        raise InputError("--backtest", "0 with a trained model (`evenflow compare` scores it)", options["backtest"])
    return {key: options[key] for key in ("horizon", "quantiles", "hierarchy", "bucket") if key in options}


def _labels(
    trained: Trained, h: int, panel: Any, bucket: str | None, freq: str
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Return the dates of a series' rows, the bucket of each of h periods, and of each period that was trained for."""
    days = panel.dates(panel.length, panel.length + h)
    if bucket is None:
        return days, None, None
    labels, all_buckets = buckets_of(panel, bucket, freq)
    assert all_buckets is not None
    buckets = all_buckets[:h]
    beyond = np.full(trained.horizon - h, buckets[-1] + 1)
    return labels[: buckets[-1] + 1], buckets, np.concatenate([buckets, beyond])


def _opened(name: str, kept: Kept, refused: str | None) -> Model:
    files = {file: data for file, data in kept.files.items() if file != "card.json"}
    try:
        trained = unpack(files)
    except SnapshotError as error:
        raise NotReadyError(f"model {name}, version {kept.ref.version}: {error}; train again") from None
    return Model(name, kept.ref.version, kept.card, trained, refused)
