"""A large plan in parts: never more than the hours there are, never below its bound, the same on any executor."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.plan_scale import scale_tables
from planning.build import PlanTables, problem_from_tables
from planning.evaluate import evaluate
from planning.model import build_model
from planning.params import HorizonParams, PlanParams, PlanWeights, SolveParams
from planning.plan import solve
from planning.prices import hour_prices
from planning.shards import item_blocks, needs_shards
from planning.tables import ITEMS, RESOURCES, ROUTES, demand_schema
from services.plan_production import plan_production

PARTS = PlanParams(solve=SolveParams(whole_starts=0, shard_items=15))
WHOLE = PlanParams()


def problem_of(tables: dict[str, pd.DataFrame], firm: pd.DataFrame | None = None):
    """Return the problem of raw tables."""
    checked = PlanTables(
        demand=demand_schema(tables["demand"]).check(tables["demand"]),
        resources=RESOURCES.check(tables["resources"]),
        routes=ROUTES.check(tables["routes"]),
        items=ITEMS.check(tables["items"]),
        firm=firm,
    )
    return problem_from_tables(checked)[0]


@pytest.fixture(scope="module")
def market():
    """60 styles that share 4 factories and a workshop."""
    return problem_of(scale_tables(60, 4, seed=3))


@pytest.fixture(scope="module")
def in_parts(market):
    """The market planned in four parts."""
    return solve(market, params=PARTS)


def test_only_large_plans_without_a_bill_of_materials_are_split(market) -> None:
    """The whole is planned at once up to the limit."""
    assert needs_shards(market, PARTS)
    assert not needs_shards(market, WHOLE)
    assert solve(market).shards == 1


def test_parts_keep_every_limit_together(market, in_parts) -> None:
    """Summed over the parts no resource works longer than it may, in whole pieces."""
    assert in_parts.shards == 4
    limit = market.capacity + market.overtime
    assert (in_parts.outcome.load <= limit + 1e-6).all()
    assert in_parts.outcome.load.sum() > 0.5 * market.capacity.sum()


def test_the_bound_lies_below_the_best_plan_and_the_parts_near_it(market, in_parts) -> None:
    """The best fractional plan lies between the certified bound and the cost of the parts."""
    best = build_model(market, WHOLE).linear.solve(seconds=60, gap=0).objective
    assert in_parts.bound <= best * (1 + 1e-9)
    assert in_parts.bound >= best * 0.95
    assert best <= in_parts.outcome.total_cost <= best * 1.08
    assert in_parts.gap == pytest.approx(1 - in_parts.bound / in_parts.outcome.total_cost)


def test_the_bound_of_few_items_does_not_hang_on_the_last_digit(market, in_parts) -> None:
    """Capacities that differ by 1e-10 leave the bound where it is, at the relaxation of the whole."""
    best = build_model(market, WHOLE).linear.solve(seconds=60, gap=0).objective
    g = np.random.default_rng(0)
    other = market.replace(capacity=market.capacity * (1 + 1e-10 * g.standard_normal(market.capacity.shape)))
    for bound in (in_parts.bound, solve(other, params=PARTS).bound):
        assert bound == pytest.approx(best, rel=1e-7)


def test_the_plan_is_the_same_on_any_number_of_workers(market, in_parts) -> None:
    """Threads that plan at the same time change nothing."""
    with ThreadPoolExecutor(2) as pool:
        other = solve(market, params=PARTS, executor=pool)
    for name in ("mode", "bucket", "pieces"):
        np.testing.assert_array_equal(getattr(other, name), getattr(in_parts, name))
    assert other.bound == in_parts.bound


def test_blocks_are_neighbours_and_even(market) -> None:
    """Every item is in a block, blocks are of one size, and share few factories."""
    block, n_blocks = item_blocks(market, 15)
    assert n_blocks == 4
    assert np.ptp(np.bincount(block)) <= 1
    first = market.modes.op_resource[np.searchsorted(market.modes.op_mode, np.arange(len(market.modes.item)))]
    owners = [set(first[block[market.modes.item] == b]) for b in range(n_blocks)]
    assert len(owners[0] & owners[-1]) < len(owners[0] | owners[-1])


@pytest.mark.parametrize("weights", [PlanWeights(), PlanWeights(idle=0, overtime=5, load_change=2, peak=30)])
def test_with_hours_for_all_the_prices_prove_the_optimum(market, weights) -> None:
    """Where nothing is scarce the items do not meet, so the bound is what they cost alone plus the hours' prices."""
    rich = market.replace(capacity=market.capacity * 50, overtime=market.overtime * 0)
    params = replace(WHOLE, weights=replace(weights, load_change=0.0, peak=0.0))
    best = build_model(rich, params).linear.solve(seconds=60, gap=0).objective
    bound = hour_prices(rich, params, np.zeros(rich.shape[0], np.int64), 1).bound
    assert bound == pytest.approx(best, rel=1e-6)


def test_every_price_of_hours_counts_in_the_bound(market) -> None:
    """Change, peak, the load before and promises raise the bound, never above the best plan."""
    n_resources = market.shape[1]
    rich = market.replace(
        previous_load=np.full(n_resources, 1.0), promised_load=market.capacity * 1.1, idle_share=np.linspace(1, 0, 13)
    )
    params = replace(WHOLE, weights=PlanWeights(peak=40.0))
    best = build_model(rich, params).linear.solve(seconds=60, gap=0).objective
    bound = hour_prices(rich, params, np.zeros(rich.shape[0], np.int64), 1).bound
    assert 0.95 * best <= bound <= best * (1 + 1e-9)


def test_firm_work_beyond_the_hours_forbids_nothing_else(market) -> None:
    """A resource that firm orders overload is named, and everything else is still planned."""
    firm_hours = np.zeros(market.capacity.shape)
    firm_hours[0, 3] = 3 * (market.capacity + market.overtime)[0, 3]
    crowded = market.replace(firm_hours=firm_hours)
    found = solve(crowded, params=PARTS)
    limit = np.maximum(market.capacity + market.overtime, firm_hours)
    assert (found.outcome.load <= limit + 1e-6).all()
    assert [r.bucket for r in found.reasons if r.code == "firm_overload"] == [str(market.buckets[3])]
    assert found.pieces.sum() > 0.8 * solve(crowded).pieces.sum()


def test_what_may_not_be_late_is_on_time_in_parts_too(market) -> None:
    """With hours for all, parts deliver every piece when it is wanted."""
    strict = market.replace(
        capacity=market.capacity * 4,
        backlog_cost=np.full(market.shape[0], np.nan),
        initial_stock=market.demand.pieces[:, -1, :3].sum(axis=1),
    )
    found = solve(strict, params=PARTS)
    whole = solve(strict)
    assert "infeasible" not in {found.status, whole.status}
    assert found.outcome.late.sum() == pytest.approx(whole.outcome.late.sum(), abs=1.0)


def test_set_ups_are_planned_in_parts(market) -> None:
    """Parts with set-ups pay for them, and the bound without them stays below."""
    priced = market.replace(setup_cost=np.full(market.shape[0], 200.0))
    found = solve(priced, params=replace(PARTS, solve=replace(PARTS.solve, seconds=2.0, gap=0.02)))
    counted = evaluate(priced, PARTS, found.mode, found.bucket, found.pieces.astype(float))
    assert counted.cost["setup"] == 200.0 * len(found.mode)
    assert found.bound <= counted.total_cost


def test_news_of_one_style_moves_few_hours_of_the_next_weeks_by_default() -> None:
    """With a third more demand of one style, plans that may move anything move a third of the hours."""
    tables = scale_tables(30, 2, seed=3)
    before = plan_production(**tables).orders
    news = tables["demand"].copy()
    news.loc[news["item"] == "style000001", ["q0.1", "q0.5", "q0.9"]] *= 1.3
    inputs = tables | {"demand": news, "previous": before}
    free = plan_production(**inputs, params=PlanParams(horizon=HorizonParams(slushy=0)))
    moved, freely = (report.summary["nervousness"] for report in (plan_production(**inputs), free))
    assert moved < 0.01 < 0.2 < freely
