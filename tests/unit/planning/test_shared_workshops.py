"""Workshops that also work for others: their load, theirs and ours together, and what they were promised."""

import pandas as pd
import pytest

from planning.params import PlanParams, PlanWeights
from services.plan_production import plan_production

WEEKS = pd.date_range("2026-01-05", periods=4, freq="7D")
OFF = PlanWeights(idle=0, overtime=0, load_change=0, peak=0, plan_change=0, promise=0)


def plan(weights: PlanWeights, **calendar: object):
    resources = pd.DataFrame(
        {"resource": ["own"] * 4 + ["shop"] * 4, "bucket": [*WEEKS, *WEEKS], "capacity": 40.0, **calendar}
    )
    routes = pd.DataFrame(
        {"item": "tee", "route": ["in", "out"], "step": 1, "resource": ["own", "shop"], "hours_per_unit": 1.0}
    ).assign(cost=[0.0, 1.0])
    demand = pd.DataFrame({"item": "tee", "bucket": WEEKS, "y": [20.0, 20, 20, 20]})
    items = pd.DataFrame({"item": ["tee"], "holding_cost": [0.1]})
    return plan_production(demand, resources, routes, items=items, params=PlanParams(weights=weights))


def test_hours_of_others_cannot_be_used():
    """Own line closed: the shop's hours left by others bound what is made, and its load counts them all."""
    report = plan(OFF, capacity=[0.0] * 4 + [40.0] * 4, outside=[0.0] * 4 + [10.0, 25, 10, 10])
    load = report.load.set_index(["resource", "bucket"])["hours"].loc["shop"]
    assert report.summary["status"] == "optimal"
    assert (load <= 40 + 1e-9).all()
    assert load.sum() == pytest.approx(80 + 55)


def test_a_shop_is_level_with_others_work_in_it():
    """Load changes are priced on all its hours, so ours fill the valleys that others leave."""
    report = plan(
        PlanWeights(idle=0, overtime=0, load_change=10, peak=0, plan_change=0),
        capacity=[0.0] * 4 + [40.0] * 4,
        outside=[0.0] * 4 + [0.0, 20, 0, 20],
    )
    load = report.load.set_index(["resource", "bucket"])["hours"].loc["shop"]
    assert load.tolist() == [30, 30, 30, 30]


def test_a_promised_share_brings_work_that_is_dearer_there():
    """A quarter of 160 hours was promised: 40 pieces go out though own work is cheaper."""
    share = {"promised_share": [None] * 4 + [0.25] * 4}
    weights = PlanWeights(idle=0, overtime=0, load_change=0, peak=0, plan_change=0, promise=50)
    report = plan(weights, **share)
    hours = report.orders.groupby("resource")["hours"].sum()
    assert hours["shop"] == pytest.approx(40)
    assert report.summary["cost"]["promise"] == 0
    assert plan(OFF, **share).orders["resource"].eq("own").all()


def test_a_promise_that_cannot_be_kept_is_paid():
    """Demand fills 80 of 160 promised hours; the other 80 are paid, and the bound agrees."""
    weights = PlanWeights(idle=0, overtime=0, load_change=0, peak=0, plan_change=0, promise=50)
    summary = plan(weights, promised_share=[None] * 4 + [1.0] * 4).summary
    assert summary["cost"]["promise"] == pytest.approx(50 * 80)
    assert summary["gap"] <= 1e-4


def test_more_outside_work_than_hours_is_named():
    """It is taken as full, and said so."""
    reasons = plan(OFF, outside=[50.0] + [0.0] * 7).summary["reasons"]
    assert [r["code"] for r in reasons] == ["outside_overload"]
    assert "own" in reasons[0]["detail"]
