import math

import numpy as np
import pytest

from forecast.metrics import bias, calibration, coverage, quantile_loss, rmsse, wape

Y = np.array([[2.0, 4.0], [0.0, np.nan]])
MEAN = np.array([[3.0, 3.0], [1.0, 9.0]])


def test_wape_and_bias_leave_unseen_outcomes_out():
    """Errors 1, -1, 1 over demand 6."""
    assert wape(Y, MEAN) == pytest.approx(3 / 6)
    assert bias(Y, MEAN) == pytest.approx(1 / 6)


def test_rmsse_scales_by_the_one_step_change():
    """Changes 2, 2 of the first series: scale 4; errors 1, 1: sqrt(1/4). The second never changed."""
    assert rmsse(Y, MEAN, np.array([[0.0, 2.0, 4.0], [1.0, 1.0, 1.0]])) == pytest.approx(0.5)


def test_pinball_loss_by_hand():
    """y = 4, q0.1 = 2 costs 0.2, q0.9 = 3 costs 0.9."""
    assert quantile_loss(np.array([[4.0]]), np.array([[[2.0, 3.0]]]), [0.1, 0.9]) == pytest.approx((0.2 + 0.9) / 2)


def test_coverage_counts_the_ends():
    """Two of three outcomes lie in [1, 3]; unpaired levels make no interval."""
    y = np.array([[1.0, 3.0, 4.0]])
    forecast = np.broadcast_to([1.0, 2.0, 3.0], (1, 3, 3))
    assert coverage(y, forecast, [0.1, 0.3, 0.9]) == {"0.8": pytest.approx(2 / 3)}


def test_calibration_gives_both_sides_of_a_tie():
    """Two zeros and a one against 0: none below, two at or below."""
    shares = calibration(np.array([[0.0, 0.0, 1.0]]), np.zeros((1, 3, 1)), [0.5])
    assert shares == {"0.5": (0.0, pytest.approx(2 / 3))}


def test_nothing_seen_scores_nothing():
    """No outcome gives NaN, not a perfect score."""
    nothing = np.full((1, 2), np.nan)
    assert math.isnan(wape(nothing, MEAN[:1]))
    assert math.isnan(quantile_loss(nothing, np.zeros((1, 2, 1)), [0.5]))
    assert math.isnan(rmsse(nothing, MEAN[:1], np.array([[0.0, 1.0]])))
