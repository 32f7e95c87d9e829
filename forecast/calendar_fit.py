"""Demand of large groups by the calendar: what weekday, time of year and month, flags, events and feasts do to them.

A ridge on the log of demand, older days counting less, carries to the days ahead what came back in former years; the
group's latest days set its level. Trees see each of these effects too, but have to find the rare ones in few rows; the
two miss in different ways, so their mean misses less than either.

References
----------
Hoerl & Kennard (1970), Ridge Regression: Biased Estimation for Nonorthogonal Problems, Technometrics 12.
Bates & Granger (1969), The Combination of Forecasts, Operational Research Quarterly 20.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecast.panel import Panel

__all__ = ["CALENDAR_DAYS", "CalendarModel", "fit_calendar"]

CALENDAR_DAYS = 1500
"""How far back the effects are learnt: each day of the next month is seen four times."""

_FEWEST_DAYS = 112
_RECENT = 182
_SHARE_SOLD = 0.9  # a log says little about groups that often sell nothing
_HALF_LIFE, _LEVEL_HALF_LIFE = 700.0, 10.0
_WEEKS, _WEEKDAY_SHARE = 8, 0.3
_FLOOR, _SHUT = 0.05, 0.02
_TYPICAL = 56
_OUTLYING = 2.5
_AROUND = (-3, -2, -1, 0, 1)
_PENALTY = {"weekday": 0.01, "year": 100.0, "month": 200.0, "at": 0.7, "flag": 0.5, "trend": 300.0}
_FLAG_ON_WEEKDAY = 2.0


@dataclass(frozen=True, kw_only=True)
class CalendarModel:
    """Effects of the calendar on the log of a group's demand.

    Parameters
    ----------
    ids
        Groups that were learnt, shape (g,).
    columns
        Names of the k effects that all groups share.
    weights
        Shape (g, k + 8 per flag): the shared effects, then each flag's and its change by weekday.
    spread
        Standard deviation of what the effects leave, shape (g,).
    anchor
        Number of the last day seen: the trend's zero.
    """

    ids: np.ndarray
    columns: tuple[str, ...]
    weights: np.ndarray
    spread: np.ndarray
    anchor: int

    def predict(self, nodes: Panel) -> np.ndarray:
        """Return the expected pieces of groups (as in `fit_calendar`) after their last day.

        Returns
        -------
        Shape (n, horizon). NaN where nothing is known: groups that were not learnt, and days whose event a group has
        sold next to nothing on before.
        """
        out = np.full((nodes.n, nodes.horizon), np.nan)
        rows = np.flatnonzero(self.knows(nodes))
        if len(rows):
            place = {name: k for k, name in enumerate(self.ids)}
            asked = nodes.take(rows)
            expected = self._expected(asked.recent(_RECENT), np.array([place[name] for name in asked.ids]))
            out[rows] = np.where(_shut(asked), np.nan, expected)
        return out

    def knows(self, nodes: Panel) -> np.ndarray:
        """Return which groups were learnt and could be seen lately, shape (n,)."""
        return np.isin(nodes.ids, self.ids) & nodes.available[:, -_RECENT:].any(axis=1)

    def _expected(self, part: Panel, at: np.ndarray) -> np.ndarray:
        effects, spread = self._effects(part, self.weights[at]), self.spread[at]
        rest = _logs(part) - effects[:, : part.length]
        seen = part.available * 0.5 ** (np.arange(part.length)[::-1] / _LEVEL_HALF_LIFE)
        level = _average(rest, seen * _trust(rest - _average(rest, seen)[:, None], spread))[:, None]
        rest = rest - level
        ahead = effects[:, part.length :] + level
        ahead += _WEEKDAY_SHARE * _weekday_rest(part, rest, part.available * _trust(rest, spread))
        return np.asarray(np.exp(ahead + 0.5 * spread[:, None] ** 2))

    def _effects(self, part: Panel, weights: np.ndarray) -> np.ndarray:
        shared = _shared_columns(part, self.anchor)
        none = np.zeros(part.length + part.horizon)
        design = np.stack([shared.get(name, none) for name in self.columns], axis=1)
        k = len(self.columns)
        out = weights[:, :k] @ design.T
        flags = _flag_columns(part)
        if flags.shape[2]:
            out += np.einsum("ntk,nk->nt", flags, weights[:, k:])
        return np.asarray(out)


def fit_calendar(nodes: Panel) -> CalendarModel | None:
    """Learn the effects of the calendar on the groups that sell on nearly every day.

    Parameters
    ----------
    nodes
        Daily demand of groups with the flags known ahead, as `forecast.hierarchy.aggregate` makes them; other periods,
        and histories of less than 16 weeks, are not learnt.

    Returns
    -------
    None if there is nothing to learn from.
    """
    nodes = nodes.recent(CALENDAR_DAYS)
    there = nodes.available[:, -_RECENT:]
    sold = ((nodes.y[:, -_RECENT:] > 0) & there).sum(axis=1) >= _SHARE_SOLD * np.maximum(there.sum(axis=1), 1)
    rows = np.flatnonzero(sold & (nodes.history >= _FEWEST_DAYS) & there[:, -_TYPICAL:].any(axis=1))
    if nodes.frequency.unit != "D" or not len(rows):
        return None
    part = nodes.take(rows)
    anchor = part.first + part.length - 1
    shared = _shared_columns(part, anchor, ahead=False)
    flags = _flag_columns(part)[:, : part.length]
    penalty = np.array([_PENALTY[name.partition(" ")[0]] for name in shared])
    penalty = np.concatenate([penalty, np.tile([_PENALTY["flag"]] + 7 * [_FLAG_ON_WEEKDAY], flags.shape[2] // 8)])
    weights, spread = _ridge(np.stack(list(shared.values()), axis=1), flags, _logs(part), part.available, penalty)
    return CalendarModel(ids=part.ids, columns=tuple(shared), weights=weights, spread=spread, anchor=anchor)


def _ridge(
    shared: np.ndarray, flags: np.ndarray, logs: np.ndarray, available: np.ndarray, penalty: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Solve groups of the same flags and days together; return weights and what spread they leave."""
    n, length = logs.shape
    age = 0.5 ** (np.arange(length)[::-1] / _HALF_LIFE)
    weights, spread = np.zeros((n, len(penalty))), np.zeros(n)
    alike: dict[bytes, list[int]] = {}
    for row in range(n):
        alike.setdefault(available[row].tobytes() + flags[row].tobytes(), []).append(row)
    for rows in alike.values():
        design = np.concatenate([shared, flags[rows[0]]], axis=1)
        weighted = design * (age * available[rows[0]])[:, None]
        gram = design.T @ weighted + np.diag(penalty)
        target = logs[rows] - _average(logs[rows][:, -_TYPICAL:], available[rows][:, -_TYPICAL:])[:, None]
        weights[rows] = np.linalg.solve(gram, weighted.T @ target.T).T
        rest = target - weights[rows] @ design.T
        seen = age * available[rows]
        whole = np.sqrt(_average(rest**2, seen))
        spread[rows] = np.sqrt(_average(rest**2, seen * _trust(rest, whole)))
    return weights, spread


def _logs(part: Panel) -> np.ndarray:
    """Return the log of demand, taken for a twentieth of a typical day where it is less."""
    typical = _typical(part)
    return np.asarray(np.log(np.maximum(part.y, _FLOOR * typical[:, None]), dtype=float))


def _typical(part: Panel) -> np.ndarray:
    lately = np.where(part.available[:, -_TYPICAL:], part.y[:, -_TYPICAL:], np.nan)
    known = np.isfinite(lately).any(axis=1)
    typical = np.ones(part.n)
    typical[known] = np.nanmedian(lately[known], axis=1)
    return np.maximum(typical, 1e-6)


def _shared_columns(part: Panel, anchor: int, *, ahead: bool = True) -> dict[str, np.ndarray]:
    """Return the effects that all groups share, by name, over the days seen and, if asked, those ahead."""
    periods = part.length + (part.horizon if ahead else 0)
    days = part.dates(0, periods)
    months, years = days.astype("datetime64[M]"), days.astype("datetime64[Y]")
    weekday = _weekdays(part, periods)
    columns = {f"weekday {k}": (weekday == k).astype(float) for k in range(7)}
    columns |= _waves("year", (days - years.astype(days.dtype)).astype(float) / 365.25, 2)
    columns |= _waves("month", (days - months.astype(days.dtype)).astype(float) / 30.5, 3)
    for name, values, around in _marks(part):
        for value in np.unique(values[np.isfinite(values)]):
            hits = np.flatnonzero(values == value)
            for offset in around:
                near = hits + offset
                column = np.zeros(periods)
                column[near[(near >= 0) & (near < periods)]] = 1.0
                columns[f"at {name} {value:g} {offset:+d}"] = column
    return columns | {"trend": (part.first + np.arange(periods) - anchor) / part.frequency.year}


def _marks(part: Panel) -> Iterator[tuple[str, np.ndarray, tuple[int, ...]]]:
    """Yield what days are marked by: the finest calendar column (events) and the feasts, by days from them."""
    columns = [a for a in part.calendar if a.categorical]
    if columns:
        finest = max(columns, key=lambda a: len(a.categories))
        yield finest.name, finest.values[: part.length + part.horizon + 3], _AROUND
    if part.feasts is not None:
        ordinals = part.first + np.arange(part.length + part.horizon)
        for name, values in part.feasts.columns(part.frequency, ordinals).items():
            yield name, values if name.startswith("from ") else np.where(values > 0, 1.0, np.nan), (0,)


def _waves(name: str, share: np.ndarray, count: int) -> dict[str, np.ndarray]:
    turns = [(k, 2 * np.pi * k * share) for k in range(1, count + 1)]
    sines = {f"{name} sine {k}": np.sin(turn) for k, turn in turns}
    return sines | {f"{name} cosine {k}": np.cos(turn) for k, turn in turns}


def _flag_columns(part: Panel) -> np.ndarray:
    """Return per group, day and flag known ahead the flag and the flag on each weekday, shape (n, days, 8 x flags)."""
    periods = part.length + part.horizon
    on = (_weekdays(part, periods)[:, None] == np.arange(7)).astype(float)
    beside = np.concatenate([np.ones((periods, 1)), on], axis=1)
    flags = [np.nan_to_num(a.values[:, :periods, None].astype(float)) * beside for a in part.known]
    return np.concatenate(flags, axis=2) if flags else np.zeros((part.n, periods, 0))


def _weekdays(part: Panel, periods: int) -> np.ndarray:
    return np.asarray((part.dates(0, periods).astype(np.int64) + 3) % 7)


def _weekday_rest(part: Panel, rest: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return what each day ahead's weekday was beyond expectation lately, shape (n, horizon)."""
    weekday = _weekdays(part, part.length + part.horizon)
    out = np.zeros((part.n, part.horizon))
    for k in range(7):
        last = np.flatnonzero(weekday[: part.length] == k)[-_WEEKS:]
        out[:, weekday[part.length :] == k] = _average(rest[:, last], seen[:, last])[:, None]
    return out


def _trust(rest: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Huber's weights: 1 within 2.5 standard deviations, less beyond."""
    bound = _OUTLYING * np.maximum(spread, 1e-9)[:, None]
    return np.asarray(np.minimum(1.0, bound / np.maximum(np.abs(rest), 1e-12)))


def _average(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    total = weights.sum(axis=1)
    return np.asarray(np.divide((values * weights).sum(axis=1), total, out=np.zeros(len(values)), where=total > 0))


def _shut(nodes: Panel) -> np.ndarray:
    """Days ahead whose event or feast found a group all but shut each time before, twice at least."""
    out = np.zeros((nodes.n, nodes.horizon), dtype=bool)
    least = _SHUT * _typical(nodes)[:, None]
    for _, values, _ in _marks(nodes):
        for h, value in enumerate(values[nodes.length : nodes.length + nodes.horizon]):
            before = np.flatnonzero(values[: nodes.length] == value)
            if len(before) > 1:
                out[:, h] |= (nodes.y[:, before] <= least).all(axis=1)
    return out
