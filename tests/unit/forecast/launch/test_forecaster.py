"""The forecaster as an object: fit once, predict, follow a style signal by signal."""

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError, UnknownIdError
from forecast.boosting import StumpParams
from forecast.launch.forecaster import LaunchForecaster, LaunchParams

QUICK = LaunchParams(trees=StumpParams(rounds=60, learning_rate=0.1))


@pytest.fixture(scope="module")
def fitted(small_season):
    styles, signals, sales = (frame[frame["style_id"] < "s0120"] for frame in small_season)
    return LaunchForecaster(params=QUICK).fit(styles, signals, sales, checkpoints=["0h", "2d", "7d"])


def test_styles_that_came_later_are_forecast(fitted, small_season):
    """Their own totals are not looked at; the same again gives the same."""
    styles, signals, sales = (frame[frame["style_id"] >= "s0120"] for frame in small_season)
    first = fitted.predict(styles, signals, sales)
    second = fitted.predict(styles.drop(columns="total"), signals, sales, checkpoints=["2d"], quantiles=[0.5])
    assert len(first) == 3 * len(styles)
    at = first[first["checkpoint"] == "2d"].reset_index(drop=True)
    pd.testing.assert_series_equal(at["q0.5"], second["q0.5"])
    total = styles["total"].to_numpy()
    assert np.abs(at["q0.5"] - total).sum() < 0.5 * total.sum()


def test_a_checkpoint_that_was_not_learnt_is_refused(fitted, small_season):
    """With those that were."""
    with pytest.raises(InputError, match="0h,2d,7d"):
        fitted.predict(small_season[0][120:], checkpoints=["1d"])


def test_following_agrees_with_predicting(fitted, small_season):
    """At a checkpoint the track of a style says what `predict` says, and each sale moves it."""
    styles, signals, sales = (frame[frame["style_id"] >= "s0120"] for frame in small_season)
    joined = fitted.joined(styles, signals, sales)
    at = fitted.predict(styles, signals, sales, checkpoints=["2d"]).set_index("style_id").loc["s0130"]
    launch = styles.set_index("style_id").loc["s0130", "launch_at"]
    told = joined.follow("s0130").estimate(launch + pd.Timedelta(days=2))
    assert told["mean"] == pytest.approx(at["mean"])
    assert told["q0.9"] == pytest.approx(at["q0.9"])
    track, moment = joined.follow("s0130"), launch + pd.Timedelta(days=3)
    before = track.estimate(moment)["q0.5"]
    after = track.seen("sale", 5000, signal_time=moment, observed_at=moment).estimate(moment)["q0.5"]
    assert after > max(before, 5000)
    with pytest.raises(UnknownIdError, match="nobody"):
        joined.follow("nobody")


@pytest.mark.parametrize("level", [0, 1, 1.5])
def test_the_level_of_a_hit_is_checked(level):
    """In (0, 1)."""
    with pytest.raises(ValueError, match="hit_level"):
        LaunchParams(hit_level=level)
