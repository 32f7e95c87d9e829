"""What holds for every plan."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.build import problem_from_tables
from planning.evaluate import Outcome, evaluate
from planning.params import PlanParams, PlanWeights, SolveParams
from planning.plan import solve
from planning.problem import PlanProblem
from planning.starts import possible_starts
from planning.surplus import allowed_surplus
from services.plan_production import checked_tables, plan_production

WEEKS = pd.date_range("2026-01-05", periods=5, freq="7D")


def market(seed: int, slack: float) -> dict[str, pd.DataFrame]:
    """Draw up to six items on up to three resources, with capacity = slack x mean work."""
    g = np.random.default_rng(seed)
    n_items, n_resources = int(g.integers(1, 7)), int(g.integers(1, 4))
    items, lines = [f"i{k}" for k in range(n_items)], [f"L{k}" for k in range(n_resources)]
    demand = g.integers(0, 40, (n_items, len(WEEKS)))
    hours = g.uniform(0.2, 2.0, (n_items, 2)).round(2)
    steps = [
        (item, "r", step, lines[int(g.integers(n_resources))], hours[k, step])
        for k, item in enumerate(items)
        for step in range(2)
    ]
    routes = pd.DataFrame(steps, columns=["item", "route", "step", "resource", "hours_per_unit"])
    work = (demand.sum(axis=1) * hours.sum(axis=1)).sum() / len(WEEKS)
    return {
        "demand": pd.DataFrame(
            {"item": np.repeat(items, len(WEEKS)), "bucket": np.tile(WEEKS, n_items), "y": demand.ravel()}
        ),
        "resources": pd.DataFrame(
            {
                "resource": np.repeat(lines, len(WEEKS)),
                "bucket": np.tile(WEEKS, n_resources),
                "capacity": round(slack * work, 2),
                "overtime": round(slack * work * 0.2, 2),
            }
        ),
        "routes": routes,
        "items": pd.DataFrame(
            {
                "item": items,
                "holding_cost": g.uniform(0.1, 2, n_items),
                "backlog_cost": g.uniform(2, 20, n_items),
                "lost_cost": 100.0,
            }
        ),
    }


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), slack=st.floats(0.2, 2))
def test_capacity_is_never_exceeded(seed: int, slack: float) -> None:
    """No resource works longer than capacity and overtime, whatever is demanded."""
    tables = market(seed, slack)
    report = plan_production(**tables)
    limit = tables["resources"].set_index(["resource", "bucket"])[["capacity", "overtime"]].sum(axis=1)
    used = report.load.set_index(["resource", "bucket"])["hours"]
    assert (used <= limit.reindex(used.index) + 1e-6).all()
    booked = report.orders.groupby(["resource", "start"])["hours"].sum()
    booked.index.names = ["resource", "bucket"]
    np.testing.assert_allclose(booked.reindex(used.index, fill_value=0), used, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_with_slack_what_is_made_is_what_is_wanted(seed: int) -> None:
    """With room for everything, what stock does not serve is made exactly once per piece, and on time."""
    tables = market(seed, 6.0)
    stock = np.random.default_rng(seed).integers(0, 60, len(tables["items"]))
    tables["items"] = tables["items"].drop(columns=["backlog_cost", "lost_cost"]).assign(initial_stock=stock)
    report = plan_production(**tables)
    first = report.orders[report.orders["step"] == 0]
    wanted = (tables["demand"].groupby("item")["y"].sum() - stock).clip(lower=0)
    made = first.groupby("item")["pieces"].sum().reindex(wanted.index, fill_value=0)
    assert made.tolist() == wanted.tolist()
    assert report.summary["fill_rate"] == pytest.approx(1.0)
    assert report.summary["status"] != "infeasible"


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), slack=st.floats(0.3, 1.2), more=st.floats(1.0, 1.5))
def test_more_capacity_never_costs_more(seed: int, slack: float, more: float) -> None:
    """Where idle hours are free, the best cost with more hours is at most that with fewer."""
    tables = market(seed, slack)
    params = PlanParams(weights=PlanWeights(idle=0, overtime=5, load_change=1))
    less = plan_production(**tables, params=params).summary["bound"]
    tables["resources"] = tables["resources"].assign(capacity=tables["resources"]["capacity"] * more)
    assert plan_production(**tables, params=params).summary["bound"] <= less * (1 + 1e-3) + 1e-6


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), slack=st.floats(0.3, 1.5))
def test_the_order_of_rows_changes_nothing(seed: int, slack: float) -> None:
    """Shuffled tables give the same orders, byte for byte."""
    tables = market(seed, slack)
    shuffled = {name: frame.sample(frac=1, random_state=seed) for name, frame in tables.items()}
    pd.testing.assert_frame_equal(plan_production(**tables).orders, plan_production(**shuffled).orders)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), slack=st.floats(0.3, 1.5))
def test_no_plan_beats_its_bound(seed: int, slack: float) -> None:
    """Neither the plan itself nor any other that keeps the hours costs less than the bound, in parts or whole."""
    tables, g = market(seed, slack), np.random.default_rng(seed)
    problem, _ = problem_from_tables(
        checked_tables(tables["demand"], tables["resources"], tables["routes"], {"items": tables["items"]}, {})
    )
    mode, bucket = possible_starts(problem)
    whole = solve(problem)
    parts = solve(problem, params=PlanParams(solve=SolveParams(whole_starts=0, shard_items=2)))
    assert parts.outcome.total_cost >= whole.bound * (1 - 1e-6)
    planned = np.zeros(problem.shape[2] * len(problem.modes.item))
    planned[whole.mode * problem.shape[2] + whole.bucket] = whole.pieces
    for _ in range(30):
        pieces = planned[mode * problem.shape[2] + bucket] + g.integers(-2, 3, len(mode)) * (g.random(len(mode)) < 0.3)
        other = evaluate(problem, PlanParams(), mode, bucket, np.maximum(pieces, 0.0))
        if _is_a_plan(problem, other):
            assert other.total_cost >= max(whole.bound, parts.bound) * (1 - 1e-6)


def _is_a_plan(problem: PlanProblem, outcome: Outcome) -> bool:
    """Whether loads keep to the hours and no more is left than may be."""
    most = problem.demand.pieces[:, -1].sum(axis=1) + allowed_surplus(problem)
    limit = problem.capacity + problem.overtime
    return bool((outcome.load <= limit + 1e-9).all() and (outcome.position[:, -1] <= most + 1e-9).all())
