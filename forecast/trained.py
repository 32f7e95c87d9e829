"""What training leaves behind: everything a forecaster learnt, without the history it learnt from.

Put on a panel it forecasts without learning anew: the panel of the training, the same one some days later, or one of
other series with the same columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from contracts.errors import InputError
from forecast.frequency import Frequency
from forecast.hierarchy import TOTAL, Level, level_from, total_of
from forecast.origins import Learnt, Origins
from forecast.panel import Attribute, Panel
from forecast.point import PointModel
from forecast.ranges import ForecastProblem, ForecastResult, Ranges, ranges_of

__all__ = ["Column", "Trained", "train"]

_TABLES = ("static", "known", "calendar")


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column that was trained with.

    Parameters
    ----------
    table
        ``static``, ``known`` or ``calendar``.
    categories
        Texts in the order of their codes; empty for numbers.
    """

    table: str
    name: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A fitted forecaster without its panel.

    Parameters
    ----------
    model, learnt
        Expected demand, and the earlier forecasts that ranges are learnt from (their rows are `ids`).
    ids
        Series of the training, shape (n,).
    columns
        Columns of the training.
    frequency, horizon, until
        Period, periods ahead, and the number of the first period that was not seen.
    """

    model: PointModel
    learnt: tuple[Learnt, ...]
    ids: np.ndarray
    columns: tuple[Column, ...]
    frequency: Frequency
    horizon: int
    until: int

    def place(self, panel: Panel) -> tuple[Panel, dict[str, int]]:
        """Return the panel with the columns and codes of the training, and how many cells those codes do not know.

        Raises
        ------
        InputError
            If the panel's period or horizon is another, or a column is missing or of another kind.
        """
        if panel.frequency != self.frequency:
            raise InputError("freq", f"{_told(self.frequency)}, as the model was trained", _told(panel.frequency))
        if panel.horizon != self.horizon:
            raise InputError("horizon", f"the {self.horizon} periods the model was trained for", panel.horizon)
        unknown = 0
        parts: dict[str, Any] = {}
        for table in _TABLES:
            have = {a.name: a for a in getattr(panel, table)}
            wanted = [column for column in self.columns if column.table == table]
            recoded = [_recoded(have, column) for column in wanted]
            parts[table] = tuple(a for a, _ in recoded)
            unknown += sum(lost for _, lost in recoded)
        return replace(panel, **parts), {"unknown_categories": unknown} if unknown else {}

    def at(self, panel: Panel) -> PointModel:
        """Return the model with its groups and levels drawn anew on a panel that was placed."""
        groupings = tuple((name, _level(panel, name).group) for name, _ in self.model.groupings)
        steady = tuple(_level(panel, level.name) for level in self.model.steady)
        return replace(self.model, groupings=groupings, steady=steady)

    def predict(self, problem: ForecastProblem) -> ForecastResult:
        """Forecast what a problem asks, without learning anew; the same numbers as the forecaster that was fitted.

        Raises
        ------
        InputError
            As `place`.
        """
        panel, notes = self.place(problem.panel)
        point = self.at(panel).predict(panel)
        bare = replace(problem, panel=panel, levels=())
        result = ranges_of(bare, point, self.learnt, panel)
        if problem.levels:
            learnt = tuple(self._rows_of(panel.ids, x) for x in self.learnt)
            whole = ranges_of(replace(problem, panel=panel), point, learnt, panel)
            result = replace(result, nodes=whole.nodes)
        return replace(result, notes=result.notes | notes)

    def _rows_of(self, ids: np.ndarray, x: Learnt) -> Learnt:
        """Return what was learnt by series of a panel; nothing of those the training did not know."""
        if len(ids) == len(self.ids) and (ids == self.ids).all():
            return x
        place = {name: k for k, name in enumerate(self.ids)}
        row = np.array([place.get(name, -1) for name in ids])
        point = replace(
            x.point,
            **{name: getattr(x.point, name)[row] for name in ("mean", "model", "prior", "dispersion")},
        )
        return replace(x, point=point, truth=np.where(row[:, None] >= 0, x.truth[row], np.nan))


def train(origins: Origins, length: int, learnt: Sequence[Learnt] | None = None) -> Trained:
    """Fit a forecaster on the first `length` periods and keep what it learnt."""
    panel = origins.panel.cut(length)
    return Trained(
        model=origins.fit(length),
        learnt=tuple(origins.learnt(length) if learnt is None else learnt),
        ids=panel.ids,
        columns=_columns(panel),
        frequency=panel.frequency,
        horizon=panel.horizon,
        until=panel.first + length,
    )


def first_periods(result: ForecastResult, h: int) -> ForecastResult:
    """Keep the first `h` periods (or buckets) of a forecast."""

    def first(ranges: Ranges) -> Ranges:
        return replace(ranges, mean=ranges.mean[:, :h], quantiles=ranges.quantiles[:, :h])

    return replace(result, series=first(result.series), nodes=tuple(map(first, result.nodes)))


def _columns(panel: Panel) -> tuple[Column, ...]:
    return tuple(
        Column(table=table, name=a.name, categories=a.categories) for table in _TABLES for a in getattr(panel, table)
    )


def _level(panel: Panel, name: str) -> Level:
    return total_of(panel) if name == TOTAL else level_from(panel, name, option="static")


def _recoded(have: Mapping[str, Attribute], column: Column) -> tuple[Attribute, int]:
    """Return a column in the codes of the training, and how many cells they have no code for."""
    a = have.get(column.name)
    if a is None:
        raise InputError(column.table, f"the column {column.name}, which the model was trained with", ", ".join(have))
    if a.categories == column.categories:
        return a, 0
    if not column.categories:
        raise InputError(f"{column.table}.{column.name}", "numbers, as the model was trained with", a.categories[0])
    code = {text: k for k, text in enumerate(column.categories)}
    if a.categorical:
        codes = np.array([code.get(text, np.nan) for text in a.categories], dtype=np.float32)
        known = np.isfinite(a.values)
        values = np.full(a.values.shape, np.nan, dtype=np.float32)
        values[known] = codes[a.values[known].astype(int)]
    else:  # texts that all look like numbers
        known = np.isfinite(a.values)
        values = np.full(a.values.shape, np.nan, dtype=np.float32)
        values[known] = [code.get(f"{value:g}", np.nan) for value in a.values[known]]
    lost = int((known & np.isnan(values)).sum())
    return replace(a, values=values, categories=column.categories), lost


def _told(frequency: Frequency) -> str:
    return f"periods {frequency.unit}" + (f" from weekday {frequency.anchor}" if frequency.unit == "W" else "")
