"""Plans reach the optimum that their rules allow, and say nothing that is not so."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from planning.demand import demand_atoms
from planning.params import PlanParams, PlanWeights
from services.plan_production import PlanReport, plan_production

OFF = PlanParams(weights=PlanWeights(idle=0, overtime=0, load_change=0, peak=0, plan_change=0))


def weeks(n: int) -> pd.DatetimeIndex:
    return pd.date_range("2026-01-05", periods=n, freq="7D")


def line(n: int = 6, **columns: float) -> pd.DataFrame:
    return pd.DataFrame({"resource": "L", "bucket": weeks(n), "capacity": 100.0} | columns)


def ways(*items: str, **columns: float) -> pd.DataFrame:
    base = {"route": "r", "step": 1, "resource": "L", "hours_per_unit": 1.0} | columns
    return pd.DataFrame([{"item": item} | base for item in items])


def wanted(**pieces: float) -> pd.DataFrame:
    return pd.DataFrame([(i, weeks(4)[3], y) for i, y in pieces.items()], columns=["item", "bucket", "y"])


def fixed(item: str, start: object, pieces: int = 10) -> pd.DataFrame:
    row = {"order_id": "f-1", "item": item, "route": "r", "step": 1, "resource": "L", "pieces": pieces}
    return pd.DataFrame([row | {"start": start, "state": "firm"}])


def made(report: PlanReport, item: str) -> int:
    orders = report.orders[report.orders["state"] == "proposed"]
    return int(orders.loc[orders["item"] == item, "pieces"].sum())


@pytest.mark.parametrize("backlog", [np.nan, 100.0])
@pytest.mark.parametrize("n", [6, 20])
def test_a_yield_below_one_rounds_up(n: int, backlog: float) -> None:
    """Ten good pieces at a yield of 0.9 take twelve, whether the model or the rounding makes them whole."""
    items = pd.DataFrame({"item": ["a"], "backlog_cost": [backlog]})
    report = plan_production(wanted(a=10), line(n), ways("a", **{"yield": 0.9}), items=items, params=OFF)
    assert made(report, "a") == 12
    assert (report.summary["status"], report.summary["cost"]["total"]) == ("optimal", 0)


@pytest.mark.parametrize("backlog", [np.nan, 1000.0])
@pytest.mark.parametrize("n", [6, 20])
def test_a_late_firm_order_forbids_no_piece_in_time(n: int, backlog: float) -> None:
    """What a firm order brings after the demand does not count against what must be there before."""
    items = pd.DataFrame({"item": ["a"], "backlog_cost": [backlog]})
    report = plan_production(wanted(a=10), line(n), ways("a"), firm=fixed("a", weeks(6)[5]), items=items, params=OFF)
    assert made(report, "a") == 10
    assert (report.summary["status"], report.summary["cost"]["total"]) == ("optimal", 0)
    assert report.summary["fill_rate"] == 1


def test_a_minimum_run_may_be_filled_up() -> None:
    """Two pieces asked for on a line that runs three at least are made, and one is left."""
    items = pd.DataFrame({"item": ["a"], "leftover_cost": [1.0]})
    report = plan_production(wanted(a=2), line(min_run=3.0), ways("a"), items=items, params=OFF)
    assert made(report, "a") == 3
    assert report.summary["status"] == "optimal"


@pytest.mark.parametrize("seed", range(3))
def test_whole_pieces_keep_minimum_runs(seed: int) -> None:
    """With many starts, too, no bucket runs shorter than its minimum."""
    g = np.random.default_rng(seed)
    table = pd.DataFrame([(i, t, float(g.integers(0, 9))) for i in "abc" for t in weeks(8)])
    table.columns = ["item", "bucket", "y"]
    routes = ways(*"abc").assign(hours_per_unit=[0.7, 0.9, 1.3])
    items = pd.DataFrame({"item": list("abc"), "holding_cost": 0.5, "backlog_cost": 2.0})
    report = plan_production(table, line(8, capacity=20.0, min_run=12.5), routes, items=items, params=OFF)
    hours = report.load["hours"]
    assert ((hours == 0) | (hours >= 12.5 - 1e-6)).all()
    assert report.summary["bound"] <= report.summary["cost"]["total"]


def test_a_minimum_run_that_a_firm_order_begins_is_filled() -> None:
    """A firm hour on a line that runs eight at least draws the other seven to its bucket."""
    items = pd.DataFrame({"item": ["a"], "holding_cost": [1.0]})
    report = plan_production(
        wanted(a=10), line(min_run=8.0), ways("a"), firm=fixed("a", weeks(6)[1], 1), items=items, params=OFF
    )
    assert report.load["hours"].tolist()[1] >= 8


def test_a_minimum_run_that_firm_orders_miss_is_named() -> None:
    """Where nothing can be added, the firm order stays alone and the run is a reason."""
    items = pd.DataFrame({"item": ["a"], "known_from": [weeks(3)[2]]})
    report = plan_production(
        wanted(a=10), line(min_run=8.0), ways("a"), firm=fixed("a", weeks(6)[1], 1), items=items, params=OFF
    )
    assert any("stay below its minimum run of 8 h" in r["detail"] for r in report.summary["reasons"])
    assert made(report, "a") >= 9


BOM = pd.DataFrame({"parent": ["a"], "component": ["c"], "quantity": [1.0]})


def test_a_bill_of_something_else_changes_nothing() -> None:
    """Rows of the bill whose parent is not planned are named and passed over."""
    more = pd.concat([BOM, pd.DataFrame({"parent": ["x"], "component": ["c"], "quantity": [5.0]})])
    inputs = (wanted(a=10, z=10), line(), ways("a", "c", "z"))
    firm = fixed("z", weeks(6)[1])
    plain = plan_production(*inputs, bom=BOM, firm=firm, params=OFF)
    noisy = plan_production(*inputs, bom=more, firm=firm, params=OFF)
    assert made(noisy, "c") == made(plain, "c") == 10
    assert [r["code"] for r in noisy.summary["reasons"]] == ["bom_not_planned"]


def test_lots_are_made_for_a_firm_parent() -> None:
    """A component that only a firm order takes is made although it has a set-up cost."""
    items = pd.DataFrame({"item": ["c"], "setup_cost": [5.0]})
    report = plan_production(
        wanted(b=10), line(), ways(*"abc"), items=items, bom=BOM, firm=fixed("a", weeks(6)[2]), params=OFF
    )
    assert made(report, "c") == 10
    assert report.summary["cost"]["total"] == 5


def test_a_firm_order_after_the_horizon_is_left_out_with_a_reason() -> None:
    """It takes no hours of the last bucket and delivers nothing there."""
    report = plan_production(wanted(a=10), line(), ways("a"), firm=fixed("a", "2027-05-03"), params=OFF)
    assert report.load["hours"].tolist() == [0, 0, 0, 10, 0, 0]
    assert [r["code"] for r in report.summary["reasons"]] == ["beyond_horizon"]


@pytest.mark.parametrize("mean", [1.0, 4.0, 30.0])
def test_expected_demand_is_the_mean_where_one_is_given(mean: float) -> None:
    """A heavy tail beyond the outer quantile neither explodes nor vanishes: the paths average the mean."""
    table = pd.DataFrame({"q0.1": [0.0], "q0.5": [2.0], "q0.9": [20.0], "mean": [mean]})
    zero = np.zeros(1, np.int64)
    assert demand_atoms(table, zero, zero, (1, 1)).mean[0, 0] == pytest.approx(mean)


def test_help_names_the_sections_of_its_parameters() -> None:
    """Square brackets are words, not styles."""
    shown = CliRunner().invoke(app, ["plan", "--help"], env={"COLUMNS": "200"}).output
    assert all(section in shown for section in ("[weights]", "[horizon]", "[solve]"))


def test_the_worst_items_are_named_with_what_would_help() -> None:
    """Four items share a full line: the three that lack most are named, the fourth is summed."""
    items = pd.DataFrame({"item": list("abcd"), "backlog_cost": [1.0, 2.0, 3.0, 4.0]})
    table = wanted(a=400, b=300, c=200, d=1000)
    report = plan_production(table, line(4, capacity=10.0), ways(*"abcd"), items=items, params=OFF)
    named = report.summary["reasons"]
    assert [r["item"] for r in named] == ["d", "a", "b", "c"]
    assert all("from 2026-01-26" in r["detail"] and "more hours there would help" in r["detail"] for r in named)


def test_a_shortage_that_is_cheaper_names_the_price_and_no_resource() -> None:
    """With free hours it is the price of being short that binds."""
    items = pd.DataFrame({"item": ["a"], "backlog_cost": [1.0]})
    report = plan_production(wanted(a=10), line(), ways("a", cost=50.0), items=items, params=OFF)
    (reason,) = report.summary["reasons"]
    assert (reason["code"], reason["item"], reason.get("resource")) == ("priced_out", "a", None)
    assert "higher backlog_cost or lost_cost" in reason["detail"]
