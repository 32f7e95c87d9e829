"""Point forecasts of one panel as they would have been at earlier origins, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from contracts.progress import Report, silent
from forecast.censoring import with_expected
from forecast.hierarchy import Level
from forecast.panel import Panel
from forecast.point import Point, PointModel, PointParams, default_levels, fit_point, trees_can_learn

_CHEAP_ORIGINS = 8


@dataclass(frozen=True)
class Learnt:
    """A point forecast at an earlier origin and what came of it, as far as it was seen (NaN elsewhere)."""

    point: Point
    truth: np.ndarray


@dataclass
class Origins:
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
    _seen: dict[int, Panel] = field(default_factory=dict)

    def at(self, length: int, model: str | None = None) -> Point:
        """Return the point forecast as it would have been after `length` periods."""
        name = model or self.params.model
        if (length, name) not in self._points:
            self._points[length, name] = self.fit(length, name).predict(self._as_of(length))
        return self._points[length, name]

    def fit(self, length: int, model: str | None = None) -> PointModel:
        """Return what would have been learnt after `length` periods."""
        params = replace(self.params, model=model or self.params.model)
        levels = sorted(self.levels or default_levels(self.panel), key=lambda level: len(level.keys))
        return fit_point(self._as_of(length), params=params, levels=levels, seed=self.seed)

    def learnt(self, length: int, model: str | None = None, *, progress: Report = silent) -> tuple[Learnt, ...]:
        """Return what ranges as of `length` periods are learnt from, the latest origin first."""
        origins = [origin for origin in self.earlier(length, model) if origin < length]
        out = []
        for k, origin in enumerate(origins):
            progress("forecast", k, len(origins) + 2)
            truth = _outcome(self._as_of(length), origin)
            out.append(Learnt(self.at(origin, model), truth))
        return tuple(out)

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
        return _outcome(self.panel, length)

    def _as_of(self, length: int) -> Panel:
        """Return what was known after `length` periods, lost sales estimated from it alone."""
        if length not in self._seen:
            self._seen[length] = with_expected(self.panel.cut(length))
        return self._seen[length]

    def _cells(self, length: int) -> int:
        return int(self.panel.available[:, :length].sum())


def _outcome(panel: Panel, length: int) -> np.ndarray:
    y = np.full((panel.n, panel.horizon), np.nan)
    stop = min(length + panel.horizon, panel.length)
    y[:, : stop - length] = np.where(panel.available[:, length:stop], panel.y[:, length:stop], np.nan)
    return y
