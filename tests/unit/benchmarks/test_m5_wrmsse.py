import numpy as np
import pytest

from benchmarks.m5 import m5_wrmsse
from forecast.frequency import Frequency
from forecast.panel import Attribute, Panel
from forecast.weighted import step_scale

NAMES = ("item_id", "dept_id", "cat_id", "store_id", "state_id")


def coded(name, texts):
    names, codes = np.unique(texts, return_inverse=True)
    return Attribute(name=name, values=codes.astype(np.float32), categories=tuple(names))


def panel_of(y, price):
    n, length = y.shape
    prices = np.broadcast_to(np.asarray(price, dtype=np.float32)[:, None], (n, length + 1))
    return Panel(
        ids=np.array(["a", "b"], dtype=object),
        frequency=Frequency(unit="D"),
        first=0,
        y=y.astype(np.float32),
        available=np.ones(y.shape, dtype=bool),
        born=np.zeros(n, dtype=int),
        horizon=1,
        static=tuple(coded(name, ["x", "y"] if name == "item_id" else ["x", "x"]) for name in NAMES),
        known=(Attribute(name="price", values=prices),),
    )


def test_wrmsse_by_hand():
    """Two items in one store, twelve levels: nine see the sum, three the items."""
    y = np.zeros((2, 30))
    y[0] = np.tile([2.0, 4.0], 15)
    y[1] = np.tile([3.0, 9.0], 15)
    truth, forecast = np.array([[4.0], [3.0]]), np.array([[2.0], [9.0]])
    # items: scales 4 and 36, errors 4 and 36 -> 1 each, whatever the weights; sum: scale 64, error 16 -> 0.5
    assert m5_wrmsse(panel_of(y, [1, 1]), truth, forecast) == pytest.approx((9 * 0.5 + 3 * 1) / 12)


def test_weights_are_sales_value():
    """Item a alone is missed; with three times the price its weight is 3 * 84 / (3 * 84 + 168)."""
    y = np.stack([np.tile([2.0, 4.0], 15), np.tile([4.0, 8.0], 15)])
    score = m5_wrmsse(panel_of(y, [3, 1]), np.array([[4.0], [4.0]]), np.array([[2.0], [4.0]]))
    assert score == pytest.approx((9 * (2 / 6) + 3 * 0.6) / 12)


def test_days_before_the_first_sale_are_no_history():
    """Leading zeros dilute the scale no more than the jump from them swells it."""
    assert step_scale(np.array([[0.0, 0, 0, 2, 4, 2]]), power=2).tolist() == [4]
