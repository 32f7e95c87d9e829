"""A central factory and its workshops: who may do what, how goods travel, who takes over."""

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError, TableError
from planning.dispatch import reassign
from planning.params import PlanParams, PlanWeights
from planning.workshops import DispatchParams
from services.dispatch_steps import dispatch_steps

WEEKS = pd.date_range("2026-03-02", periods=5, freq="7D")
OFF = PlanParams(weights=PlanWeights(idle=0, overtime=0, load_change=0, plan_change=0))


def tables(**more: object) -> dict:
    """Cutting is central; sewing by ws-1 (cheap) or ws-2; each with 40 hours a week."""
    names = {"cut": None, "s1": "ws-1", "s2": "ws-2"}
    resources = pd.DataFrame(
        [{"resource": r, "bucket": w, "capacity": 40.0, "factory": f} for r, f in names.items() for w in WEEKS]
    )
    routes = pd.DataFrame({"item": "tee", "route": "r", "step": [10, 20, 20], "resource": list(names),
                           "hours_per_unit": [0.2, 1.0, 1.0], "cost": [0.0, 1.0, 2.0]})  # fmt: skip
    given = {
        "demand": pd.DataFrame({"item": "tee", "bucket": WEEKS, "y": [0.0, 0, 30, 30, 30]}),
        "resources": resources,
        "routes": routes,
        "workshops": pd.DataFrame({"workshop": ["ws-1", "ws-2"], "otif_low": [0.6, 0.9], "defect_ppm": [0.0, 0.0]}),
        "items": pd.DataFrame({"item": ["tee"], "holding_cost": [0.1]}),
        "params": OFF,
    }
    return given | more


def hours(report) -> dict[str, float]:
    return report.orders.groupby("resource")["hours"].sum().to_dict()


def test_the_cheap_workshop_gets_the_work_and_the_central_steps_stay():
    """Only sewing is dispatched; the summary tells each workshop's hours."""
    report = dispatch_steps(**tables())
    assert hours(report) == {"cut": pytest.approx(18), "s1": pytest.approx(90)}
    assert set(report.dispatches["workshop"]) == {"ws-1"}
    assert report.summary["workshops"]["ws-1"]["hours"] == pytest.approx(90)
    assert report.summary["workshops"]["ws-2"]["hours"] == 0
    assert report.summary["reasons"] == []


def test_only_the_qualified_sew():
    """ws-1 may do step 10 only: it is named, and ws-2 sews."""
    pairs = pd.DataFrame({"workshop": ["ws-1", "ws-2"], "item": [None, "tee"], "step": [10, None]})
    report = dispatch_steps(**tables(qualified=pairs))
    assert set(report.dispatches["workshop"]) == {"ws-2"}
    assert "unqualified" in {r["code"] for r in report.summary["reasons"]}


def test_the_record_counts():
    """Below the floor nothing is given; above it unreliability has a price, and defects cost pieces."""
    strict = dispatch_steps(**tables(terms=DispatchParams(otif_floor=0.7)))
    assert set(strict.dispatches["workshop"]) == {"ws-2"}
    assert "otif_low 0.6" in next(r["detail"] for r in strict.summary["reasons"] if r["code"] == "scorecard")
    priced = dispatch_steps(**tables(terms=DispatchParams(late_cost=10.0)))
    assert set(priced.dispatches["workshop"]) == {"ws-2"}
    faulty = pd.DataFrame({"workshop": ["ws-1"], "defect_ppm": [100_000.0]})
    report = dispatch_steps(**tables(workshops=faulty))
    assert report.orders.loc[report.orders["step"] == 10, "pieces"].sum() == 100


def test_goods_need_time_between_workshops():
    """Two weeks from the central factory to ws-1, none to ws-2: the first demand can only be met by ws-2."""
    ways = pd.DataFrame({"src": ["cut"], "dst": ["ws-1"], "buckets": [2]})
    report = dispatch_steps(
        **tables(transfers=ways, demand=pd.DataFrame({"item": "tee", "bucket": WEEKS[:3], "y": [0, 20, 20]}))
    )
    orders = report.orders.set_index("order_id")
    assert set(report.dispatches.loc[report.dispatches["due"] <= WEEKS[1], "workshop"]) == {"ws-2"}
    for row in report.dispatches.itertuples():
        cut = orders.loc[row.dispatch_id.removesuffix("20") + "10"]
        weeks = (row.start - cut["start"]).days // 7
        assert weeks >= (2 if row.workshop == "ws-1" else 0)
        assert row.earliest <= row.start <= row.latest
    assert report.summary["status"] == "optimal"


def test_other_customers_come_first_and_the_whole_load_is_level():
    """ws-1 sews for others in weeks 1 and 3; ours fills the gaps."""
    others = pd.DataFrame({"resource": "s1", "bucket": WEEKS, "hours": [0.0, 30, 0, 30, 0]})
    weights = PlanWeights(idle=0, overtime=0, load_change=10, plan_change=0)
    report = dispatch_steps(
        **tables(outside=others, params=PlanParams(weights=weights),
                 items=pd.DataFrame({"item": ["tee"], "holding_cost": [0.01]}))
    )  # fmt: skip
    load = report.load[report.load["resource"] == "s1"]["hours"]
    assert load.sum() == pytest.approx(60 + hours(report)["s1"])
    assert report.summary["workshops"]["ws-1"]["load_cv"] < 0.35
    assert np.isclose(report.summary["workshops"]["ws-1"]["outside"], 60)


def test_who_takes_over_a_rejected_step():
    """The cheapest with room in the window, not the rejecter; without one each is named with its reason."""
    report = dispatch_steps(**tables())
    row = report.dispatches.iloc[-1]
    owner = report.owner.set_index("resource")["workshop"]
    spare = pd.DataFrame({"resource": ["s1", "s2"], "bucket": row["start"], "hours": 40.0})
    found = reassign(row, report.routes, spare, owner, {"ws-1"})
    assert (found.resource, found.start) == ("s2", row["start"])
    full = reassign(row, report.routes, spare.assign(hours=3.0), owner, {"ws-1"})
    assert full.resource is None
    assert full.reasons[0] == "s1: ws-1 rejected it"
    assert "at most 3 h left" in full.reasons[1]


def test_wrong_tables():
    """No resource of any workshop, an unknown resource of outside work, a wrong share."""
    with pytest.raises(InputError, match="a workshop of the table workshops"):
        dispatch_steps(**tables(workshops=pd.DataFrame({"workshop": ["ws-9"]})))
    with pytest.raises(TableError, match="outside: column 'resource', row 1"):
        dispatch_steps(**tables(outside=pd.DataFrame({"resource": ["s9"], "bucket": WEEKS[:1], "hours": [1.0]})))
    with pytest.raises(TableError, match="workshops: column 'otif_low'"):
        dispatch_steps(**tables(workshops=pd.DataFrame({"workshop": ["ws-1"], "otif_low": [2.0]})))
    with pytest.raises(ValueError, match="otif_floor"):
        DispatchParams(otif_floor=2)
