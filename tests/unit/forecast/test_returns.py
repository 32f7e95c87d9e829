import pandas as pd
import pytest

from forecast.frames import panel_from
from forecast.tables import SALES

DAYS = pd.date_range("2024-01-01", periods=4).astype(str)


def panel(y, returned):
    frame = pd.DataFrame({"unique_id": "a", "ds": DAYS, "y": y, "returned": returned})
    return panel_from(SALES.check(frame), horizon=1)


@pytest.mark.parametrize(
    ("y", "returned", "net"),
    [
        ([5, 5, 5, 5], [0, 2, "", 0], [5, 3, 5, 5]),  # of the day it is listed on
        ([5, 1, 0, 5], [0, 0, 3, 0], [3, 0, 0, 5]),  # more than the day sold: off the days before, the latest first
        ([5, 0, 5, 5], [0, 0, 0, 16], [0, 0, 0, 0]),  # more than was ever sold
    ],
)
def test_returns_come_off_the_sales_they_belong_to(y, returned, net):
    """Never below zero on any day, and nothing is taken twice."""
    framed = panel(y, returned)
    assert framed.panel.y.tolist() == [net]
    assert framed.notes["series_with_returns"] == 1
    assert framed.notes["returns_without_a_sale"] == int(sum(y) < sum(x or 0 for x in returned))
