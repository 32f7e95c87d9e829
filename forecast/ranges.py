"""Calibrated ranges around point forecasts: of series, of the levels above them, of single periods and of sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from contracts.errors import InputError
from forecast.censoring import with_expected
from forecast.conformal import DEFAULT_QUANTILES, Calibration, Residuals, calibrate
from forecast.hierarchy import Level, aggregate
from forecast.origins import Learnt
from forecast.panel import Panel
from forecast.point import Point
from forecast.swings import swing_limits

_TAIL = 0.1
_DECIMALS, _ROUNDING = 6, 1e-9


@dataclass(frozen=True, kw_only=True)
class ForecastProblem:
    """What is to be forecast.

    Parameters
    ----------
    panel
        Demand up to the origin and what is known about the horizon.
    levels
        Levels whose totals are reported beside the series.
    buckets
        Per period of the horizon the index of the bucket it is summed into, ascending from 0; None = no sums.
    quantiles
        Levels in (0, 1) of at most six decimals, each once.
    """

    panel: Panel
    levels: tuple[Level, ...] = ()
    buckets: np.ndarray | None = None
    quantiles: tuple[float, ...] = DEFAULT_QUANTILES

    def __post_init__(self) -> None:
        for q in self.quantiles:
            if abs(q - round(q, _DECIMALS)) > _ROUNDING:
                raise InputError("--quantiles", f"levels of at most {_DECIMALS} decimals", q)
            if not 0 < round(q, _DECIMALS) < 1:
                raise InputError("--quantiles", "levels between 0 and 1", q)
        levels = sorted({round(float(q), _DECIMALS) for q in self.quantiles})
        if len(levels) != len(self.quantiles) or not levels:
            raise InputError("--quantiles", "at least one level, each once", ",".join(map(str, self.quantiles)))
        object.__setattr__(self, "quantiles", tuple(levels))


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """Expected pieces and their quantiles, shapes (rows, periods or buckets) and (…, q)."""

    mean: np.ndarray
    quantiles: np.ndarray


@dataclass(frozen=True, kw_only=True)
class ForecastResult:
    """Forecasts of the series and of the levels' nodes, in the order of the problem.

    Parameters
    ----------
    series, nodes
        Ranges of the series; of the nodes of each level.
    model
        Name of the model behind each series.
    notes
        Fallbacks and repairs by reason, with counts.
    """

    series: Ranges
    nodes: tuple[Ranges, ...]
    model: np.ndarray
    notes: dict[str, int]


def ranges_of(problem: ForecastProblem, point: Point, learnt: Sequence[Learnt], history: Panel) -> ForecastResult:
    """Put ranges around a point forecast.

    Parameters
    ----------
    point, history
        The forecast, and all that was seen by then.
    learnt
        Earlier forecasts with what came of them.
    """
    history = replace(with_expected(history), static=(), known=())
    series, own = _series_ranges(problem, point, learnt, history)
    nodes = tuple(_node_ranges(problem, point, learnt, level, history) for level in problem.levels)
    notes = point.notes | {
        "ranges_without_calibration": 0 if own.learned else len(point.mean),
        "ranges_pooled": len(point.mean) if own.pooled else 0,
    }
    return ForecastResult(series=series, nodes=nodes, model=point.model, notes=notes)


def _series_ranges(
    problem: ForecastProblem, point: Point, learnt: Sequence[Learnt], history: Panel
) -> tuple[Ranges, Calibration]:
    own = _calibration(
        problem, [Residuals(mean=x.point.mean, y=_where_grown(x), dispersion=x.point.dispersion) for x in learnt]
    )
    entry = _calibration(
        problem,
        [Residuals(mean=x.point.prior, y=_where_grown(x), dispersion=np.zeros(len(x.truth))) for x in learnt],
    )
    mean = _summed(problem, point.mean)
    quantiles = _limited(problem, mean, own.apply(mean, point.dispersion), history, pooled=own.pooled)
    fresh = np.isin(point.model, ("attributes", "shrunk_level"))
    if fresh.any() and entry.learned:
        quantiles[fresh] = entry.apply(mean[fresh], np.zeros(int(fresh.sum())))
    return Ranges(mean=mean, quantiles=quantiles), own


def _limited(
    problem: ForecastProblem, mean: np.ndarray, quantiles: np.ndarray, history: Panel, *, pooled: bool
) -> np.ndarray:
    """Hold ranges learnt from a class within what the history of each series supports.

    Classes of like series need it in their tails only, pooled ones everywhere.
    """
    levels, tail = np.asarray(problem.quantiles), 0.5 if pooled else _TAIL
    widths = np.ones(mean.shape[1], dtype=int) if problem.buckets is None else np.bincount(problem.buckets)
    out = quantiles.copy()
    for width in np.unique(widths):
        limits = swing_limits(history, levels, width=int(width), tail=tail)
        same = widths == width
        out[:, same] = limits.hold(mean[:, same], quantiles[:, same])
    return out


def _where_grown(x: Learnt) -> np.ndarray:
    """Outcomes of the series that were forecast from their own history; if none was, of all."""
    grown = ~np.isin(x.point.model, ("attributes", "shrunk_level"))
    return np.where(grown[:, None] | ~grown.any(), x.truth, np.nan)


def _node_ranges(
    problem: ForecastProblem, point: Point, learnt: Sequence[Learnt], level: Level, history: Panel
) -> Ranges:
    flat = np.zeros(len(level.keys))
    residuals = []
    for x in learnt:
        known = np.isfinite(x.truth)
        complete = known.any(axis=0)
        mean = level.sum(np.where(known, x.point.mean, 0))
        y = np.where(complete & (mean > 0), level.sum(np.where(known, x.truth, 0)), np.nan)
        residuals.append(Residuals(mean=mean, y=y, dispersion=flat))
    mean = _summed(problem, level.sum(point.mean))
    learned = _calibration(problem, residuals)
    nodes = aggregate(history, level)
    quantiles = _limited(problem, mean, learned.apply(mean, flat), nodes, pooled=learned.pooled)
    return Ranges(mean=mean, quantiles=quantiles)


def _calibration(problem: ForecastProblem, residuals: Sequence[Residuals]) -> Calibration:
    horizon = problem.panel.horizon
    empty = Residuals(mean=np.empty((0, horizon)), y=np.empty((0, horizon)), dispersion=np.empty(0))
    parts = residuals or [empty]
    return calibrate(
        Residuals(
            mean=_summed(problem, np.concatenate([r.mean for r in parts])),
            y=_summed(problem, np.concatenate([r.y for r in parts])),
            dispersion=np.concatenate([r.dispersion for r in parts]),
        ),
        problem.quantiles,
    )


def _summed(problem: ForecastProblem, values: np.ndarray) -> np.ndarray:
    """Add the periods of each bucket up; a bucket with an unknown period (NaN) is unknown."""
    if problem.buckets is None:
        return values
    starts = np.flatnonzero(np.diff(problem.buckets, prepend=-1))
    return np.asarray(np.add.reduceat(values, starts, axis=1))
