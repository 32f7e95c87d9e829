"""Every idle hour, hour of overtime and late piece has a reason."""

import pandas as pd
import pytest

from benchmarks.plan_scale import scale_tables
from planning.params import HorizonParams, PlanParams, PlanWeights
from services.plan_production import PlanReport, plan_production

WEEKS = pd.date_range("2026-01-05", periods=4, freq="7D")


def plan(y: list[int], *, capacity: list[float], overtime: float = 0.0, **more) -> PlanReport:
    """Plan one item on one line."""
    routes = pd.DataFrame({"item": ["a"], "route": ["r"], "step": [1], "resource": ["L"], "hours_per_unit": [1.0]})
    calendar = {"resource": "L", "bucket": WEEKS, "capacity": capacity, "overtime": overtime}
    return plan_production(
        pd.DataFrame({"item": "a", "bucket": WEEKS, "y": y}),
        pd.DataFrame(calendar),
        routes.assign(**more.pop("route", {})),
        items=pd.DataFrame({"item": ["a"], **more.pop("terms", {"holding_cost": 1.0})}),
        **more,
    )


CASES = [
    # what is planned, reasons of the four buckets
    ({"y": [5, 5, 5, 5], "capacity": [8.0] * 4}, ["no_demand"] * 4),
    ({"y": [9, 9, 9, 9], "capacity": [9.0] * 4}, [""] * 4),
    ({"y": [9, 9, 9, 9], "capacity": [8.0] * 4, "overtime": 2.0}, ["full_before"] * 4),
]


@pytest.mark.parametrize(("given", "expected"), CASES)
def test_what_binds_each_bucket_is_named(given: dict, expected: list[str]) -> None:
    """Idle where nothing more is wanted, overtime where earlier buckets are full."""
    report = plan(**given, params=PlanParams(weights=PlanWeights(load_change=0)))
    assert report.load["reason"].tolist() == expected


def test_a_bucket_too_late_to_start_in_says_so() -> None:
    """What starts in the last bucket of a route of two arrives after the plan."""
    report = plan([0, 9, 9, 9], capacity=[20.0] * 4, route={"lead_buckets": 1})
    assert report.load["reason"].iloc[3] == "no_start"


def test_hours_that_are_not_worth_it_say_so() -> None:
    """An item that costs more than being short of it is not made."""
    terms = {"backlog_cost": [0.0], "lost_cost": [0.5]}
    report = plan([6] * 4, capacity=[8.0] * 4, route={"cost": 90.0}, terms=terms)
    assert set(report.load["reason"]) == {"level"}
    assert report.summary["late_by_reason"] == {"priced_out": 60.0}


def test_firm_buckets_say_so() -> None:
    """Nothing new may start in a firm bucket, however idle."""
    firm = pd.DataFrame(
        {"item": ["a"], "route": ["r"], "step": [1], "resource": ["L"], "pieces": [2], "start": [WEEKS[0]]}
    )
    report = plan([0, 9, 9, 9], capacity=[10.0] * 4, firm=firm, params=PlanParams(horizon=HorizonParams(firm=1)))
    assert report.load["reason"].iloc[0] == "firm_horizon"


def test_no_hour_goes_without_a_reason() -> None:
    """In a market all idle hours, overtime and late pieces are told by reason, to the last one."""
    summary = plan_production(**scale_tables(60, 4, seed=3)).summary
    for name in ("idle", "overtime"):
        by_reason = summary["hours_by_reason"][name]
        assert "" not in by_reason
        assert sum(by_reason.values()) == pytest.approx(summary[f"{name}_hours"], rel=1e-6)
    assert summary["late_by_reason"]
    assert set(summary["hours_by_reason"]["overtime"]) <= {"full_before", "late_work", "firm", "rounding"}
