"""Running sums over the history, from which every moving mean is one subtraction."""

from __future__ import annotations

import numpy as np

from forecast.panel import Panel


class RunningSums:
    """Running sums of some series: any moving mean at any period costs two look-ups.

    Unavailable periods count neither above nor below the fraction line, so a stock-out does not pull a mean down.

    Parameters
    ----------
    y, available
        Pieces and whether they could be seen, shape (n, T).
    season
        Periods of the short cycle, for same-season means.
    """

    def __init__(self, y: np.ndarray, available: np.ndarray, season: int) -> None:
        self.season = season
        seen = np.where(available, y, 0).astype(np.float64)
        self._sum, self._count = _running(seen), _running(available)
        self._square, self._sales = _running(seen**2), _running(seen > 0)
        self._season_sum, self._season_count = _running_by_season(seen, season), _running_by_season(available, season)
        self._since = _periods_since_sale(seen, available)

    def mean(self, row: np.ndarray, t: np.ndarray, window: int) -> np.ndarray:
        """Mean of the last `window` periods up to and with `t`; NaN where none of them could be seen."""
        return _between(self._sum, self._count, row, t + 1 - window, t + 1)

    def mean_between(self, row: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """Mean of the periods `start` … `stop` - 1, as far as they exist."""
        return _between(self._sum, self._count, row, start, stop)

    def spread(self, row: np.ndarray, t: np.ndarray, window: int) -> np.ndarray:
        """Return the standard deviation of the last `window` periods."""
        mean = self.mean(row, t, window)
        square = _between(self._square, self._count, row, t + 1 - window, t + 1)
        return np.asarray(np.sqrt(np.maximum(square - mean**2, 0)))

    def share_sold(self, row: np.ndarray, t: np.ndarray, window: int) -> np.ndarray:
        """Share of the last `window` periods with a sale."""
        return _between(self._sales, self._count, row, t + 1 - window, t + 1)

    def season_mean(self, row: np.ndarray, t: np.ndarray, target: np.ndarray, cycles: int) -> np.ndarray:
        """Mean of the last `cycles` periods of the target's season that are not later than `t`."""
        steps = -((t - target) // self.season)  # cycles from the latest usable period to the target, rounded up
        last = target - steps * self.season
        first = last - cycles * self.season
        stop, start = last + self.season, np.where(first < 0, first % self.season, first + self.season)
        stop, start = np.maximum(stop, 0), np.minimum(start, np.maximum(stop, 0))
        total = self._season_sum[row, stop] - self._season_sum[row, start]
        count = self._season_count[row, stop] - self._season_count[row, start]
        return _ratio(total, count)

    def since_sale(self, row: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Available periods without a sale up to and with `t`."""
        return np.asarray(self._since[row, t])


def level_of(sums: RunningSums, row: np.ndarray, t: np.ndarray, weights: tuple[tuple[int, float], ...]) -> np.ndarray:
    """Blend moving means into the size of a series at `t`; where short windows saw nothing, longer ones stand in.

    At least 5 % of the mean of all history, so that a quiet month does not erase a series; 0 if nothing ever sold.
    """
    overall = np.nan_to_num(sums.mean_between(row, np.zeros_like(t), t + 1))
    means = [sums.mean(row, t, window) for window, _ in weights]
    level = np.zeros(len(row))
    for mean, (_, weight) in zip(means, weights, strict=True):
        level += weight * np.where(np.isnan(mean), overall, mean)
    return np.asarray(np.maximum(level, 0.05 * overall))


def sums_of(panel: Panel) -> RunningSums:
    """Return the running sums of a panel's history."""
    return RunningSums(panel.y, panel.available, panel.frequency.season)


def _running(values: np.ndarray) -> np.ndarray:
    out = np.zeros((values.shape[0], values.shape[1] + 1), dtype=np.float64)
    np.cumsum(values, axis=1, out=out[:, 1:])
    return out


def _running_by_season(values: np.ndarray, season: int) -> np.ndarray:
    """Sum along every season-th period; entry t + season includes period t, the first `season` entries are 0."""
    n, length = values.shape
    out = np.zeros((n, length + season), dtype=np.float64)
    for t in range(0, length, season):
        stop = min(t + season, length)
        out[:, t + season : stop + season] = out[:, t:stop] + values[:, t:stop]
    return out


def _periods_since_sale(seen: np.ndarray, available: np.ndarray) -> np.ndarray:
    count = _running(available)[:, 1:]
    at_sale = np.where(seen > 0, count, 0)
    return np.asarray(count - np.maximum.accumulate(at_sale, axis=1), dtype=np.float32)


def _between(total: np.ndarray, count: np.ndarray, row: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    last = total.shape[1] - 1
    start, stop = np.clip(start, 0, last), np.clip(stop, 0, last)
    return _ratio(total[row, stop] - total[row, start], count[row, stop] - count[row, start])


def _ratio(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    return np.asarray(np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0))
