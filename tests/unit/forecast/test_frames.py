import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError, TableError
from forecast.frames import check_horizon, days_after, panel_from
from forecast.tables import CALENDAR, KNOWN, SALES, STATIC


def sales(rows, columns=("unique_id", "ds", "y")):
    return SALES.check(pd.DataFrame(rows, columns=list(columns)))


def test_missing_days_inside_a_series_are_zeros_and_days_before_it_do_not_exist():
    """The gap on day 2 is a zero; b did not exist on days 1 and 2."""
    panel = panel_from(sales([("a", "2024-01-01", 5), ("a", "2024-01-03", 7), ("b", "2024-01-03", 2)]), horizon=2).panel
    assert panel.y.tolist() == [[5, 0, 7], [0, 0, 2]]
    assert panel.available.tolist() == [[True, True, True], [False, False, True]]
    assert panel.born.tolist() == [0, 2]


def test_a_stocked_out_day_is_unavailable_whatever_it_sold():
    """available = false hides the day; empty means available."""
    frame = sales(
        [("a", "2024-01-01", 5, ""), ("a", "2024-01-02", 3, "false"), ("a", "2024-01-03", 7, "true")],
        ("unique_id", "ds", "y", "available"),
    )
    panel = panel_from(frame, horizon=1).panel
    assert panel.y.tolist() == [[5, 0, 7]]
    assert panel.available.tolist() == [[True, False, True]]


def test_days_are_added_up_to_the_asked_period():
    """Two days of one week become one weekly value."""
    panel = panel_from(
        sales([("a", "2024-01-01", 5), ("a", "2024-01-07", 2), ("a", "2024-01-08", 1)]), horizon=1, freq="W-MON"
    ).panel
    assert panel.y.tolist() == [[7, 1]]


def test_a_week_is_scaled_by_its_available_days():
    """Week 1: one day of seven out, 12 pieces on the others: 14. Week 2: four days out. Week 3: one day, not seen."""
    days = pd.date_range("2024-01-01", periods=15).astype(str)
    out = {2, 7, 8, 9, 10, 14}
    frame = sales(
        [("a", day, 99 if k in out else 2, "false" if k in out else "true") for k, day in enumerate(days)],
        ("unique_id", "ds", "y", "available"),
    )
    framed = panel_from(frame, horizon=1, freq="W-MON")
    assert framed.panel.y.tolist() == [[14, 0, 0]]
    assert framed.panel.available.tolist() == [[True, False, False]]
    assert (framed.notes["periods_censored"], framed.notes["periods_scaled_up"]) == (2, 1)


def test_days_without_a_row_count_as_available_in_a_week():
    """Only sales and stock-outs are listed: 6 pieces in six open days are 7 in the week."""
    rows = [("a", "2024-01-02", 6, "true"), ("a", "2024-01-03", 0, "false")]
    rows += [("a", day, 1, "true") for day in pd.date_range("2024-01-08", periods=7).astype(str)]
    panel = panel_from(sales(rows, ("unique_id", "ds", "y", "available")), horizon=1, freq="W-MON").panel
    assert panel.y.tolist() == [[7, 7]]


def test_weeks_of_a_series_never_available_keep_what_was_sold():
    """14 days out of stock, 2 pieces sold on each; the series beside it was out on one day of seven."""
    days = pd.date_range("2024-01-01", periods=14).astype(str)
    rows = [("a", day, 2, "false") for day in days]
    rows += [("b", day, 1, "false" if k == 3 else "true") for k, day in enumerate(days)]
    framed = panel_from(sales(rows, ("unique_id", "ds", "y", "available")), horizon=1, freq="W-MON")
    assert framed.panel.sold.toarray().tolist() == [[14, 14], [0, 0]]
    assert framed.notes["series_never_available"] == 1


@pytest.mark.parametrize("later", ["true", "false"])
def test_whether_a_series_is_available_later_does_not_change_what_is_known_before(later):
    """Two weeks out of stock, then one that was not, or was: as of the second week both are the same."""
    days = pd.date_range("2024-01-01", periods=21).astype(str)
    rows = [("a", day, 2, "false" if k < 14 else later) for k, day in enumerate(days)]
    columns = ("unique_id", "ds", "y", "available")
    assert panel_from(sales(rows, columns), horizon=1, freq="W-MON").panel.cut(2).sold.toarray().tolist() == [[14, 14]]


def test_an_id_with_attributes_but_without_sales_is_a_series_without_history():
    """It stands after the sold ones and is counted."""
    static = STATIC.check(pd.DataFrame({"unique_id": ["new", "a"], "store": ["S1", "S2"]}))
    framed = panel_from(sales([("a", "2024-01-01", 5)]), horizon=1, static=static)
    assert framed.panel.ids.tolist() == ["a", "new"]
    assert framed.panel.born.tolist() == [0, 1]
    assert framed.notes["series_without_history"] == 1
    assert framed.panel.static[0].categories == ("S1", "S2")


def test_a_price_is_carried_forward_over_gaps_and_the_horizon():
    """NaN, text for nothing and infinity are all unknown; leading gaps stay unknown."""
    known = KNOWN.check(
        pd.DataFrame(
            {
                "unique_id": ["a"] * 4,
                "ds": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"],
                "price": ["", "2.5", "nan", "inf"],
            }
        )
    )
    framed = panel_from(sales([("a", "2024-01-01", 5), ("a", "2024-01-04", 1)]), horizon=2, known=known)
    np.testing.assert_array_equal(framed.panel.known[0].values, [[np.nan, 2.5, 2.5, 2.5, 2.5, 2.5]])
    assert framed.notes["known_future_values_carried_forward"] == 2


def test_events_are_codes_and_flags_are_numbers():
    """Texts become codes in alphabetical order, empty = none."""
    calendar = CALENDAR.check(
        pd.DataFrame(
            {"ds": ["2024-01-01", "2024-01-02", "2024-01-03"], "event": ["x", "", "a"], "holiday": ["1", "0", "1"]}
        )
    )
    panel = panel_from(sales([("a", "2024-01-01", 5)]), horizon=2, calendar=calendar).panel
    event, holiday = panel.calendar
    assert event.categories == ("a", "x")
    np.testing.assert_array_equal(event.values[:3], [1, np.nan, 0])
    np.testing.assert_array_equal(holiday.values[:3], [1, 0, 1])


def test_rows_of_unknown_series_in_known_are_counted():
    """A regressor of a series that neither sold nor has attributes is left out, visibly."""
    known = KNOWN.check(pd.DataFrame({"unique_id": ["zz"], "ds": ["2024-01-01"], "price": [1.0]}))
    assert (
        panel_from(sales([("a", "2024-01-01", 5)]), horizon=1, known=known).notes["known_rows_of_unknown_series"] == 1
    )


def test_keys_of_a_hierarchy_keep_their_leading_zeros():
    """A store called 007 stays 007 when totals are made of it."""
    static = STATIC.check(pd.DataFrame({"unique_id": ["a"], "store": ["007"]}))
    panel = panel_from(sales([("a", "2024-01-01", 5)]), horizon=1, static=static, keys={"store"}).panel
    assert panel.static[0].categories == ("007",)


def test_a_date_centuries_away_is_a_typing_error():
    """The message names file, column, row and the date."""
    with pytest.raises(TableError, match=r"s\.csv: column 'ds', row 2: expected dates within 20000 periods"):
        panel_from(sales([("a", "2024-01-01", 5), ("a", "2204-01-01", 5)]), horizon=1, source="s.csv")


@pytest.mark.parametrize(("odd", "other"), [("1971-01-01", "2024-01-01"), ("2070-01-01", "2024-01-01")])
def test_one_odd_date_among_many_series_is_named_before_memory_runs_out(odd, other):
    """20 001 series hold 4 999 days: fewer than from 1971; the row with the odd date is named, not the others'."""
    frame = pd.DataFrame({"unique_id": [f"s{k}" for k in range(20_001)], "ds": pd.Timestamp("2024-01-01"), "y": 1.0})
    frame.loc[7, "ds"] = pd.Timestamp(odd)
    told = rf"s\.csv: column 'ds', row 8: expected dates within 4999 periods of {other} \(20001 series.*got {odd}"
    with pytest.raises(TableError, match=told):
        panel_from(SALES.check(frame), horizon=1, source="s.csv")


def test_an_odd_date_in_an_update_is_named_before_memory_runs_out():
    """The same for days that come later."""
    frame = pd.DataFrame({"unique_id": [f"s{k}" for k in range(20_001)], "ds": pd.Timestamp("2024-01-01"), "y": 1.0})
    panel = panel_from(SALES.check(frame), horizon=1).panel
    new = sales([("s1", "2024-01-02", 1.0), ("s1", "2060-01-02", 1.0)])
    with pytest.raises(TableError, match=r"column 'ds', row 2: expected dates within 4998 periods of what was seen"):
        days_after(panel, new, source="new days")


@pytest.mark.parametrize("horizon", [0, -1, 731, 10_000])
def test_an_absurd_horizon_is_refused(horizon):
    """Zero, negative and far too many periods are all wrong."""
    with pytest.raises(InputError, match=f"--horizon: expected a whole number of periods from 1 to 730, got {horizon}"):
        check_horizon(horizon)
