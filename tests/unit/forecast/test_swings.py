import numpy as np

from forecast.conformal import DEFAULT_QUANTILES
from forecast.forecaster import ForecastProblem, forecast
from forecast.point import PointParams
from forecast.swings import Limits, swing_limits

SIMPLE = PointParams(model="seasonal_window")


def test_one_wild_series_does_not_give_the_others_its_tail(make_panel):
    """Thirty steady sellers and one whose sales grew 40-fold: nobody else's 99.5 % is 40 times the mean."""
    rng = np.random.default_rng(0)
    y = rng.poisson(100, (31, 160)).astype(float)
    y[30] = rng.poisson(1, 160)
    y[30, 126:] *= 40
    buckets = np.arange(28) // 7
    result = forecast(ForecastProblem(panel=make_panel(y, horizon=28), buckets=buckets), params=SIMPLE)
    ratio = result.series.quantiles[:30] / result.series.mean[:30, :, None]
    assert ratio[..., -1].max() < 1.3
    assert ratio[..., 0].min() > 0.7
    assert result.notes["ranges_pooled"] == 31


def test_a_closed_day_is_not_every_days_lower_range(make_panel):
    """Big sellers closed on one day of the calibration: the lower 95 % of most days is half the mean, not zero."""
    rng = np.random.default_rng(1)
    y = rng.poisson(200, (60, 200)).astype(float)
    y[:, -10] = 0
    quantiles = forecast(
        ForecastProblem(panel=make_panel(y, horizon=14), quantiles=(0.025, 0.5, 0.975)),
        params=PointParams(model="moving_level"),
    ).series
    assert np.median(quantiles.quantiles[..., 0] / quantiles.mean) > 0.5


def test_a_limit_is_half_the_tail_of_the_own_history_and_a_quarter_beyond(make_panel):
    """A year of ones with every tenth day 2: the tail beyond 5 % is 2, so 0.9 is limited at 1 + 1.25 of its level."""
    y = np.ones((2, 500))
    y[0, 9::10] = 2
    limits = swing_limits(make_panel(y, horizon=7), np.array([0.1, 0.5, 0.9]))
    assert 2 < limits.high[0, 2] < 2.3
    np.testing.assert_allclose(limits.high[1], [np.inf, np.inf, 1])
    np.testing.assert_allclose(limits.low[1], [1, 0, 0])


def test_a_short_history_limits_nothing(make_panel):
    """Thirty days leave too few ratios."""
    limits = swing_limits(make_panel(np.ones((1, 30))), np.array([0.1, 0.9]))
    assert limits.low.tolist() == [[0, 0]]
    assert limits.high.tolist() == [[np.inf, np.inf]]


def limits_of(*, high=(np.inf,) * 3, most=(np.inf,) * 3, usual=1.0):
    """Limits of one series at 0.1, 0.5 and 0.9; the lowest is at least twice the forecast."""
    rows = {"low": [[2.0, 0, 0]], "high": [high], "most": [most], "usual": [usual]}
    return Limits(levels=np.array([0.1, 0.5, 0.9]), **{name: np.array(row) for name, row in rows.items()})


def test_pieces_never_sold_are_no_upper_range_unless_more_is_expected_than_ever():
    """At most 9 pieces around a mean of 4: a learnt 40 becomes 9, and 18 where twice that mean is forecast."""
    limits = limits_of(most=[np.inf, np.inf, 9], usual=4.0)
    held = limits.hold(np.array([[4.0, 8.0]]), np.array([[[0.0, 1.0, 40.0]] * 2]))
    assert held[..., 2].tolist() == [[9, 18]]


def test_a_series_that_sells_a_piece_a_month_has_no_range_of_ten(make_panel):
    """A year of one piece every 30th day, then every third: the limit is a piece, not its ratio to nothing."""
    y = np.zeros((1, 500))
    y[0, 9:470:30] = 1
    y[0, 470::3] = 1
    limits = swing_limits(make_panel(y, horizon=7), np.array([0.5, 0.975]))
    assert limits.high[0, 1] > 5
    assert limits.most[0].tolist() == [np.inf, 1]


def test_limits_are_never_narrower_than_chance_and_keep_the_order():
    """Mean 4: Poisson's 0.9 is 7, although the history says 4; the median learnt stays."""
    limits = limits_of(high=[np.inf, np.inf, 1])
    held = limits.hold(np.array([[4.0]]), np.array([[[0.0, 1.0, 40.0]]]))
    assert held.tolist() == [[[1, 1, 7]]]
    assert limits.hold(np.zeros((1, 1)), np.zeros((1, 1, 3))).tolist() == [[[0, 0, 0]]]


def test_without_a_swing_the_default_levels_are_limited_on_both_sides(make_panel):
    """All four lower and four upper levels have a limit, the median none."""
    limits = swing_limits(make_panel(np.full((1, 300), 5.0)), np.array(DEFAULT_QUANTILES))
    assert limits.low[0].tolist() == [1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert limits.high[0].tolist() == [np.inf] * 5 + [1] * 4
