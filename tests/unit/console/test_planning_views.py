"""The planner's tables and charts are plain data: checked without a browser."""

import orjson
import pandas as pd

from api.console.charts import cost_chart, frontier_chart
from api.console.planning_tables import box_grid, diff_grid, order_grid, quote_grid, scenario_grid
from planning.boxes import heijunka_boxes, takt_times
from planning.orders import ORDER_COLUMNS
from planning.plan_diff import plan_diff

ORDERS = pd.DataFrame(
    [
        ("PO-1-1", "tee", "own", 1, "line", 24, 8.0, "2026-03-03", "2026-03-03", "firm", "on_time"),
        ("PO-2-1", "cap", "own", 1, "line", 24, 8.0, "2026-03-02", "2026-03-02", "proposed", "cover"),
    ],
    columns=list(ORDER_COLUMNS),
).assign(start=lambda t: pd.to_datetime(t["start"]), due=lambda t: pd.to_datetime(t["due"]))


def test_orders_stand_by_start() -> None:
    """The earliest first, as JSON."""
    grid = order_grid(ORDERS)
    assert [row["order_id"] for row in grid["rowData"]] == ["PO-2-1", "PO-1-1"]
    assert orjson.loads(orjson.dumps(grid)) == grid


def test_a_box_has_a_row_per_day_and_all_its_pieces() -> None:
    """Eight slots; the pieces in the cells are those of the orders; the takt is the day's."""
    boxes = heijunka_boxes(ORDERS)
    rows = box_grid(boxes, takt_times(boxes), "line")["rowData"]
    assert [row["day"] for row in rows] == ["2026-03-02", "2026-03-03"]
    assert [row["takt"] for row in rows] == [20.0, 20.0]
    cells = [cell for slot in range(1, 9) for cell in rows[0][f"s{slot}"].split(", ") if cell]
    assert sum(int(cell.partition(" \u00d7 ")[2]) for cell in cells) == 24
    assert {cell.partition(" ")[0] for cell in cells} == {"cap"}


def test_changes_stand_by_hours() -> None:
    """Words before numbers; nothing changed is an empty table."""
    later = ORDERS.assign(pieces=[48, 20], hours=[16.0, 6.0])
    rows = diff_grid(plan_diff(ORDERS, later))["rowData"]
    assert [row["item"] for row in rows] == ["tee", "cap"]
    assert diff_grid(plan_diff(ORDERS, ORDERS))["rowData"] == []


def test_scenarios_are_bars_of_their_cost() -> None:
    """Only parts that cost something are drawn; their sum is the cost."""
    table = pd.DataFrame(
        {"scenario": ["base", "fair"], "status": "optimal", "cost": [10.0, 30.0], "cost_change": [0.0, 20.0],
         "fill_rate": [1.0, 0.9], "load_cv": 0.1, "idle_hours": 1.0, "overtime_hours": 0.0, "hours_moved": [0.0, 5.0],
         "cost_idle": [10.0, 5.0], "cost_lost": [0.0, 25.0], "cost_peak": 0.0}
    )  # fmt: skip
    series = cost_chart(table)["series"]
    assert [one["name"] for one in series] == ["idle", "lost"]
    assert [sum(one["data"][k] for one in series) for k in range(2)] == [10.0, 30.0]
    assert [row["cost_change"] for row in scenario_grid(table)["rowData"]] == [0.0, 20.0]


def test_the_frontier_joins_what_nothing_beats() -> None:
    """Efficient points are a line by cost, the others dots."""
    table = pd.DataFrame(
        {"late": [2.0, 1.0, 0.5], "firm": 0, "cost": [30.0, 10.0, 20.0], "fill_rate": [0.9, 0.8, 0.7],
         "efficient": [True, True, False]}
    )  # fmt: skip
    line, dots = frontier_chart(table)["series"]
    assert line["data"] == [[10.0, 80.0, "\u00d71"], [30.0, 90.0, "\u00d72"]]
    assert dots["data"] == [[20.0, 70.0, "\u00d70.5"]]


def test_a_factory_without_a_date_is_shown() -> None:
    """An empty promise is an empty cell."""
    table = pd.DataFrame(
        {"item": ["tee"], "pieces": [9], "factory": ["f1"], "promise": [pd.NaT], "takes": ["nothing"], "cost": [None],
         "premium": [None], "overtime_hours": [None], "displaced": [None]}
    )  # fmt: skip
    assert quote_grid(table)["rowData"][0]["promise"] is None
