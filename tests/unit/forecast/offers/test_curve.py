"""How orders follow a promotion, told apart from the weekdays on which people order more."""

import numpy as np
import pytest

from forecast.offers.curve import order_curve


def test_lag_and_weekday_are_told_apart():
    """Poisson orders of 12 weeks with weekends of 1.5: both curves within 5 %; what is not over yet is left out."""
    rng = np.random.default_rng(1)
    lag, weekday = np.array([0.6, 0.3, 0.1]), np.array([0.9, 0.9, 0.9, 0.9, 0.9, 1.5, 1.0])
    promoted = rng.uniform(500, 2_000, 84)
    day = (np.arange(84)[:, None] + np.arange(3) + 2) % 7
    orders = rng.poisson(promoted[:, None] * lag * weekday[day]).astype(float)
    orders[-1, 1:] = np.nan
    found_lag, found_weekday = order_curve(promoted, orders, 2)
    assert found_lag == pytest.approx(lag, rel=0.05)
    assert found_weekday == pytest.approx(weekday, rel=0.05)
