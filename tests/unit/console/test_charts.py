"""The console's charts and tables are plain data: checked without a browser."""

import orjson
import pandas as pd
import pytest

from api.console.charts import band_levels, forecast_chart, load_chart
from api.console.tables import attention_grid, match_grid, resource_grid, series_grid

DAYS = pd.date_range("2026-03-01", periods=4)
LOAD = pd.DataFrame(
    {
        "resource": ["line", "line"],
        "bucket": DAYS[:2],
        "capacity": [40.0, 40.0],
        "hours": [30.0, 44.0],
        "idle": [10.0, 0.0],
        "overtime": [0.0, 4.0],
    }
)


def series(options, name):
    return next(s for s in options["series"] if s["name"] == name)


def test_the_forecast_follows_what_was_sold():
    """Sales fill the past, the forecast what lies ahead; neither runs into the other."""
    sold = pd.DataFrame({"ds": DAYS[:2], "y": [5.0, 6.0]})
    ahead = pd.DataFrame({"ds": DAYS[2:], "mean": [7.0, 8.0], "q0.1": [4.0, 5.0], "q0.9": [9.0, 12.0]})
    options = forecast_chart(sold, ahead)
    assert options["xAxis"]["data"] == ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]
    assert series(options, "sold")["data"] == [5.0, 6.0, None, None]
    assert series(options, "expected")["data"] == [None, None, 7.0, 8.0]
    assert series(options, "80% range")["data"] == [None, None, 5.0, 7.0]
    assert series(options, "floor of 80% range")["data"] == [None, None, 4.0, 5.0]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([], []),
        (["mean"], []),
        (["q0.5"], []),
        (["q0.1", "q0.5"], []),
        (
            ["q0.005", "q0.025", "q0.25", "q0.5", "q0.75", "q0.975", "q0.995"],
            [("q0.025", "q0.975"), ("q0.25", "q0.75")],
        ),
    ],
)
def test_ranges_are_symmetric_pairs(columns, expected):
    """A range needs both of its ends."""
    assert band_levels(columns) == expected


def test_overtime_stands_on_regular_hours():
    """44 hours against 40 are 40 regular and 4 overtime."""
    options = load_chart(LOAD, None)
    assert series(options, "planned")["data"] == [30.0, 40.0]
    assert series(options, "overtime")["data"] == [0.0, 4.0]
    assert series(options, "capacity")["data"] == [40.0, 40.0]


def test_the_unlevelled_line_is_zero_where_nothing_is_demanded():
    """Weeks without demand take no hours."""
    options = load_chart(LOAD, pd.DataFrame({"bucket": DAYS[1:2], "hours": [70.0]}))
    assert series(options, "if made week by week")["data"] == [0.0, 70.0]


def test_the_resources_are_summed_over_the_plan():
    """74 of 80 hours used."""
    row = resource_grid(LOAD)["rowData"][0]
    assert (row["used"], row["idle"], row["overtime"]) == (0.925, 10.0, 4.0)


def test_a_resource_without_work_varies_by_nothing_known():
    """No hours at all: a share of nothing is empty, not an error."""
    row = resource_grid(LOAD.assign(hours=0.0, idle=40.0, overtime=0.0))["rowData"][0]
    assert row["variation"] is None


def test_money_is_shown_in_yuan():
    """100 fen are one yuan; reasons are told in words."""
    matches = pd.DataFrame(
        {
            "order_id": ["o1", "o2"],
            "pieces": [1, 9],
            "supplier_id": ["f1", None],
            "cost_fen": pd.array([12_345, None], dtype="Int64"),
            "reason": ["chosen", "out_of_territory"],
        }
    )
    rows = match_grid(matches)["rowData"]
    assert [(row["order_id"], row["cost_fen"], row["reason"]) for row in rows] == [
        ("o2", None, "outside its territory"),
        ("o1", 123.45, "best score"),
    ]


def test_grids_are_json():
    """What goes to the browser is JSON: no NaN, no numpy, no timestamps."""
    rows = pd.DataFrame(
        {
            "id": ["exc-1"],
            "kind": ["idle"],
            "subject": ["line"],
            "place": ["line"],
            "when": [pd.NaT],
            "amount": [1.0],
            "unit": ["hours"],
            "stake_fen": [250.0],
            "why": ["capacity without work"],
            "remedy": ["take other work"],
        }
    )
    forecast = pd.DataFrame({"unique_id": ["a", "a"], "mean": [1.0, 2.0]})
    for grid in (attention_grid(rows), resource_grid(LOAD), series_grid(forecast)):
        assert orjson.loads(orjson.dumps(grid)) == grid
    assert attention_grid(rows)["rowData"][0]["stake"] == 2.5
