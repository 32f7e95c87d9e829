"""Plans against closed forms, enumeration and proven optima."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from benchmarks.plan_lots import lot_sizing_params, read_trigeiro
from planning.params import PlanParams, PlanWeights
from services.plan_production import plan_production

OFF = PlanParams(weights=PlanWeights(idle=0, overtime=0, load_change=0, peak=0, plan_change=0))
WEEKS = pd.date_range("2026-01-05", periods=3, freq="7D")


def one_line(buckets: pd.DatetimeIndex, hours: float, **terms: float) -> dict[str, pd.DataFrame]:
    return {
        "resources": pd.DataFrame({"resource": "L", "bucket": buckets, "capacity": hours}),
        "routes": pd.DataFrame(
            [{"item": "a", "route": "r", "step": 1, "resource": "L", "hours_per_unit": 1.0} | terms]
        ),
    }


@pytest.mark.parametrize("ratio", [0.3, 0.6, 0.8, 0.95])
def test_one_bucket_is_the_newsvendor(ratio: float) -> None:
    """With h, b and Normal demand the quantity is the b / (b + h) quantile (Arrow, Harris & Marschak, 1951)."""
    levels = np.arange(0.01, 1, 0.01)
    table = pd.DataFrame({"item": ["a"], "bucket": WEEKS[:1]})
    table = table.join(pd.DataFrame([1000 + 100 * norm.ppf(levels)], columns=[f"q{p:.2f}" for p in levels]))
    items = pd.DataFrame({"item": ["a"], "holding_cost": [1 - ratio], "backlog_cost": [ratio]})
    report = plan_production(table, **one_line(WEEKS[:1], 1e6), items=items, params=OFF)
    assert report.orders["pieces"].sum() == pytest.approx(1000 + 100 * norm.ppf(ratio), abs=4)


def cheapest(demand: list[int], capacity: int, terms: dict[str, float]) -> float:
    """Enumerate every production of 0 ... capacity per bucket."""
    best = np.inf
    for made in product(range(capacity + 1), repeat=len(demand)):
        if any(0 < x < terms["minimum"] or x % terms["multiple"] for x in made):
            continue
        if any(x * 1.0 + terms["setup_hours"] * (x > 0) > capacity for x in made):
            continue
        net = np.cumsum(made) - np.cumsum(demand)
        stock, late = np.maximum(net, 0), np.maximum(-net, 0)
        cost = terms["h"] * stock.sum() + terms["b"] * late.sum() + terms["lost"] * late[-1]
        cost += terms["left"] * stock[-1] + terms["setup"] * sum(x > 0 for x in made)
        load = np.array([x + terms["setup_hours"] * (x > 0) for x in made], float)
        cost += terms["idle"] * (capacity - load).sum() + terms["change"] * np.abs(np.diff(load)).sum()
        best = min(best, cost)
    return best


BASE = {
    "h": 1,
    "b": 5,
    "lost": 20,
    "left": 3,
    "setup": 0,
    "setup_hours": 0,
    "minimum": 0,
    "multiple": 1,
    "idle": 0,
    "change": 0,
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"setup": 9},
        {"setup": 4, "setup_hours": 2},
        {"minimum": 5},
        {"multiple": 4},
        {"idle": 2, "change": 1.5},
        {"setup": 6, "minimum": 3, "change": 2.5},
    ],
)
@pytest.mark.parametrize("demand", [[3, 7, 2], [0, 9, 1], [8, 8, 8]])
def test_tiny_plans_cost_what_enumeration_finds(changes: dict, demand: list[int]) -> None:
    """Three buckets, every integer production: no cheaper plan exists."""
    terms = BASE | changes
    sizes = {"setup_hours": terms["setup_hours"], "minimum_lot": terms["minimum"], "lot_multiple": terms["multiple"]}
    items = {"item": "a", "holding_cost": terms["h"], "backlog_cost": terms["b"], "lost_cost": terms["lost"]}
    items |= {"leftover_cost": terms["left"], "setup_cost": terms["setup"]}
    weights = PlanWeights(idle=terms["idle"], overtime=0, load_change=terms["change"])
    report = plan_production(
        pd.DataFrame({"item": "a", "bucket": WEEKS, "y": demand}),
        **one_line(WEEKS, 9, **sizes),
        items=pd.DataFrame([items]),
        params=PlanParams(weights=weights),
    )
    assert report.summary["cost"]["total"] == pytest.approx(cheapest(demand, 9, terms))
    assert report.summary["gap"] < 1e-3


@pytest.mark.data
def test_lot_sizing_instances_are_solved_to_proof(data_dir) -> None:
    """With all weights off and set-ups, a plan is the capacitated lot-sizing problem of Trigeiro et al. (1989)."""
    tables = read_trigeiro(data_dir / "trigeiro" / "F12.DAT")
    report = plan_production(**tables, params=lot_sizing_params(60.0))
    assert report.summary["status"] == "optimal"
    assert report.summary["gap"] <= 2e-4
    assert (report.load["hours"] <= 728 + 1e-6).all()
    made = report.orders.pivot_table(index="start", columns="item", values="pieces", aggfunc="sum")
    weeks = tables["resources"]["bucket"]
    made = made.reindex(weeks, fill_value=0).fillna(0).cumsum()
    wanted = tables["demand"].pivot_table(index="bucket", columns="item", values="y").cumsum()
    assert (made >= wanted).all().all()
