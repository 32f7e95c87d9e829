"""Sales in, probabilistic demand out: what `evenflow forecast`, the API and the demo call."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError
from contracts.progress import Report, silent
from forecast.backtest import backtest as score_backtest
from forecast.conformal import DEFAULT_QUANTILES
from forecast.countries import market_feasts
from forecast.forecaster import ForecastProblem, ForecastResult, Origins, Ranges, forecast_at
from forecast.frames import Framed, check_horizon, panel_from
from forecast.frequency import Frequency, frequency_of
from forecast.hierarchy import TOTAL, Level, level_from, total_of
from forecast.panel import Panel
from forecast.point import PointParams
from forecast.tables import CALENDAR, KNOWN, SALES, STATIC

__all__ = [
    "ForecastReport",
    "buckets_of",
    "forecast_demand",
    "framed_from",
    "levels_of",
    "node_ids",
    "result_frame",
    "result_summary",
]

_YEARS_BEFORE, _YEARS_AFTER = 2, 4


@dataclass(frozen=True)
class ForecastReport:
    """A forecast and its key figures.

    Parameters
    ----------
    forecast
        ``unique_id, ds, mean`` and one ``q…`` column per quantile; with buckets also ``periods``, the number of
        periods of the horizon that the bucket covers.
    summary
        Counts, models, fallbacks by reason, and the backtest if asked for.
    levels
        Identifiers of the nodes by level, in the order of their rows.
    """

    forecast: pd.DataFrame
    summary: dict[str, Any]
    levels: dict[str, list[str]] = field(default_factory=dict)


def forecast_demand(
    sales: pd.DataFrame,
    *,
    horizon: int = 28,
    static: pd.DataFrame | None = None,
    known: pd.DataFrame | None = None,
    calendar: pd.DataFrame | None = None,
    country: str | None = None,
    quantiles: Sequence[float] = DEFAULT_QUANTILES,
    hierarchy: Sequence[str] = (),
    freq: str = "D",
    bucket: str | None = None,
    backtest: int = 0,
    model: str = "auto",
    reconcile: str = "scaled",
    seed: int = 0,
    sources: Mapping[str, str] | None = None,
    params: PointParams | None = None,
    progress: Report = silent,
) -> ForecastReport:
    """Forecast demand from raw frames.

    Parameters
    ----------
    sales, static, known, calendar
        Raw rows of the tables in `forecast.tables`.
    horizon
        Periods ahead, 1 … 730.
    country
        ISO 3166-1 code of the country whose feasts count, e.g. ``CN``.
    quantiles
        Levels in (0, 1), each once.
    hierarchy
        Static columns, or several joined with ``+``, whose groups are reported beside the series (and the total).
    freq
        ``D``, ``W``, ``W-MON``, ``M``, ``Q`` or ``Y``.
    bucket
        Period that the horizon is summed into, e.g. ``W-MON``: weeks that begin on Mondays.
    backtest
        Earlier origins to score, 0 for none.
    model
        ``auto``, ``lightgbm`` or a simple model of `forecast.baselines`.
    reconcile
        How levels and series are made to agree: ``scaled``, ``least_squares`` or ``bottom_up``.
    sources
        File names of the tables, for messages.
    params
        Everything else about the model; its `model` and `reconcile` are replaced by the two above.

    Raises
    ------
    InputError
        Naming the option, or the table with its column and first bad row.
    """
    started = time.perf_counter()
    check_horizon(horizon)
    chosen = replace(params or PointParams(), model=model, reconcile=reconcile)
    progress("read", 0, 1)
    tables = {"sales": sales, "static": static, "known": known, "calendar": calendar}
    framed = framed_from(tables, sources or {}, horizon=horizon, freq=freq, hierarchy=hierarchy, country=country)
    progress("read", 1, 1)
    panel = framed.panel
    labels, buckets = buckets_of(panel, bucket, freq)
    levels = levels_of(panel, hierarchy)
    problem = ForecastProblem(panel=panel, levels=levels, quantiles=tuple(quantiles))
    forecaster = Origins(panel, chosen, seed, levels)
    scores = score_backtest(forecaster, problem, backtest, progress=progress) if backtest else []
    result = forecast_at(forecaster, replace(problem, buckets=buckets), panel.length, progress=progress)
    frame = result_frame(panel, levels, result, problem.quantiles, labels)
    if buckets is not None:
        frame["periods"] = np.tile(np.bincount(buckets), len(frame) // len(labels))
    summary = result_summary(panel, result, framed.notes, frame) | {"seconds": round(time.perf_counter() - started, 3)}
    return ForecastReport(frame, summary | ({"backtest": scores} if backtest else {}), node_ids(levels))


def node_ids(levels: Sequence[Level]) -> dict[str, list[str]]:
    """Return the identifiers of each level's nodes."""
    return {level.name: level.ids for level in levels}


def framed_from(
    tables: Mapping[str, pd.DataFrame | None],
    sources: Mapping[str, str],
    *,
    horizon: int,
    freq: str,
    hierarchy: Sequence[str],
    country: str | None,
) -> Framed:
    """Check the tables that are given and build the panel."""
    schemas = {"sales": SALES, "static": STATIC, "known": KNOWN, "calendar": CALENDAR}
    checked = {
        name: schemas[name].check(frame, sources.get(name)) for name, frame in tables.items() if frame is not None
    }
    keys = {part.strip() for name in hierarchy for part in name.split("+")}
    source = sources.get("sales", "sales")
    rows = checked.pop("sales")
    years = (rows["ds"].min().year - _YEARS_BEFORE, rows["ds"].max().year + _YEARS_AFTER)
    feasts, rest = market_feasts(country, checked.pop("calendar", None), years)
    return panel_from(
        rows, horizon=horizon, freq=freq, keys=keys, source=source, feasts=feasts, calendar=rest, **checked
    )


def levels_of(panel: Panel, hierarchy: Sequence[str]) -> tuple[Level, ...]:
    """Return the total and the levels asked for, whose identifiers must be no series' own; none if none is asked.

    ``total`` asks for no more than that.
    """
    if not hierarchy:
        return ()
    named = [name for name in hierarchy if name != TOTAL or TOTAL in {a.name for a in panel.static}]
    levels = (total_of(panel), *(level_from(panel, name) for name in named))
    ids = [identifier for level in levels for identifier in level.ids]
    clash = sorted(set(ids) & set(panel.ids))
    if clash:
        raise InputError("--hierarchy", "series not named like a level's total", clash[0])
    if len(set(ids)) < len(ids):
        raise InputError("--hierarchy", "each level once", ",".join(hierarchy))
    return levels


def buckets_of(panel: Panel, bucket: str | None, freq: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the dates that label the rows of one series, and the bucket of each period."""
    days = panel.dates(panel.length, panel.length + panel.horizon)
    if bucket is None:
        return days, None
    frequency: Frequency = frequency_of(bucket, days, option="--bucket")
    if frequency.year > panel.frequency.year:
        raise InputError("--bucket", f"a period at least as long as that of --freq {freq}", bucket)
    ordinals, buckets = np.unique(frequency.ordinals(days), return_inverse=True)
    return frequency.dates(ordinals), buckets


def result_frame(
    panel: Panel, levels: Sequence[Level], result: ForecastResult, quantiles: Sequence[float], labels: np.ndarray
) -> pd.DataFrame:
    """Return a forecast as rows: the series, then the nodes of each level."""
    blocks: list[tuple[Sequence[str], Ranges]] = [(list(panel.ids), result.series)]
    blocks += [(level.ids, ranges) for level, ranges in zip(levels, result.nodes, strict=True)]
    ids = np.concatenate([np.asarray(names, dtype=object) for names, _ in blocks])
    columns: dict[str, Any] = {
        "unique_id": np.repeat(ids, len(labels)),
        "ds": np.tile(labels.astype("datetime64[s]"), len(ids)),
        "mean": np.concatenate([ranges.mean.ravel() for _, ranges in blocks]),
    }
    for k, q in enumerate(quantiles):
        columns["q" + f"{q:.6f}".rstrip("0")] = np.concatenate(
            [ranges.quantiles[..., k].ravel() for _, ranges in blocks]
        )
    frame = pd.DataFrame(columns)
    frame["unique_id"] = frame["unique_id"].astype("str")
    return frame


def result_summary(
    panel: Panel, result: ForecastResult, notes: Mapping[str, int], frame: pd.DataFrame
) -> dict[str, Any]:
    """Return the key figures of a forecast."""
    names, counts = np.unique(result.model.astype(str), return_counts=True)
    models = dict(zip(names.tolist(), counts.tolist(), strict=True))
    notes = dict(notes) | result.notes
    notes["series_blind_to_feasts"] = int((result.model != "lightgbm").sum()) if panel.feasts else 0
    reasons = {reason: count for reason, count in notes.items() if count}
    fallback_reasons = ("no_history", "short_history", "no_recent_sale", "too_little_for_lightgbm")
    return {
        "rows": len(frame),
        "series": panel.n,
        "periods": panel.length,
        "horizon": panel.horizon,
        "first_forecast": str(panel.dates(panel.length, panel.length + 1)[0]),
        "expected_pieces": float(result.series.mean.sum()),
        "models": models,
        "fallback_series": sum(reasons.get(reason, 0) for reason in fallback_reasons),
        "fallback_reasons": {reason: reasons[reason] for reason in fallback_reasons if reason in reasons},
        "notes": {reason: count for reason, count in reasons.items() if reason not in fallback_reasons},
    }
