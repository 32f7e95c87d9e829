"""Probabilistic demand of a panel: expected pieces, calibrated ranges, levels above and sums over buckets.

The forecaster is asked twice: at the origin, and one horizon earlier, where the outcome is known; what it missed then
gives the ranges now. Cheap models are asked at more earlier origins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from contracts.errors import InputError
from contracts.progress import Report, silent
from forecast.censoring import with_expected
from forecast.conformal import DEFAULT_QUANTILES
from forecast.frames import days_after
from forecast.hierarchy import Level
from forecast.origins import Learnt, Origins
from forecast.panel import Panel
from forecast.point import PointModel, PointParams
from forecast.ranges import ForecastProblem, ForecastResult, Ranges, ranges_of
from forecast.rooms import Rooms

__all__ = [
    "FittedForecaster",
    "ForecastProblem",
    "ForecastResult",
    "Forecaster",
    "Origins",
    "Ranges",
    "forecast",
    "forecast_at",
]


@dataclass(frozen=True, kw_only=True)
class Forecaster:
    """How demand is forecast; `fit` learns it from a panel.

    Parameters
    ----------
    params, seed
        How expected demand is found. The same seed gives the same numbers, bit for bit.
    """

    params: PointParams = field(default_factory=PointParams)
    seed: int = 0

    def fit(self, panel: Panel, levels: Sequence[Level] = (), *, progress: Report = silent) -> FittedForecaster:
        """Learn expected demand and, one horizon earlier, how far it strays.

        Parameters
        ----------
        panel
            Demand up to the origin; its horizon is the longest that can be asked for.
        levels
            Levels whose totals are reported beside the series.
        """
        origins = Origins(panel, self.params, self.seed, levels)
        learnt = origins.learnt(panel.length, progress=progress)
        model = origins.fit(panel.length)
        progress("forecast", 1, 1)
        return FittedForecaster(panel=panel, model=model, learnt=learnt, levels=tuple(levels))


@dataclass(frozen=True, kw_only=True)
class FittedForecaster:
    """A forecaster that has learnt, and the days seen so far.

    Parameters
    ----------
    panel
        All that was seen; `update` returns a forecaster with more of it.
    model, learnt
        Trees, and the earlier forecasts that ranges are learnt from: both as of the fit.
    levels
        Levels reported beside the series.
    rooms
        Where the days to come are kept.
    """

    panel: Panel
    model: PointModel
    learnt: tuple[Learnt, ...]
    levels: tuple[Level, ...] = ()
    rooms: Rooms = field(default_factory=Rooms, repr=False, compare=False)

    def __post_init__(self) -> None:
        nothing = np.empty((self.panel.n, 0))
        roomy = self.panel.grown(nothing, nothing, np.zeros(self.panel.n, dtype=np.int64), join=self.rooms.join)
        object.__setattr__(self, "panel", roomy)

    def predict(self, h: int | None = None, *, quantiles: Sequence[float] = DEFAULT_QUANTILES) -> ForecastResult:
        """Forecast the next `h` periods (all of the panel's horizon by default).

        Raises
        ------
        InputError
            If `h` is beyond the horizon that was learnt, or the quantiles are no levels in (0, 1).
        """
        problem = ForecastProblem(panel=self.panel, levels=self.levels, quantiles=tuple(quantiles))
        return _first_periods(self._ask(problem), self._checked(h))

    def predict_sum(self, window: int, *, quantiles: Sequence[float] = DEFAULT_QUANTILES) -> ForecastResult:
        """Forecast the sum of the next `window` periods, e.g. the demand over a lead time, calibrated as a sum.

        Returns
        -------
        Shapes (n, 1) and (n, 1, q): quantiles of the days don't add up to these.
        """
        buckets = (np.arange(self.panel.horizon) >= self._checked(window)).astype(int)
        problem = ForecastProblem(panel=self.panel, levels=self.levels, quantiles=tuple(quantiles), buckets=buckets)
        return _first_periods(self._ask(problem), 1)

    def update(
        self, new_days: pd.DataFrame, *, known: pd.DataFrame | None = None, source: str = "new days"
    ) -> FittedForecaster:
        """See more days without learning anew: features, levels and masks move on, trees and calibration stay.

        Parameters
        ----------
        new_days
            Sales after the last period seen, as checked by `forecast.tables.SALES`; one without a row sold nothing.
        known
            Regressors of the periods that come into sight at the end of the horizon (`forecast.tables.KNOWN`);
            what is missing is carried forward.

        Raises
        ------
        TableError
            If a row is not later than what was seen, or of a series that the fit did not know.
        """
        new = days_after(self.panel, new_days, known=known, source=source)
        seen = new.seen
        panel = self.panel.grown(
            seen.y,
            seen.available,
            seen.born,
            sold=seen.sold,
            owed=seen.owed,
            known=new.known,
            join=self.rooms.join,
        )
        return replace(self, panel=panel)

    def _ask(self, problem: ForecastProblem) -> ForecastResult:
        seen = with_expected(self.panel)
        return ranges_of(problem, self.model.predict(seen), self.learnt, seen)

    def _checked(self, h: int | None) -> int:
        if h is not None and not 1 <= h <= self.panel.horizon:
            raise InputError("h", f"1 to {self.panel.horizon} periods, the horizon that was learnt", h)
        return h or self.panel.horizon


def forecast(
    problem: ForecastProblem, *, params: PointParams | None = None, seed: int = 0, progress: Report = silent
) -> ForecastResult:
    """Forecast expected pieces and quantiles of every series, level and bucket.

    The same problem, parameters and seed give the same numbers, bit for bit.
    """
    origins = Origins(problem.panel, params or PointParams(), seed, problem.levels)
    return forecast_at(origins, problem, problem.panel.length, progress=progress)


def forecast_at(
    origins: Origins,
    problem: ForecastProblem,
    length: int,
    *,
    model: str | None = None,
    progress: Report = silent,
) -> ForecastResult:
    """Forecast as of `length` periods, from what was known then."""
    learnt = origins.learnt(length, model, progress=progress)
    progress("forecast", len(learnt), len(learnt) + 2)
    point = origins.at(length, model)
    progress("forecast", len(learnt) + 1, len(learnt) + 2)
    result = ranges_of(problem, point, learnt, problem.panel.cut(length))
    progress("forecast", len(learnt) + 2, len(learnt) + 2)
    return result


def _first_periods(result: ForecastResult, h: int) -> ForecastResult:
    def first(ranges: Ranges) -> Ranges:
        return Ranges(mean=ranges.mean[:, :h], quantiles=ranges.quantiles[:, :h])

    return replace(result, series=first(result.series), nodes=tuple(first(node) for node in result.nodes))
