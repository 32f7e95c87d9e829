"""What plans from files can do, plans over HTTP can: parts, held hours, revisions, and every parameter."""

from dataclasses import fields

import pandas as pd
import pytest

from api.http.plan_rows import ParamsModel
from api.http.scenarios import ReplayModel, RuleModel
from benchmarks.plan_scale import scale_tables
from planning.params import PlanParams, ReplayParams, RuleParams
from services.plan_production import plan_production

WEEKS = ["2026-03-02", "2026-03-09", "2026-03-16"]


def rows(frame: pd.DataFrame) -> list[dict]:
    """Return a frame as JSON rows, to the last digit."""
    told = frame.assign(**{name: frame[name].astype(str) for name in frame.select_dtypes("datetime")})
    return told.to_dict("records")


def small(**more) -> dict:
    """One item on one line."""
    return {
        "demand": [{"item": "a", "bucket": week, "y": 20} for week in WEEKS],
        "resources": [{"resource": "L", "bucket": week, "capacity": 40} for week in WEEKS],
        "routes": [{"item": "a", "route": "r", "step": 1, "resource": "L", "hours_per_unit": 1}],
    } | more


def test_a_large_plan_is_made_in_parts_with_a_certified_gap(client, finished):
    """Posted tables above `whole_starts` are sharded as files are: the same plan, its bound and gap."""
    tables = scale_tables(60, 4, seed=3)
    asked = {"solve": {"whole_starts": 0, "shard_items": 15, "workers": 1}}
    job = finished("/v1/plans", {name: rows(frame) for name, frame in tables.items()} | {"params": asked})
    told = job["summary"]
    assert told["shards"] == 4
    assert told["bound"] <= told["cost"]["total"]
    assert told["gap"] == pytest.approx(1 - told["bound"] / told["cost"]["total"])
    assert 0 < told["gap"] < 0.2
    load = pd.DataFrame(client.get(job["tables"]["load"]["href"], params={"limit": 1000}).json()["rows"])
    limit = tables["resources"][["capacity", "overtime"]].sum(axis=1)
    assert load["hours"].sum() > 0
    assert load["hours"].max() <= limit.max() + 1e-6
    from_files = plan_production(**tables, params=PlanParams.from_tables(asked)).summary
    assert [told[name] for name in ("pieces", "cost", "bound")] == [from_files[n] for n in ("pieces", "cost", "bound")]


def test_hours_are_held_for_hits(finished):
    """Quantile columns of the resources are hours that unknown work may want."""
    body = small(params={"weights": {"chase": 200.0}})
    for row in body["resources"]:
        row |= {"q0.1": 0.0, "q0.5": 5.0, "q0.9": 12.0}
    told = finished("/v1/plans", body)["summary"]
    assert told["held"]["expected_hours"] > 0
    assert told["cost"]["held"] >= 0


def test_a_misspelt_resource_column_is_refused(client):
    """Only quantiles may stand beside the named columns."""
    body = small()
    body["resources"][1]["overtme"] = 4
    answer = client.post("/v1/plans", json=body)
    assert answer.status_code == 422
    assert "overtme is neither" in answer.text


def test_earlier_runs_of_the_forecast_make_branches(finished):
    """Rows with `as_of` are earlier runs; `recourse` says how they count, and can switch them off."""
    demand = []
    for item, told in (("a", 24), ("b", 12), ("c", 20)):
        for run, as_of in enumerate(("2026-02-16", "2026-02-23", "2026-03-02")):
            middle, spread = (told, 0.2) if run == 2 else (18, 0.5)
            levels = {"q0.1": middle * (1 - spread), "q0.5": middle, "q0.9": middle * (1 + spread)}
            demand += [{"item": item, "bucket": week, "as_of": as_of, **levels} for week in WEEKS]
    body = small(demand=demand)
    body["routes"] = [body["routes"][0] | {"item": item} for item in "abc"]
    body["items"] = [{"item": i, "holding_cost": 0.3, "backlog_cost": 6, "lost_cost": 30} for i in "abc"]
    told = finished("/v1/plans", body)["summary"]["recourse"]
    assert (told["runs"], told["branched"]) == (3, True)
    assert told["bound"] <= told["expected_cost"] * (1 + 1e-9)
    off = finished("/v1/plans", body | {"params": {"recourse": {"branches": 1}}})["summary"]
    assert "recourse" not in off


@pytest.mark.parametrize(
    ("model", "params"),
    [
        *((ParamsModel.model_fields[f.name].annotation.__args__[0], f.default_factory) for f in fields(PlanParams)),
        (ReplayModel, ReplayParams),
        (RuleModel, RuleParams),
    ],
)
def test_every_parameter_of_the_files_is_one_of_the_api(model, params):
    """A parameter added to the one is added to the other."""
    assert set(model.model_fields) == {field.name for field in fields(params)}
