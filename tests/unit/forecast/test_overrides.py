"""Adjustments work on top of the forecast, in the order in which they were made, and are judged on what was sold."""

import numpy as np
import pytest

from forecast.overrides import FACTOR, PIECES, Override, apply_overrides, value_added

DAYS = np.arange("2026-11-09", "2026-11-13", dtype="datetime64[D]")
MEAN = np.array([[10.0, 20.0, 30.0, 40.0], [0.0, 0.0, 0.0, 0.0], [5.0, 5.0, 5.0, 5.0]])


def made(number, *, start="2026-11-10", end="2026-11-11", by="li", reason="fair", **what):
    """An override of some days."""
    return Override(id=number, at="", by=by, reason=reason, note="", start=start, end=end, **{"unique_id": "a", **what})


def rows_of(name):
    """Rows 0, 1, 2 are a, b, c; `total` is all of them; nobody else is forecast."""
    return np.array({"a": [0], "b": [1], "c": [2], "total": [0, 1, 2]}.get(name, []), dtype=int)


def test_a_factor_multiplies_its_days_only():
    """Ends included, other series and days untouched, the forecast given untouched."""
    final = apply_overrides(MEAN, DAYS, [made("1", kind=FACTOR, value=1.5)], rows_of)
    assert final[0].tolist() == [10, 30, 45, 40]
    assert np.array_equal(final[1:], MEAN[1:])
    assert MEAN[0, 1] == 20


def test_pieces_are_spread_in_proportion_and_evenly_where_nothing_was_expected():
    """The total of the days is what was asked."""
    final = apply_overrides(MEAN, DAYS, [made("1", kind=PIECES, value=100.0)], rows_of)
    assert final[0].tolist() == [10, 40, 60, 40]
    final = apply_overrides(MEAN, DAYS, [made("1", kind=PIECES, value=7.0, unique_id="b")], rows_of)
    assert final[1].tolist() == [0, 3.5, 3.5, 0]


def test_a_node_is_spread_to_its_members():
    """Members keep their shares of the day; the sum is what was asked."""
    final = apply_overrides(MEAN, DAYS, [made("1", kind=PIECES, value=120.0, unique_id="total")], rows_of)
    assert final[:, 1:3].sum() == pytest.approx(120)
    assert final[0, 1] / final[2, 1] == pytest.approx(4)
    assert final[:, 0].tolist() == [10, 0, 5]


def test_overrides_work_on_what_those_before_them_left():
    """Factors compound; unknown identifiers and other days change nothing."""
    twice = [made("1", kind=FACTOR, value=2.0), made("2", kind=FACTOR, value=0.5, unique_id="total")]
    strange = [
        made("3", kind=FACTOR, value=9.0, unique_id="x"),
        made("4", kind=FACTOR, value=9.0, start="2027-01-01", end="2027-01-02"),
    ]
    assert apply_overrides(MEAN, DAYS, [*twice, *strange], rows_of)[0].tolist() == [10, 20, 30, 40]


def test_value_added_by_hand():
    """Two planners, one right and one wrong; a day not yet known does not count."""
    right = made("1", kind=FACTOR, value=2.0, days=("d1", "d2"), statistical=(10.0, 10.0), new=(20.0, 20.0))
    wrong = made("2", kind=FACTOR, value=2.0, by="wu", days=("d1", "d2"), statistical=(10.0, 10.0), new=(20.0, 20.0))
    sold = {"1": np.array([18.0, np.nan]), "2": np.array([10.0, 10.0])}
    li, wu, both = value_added([right, wrong], lambda override: sold[override.id])
    assert (li["by"], li["days"], li["pieces"]) == ("li", 1, 18)
    assert li["value_added"] == pytest.approx((8 - 2) / 18)
    assert wu["value_added"] == pytest.approx(-1.0)
    assert (both["by"], both["overrides"]) == ("all", 2)
    assert both["wape_final"] == pytest.approx((2 + 20) / 38)
    assert value_added([right], lambda override: np.array([np.nan, np.nan])) == []
