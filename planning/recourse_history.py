"""What each past run of a forecast said of each item: its spread, what it revised, and how far sales were off it.

An item's forecasts share one uncertain level. Its spread is read from the outer quantiles, as a standard deviation of
the logarithm; what a run changed is the mean logarithm of new over old medians of the same buckets. Ages count from the
item's first demanded bucket, negative before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from planning.forecasts import Forecasts
from planning.problem import Floats, Ints

__all__ = ["ForecastHistory", "history_of"]

_FEW_PIECES = 25.0  # a bucket of so many is trusted half: they vary by chance as much as sales do otherwise


@dataclass(frozen=True, kw_only=True)
class ForecastHistory:
    """R runs over P items.

    Parameters
    ----------
    made
        Shape (R,): bucket at whose start each run was known, ascending.
    spread
        Shape (R, P): stated standard deviation of the log level; NaN where the run left the item out.
    revision
        Shape (R, P): log of the run's level over that of the run before; NaN where one of them is missing.
    gap, weight
        Shape (R, P): log of the pieces sold in the run's own bucket over the median it forecast for it, and how far to
        trust it, in [0, 1], less for few pieces; NaN where it is not known.
    first
        Shape (P,): first demanded bucket, as the item's first run had it.
    size
        Shape (P,): log of all the pieces that the item's first run forecast; NaN where there is none.
    dated
        Shape (R, P): whether a run shows an item whose first bucket is not hidden by where the history begins.
    """

    made: Ints
    spread: Floats
    revision: Floats
    gap: Floats
    weight: Floats
    first: Ints
    size: Floats
    dated: NDArray[np.bool_]

    def until(self, now: int) -> ForecastHistory:
        """Return what was known at the start of a bucket."""
        n = int(np.searchsorted(self.made, now, side="right"))
        by_run = {name: getattr(self, name)[:n] for name in ("made", "spread", "revision", "gap", "weight", "dated")}
        over = self.made[:n, None] < now
        return self.replace(**by_run | {"gap": np.where(over, by_run["gap"], np.nan)})

    def replace(self, **changes: Any) -> ForecastHistory:
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    @property
    def age(self) -> Ints:
        """Age of each item at each run, shape (R, P)."""
        return self.made[:, None] - self.first


def history_of(forecasts: Forecasts, demand: Floats) -> ForecastHistory:
    """Read every run once; its rows tell nothing of later ones.

    Parameters
    ----------
    demand
        Shape (P, T): pieces demanded; NaN where that is not known.
    """
    n_items, n_buckets = demand.shape
    made, begin = np.unique(forecasts.as_of, return_index=True)
    end = np.append(begin[1:], len(forecasts.as_of))
    spread = np.full((len(made), n_items), np.nan)
    revision, gap, weight = spread.copy(), spread.copy(), spread.copy()
    first, before = np.full(n_items, -1, np.int64), np.full((n_items, n_buckets), np.nan)
    hidden, size = np.zeros(n_items, bool), np.full(n_items, np.nan)
    for run, rows in enumerate(map(slice, begin, end)):
        top = forecasts.quantiles[rows, -1] > 0
        item, bucket = forecasts.item[rows][top], forecasts.bucket[rows][top]
        quantiles = forecasts.quantiles[rows][top]
        spread[run] = _spread(quantiles, item, forecasts, n_items)
        level = np.full((n_items, n_buckets), np.nan)
        level[item, bucket] = np.where(quantiles[:, forecasts.middle] > 0, quantiles[:, forecasts.middle], np.nan)
        revision[run] = _mean_log_ratio(level, before)
        if made[run] < n_buckets:
            gap[run], weight[run] = _sold_gap(demand[:, made[run]], level[:, made[run]])
        before = level
        begins = np.full(n_items, n_buckets)
        np.minimum.at(begins, item, bucket)
        new = (first < 0) & (begins < n_buckets)
        hidden |= new & (run == 0) & (begins <= made[run])
        first[new] = begins[new]
        total = np.nansum(level[new], axis=1)
        size[new] = np.log(np.where(total > 0, total, np.nan))
    return ForecastHistory(
        made=made,
        spread=spread,
        revision=revision,
        gap=gap,
        weight=weight,
        first=first,
        size=size,
        dated=np.isfinite(spread) & ~hidden,
    )


def _spread(quantiles: Floats, item: Ints, forecasts: Forecasts, n_items: int) -> Floats:
    """Return each item's standard deviation of the log level between outer quantiles, weighted by medians."""
    scores = ndtri(forecasts.levels[[0, -1]])
    weight = np.where(quantiles[:, 0] > 0, quantiles[:, forecasts.middle], 0.0)
    low = np.where(quantiles[:, 0] > 0, quantiles[:, 0], 1.0)
    width = np.log(np.where(weight > 0, quantiles[:, -1], low) / low) / max(scores[1] - scores[0], 1e-9)
    total = np.bincount(item, weights=weight, minlength=n_items)
    sums = np.bincount(item, weights=weight * width, minlength=n_items)
    return np.asarray(np.divide(sums, total, out=np.full(n_items, np.nan), where=total > 0))


def _sold_gap(sold: Floats, forecast: Floats) -> tuple[Floats, Floats]:
    some = (np.nan_to_num(sold) > 0) & (np.nan_to_num(forecast) > 0)
    gap = np.log(np.where(some, sold, 1.0) / np.where(some, forecast, 1.0))
    weight = np.where(some, forecast, 0.0)
    return np.where(some, gap, np.nan), weight / (weight + _FEW_PIECES)


def _mean_log_ratio(level: Floats, before: Floats) -> Floats:
    both = np.isfinite(level) & np.isfinite(before)
    weight = np.where(both, level, 0.0)
    change = np.log(np.where(both, level, 1.0) / np.where(both, before, 1.0))
    total = weight.sum(axis=1)
    sums = (weight * change).sum(axis=1)
    return np.asarray(np.divide(sums, total, out=np.full(len(total), np.nan), where=total > 0))
