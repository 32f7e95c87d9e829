import numpy as np
import pytest

from forecast.baselines import BASELINES, moving_level, sba, seasonal_naive, seasonal_window, tsb


def test_the_seasonal_window_is_the_mean_of_eight_same_weekdays(make_panel):
    """Ten weeks: Mondays sell their week's number, other days 1; the last eight Mondays mean 6.5."""
    y = np.ones((1, 70))
    y[0, ::7] = np.arange(1, 11)
    np.testing.assert_allclose(seasonal_window(make_panel(y))[0], [6.5, 1, 1, 1, 1, 1, 1])


def test_the_seasonal_window_skips_stock_outs(make_panel):
    """The last Monday was stocked out: the mean is of the other seven."""
    y = np.ones((1, 56))
    y[0, ::7] = np.arange(1, 9)
    y[0, 49] = np.nan
    assert seasonal_window(make_panel(y))[0, 0] == pytest.approx(4)


def test_seasonal_naive_repeats_the_last_week(make_panel):
    """A horizon of ten days repeats the last seven."""
    y = np.arange(14.0)[None]
    assert seasonal_naive(make_panel(y, horizon=10))[0].tolist() == [7, 8, 9, 10, 11, 12, 13, 7, 8, 9]


def test_monthly_demand_follows_last_years_season(make_panel):
    """Two equal years with a peak in June: the June ahead is above the Januaries."""
    year = np.array([1, 1, 1, 1, 1, 9, 1, 1, 1, 1, 1, 1.0])
    mean = seasonal_window(make_panel(np.tile(year, 2)[None], horizon=12, unit="M"))[0]
    assert mean.argmax() == 5
    assert mean[5] > 3 * mean[0]


def test_tsb_by_hand(make_panel):
    """Sales 4, 0, 2: size 3 -> 3.1 -> 2.99, chance 2/3 -> .68333 -> .64917 -> .66671."""
    mean = tsb(make_panel([[4, 0, 2]], horizon=2), alpha=0.1, beta=0.05)
    size = 3.1 + 0.1 * (2 - 3.1)
    chance = 2 / 3
    for sold in (1, 0, 1):
        chance += 0.05 * (sold - chance)
    np.testing.assert_allclose(mean, [[size * chance] * 2])


def test_tsb_is_frozen_while_out_of_stock(make_panel):
    """Twenty stocked-out days do not make a series fade; twenty days without a sale do."""
    y = np.full((2, 40), 3.0)
    y[0, 20:], y[1, 20:] = np.nan, 0
    kept, faded = tsb(make_panel(y))[:, 0]
    assert kept == pytest.approx(3)
    assert faded < 1.5


def test_sba_is_size_over_interval_less_the_bias(make_panel):
    """A sale of 5 every second day: 0.95 * 5 / 2."""
    y = np.tile([0, 5.0], 100)[None]
    assert sba(make_panel(y))[0, 0] == pytest.approx(0.95 * 2.5, rel=0.01)


def test_a_constant_series_is_forecast_as_it_is(make_panel):
    """Every simple model reproduces a constant (sba less its bias correction)."""
    panel = make_panel(np.full((1, 80), 4.0))
    for name, model in BASELINES.items():
        expected = 4 * 0.95 if name == "sba" else 4
        np.testing.assert_allclose(model(panel), expected, err_msg=name)


def test_no_history_is_unknown_not_zero(make_panel):
    """A newcomer gets NaN from every simple model."""
    for model in BASELINES.values():
        assert np.isnan(model(make_panel(np.full((1, 30), np.nan)))).all()


def test_a_one_day_series_holds_its_level(make_panel):
    """One day of 6 is a level of 6."""
    y = np.full((1, 30), np.nan)
    y[0, -1] = 6
    np.testing.assert_allclose(moving_level(make_panel(y)), 6)
