"""Features of (series, origin, horizon) rows; nothing after the origin is read but what is known ahead.

A row (i, t, h) forecasts series i, h periods after the last seen period t. Sizes are relative to the series' level at
t, so that one model serves a corner shop and a warehouse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecast.hierarchy import membership
from forecast.panel import LOOKAHEAD, Attribute, Panel
from forecast.windows import RunningSums, level_of

_BLOCK = 2048
_MAX_CATEGORIES = 64
_LONGEST_GAP = 364
_LIKE_EVENTS = 3
_SAME_EVENT = 60  # days of one feast that carry the same name are no occurrences of their own


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Forecasting tasks: series index, index of the last period seen, periods ahead (all int64, shape (m,))."""

    series: np.ndarray
    t: np.ndarray
    h: np.ndarray

    @property
    def target(self) -> np.ndarray:
        """Index of the period forecast."""
        return np.asarray(self.t + self.h)

    def take(self, rows: np.ndarray) -> Rows:
        """Keep some rows (indices or a mask)."""
        return Rows(series=self.series[rows], t=self.t[rows], h=self.h[rows])


@dataclass(frozen=True, kw_only=True)
class Table:
    """Features of rows.

    Parameters
    ----------
    values
        float32, shape (m, k).
    level
        The size that features (and the target) are relative to, shape (m,); 0 for series that never sold.
    names, categorical
        Names of the k features, and which of them hold codes.
    """

    values: np.ndarray
    level: np.ndarray
    names: tuple[str, ...]
    categorical: tuple[str, ...]

    def take(self, rows: np.ndarray) -> Table:
        """Keep some rows (indices or a mask)."""
        return replace(self, values=self.values[rows], level=self.level[rows])

    def select(self, names: tuple[str, ...]) -> Table:
        """Return the features of these names, in this order; unknown (NaN) where there is no such feature."""
        if names == self.names:
            return self
        have = {name: k for k, name in enumerate(self.names)}
        values = np.full((len(self.values), len(names)), np.nan, dtype=np.float32)
        for k, name in enumerate(names):
            if name in have:
                values[:, k] = self.values[:, have[name]]
        return replace(self, values=values, names=names)


class FeatureMaker:
    """Makes feature tables from one panel.

    Parameters
    ----------
    panel
        History and known future.
    groupings
        Per grouping its name and the group of each series (-1 = none): series borrow strength from their group's
        trend, season and size.
    yearly
        Whether to look at the same season a year ago.
    scale
        Typical size of a sale that sizes are measured by; the panel's own mean if not given.
    """

    def __init__(
        self,
        panel: Panel,
        groupings: Sequence[tuple[str, np.ndarray]] = (),
        *,
        yearly: bool = True,
        scale: float | None = None,
    ) -> None:
        self._panel, self._yearly = panel, yearly
        self._groups = [(name, group, _group_sums(panel, group)) for name, group in groupings]
        self.scale = scale or _mean_sale(panel)
        self._static = [a for a in panel.static if len(a.categories) <= _MAX_CATEGORIES]
        ordinals = panel.first + np.arange(panel.length + panel.horizon)
        self._feasts = panel.feasts.columns(panel.frequency, ordinals) if panel.feasts else {}
        self._back = panel.feasts.back(panel.frequency, ordinals) if panel.feasts else None
        self._measures = {a.name for a in panel.known if _is_measure(a)}
        self._events = [] if groupings or panel.frequency.unit != "D" else _like_events(panel)

    def table(self, rows: Rows) -> Table:
        """Return the features of some rows, made in blocks of series to keep memory flat."""
        values: np.ndarray | None = None
        level = np.zeros(len(rows.t))
        names: tuple[str, ...] = ()
        order = np.argsort(rows.series, kind="stable")
        edges = np.searchsorted(rows.series[order], np.arange(0, self._panel.n + _BLOCK, _BLOCK))
        for block in range(len(edges) - 1):
            chosen = order[edges[block] : edges[block + 1]]
            if len(chosen) == 0:
                continue
            columns, level[chosen] = self._block(rows.take(chosen), block * _BLOCK)
            names = tuple(columns)
            if values is None:
                values = np.empty((len(order), len(names)), dtype=np.float32)
            for k, column in enumerate(columns.values()):
                values[chosen, k] = column
        return Table(
            values=np.empty((0, 0), dtype=np.float32) if values is None else values,
            level=level,
            names=names,
            categorical=tuple(a.name for a in self._categorical()),
        )

    def _categorical(self) -> Iterator[Attribute]:
        for prefix, attributes in (
            ("static ", self._static),
            ("known ", self._panel.known),
            ("calendar ", self._panel.calendar),
        ):
            for a in attributes:
                if a.categorical:
                    yield Attribute(name=prefix + a.name, values=a.values, categories=a.categories)

    def _block(self, rows: Rows, start: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        panel, block = self._panel, slice(start, start + _BLOCK)
        sums = RunningSums(panel.y[block], panel.available[block], panel.frequency.season)
        local = rows.series - start
        level = level_of(sums, local, rows.t, panel.frequency.level_weights)
        unit = np.where(level > 0, level, np.nan)
        columns = {"horizon": rows.h, "size": np.log(unit / self.scale), "age": rows.t - panel.born[rows.series]}
        columns |= _own(sums, local, rows, unit, panel)
        if self._yearly:
            columns |= _year_ago(sums, local, rows, unit, panel)
        columns |= self._feast(sums, local, rows)
        columns |= {f"calendar {name} like day": self._like_event(sums, local, rows, b) for name, b in self._events}
        for name, group, group_sums in self._groups:
            columns |= self._group(name, group[rows.series], group_sums, rows, unit)
        columns |= _dates(panel, rows)
        for a in self._static:
            columns[f"static {a.name}"] = a.values[rows.series]
        for a in panel.known:
            columns |= self._known(a, block, local, rows)
        for a in panel.calendar:
            columns |= _calendar(a, rows)
        return columns, level

    def _group(
        self, name: str, group: np.ndarray, sums: RunningSums, rows: Rows, unit: np.ndarray
    ) -> dict[str, np.ndarray]:
        frequency = self._panel.frequency
        short, middle, long = frequency.windows[0], *[w for w, _ in frequency.level_weights[:2]]
        recent, wide = sums.mean(group, rows.t, middle), sums.mean(group, rows.t, long)
        columns = {
            f"{name} size": _over(recent, unit),
            f"{name} trend": _over(sums.mean(group, rows.t, short), recent),
            f"{name} drift": _over(recent, wide),
            f"{name} season": _over(sums.season_mean(group, rows.t, rows.target, frequency.cycles[1]), wide),
        }
        if self._yearly:
            year_ago = _year_ago(sums, group, rows, recent, self._panel)
            columns |= {f"{name} {feature}": column for feature, column in year_ago.items()}
        if self._back is not None:
            columns[f"{name} like day"] = self._like_day(sums, group, rows, self._back)
        for column in columns.values():
            column[group < 0] = np.nan
        return columns

    def _feast(self, sums: RunningSums, local: np.ndarray, rows: Rows) -> dict[str, np.ndarray]:
        if self._back is None:
            return {}
        columns = {f"feast {name}": values[rows.target] for name, values in self._feasts.items()}
        return columns | {"like day": self._like_day(sums, local, rows, self._back)}

    def _like_day(self, sums: RunningSums, row: np.ndarray, rows: Rows, back: np.ndarray) -> np.ndarray:
        """Demand on the like day of the feast before, against what was usual then as far as h periods earlier told."""
        distance = back[rows.target]
        known = distance >= rows.h  # not after the origin
        source = rows.target - np.where(known, distance, rows.h).astype(np.int64)
        frequency, origin = self._panel.frequency, source - rows.h
        usual = sums.mean(row, np.maximum(origin, 0), frequency.level_weights[0][0])
        if frequency.unit == "D":
            usual = sums.season_mean(row, origin, source, frequency.cycles[1])
        then = sums.mean_between(row, source, source + 1)
        return np.where(known & (origin >= 0), _over(then, usual), np.nan)

    def _like_event(self, sums: RunningSums, row: np.ndarray, rows: Rows, backs: np.ndarray) -> np.ndarray:
        """Mean of `_like_day` over the like days of the next event's last occurrences, as far as they are known."""
        each = np.stack([self._like_day(sums, row, rows, back) for back in backs])
        known = np.isfinite(each).sum(axis=0)
        return np.asarray(np.divide(np.nansum(each, axis=0), known, out=np.full(len(row), np.nan), where=known > 0))

    def _known(self, a: Attribute, block: slice, local: np.ndarray, rows: Rows) -> dict[str, np.ndarray]:
        name, values, frequency = f"known {a.name}", a.values[block], self._panel.frequency
        now = values[local, rows.target]
        if a.name not in self._measures:
            return {name: now}
        sums = RunningSums(np.nan_to_num(values), np.isfinite(values), frequency.season)
        short, long = frequency.level_weights[0][0], frequency.year
        return {
            name: now,
            f"{name} against {short}": _over(now, sums.mean(local, rows.t, short)),
            f"{name} against {long}": _over(now, sums.mean(local, rows.t, long)),
        }


def _mean_sale(panel: Panel) -> float:
    seen = panel.y[panel.available]
    return float(seen.mean()) if seen.size and seen.any() else 1.0


def _is_measure(a: Attribute) -> bool:
    """Whether a regressor is worth comparing with its past: a number that varies, not a code or a flag.

    Decided on the whole panel, so that every block of series has the same columns.
    """
    if a.categorical:
        return False
    low, high, flag = np.inf, -np.inf, True
    for start in range(0, len(a.values), _BLOCK):
        values = a.values[start : start + _BLOCK]
        finite = values[np.isfinite(values)]
        low, high = min(low, finite.min(initial=np.inf)), max(high, finite.max(initial=-np.inf))
        flag = flag and bool(((finite == 0) | (finite == 1)).all())
    return bool(low < high) and not flag


def _own(sums: RunningSums, local: np.ndarray, rows: Rows, unit: np.ndarray, panel: Panel) -> dict[str, np.ndarray]:
    frequency = panel.frequency
    middle, long = frequency.windows[len(frequency.windows) // 3], frequency.windows[-1]
    columns = {f"mean {w}": _over(sums.mean(local, rows.t, w), unit) for w in frequency.windows}
    for cycles in frequency.cycles:
        columns[f"season {cycles}"] = _over(sums.season_mean(local, rows.t, rows.target, cycles), unit)
    columns[f"spread {middle}"] = _over(sums.spread(local, rows.t, middle), unit)
    columns[f"spread {long}"] = _over(sums.spread(local, rows.t, long), unit)
    columns[f"sold {middle}"] = sums.share_sold(local, rows.t, middle)
    columns[f"sold {long}"] = sums.share_sold(local, rows.t, long)
    columns["since sale"] = np.minimum(sums.since_sale(local, rows.t), _LONGEST_GAP)
    return columns


def _year_ago(
    sums: RunningSums, local: np.ndarray, rows: Rows, unit: np.ndarray, panel: Panel
) -> dict[str, np.ndarray]:
    """Return the target's season a year ago against now, and against the level a year before the origin."""
    frequency = panel.frequency
    half = {"D": 3, "W": 1}.get(frequency.unit, 0)
    back = frequency.year * -(-(rows.h + half) // frequency.year)
    middle = rows.target - back
    then = sums.mean_between(local, middle - half, middle + half + 1)
    before = sums.mean(local, rows.t - back, frequency.level_weights[0][0])
    return {"year ago": _over(then, unit), "year ago change": _over(then, before)}


def _dates(panel: Panel, rows: Rows) -> dict[str, np.ndarray]:
    days = panel.dates(0, panel.length + panel.horizon)
    months = days.astype("datetime64[M]")
    columns = {"month": (months.astype(np.int64) % 12)[rows.target]}
    if panel.frequency.unit == "D":
        columns["weekday"] = ((days.astype(np.int64) + 3) % 7)[rows.target]
        columns["day of month"] = (days - months).astype(np.int64)[rows.target]
    return columns


def _calendar(a: Attribute, rows: Rows) -> dict[str, np.ndarray]:
    name = f"calendar {a.name}"
    columns = {name: a.values[rows.target]}
    if a.categorical:
        distance, following = _next_event(a.values)
        columns[f"{name} next in"] = distance[rows.target]
        columns[f"{name} next"] = following[rows.target]
    return columns


def _next_event(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return per period how far the next event after it is (at most `LOOKAHEAD` + 1) and which it is."""
    distance = np.full(len(codes), LOOKAHEAD + 1.0, dtype=np.float32)
    following = np.full(len(codes), np.nan, dtype=np.float32)
    for ahead in range(LOOKAHEAD, 0, -1):
        then = np.full(len(codes), np.nan)
        then[:-ahead] = codes[ahead:]
        there = np.isfinite(then)
        distance[there], following[there] = ahead, then[there]
    return distance, following


def _like_events(panel: Panel) -> list[tuple[str, np.ndarray]]:
    """Return per event column how many periods back the like days are, shape (3, periods), nearest first.

    The like day of a day is as far from the last (but one, but two) occurrence of the event next to come, itself
    included. NaN where no event is near, or it was not held before.
    """
    out = []
    for a in panel.calendar:
        if a.categorical:
            backs = np.full((_LIKE_EVENTS, len(a.values)), np.nan)
            distance, following = _next_event(a.values)
            today = np.isfinite(a.values)
            distance[today], following[today] = 0, a.values[today]
            for t in np.flatnonzero(np.isfinite(following)):
                at = t + int(distance[t])
                before = np.flatnonzero(a.values[:at] == following[t])
                before = before[before < at - _SAME_EVENT][::-1][:_LIKE_EVENTS]
                backs[: len(before), t] = at - before
            out.append((a.name, backs))
    return out


def _over(value: np.ndarray, unit: np.ndarray) -> np.ndarray:
    return np.asarray(np.divide(value, unit, out=np.full(len(unit), np.nan), where=unit > 0))


def _group_sums(panel: Panel, group: np.ndarray) -> RunningSums:
    """Return the running sums of the mean demand per member of each group, over what could be seen."""
    members = membership(group, int(group.max(initial=0)) + 1)
    total, count = members @ panel.y, members @ panel.available
    mean = np.divide(total, count, out=np.zeros_like(total, dtype=float), where=count > 0)
    return RunningSums(mean, count > 0, panel.frequency.season)
