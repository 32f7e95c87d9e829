"""The direct global model: one set of trees forecasts every series at every horizon.

Training rows are random (series, period, h) with features as they were h periods before; the target is relative to
the series' level then. No recursion, so no forecast feeds another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.boosting import Boosted, BoostingParams, fit
from forecast.features import FeatureMaker, Rows
from forecast.panel import Panel

_PREDICT_SERIES = 4096
_MOST_REACH = 1.5
Grouping = tuple[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class SamplingParams:
    """Which training rows are drawn.

    Parameters
    ----------
    share
        Rows per (series, period) of the training window, > 0; above 1 the same target is seen from several origins.
    fewest, most
        Bounds on the number of rows; `fewest` counts only as far as `repeat` rows per target reach.
    repeat
        Most rows per target, > 0.
    reach
        How far back targets are drawn, in the frequency's training periods (two years of days), in (0, 1.5].
    """

    share: float = 0.3
    fewest: int = 150_000
    most: int = 3_000_000
    repeat: float = 2.0
    reach: float = 1.0

    def __post_init__(self) -> None:
        if min(self.share, self.repeat) <= 0 or not 0 < self.fewest <= self.most:
            raise ValueError("Expected share and repeat > 0 and 0 < fewest <= most.")
        if not 0 < self.reach <= _MOST_REACH:
            raise ValueError(f"Expected reach in (0, {_MOST_REACH}].")

    def rows(self, cells: int) -> int:
        """How many rows to draw from so many (series, period) cells."""
        return int(min(max(self.share * cells, min(self.fewest, self.repeat * cells)), self.most))


@dataclass(frozen=True, kw_only=True)
class DirectModel:
    """Trees, and how the features they read are made.

    Parameters
    ----------
    boosted
        The trees.
    names, scale, yearly
        Names of the features, and how `FeatureMaker` made them.
    """

    boosted: Boosted
    names: tuple[str, ...]
    scale: float
    yearly: bool

    def predict(self, panel: Panel, groupings: Sequence[Grouping] = ()) -> np.ndarray:
        """Return the expected pieces after the last period of a panel of the same columns, be it a later one.

        Returns
        -------
        Shape (n, horizon); 0 where the level is 0.
        """
        maker = FeatureMaker(panel, groupings, yearly=self.yearly, scale=self.scale)
        ahead = np.arange(1, panel.horizon + 1)
        out = np.zeros((panel.n, panel.horizon))
        for start in range(0, panel.n, _PREDICT_SERIES):
            series = np.arange(start, min(start + _PREDICT_SERIES, panel.n))
            rows = Rows(
                series=np.repeat(series, panel.horizon),
                t=np.full(len(series) * panel.horizon, panel.length - 1),
                h=np.tile(ahead, len(series)),
            )
            table = maker.table(rows).select(self.names)
            out[series] = self.boosted.predict(table).reshape(len(series), panel.horizon)
        return out


def fit_direct(
    panel: Panel,
    groupings: Sequence[Grouping] = (),
    *,
    boosting: BoostingParams,
    sampling: SamplingParams,
    yearly: bool = True,
    seed: int,
) -> DirectModel:
    """Fit the direct model on a panel's history."""
    maker = FeatureMaker(panel, groupings, yearly=yearly)
    rows = training_rows(panel, sampling, np.random.default_rng(seed))
    table = maker.table(rows)
    y = panel.y[rows.series, rows.target].astype(float)
    usable = table.level > 0
    if not usable.all():
        table, y = table.take(usable), y[usable]
    boosted = fit(table, y, scale=maker.scale, params=boosting, seed=seed)
    return DirectModel(boosted=boosted, names=table.names, scale=maker.scale, yearly=yearly)


def training_rows(panel: Panel, sampling: SamplingParams, rng: np.random.Generator) -> Rows:
    """Draw targets that could be seen, and for each a horizon that leaves some history before it."""
    first = max(panel.length - int(sampling.reach * panel.frequency.training_periods), 1)
    draws = sampling.rows(panel.n * (panel.length - first))
    series = rng.integers(0, panel.n, draws)
    target = rng.integers(first, panel.length, draws)
    h = rng.integers(1, panel.horizon + 1, draws)
    origin = target - h
    good = panel.available[series, target] & (origin >= panel.born[series])
    order = np.argsort(series[good], kind="stable")
    return Rows(series=series[good][order], t=origin[good][order], h=h[good][order])


def keep_recent(panel: Panel) -> Panel:
    """Drop history that no feature of a training row reaches."""
    frequency = panel.frequency
    longest = int(_MOST_REACH * frequency.training_periods)
    reach = longest + panel.horizon + frequency.year + 2 * frequency.level_weights[0][0]
    return panel.recent(max(reach, 2 * frequency.year))
