"""The competition's measures against cases worked by hand."""

import numpy as np
import pytest

from forecast.hierarchy import Level
from forecast.weighted import wrmsse, wspl

TOTAL = Level(name="total", keys=("total",), group=np.zeros(2, dtype=int))
OWN = Level(name="id", keys=("a", "b"), group=np.arange(2))
HISTORY = np.array([[2.0, 4, 2, 4], [0, 0, 1, 4]])  # a moves by 2; b by 3 since its first sale; the sum by 2, 1, 5


def test_wrmsse_of_two_levels():
    """a misses by 2 of 2, b by 0: own level 3/4; the sum misses by 2 against a mean square of (4 + 1 + 25) / 3."""
    truth, mean = np.array([[3.0], [1.0]]), np.array([[5.0], [1.0]])
    score = wrmsse([TOTAL, OWN], truth, mean, history=HISTORY, value=np.array([3.0, 1.0]))
    assert score == pytest.approx((2 / np.sqrt(10) + 0.75 * 1) / 2)


def test_wspl_of_two_levels():
    """Pinball losses at 0.1 and 0.5 by hand, scaled by the mean absolute change (2, 3 and 8/3)."""
    truth = np.array([[4.0], [1.0]])
    own = np.array([[[1.0, 5.0]], [[1.0, 1.0]]])  # a: 0.1 * 3 and 0.5 * 1; b: nothing
    total = np.array([[[6.0, 6.0]]])  # 0.9 * 1 and 0.5 * 1
    score = wspl([TOTAL, OWN], truth, [total, own], [0.1, 0.5], history=HISTORY, value=np.array([3.0, 1.0]))
    assert score == pytest.approx(((0.9 + 0.5) / 2 / (8 / 3) + 0.75 * (0.3 + 0.5) / 2 / 2) / 2)


def test_nodes_that_never_changed_count_nothing():
    flat = np.full((2, 4), 3.0)
    assert wrmsse([OWN], np.zeros((2, 1)), np.ones((2, 1)), history=flat, value=np.ones(2)) == 0
    assert np.isnan(wspl([OWN], np.zeros((2, 1)), [np.ones((2, 1, 1))], [0.5], history=flat, value=np.zeros(2)))
