"""How far each series has strayed from its own level before: the limits of ranges learnt from others.

A class of few or unlike series has a tail that belongs to one of them, or to one closed day; no series is given a
range much wider than its own history shows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri, pdtr, pdtrik

from forecast.panel import Panel
from forecast.windows import level_of, sums_of

_BLOCK = 2048
_FEWEST = 20
_CYCLES = 8
_TAIL = 2.0
_MARGIN = 1.25
_OUTERMOST = 0.1 + 1e-9
_LEAST = 1e-9
_MANY = 1e9  # from 1e11 on scipy's Poisson quantile is NaN


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How far quantiles may be from the forecast.

    Parameters
    ----------
    levels
        Of the quantiles, ascending, shape (q,).
    low, high
        Least and largest ratio of quantile to forecast that a series' history supports, shape (n, q).
    most, usual
        Most pieces that its history supports, shape (n, q), and the mean it had then, shape (n,): a forecast above that
        mean may go as far above the pieces.
    """

    levels: np.ndarray
    low: np.ndarray
    high: np.ndarray
    most: np.ndarray
    usual: np.ndarray

    def hold(self, mean: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
        """Return the quantiles within the limits, but never drawn in closer than chance (Poisson) would have them.

        Parameters
        ----------
        mean, quantiles
            Shapes (n, periods) and (n, periods, q).
        """
        out = quantiles.copy()
        growth = np.maximum(1, np.divide(mean, self.usual[:, None], out=np.ones_like(mean), where=mean > 0))
        for k, level in enumerate(self.levels):
            value, low = out[..., k], self.low[:, k, None] * mean
            high = np.where(mean > 0, self.high[:, k, None], 0) * mean
            high = np.minimum(high, self.most[:, k, None] * growth)
            below, above = value < low, value > high
            value[below] = np.clip(_poisson(level, mean[below]), value[below], low[below])
            value[above] = np.clip(_poisson(level, mean[above]), high[above], value[above])
        middle = int(np.searchsorted(self.levels, 0.5))
        out[..., middle:] = np.maximum.accumulate(out[..., middle:], axis=-1)
        inner = out[..., middle::-1] if middle < len(self.levels) else out[..., ::-1]
        np.minimum.accumulate(inner, axis=-1, out=inner)
        return out


def swing_limits(panel: Panel, quantiles: np.ndarray, *, width: int = 1, tail: float = 0.5) -> Limits:
    """Return what the ranges of each series may not exceed.

    Every origin of the last year is asked what a moving level (of days: the mean of the last eight same weekdays)
    would have missed half a horizon later. The limit of quantile q is the quantile of half its tail probability
    among these ratios, a quarter further from their median; and of the outermost upper ones (tail <= 0.1) the same
    quantile of the pieces themselves: ratios to a level near nothing are large without meaning much.

    Parameters
    ----------
    panel
        History.
    quantiles
        Levels in (0, 1), ascending, shape (q,).
    width
        Periods that are summed into one outcome.
    tail
        Largest tail probability of the quantiles that are limited, in (0, 0.5].

    Returns
    -------
    Lower limits of the quantiles below 0.5 and upper limits of those above; 0 and infinity elsewhere and for series
    with less than 20 such ratios.
    """
    shape = panel.n, len(quantiles)
    limits = Limits(
        levels=quantiles,
        low=np.zeros(shape),
        high=np.full(shape, np.inf),
        most=np.full(shape, np.inf),
        usual=np.ones(panel.n),
    )
    bare = replace(panel, static=(), known=())
    for start in range(0, panel.n, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, panel.n))
        ratio, pieces = _ratios(bare.take(rows), width)
        _limit_ratios(limits, rows, ratio, tail)
        _limit_pieces(limits, rows, pieces, tail)
    return limits


def _limit_ratios(limits: Limits, rows: np.ndarray, ratio: np.ndarray, tail: float) -> None:
    rows, ratio, count = _sorted(rows, ratio)
    middle = _ranked(ratio, count, 0.5)
    for k, q in enumerate(limits.levels):
        limit = middle + _MARGIN * (_ranked(ratio, count, _further_out(q)) - middle)
        if q < 0.5 and q <= tail:
            limits.low[rows, k] = np.clip(limit, 0, middle)
        elif q > 0.5 and 1 - q <= tail:
            limits.high[rows, k] = limit


def _limit_pieces(limits: Limits, rows: np.ndarray, pieces: np.ndarray, tail: float) -> None:
    rows, pieces, count = _sorted(rows, pieces)
    limits.usual[rows] = np.maximum(np.nansum(pieces, axis=1) / count, _LEAST)
    for k, q in enumerate(limits.levels):
        if q > 0.5 and 1 - q <= min(tail, _OUTERMOST):
            limits.most[rows, k] = _ranked(pieces, count, _further_out(q))


def _sorted(rows: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keep the rows with enough known values, each sorted, unknown ones last; and their number."""
    count = np.isfinite(values).sum(axis=1)
    enough = count >= _FEWEST
    return rows[enough], np.sort(values[enough], axis=1), count[enough]


def _further_out(q: float) -> float:
    """Return the level of half the tail probability."""
    return float(q / _TAIL if q < 0.5 else 1 - (1 - q) / _TAIL)


def _ratios(panel: Panel, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Ratios of outcome to moving level, and outcomes in pieces, shape (n, origins) each.

    NaN where the outcome is unknown, or the series too young; a ratio also where the level is 0.
    """
    offset = max((panel.horizon - width) // 2, 0) + 1
    frequency = panel.frequency
    last = panel.length - offset - width
    origins = np.arange(max(last + 1 - frequency.year * (1 if frequency.unit == "D" else 3), 0), last + 1)
    if not len(origins):
        return np.empty((panel.n, 0)), np.empty((panel.n, 0))
    sums = sums_of(panel)
    row, t = np.repeat(np.arange(panel.n), len(origins)), np.tile(origins, panel.n)
    outcome = sums.mean_between(row, t + offset, t + offset + width)
    if width == 1 and frequency.unit == "D":
        level = sums.season_mean(row, t, t + offset, _CYCLES)
    else:
        level = level_of(sums, row, t, frequency.level_weights)
    grown = t - panel.born[row] >= frequency.windows[1]
    ratio = np.divide(outcome, level, out=np.full(len(row), np.nan), where=grown & (level > 0))
    pieces = np.where(grown, width * outcome, np.nan)
    return ratio.reshape(panel.n, -1), pieces.reshape(panel.n, -1)


def _poisson(level: float, mean: np.ndarray) -> np.ndarray:
    """Quantile of a Poisson count: the least k with P(X <= k) >= level; beyond `_MANY` pieces that of a normal one."""
    few = np.minimum(mean, _MANY)
    count = np.ceil(pdtrik(level, few))
    less = np.maximum(count - 1, 0)
    exact = np.where(pdtr(less, few) >= level, less, count)
    return np.asarray(np.where(mean > _MANY, np.floor(mean + ndtri(level) * np.sqrt(mean)), exact))


def _ranked(ratio: np.ndarray, count: np.ndarray, level: float) -> np.ndarray:
    """Return one order statistic of each sorted row, a step outwards of the middle."""
    rank = np.ceil((count + 1) * level) if level >= 0.5 else np.floor((count + 1) * level)
    return np.asarray(ratio[np.arange(len(ratio)), np.clip(rank, 1, count).astype(int) - 1])
