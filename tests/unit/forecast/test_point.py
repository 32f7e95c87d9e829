from dataclasses import replace

import numpy as np
import pytest

from contracts.errors import InputError
from forecast.baselines import seasonal_window
from forecast.boosting import BoostingParams
from forecast.direct import SamplingParams
from forecast.hierarchy import level_from, total_of
from forecast.point import PointParams, point_forecast, without_outliers

QUICK = PointParams(
    boosting=BoostingParams(rounds=20, leaf_rows=20),
    sampling=SamplingParams(fewest=5000),
    level_boosting=BoostingParams(rounds=10, tweedie_power=None, leaf_rows=20),
    level_seeds=1,
)


def test_every_kind_of_series_has_its_model(market):
    """Regular ones get trees, the dead one TSB, newcomers their attributes; each fallback is counted."""
    point = point_forecast(market, params=QUICK, seed=0)
    assert point.model[:60].tolist() == ["lightgbm"] * 60
    assert point.model[60:].tolist() == ["tsb", "attributes", "attributes"]
    assert (point.notes["no_recent_sale"], point.notes["no_history"]) == (1, 2)
    assert (point.mean[:60] > 0).all()
    assert point.mean[60].max() < 0.05


def test_a_newcomers_forecast_has_the_size_of_its_store(market):
    """Between the smallest and the largest series, and not zero."""
    point = point_forecast(market, params=QUICK, seed=0)
    assert 0.2 < point.mean[61:].mean() < point.mean[:60].mean(axis=1).max()


def test_too_little_history_falls_back_and_says_so(market):
    """Thirty days carry no trees: the seasonal window forecasts, and the note counts the series."""
    short = market.cut(30)
    point = point_forecast(short, params=QUICK, seed=0)
    assert set(point.model[:60]) == {"seasonal_window"}
    assert point.notes["too_little_for_lightgbm"] == 60 + 1  # the dead series still sold within this window
    np.testing.assert_allclose(point.mean[0], seasonal_window(short)[0])


def test_a_named_simple_model_is_used_as_asked(market):
    """--model seasonal_naive is no suggestion."""
    point = point_forecast(market, params=replace(QUICK, model="seasonal_naive"), seed=0)
    assert set(point.model[:60]) == {"seasonal_naive"}


def test_an_unknown_model_is_refused_by_name():
    """The message lists the models there are."""
    with pytest.raises(InputError, match="--model: expected one of auto, lightgbm, seasonal_window"):
        PointParams(model="prophet")


def test_a_typing_error_of_a_million_is_ignored(make_panel):
    """A value 10^6 times the rest is hidden and counted; the rest stays."""
    y = np.full((2, 60), 3.0)
    y[0, 30] = 3e6
    panel, ignored = without_outliers(make_panel(y))
    assert ignored == 1
    assert not panel.available[0, 30]
    assert panel.available.sum() == 119
    np.testing.assert_array_equal(panel.y[1], 3)


def test_series_that_never_sold_are_forecast_as_zero(make_panel):
    """All zeros in, all zeros out, no NaN."""
    point = point_forecast(make_panel(np.zeros((3, 100))), params=QUICK, seed=0)
    assert (point.mean == 0).all()


def test_a_one_day_series_is_blended_with_its_attributes(make_panel):
    """One day of 50 among series of 2: more than they sell, far less than 50."""
    y = np.full((31, 60), 2.0)
    y[30] = np.nan
    y[30, -1] = 50
    mean = point_forecast(make_panel(y, groups=["a"] * 31), params=QUICK, seed=0).mean
    assert 2 < mean[30, 0] < 15


def test_a_one_day_series_alone_holds_its_level(make_panel):
    """Nothing else is known: tomorrow is like today."""
    point = point_forecast(make_panel([[6.0]]), params=QUICK, seed=0)
    np.testing.assert_allclose(point.mean, 6)
    assert point.model.tolist() == ["shrunk_level"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BoostingParams(rounds=0), "rounds"),
        (lambda: BoostingParams(leaves=1), "leaves"),
        (lambda: BoostingParams(learning_rate=0), "learning_rate"),
        (lambda: BoostingParams(feature_share=1.5), "feature_share"),
        (lambda: BoostingParams(tweedie_power=2.0), "tweedie_power"),
        (lambda: SamplingParams(share=0), "share"),
        (lambda: SamplingParams(fewest=10, most=5), "fewest"),
        (lambda: PointParams(level_power=1.1), "level_power"),
        (lambda: PointParams(level_seeds=0), "level_seeds"),
    ],
)
def test_parameters_out_of_range_are_refused(make, message):
    """Each message names the parameter."""
    with pytest.raises(ValueError, match=message):
        make()


def test_levels_and_series_are_made_to_agree_in_the_way_asked_for(market):
    """Least squares moves each store's sum towards the store's own forecast; bottom-up leaves the levels out."""
    levels = (total_of(market), level_from(market, "store"))
    ways = {
        way: point_forecast(market, params=replace(QUICK, reconcile=way), levels=levels, seed=0).mean
        for way in ("bottom_up", "least_squares", "scaled")
    }
    without = point_forecast(market, params=replace(QUICK, level_power=0), levels=levels, seed=0).mean
    np.testing.assert_array_equal(ways["bottom_up"], without)
    full = point_forecast(market, params=replace(QUICK, level_power=1.0), levels=levels, seed=0).mean
    regular = point_forecast(market, params=QUICK, seed=0).model == "lightgbm"
    sums = {way: levels[-1].sum(np.where(regular[:, None], mean, 0)) for way, mean in ways.items()}
    aim = levels[-1].sum(np.where(regular[:, None], full, 0))
    assert np.abs(sums["least_squares"] - aim).sum() < np.abs(sums["bottom_up"] - aim).sum()
    assert (ways["least_squares"] >= 0).all()
    with pytest.raises(InputError, match="--reconcile: expected one of scaled, least_squares, bottom_up, got magic"):
        PointParams(reconcile="magic")


def test_a_small_panel_averages_two_seeds(market, monkeypatch):
    """Its forecast is the mean of what either seed alone would give."""
    params = PointParams(model="lightgbm", level_power=0)
    both = point_forecast(market, params=params, seed=0).mean
    monkeypatch.setattr("forecast.point._FEW_CELLS", 0)
    alone = [point_forecast(market, params=params, seed=seed).mean for seed in (0, 1)]
    regular = point_forecast(market, params=params, seed=0).model == "lightgbm"
    np.testing.assert_allclose(both[regular], np.mean(alone, axis=0)[regular])
