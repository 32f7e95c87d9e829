import numpy as np

from forecast.windows import RunningSums, level_of

Y = np.array([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]], dtype=float)
ALL = np.ones((1, 10), dtype=bool)


def one(value):
    return np.array([value])


def test_a_moving_mean_covers_the_window_up_to_the_origin():
    """The mean of 3 periods up to period 4 is (3 + 4 + 5) / 3."""
    assert RunningSums(Y, ALL, 7).mean(one(0), one(4), 3) == [4]


def test_an_unavailable_period_leaves_the_mean():
    """A stock-out in the window is skipped, not taken for zero."""
    available = ALL.copy()
    available[0, 3] = False
    assert RunningSums(Y, available, 7).mean(one(0), one(4), 3) == [4]  # (3 + 5) / 2


def test_a_window_without_any_seen_period_is_unknown():
    """Nothing seen gives NaN, never zero."""
    available = ALL.copy()
    available[0, 3:5] = False
    assert np.isnan(RunningSums(Y, available, 7).mean(one(0), one(4), 2)[0])


def test_same_season_mean_uses_only_what_the_origin_saw():
    """Target 9 with season 3 from origin 5: periods 3 and 0 (6 is later than the origin)."""
    assert RunningSums(Y, ALL, 3).season_mean(one(0), one(5), one(9), 2) == [2.5]


def test_spread_is_the_population_deviation():
    """The deviation of 3, 4, 5 is sqrt(2 / 3)."""
    np.testing.assert_allclose(RunningSums(Y, ALL, 7).spread(one(0), one(4), 3), np.sqrt(2 / 3))


def test_periods_since_the_last_sale_skip_stock_outs():
    """A stock-out does not lengthen the time without a sale."""
    y = np.array([[2.0, 0, 0, 0]])
    available = np.array([[True, True, False, True]])
    assert RunningSums(y, available, 7).since_sale(one(0), one(3)) == [2]


def test_level_blends_the_windows():
    """Half the mean of 2 (9.5) and half the mean of 4 (8.5)."""
    assert level_of(RunningSums(Y, ALL, 7), one(0), one(9), ((2, 0.5), (4, 0.5))) == [9]


def test_a_quiet_month_leaves_a_twentieth_of_the_level():
    """40 periods of 10 and 40 of nothing: at least 5 % of the overall mean of 5."""
    y = np.concatenate([np.full(40, 10.0), np.zeros(40)])[None]
    assert level_of(RunningSums(y, y >= 0, 7), one(0), one(79), ((28, 1.0),)) == [0.25]
