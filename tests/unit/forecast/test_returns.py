import numpy as np
import pandas as pd
import pytest

from forecast.forecaster import Forecaster, ForecastProblem, Origins, forecast_at
from forecast.frames import panel_from
from forecast.point import PointParams
from forecast.tables import SALES

MODELS = ("auto", "moving_level")
DAYS = pd.date_range("2024-01-01", periods=4).astype(str)


def panel(y, returned):
    frame = pd.DataFrame({"unique_id": "a", "ds": DAYS, "y": y, "returned": returned})
    return panel_from(SALES.check(frame), horizon=1)


@pytest.mark.parametrize(
    ("y", "returned", "net"),
    [
        ([5, 5, 5, 5], [0, 2, "", 0], [5, 3, 5, 5]),  # of the day it is listed on
        ([5, 1, 1, 5], [0, 4, 0, 0], [5, 0, 0, 3]),  # more than the day sold: off the days after
        ([5, 1, 0, 5], [0, 0, 3, 0], [5, 1, 0, 2]),  # never off the days before: nobody knew then
        ([5, 0, 5, 5], [0, 0, 0, 16], [5, 0, 5, 0]),  # not yet made up for
    ],
)
def test_returns_come_off_the_sales_of_their_day_and_then_of_later_ones(y, returned, net):
    """Never below zero on any day, and nothing is taken twice."""
    framed = panel(y, returned)
    assert framed.panel.y.tolist() == [net]
    assert framed.notes["series_with_returns"] == 1
    assert framed.notes["returns_without_a_sale"] == int(net[-1] == 0)


def rows(days, returned, seed=0):
    """Five series of 5 pieces a day; `returned` pieces a day come back from day 100 on."""
    back = np.where(np.arange(days) < 100, 0, returned)
    sold = np.random.default_rng(seed).poisson(5, (5, days))
    parts = [
        pd.DataFrame({"unique_id": f"s{k}", "ds": pd.date_range("2024-01-01", periods=days), "y": y, "returned": back})
        for k, y in enumerate(sold)
    ]
    return SALES.check(pd.concat(parts))


@pytest.mark.parametrize("model", MODELS)
def test_what_comes_back_later_changes_no_forecast_before(model):
    """Thirty pieces a day come back after the cutoff, or none: forecasts and ranges as of it stay, bit for bit."""
    answers = []
    for returned in (0, 30):
        panel = panel_from(rows(120, returned), horizon=14).panel
        origins = Origins(panel, PointParams(model=model), 0)
        answers.append(forecast_at(origins, ForecastProblem(panel=panel), 100).series)
    np.testing.assert_array_equal(answers[0].mean, answers[1].mean)
    np.testing.assert_array_equal(answers[0].quantiles, answers[1].quantiles)


def test_what_is_owed_is_netted_over_updates_as_if_all_was_read_at_once():
    """Day by day, with days that name no returns: the panel of the whole frame, and another truth than without."""
    whole = rows(120, np.where(np.arange(120) < 110, 12.0, 0))
    start = whole[whole["ds"] < "2024-04-13"]  # day 103: returns are owed already
    fitted = Forecaster(params=PointParams(model="moving_level")).fit(panel_from(start, horizon=14).panel)
    for day, new in whole[whole["ds"] >= "2024-04-13"].groupby("ds"):
        fitted = fitted.update(new if day < pd.Timestamp("2024-04-20") else new.drop(columns="returned"))
    rebuilt = panel_from(whole, horizon=14).panel
    np.testing.assert_array_equal(fitted.panel.y, rebuilt.y)
    np.testing.assert_array_equal(fitted.panel.owed.toarray(), rebuilt.owed.toarray())
    assert rebuilt.y[:, 100:].sum() < 0.3 * rebuilt.y[:, :100].sum() / 5


def test_owed_pieces_follow_the_panel():
    """Cut, shortened and taken, a panel owes what it owed on its last day."""
    whole = panel([5, 1, 1, 5], [0, 4, 0, 0]).panel
    assert whole.owed.toarray().tolist() == [[0, 3, 2, 0]]
    assert whole.cut(3).owed.toarray().tolist() == [[0, 3, 2]]
    assert whole.recent(2).take(np.array([0])).owed.toarray().tolist() == [[2, 0]]
