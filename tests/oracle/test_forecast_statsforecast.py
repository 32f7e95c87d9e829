"""Simple models against statsforecast's."""

import numpy as np
import pandas as pd
import pytest

from forecast.baselines import seasonal_naive, seasonal_window
from forecast.frequency import Frequency
from forecast.panel import Panel

models = pytest.importorskip("statsforecast.models")


def panel_of(y, horizon):
    return Panel(
        ids=np.array([f"s{k}" for k in range(len(y))], dtype=object),
        frequency=Frequency(unit="D"),
        first=19_723,
        y=y.astype(np.float32),
        available=np.ones(y.shape, dtype=bool),
        born=np.zeros(len(y), dtype=int),
        horizon=horizon,
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (seasonal_window, models.SeasonalWindowAverage(season_length=7, window_size=8)),
        (seasonal_naive, models.SeasonalNaive(season_length=7)),
    ],
)
def test_seasonal_models_agree(ours, theirs):
    """Same series, same 21 days, same numbers."""
    y = np.random.default_rng(5).poisson(3, (8, 90)).astype(float)
    ahead = ours(panel_of(y, 21))
    for row, mean in zip(y, ahead, strict=True):
        np.testing.assert_allclose(mean, theirs.forecast(row, h=21)["mean"], rtol=1e-5)


def test_coverage_of_the_frame_is_the_last_day_seen():
    """The first day forecast follows the last day seen."""
    panel = panel_of(np.ones((1, 10)), 3)
    assert pd.Timestamp(panel.dates(10, 11)[0]) == pd.Timestamp("2024-01-11")
