"""Demand on days when the shelf was empty, from what was sold before it was.

A stock-out hides demand twice: the day is lost, and where stock runs out because demand was high, the days that remain
are the quiet ones. Two stories fit a day that sold s pieces and then nothing:

- *stock*: s pieces were there and demand was at least s: E[D | D >= s] of a negative binomial;
- *closing*: the shelf closed at any time of the day, whatever the demand: demand is what s pieces tell at a random
  share of the day, weights P(D = d) / (d + 1).

Which one, is read off where the sold pieces stand in the distribution of demand: closing leaves few of them high up.
What more there are, is stock. docs/adr/0003-censoring.md has what was tried and measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaln, xlogy

from forecast.panel import Panel
from forecast.windows import RunningSums, sums_of

_BLOCK = 4096
_ROUNDS = 8
_CLASSES = 16
_HALF_WINDOW = 4
_PRIOR_PERIODS = 7.0
_WEEKDAY_PIECES = 8.0
_RANKS = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
_LOW_RANKS = 3
_FEWEST = 30
_STEPS = 4000
_LEAST, _MOST_LIFT = 0.8, 3.0
_SHAPES = (0.3, 50.0)
_SHAPE_EDGES = np.array([0.6, 1.0, 1.7, 3.0, 6.0, 15.0])


@dataclass(frozen=True)
class _Cells:
    """The cells of the series that had stock-outs: what was usual, what was sold, and whether it was all."""

    series: np.ndarray
    period: np.ndarray
    usual: np.ndarray
    sold: np.ndarray
    seen: np.ndarray
    weekday: np.ndarray


def uncensor(panel: Panel) -> np.ndarray:
    """Estimate demand as it would have been seen with full shelves.

    Parameters
    ----------
    panel
        Demand with its availability; `Panel.sold` tells what was sold before the shelf was empty. A day of which
        nothing is told gets what is usual around it.

    Returns
    -------
    Pieces, shape (n, T): what was sold where it could be seen, an estimate >= what was sold where not, NaN before the
    first row of a series. A series that was never available gets what it sold: demand was at least that.

    Examples
    --------
    >>> from forecast.frequency import Frequency
    >>> y = np.tile(np.float32([4, 6, 5, 5]), (1, 20))
    >>> y[0, 40] = 0
    >>> panel = Panel(ids=np.array(["a"]), frequency=Frequency(unit="D"), first=0, y=y, available=y > 0,
    ...               born=np.array([0]), horizon=1)
    >>> round(float(uncensor(panel)[0, 40]), 1)
    5.1
    """
    exists = np.arange(panel.length) >= panel.born[:, None]
    demand = np.where(exists, panel.y.astype(float), np.nan)
    if panel.sold is not None:  # a series never seen with a full shelf: what it sold is all that is known, and a floor
        demand[panel.history == 0] += panel.sold[panel.history == 0].toarray()
    hidden = np.flatnonzero((exists & ~panel.available).any(axis=1) & panel.available.any(axis=1))
    for start in range(0, len(hidden), _BLOCK):
        rows = hidden[start : start + _BLOCK]
        cells = _cells(panel.take(rows))
        lost = ~cells.seen
        demand[rows[cells.series[lost]], cells.period[lost]] = _solve(cells, len(rows))[lost]
    return demand


def with_expected(panel: Panel) -> Panel:
    """Put expected demand where something was sold before the shelf was empty; the other lost days stay unavailable.

    What was sold on a lost day is never taken for demand, unless the series has no other days. But if such days were
    simply dropped, what remains would be the days on which stock was enough: too low by as much as stock-outs follow
    demand.
    """
    if panel.sold is None:
        return panel
    told = (panel.sold.toarray() > 0) & ~panel.available
    y = np.where(told, uncensor(panel), panel.y).astype(np.float32)
    return replace(panel, y=y, available=panel.available | told, sold=None)


def _weekday(panel: Panel, start: int, stop: int) -> np.ndarray:
    """Weekday of periods; 0 for all where periods are no days."""
    return np.asarray((panel.first + np.arange(start, stop)) % 7 * (panel.frequency.unit == "D"))


def _cells(panel: Panel) -> _Cells:
    exists = np.arange(panel.length) >= panel.born[:, None]
    series, period = np.nonzero(exists)
    usual = _usual(panel)[series, period]
    sold, seen = panel.y.astype(float), panel.available
    if panel.sold is not None:
        most = 2 * sold.max(axis=1, keepdims=True)  # more than twice the best day ever seen is a typing error
        sold = np.where(seen, sold, np.minimum(panel.sold.toarray(), most))
    weekday = _weekday(panel, 0, panel.length)[period]
    return _Cells(series, period, usual, sold[series, period], seen[series, period], weekday)


def _usual(panel: Panel) -> np.ndarray:
    """Mean of the days seen around each day, times the weekday's share, shape (n, T)."""
    sums: RunningSums = sums_of(panel)
    n, length = panel.y.shape
    half = _HALF_WINDOW * panel.frequency.season if panel.frequency.unit == "D" else panel.frequency.windows[1]
    row, t = np.repeat(np.arange(n), length), np.tile(np.arange(length), n)
    around = sums.mean_between(row, t - half, t + half + 1)
    ever = sums.mean_between(row, np.zeros_like(t), np.full_like(t, length))
    local = np.where(np.isnan(around), ever, around).reshape(n, length)
    weekday = _weekday(panel, 0, length)
    own, base = np.zeros((n, 7)), np.zeros((n, 7))
    for day in range(7):
        at = weekday == day
        own[:, day] = np.where(panel.available[:, at], panel.y[:, at], 0).sum(axis=1)
        base[:, day] = np.where(panel.available[:, at], local[:, at], 0).sum(axis=1)
    all_own, all_base = own.sum(axis=0), base.sum(axis=0)
    shared = np.divide(all_own, all_base, out=np.ones(7), where=all_base > 0)
    factor = (own + _WEEKDAY_PIECES * shared) / (base + _WEEKDAY_PIECES)
    return np.asarray(local * factor[:, weekday])


def _solve(cells: _Cells, n: int) -> np.ndarray:
    """Alternate between expected demand of the lost cells and what it makes of each series' level and spread (EM)."""
    factor, shape = np.ones((n, 7)), np.full(n, 5.0)
    told = np.bincount(cells.series, ~cells.seen & (cells.sold > 0), n) > 0
    size = np.searchsorted(_size_edges(cells.usual), cells.usual, side="right")
    expected = np.where(cells.seen, cells.sold, cells.usual)
    for _ in range(_ROUNDS):
        mean = np.maximum(factor[cells.series, cells.weekday] * cells.usual, 1e-6)
        expected, square = _expect(cells, mean, size, shape)
        factor = _factors(cells, expected, told)
        shape = _shapes(cells.series, mean, square - 2 * mean * expected + mean**2, n)
    return expected


def _factors(cells: _Cells, expected: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Return expected over usual demand: of a series drawn towards that of all, of a weekday towards its series'."""
    n = len(told)
    cell = cells.series * 7 + cells.weekday
    total = np.bincount(cell, expected, 7 * n).reshape(n, 7)
    weight = np.bincount(cell, cells.usual, 7 * n).reshape(n, 7)
    if not told.any():
        return np.ones((n, 7))
    prior = _PRIOR_PERIODS * weight.sum(axis=1) / np.maximum(np.bincount(cells.series, minlength=n), 1)
    pooled = total[told].sum() / max(weight[told].sum(), 1e-9)
    own = (total.sum(axis=1) + prior * pooled) / np.maximum(weight.sum(axis=1) + prior, 1e-9)
    shared = total[told].sum(axis=0) / np.maximum((own[:, None] * weight)[told].sum(axis=0), 1e-9)
    shared = np.where(weight[told].sum(axis=0) > 0, shared, 1.0)
    daily = (total + (prior * own)[:, None] * shared) / np.maximum(weight + prior[:, None], 1e-9)
    return np.asarray(np.where(told[:, None], np.clip(daily, _LEAST, _MOST_LIFT), 1.0))


def _size_edges(usual: np.ndarray) -> np.ndarray:
    return np.asarray(np.quantile(usual, np.arange(1, _CLASSES) / _CLASSES))


def _shapes(series: np.ndarray, mean: np.ndarray, variance: np.ndarray, n: int) -> np.ndarray:
    """Shape k of each series' negative binomial (variance m + m² / k) by moments, drawn towards that of all."""
    excess = np.bincount(series, (variance - mean) / mean, n)
    weight = np.bincount(series, mean, n)
    pooled = max(excess.sum(), 1e-9) / max(weight.sum(), 1e-9)
    prior = _PRIOR_PERIODS * weight.sum() / len(series)
    return np.asarray(np.clip((weight + prior) / np.maximum(excess + prior * pooled, 1e-9), *_SHAPES))


def _expect(cells: _Cells, mean: np.ndarray, size: np.ndarray, shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return first and second moments of the demand of each cell."""
    lost = np.flatnonzero(~cells.seen)
    kind = np.searchsorted(_SHAPE_EDGES, shape)[cells.series[lost]]
    inverse = np.unique(kind * _CLASSES + size[lost], return_inverse=True)[1]
    counts = np.bincount(inverse)
    sizes = np.bincount(inverse, mean[lost]) / counts
    shapes = np.exp(np.bincount(inverse, np.log(shape[cells.series[lost]])) / counts)
    tables = [_Tails.of(m, k) for m, k in zip(sizes, shapes, strict=True)]
    rank, look = np.zeros(len(lost)), np.zeros((len(lost), 4))
    order = np.argsort(inverse, kind="stable")
    for table, at in zip(tables, np.split(order, np.cumsum(counts)[:-1]), strict=True):
        rank[at], look[at] = table.look(cells.sold[lost[at]], mean[lost[at]])
    stock = _stock_share(rank, cells.sold[lost] > 0, inverse, tables)[:, None]
    moments = stock * look[:, [0, 2]] + (1 - stock) * look[:, [1, 3]]
    expected, square = cells.sold.copy(), cells.sold**2
    expected[lost], square[lost] = moments[:, 0], moments[:, 1]
    return expected, square


def _stock_share(rank: np.ndarray, partial: np.ndarray, which: np.ndarray, tables: list[_Tails]) -> np.ndarray:
    """Return how likely each lost day ran out of stock rather than closed, shape (lost,).

    As many days closed as the low ranks allow; what then is left of each bin of ranks ran out. Of the days without any
    sale as many closed during the day as the others say; the rest tells nothing, which is stock >= 0.
    """
    bins = np.searchsorted(_RANKS, rank, side="right")
    have = np.bincount(bins[partial], minlength=len(_RANKS) + 1).astype(float)
    by_table = np.bincount(which[partial], minlength=len(tables))
    closing = by_table @ np.stack([table.closing for table in tables])
    if have.sum() < _FEWEST:
        return np.where(partial, 0.5, 1.0)
    some = slice(_LOW_RANKS - 1, -1)
    closed = float(np.clip(np.min(np.cumsum(have)[some] / np.maximum(np.cumsum(closing)[some], 1e-9)), 0, 1))
    share = np.clip(1 - closed * closing / np.maximum(have, 1e-9), 0, 1)
    unsold = by_table @ np.array([table.unsold / (1 - table.unsold) for table in tables])
    nothing = 1 - min(closed * unsold / max(float((~partial).sum()), 1e-9), 1)
    return np.asarray(np.where(partial, share[bins], nothing))


@dataclass(frozen=True)
class _Tails:
    """What sold pieces tell of demand of one size: moments by pieces sold, in units of pieces.

    Parameters
    ----------
    mean, unit
        Mean demand, and pieces per step of the tables (1 unless demand is large).
    rank
        P(D < s) + P(D = s) / 2 by step.
    moments
        First under stock and closing, second under stock and closing, shape (steps, 4).
    closing, unsold
        Share of closed days with a sale by bin of rank, and share of closed days without one.
    """

    mean: float
    unit: float
    rank: np.ndarray
    moments: np.ndarray
    closing: np.ndarray
    unsold: float

    @classmethod
    def of(cls, mean: float, shape: float) -> _Tails:
        spread = np.sqrt(mean + mean**2 / shape)
        unit = max((mean + 12 * spread + 20) / _STEPS, 1.0)
        steps = np.arange(int((mean + 12 * spread + 20) / unit) + 1)
        mass = _negative_binomial(steps, shape, mean / unit)
        mass /= mass.sum()
        rank = np.cumsum(mass) - mass / 2
        short = mass / (steps + 1)
        columns = [_tail(mass, steps, 0.5), _tail(short, steps), _tail(mass, steps**2, 0.5), _tail(short, steps**2)]
        moments = np.stack(columns, axis=1) * np.array([unit, unit, unit**2, unit**2])
        sold = np.cumsum(short[::-1])[::-1]
        unsold = min(float(sold[0]), 0.999) if unit == 1 else 0.0
        sold[0] = 0
        closing = np.bincount(np.searchsorted(_RANKS, rank, side="right"), sold, len(_RANKS) + 1)
        return cls(mean, unit, rank, moments, closing / max(closing.sum(), 1e-300), unsold)

    def look(self, sold: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rank and moments of some pieces sold where demand is near this size, scaled to its own mean."""
        scale = mean / self.mean
        at = np.clip(np.round(sold / scale / self.unit), 0, len(self.rank) - 1).astype(np.int64)
        moments = self.moments[at] * np.stack([scale, scale, scale**2, scale**2], axis=1)
        first = np.maximum(moments[:, :2], sold[:, None])
        return self.rank[at], np.concatenate([first, np.maximum(moments[:, 2:], first**2)], axis=1)


def _negative_binomial(counts: np.ndarray, shape: float, mean: float) -> np.ndarray:
    """Return the probability of each count; `scipy.stats` would add a second to the start of every forecast."""
    ways = gammaln(counts + shape) - gammaln(counts + 1) - gammaln(shape)
    share = mean / (shape + mean)
    return np.asarray(np.exp(ways + shape * np.log1p(-share) + xlogy(counts, share)))


def _tail(mass: np.ndarray, values: np.ndarray, own: float = 1.0) -> np.ndarray:
    """Mean of values over what is at least each step; the step itself counts `own`, step 0 in full."""
    less = (1 - own) * mass * (np.arange(len(mass)) > 0)
    total = np.cumsum((mass * values)[::-1])[::-1] - less * values
    count = np.cumsum(mass[::-1])[::-1] - less
    return np.asarray(np.where(count > 1e-12, total / np.maximum(count, 1e-300), values))
