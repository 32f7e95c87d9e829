"""Probabilistic demand of a panel: expected pieces, calibrated ranges, levels above and sums over buckets.

The forecaster is asked twice: at the origin, and one horizon earlier, where the outcome is known; what it missed then
gives the ranges now. Cheap models are asked at more earlier origins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from contracts.errors import InputError
from contracts.progress import Report, silent
from forecast.conformal import DEFAULT_QUANTILES, Calibration, Residuals, calibrate
from forecast.hierarchy import Level, aggregate
from forecast.panel import Panel
from forecast.point import Point, PointParams, default_levels, point_forecast, trees_can_learn
from forecast.swings import swing_limits

_CHEAP_ORIGINS = 8
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


@dataclass
class Forecaster:
    """Point forecasts of one panel at any origin, each computed once.

    Parameters
    ----------
    panel
        The whole history.
    params, seed
        How expected demand is found.
    levels
        Levels that steady the series' forecasts; by default the total and every attribute with large groups.
    """

    panel: Panel
    params: PointParams
    seed: int
    levels: Sequence[Level] = ()
    _points: dict[tuple[int, str], Point] = field(default_factory=dict)

    def at(self, length: int, model: str | None = None) -> Point:
        """Return the point forecast as it would have been after `length` periods."""
        name = model or self.params.model
        if (length, name) not in self._points:
            params = replace(self.params, model=name)
            levels = sorted(self.levels or default_levels(self.panel), key=lambda level: len(level.keys))
            self._points[length, name] = point_forecast(
                self.panel.cut(length), params=params, levels=levels, seed=self.seed
            )
        return self._points[length, name]

    def earlier(self, length: int, model: str | None = None) -> list[int]:
        """Return the origins before `length` that ranges are learnt from, the latest first."""
        horizon, name = self.panel.horizon, model or self.params.model
        shortest = self.panel.frequency.windows[1]
        first = int(self.panel.born.min(initial=length))
        last = length - horizon
        if last - first < shortest:  # history too short for a whole horizon: learn from what of it can be seen
            return [first + (length - first + 1) // 2] if length - first >= 2 else []
        if name in ("auto", "lightgbm") and trees_can_learn(self.panel.cut(length), self._cells(length)):
            return [last]
        step = self.panel.frequency.season if self.panel.frequency.unit == "D" else 1
        return list(range(last, first + shortest - 1, -step))[:_CHEAP_ORIGINS]

    def truth(self, length: int) -> np.ndarray:
        """Return what happened in the horizon after `length` periods; NaN where it cannot be known."""
        panel = self.panel
        y = np.full((panel.n, panel.horizon), np.nan)
        stop = min(length + panel.horizon, panel.length)
        y[:, : stop - length] = np.where(panel.available[:, length:stop], panel.y[:, length:stop], np.nan)
        return y

    def _cells(self, length: int) -> int:
        return int(self.panel.available[:, :length].sum())


def forecast(
    problem: ForecastProblem, *, params: PointParams | None = None, seed: int = 0, progress: Report = silent
) -> ForecastResult:
    """Forecast expected pieces and quantiles of every series, level and bucket.

    The same problem, parameters and seed give the same numbers, bit for bit.
    """
    forecaster = Forecaster(problem.panel, params or PointParams(), seed, problem.levels)
    return forecast_at(forecaster, problem, problem.panel.length, progress=progress)


def forecast_at(
    forecaster: Forecaster,
    problem: ForecastProblem,
    length: int,
    *,
    model: str | None = None,
    progress: Report = silent,
) -> ForecastResult:
    """Forecast as of `length` periods, from what was known then."""
    origins = [origin for origin in forecaster.earlier(length, model) if origin < length]
    stages = len(origins) + 2
    for k, origin in enumerate(origins):
        progress("forecast", k, stages)
        forecaster.at(origin, model)
    progress("forecast", stages - 2, stages)
    point = forecaster.at(length, model)
    progress("forecast", stages - 1, stages)
    learnt = [_Learnt.of(forecaster, origin, length, model) for origin in origins]
    history = replace(problem.panel, static=(), known=()).cut(length)
    series, own = _series_ranges(problem, point, learnt, history)
    nodes = tuple(_node_ranges(problem, point, learnt, level, history) for level in problem.levels)
    progress("forecast", stages, stages)
    notes = point.notes | {
        "ranges_without_calibration": 0 if own.learned else len(point.mean),
        "ranges_pooled": len(point.mean) if own.pooled else 0,
    }
    return ForecastResult(series=series, nodes=nodes, model=point.model, notes=notes)


@dataclass(frozen=True)
class _Learnt:
    """A point forecast at an earlier origin and what came of it, as far as `length` shows."""

    point: Point
    truth: np.ndarray

    @classmethod
    def of(cls, forecaster: Forecaster, origin: int, length: int, model: str | None) -> _Learnt:
        truth = forecaster.truth(origin)
        truth[:, max(length - origin, 0) :] = np.nan
        return cls(forecaster.at(origin, model), truth)


def _series_ranges(
    problem: ForecastProblem, point: Point, learnt: Sequence[_Learnt], history: Panel
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


def _where_grown(x: _Learnt) -> np.ndarray:
    """Outcomes of the series that were forecast from their own history; if none was, of all."""
    grown = ~np.isin(x.point.model, ("attributes", "shrunk_level"))
    return np.where(grown[:, None] | ~grown.any(), x.truth, np.nan)


def _node_ranges(
    problem: ForecastProblem, point: Point, learnt: Sequence[_Learnt], level: Level, history: Panel
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
