"""A plan from a demand file that holds several runs of a forecast."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from contracts.errors import TableError
from planning.params import HorizonParams, PlanParams, PlanWeights, RecourseParams
from services.plan_production import PlanReport, plan_production

WEEKS = pd.date_range("2026-01-05", periods=10, freq="7D")
LEVELS = (0.1, 0.5, 0.9)
CHANGES = ("added", "moved", "resized", "cancelled")
FREE = PlanWeights(idle=0, overtime=0, load_change=0, peak=0, plan_change=0)


def runs(now: int = 3, per_week: int = 1) -> pd.DataFrame:
    """Runs up to week `now` of items that sell for three weeks and whose spread falls a week before they begin."""
    g = np.random.default_rng(0)
    rows = []
    for p, copy in product(range(7), range(per_week)):
        update = 0.3 * g.standard_normal()
        for made in range(now + 1):
            told = made >= p - 1
            row = 100 * np.exp(told * update + (0.4 if told else 0.5) * norm.ppf(LEVELS))
            rows += [(f"i{p}-{copy}", WEEKS[week], WEEKS[made], *row) for week in range(max(p, made), p + 3)]
    return pd.DataFrame(rows, columns=["item", "bucket", "as_of", *(f"q{level}" for level in LEVELS)])


def plan(
    demand: pd.DataFrame, params: PlanParams | None = None, previous: pd.DataFrame | None = None, **route: float
) -> PlanReport:
    names = sorted(demand["item"].unique())
    weeks = WEEKS[WEEKS.searchsorted(demand["as_of"].max() if "as_of" in demand else WEEKS[3]) :]
    calendar = pd.DataFrame({"resource": "L", "bucket": weeks, "capacity": 90.0, "overtime": 20.0})
    ways = pd.DataFrame({"item": names, "route": "r", "step": 1, "resource": "L", "hours_per_unit": 0.3} | route)
    costs = {"holding_cost": 0.2, "backlog_cost": 8.0, "leftover_cost": 10.0, "lost_cost": 30.0}
    items = pd.DataFrame({"item": names, **costs})
    return plan_production(demand, calendar, ways, items=items, previous=previous, params=params)


def test_the_newest_run_is_planned_and_the_others_are_its_history() -> None:
    """The plan covers the demand of the last run, counts the runs, and is not the one that knows of no revision."""
    demand = runs()
    revisable = plan(demand)
    learnt = revisable.summary["recourse"]
    assert learnt["runs"] == 4
    assert learnt["branched"]
    assert 0 < learnt["bound"] <= learnt["expected_cost"]
    assert learnt["gap"] < 1e-6
    assert learnt["expected_cost"] < revisable.summary["bound"] <= revisable.summary["cost"]["total"]
    newest = demand[demand["as_of"] == WEEKS[3]].drop(columns="as_of")
    once = plan(newest)
    assert "recourse" not in once.summary
    assert once.summary["bound"] == pytest.approx(revisable.summary["bound"])
    assert set(revisable.orders["item"]) <= set(newest["item"])
    assert revisable.orders["pieces"].sum() < once.orders["pieces"].sum()
    assert plan(demand, PlanParams(recourse=RecourseParams(branches=1))).orders.equals(once.orders)


def test_sales_of_past_weeks_move_the_level() -> None:
    """Where items sold double what was forecast, more is made; what is too late to sell stays as it is."""
    demand = runs(now=5, per_week=9)
    selling = demand["bucket"] == demand["as_of"]
    dull = demand.assign(y=np.where(selling, demand["q0.5"], np.nan))
    brisk = demand.assign(y=np.where(selling, 2 * demand["q0.5"], np.nan))
    plans = [plan(d, PlanParams(weights=FREE), hours_per_unit=0.01) for d in (dull, brisk)]
    assert plans[1].orders["pieces"].sum() > plans[0].orders["pieces"].sum()


def test_lots_are_planned_without_branches() -> None:
    """A minimum lot keeps the plain plan, and the summary says so."""
    report = plan(runs(), minimum_lot=20.0)
    assert report.summary["recourse"] == {"runs": 4, "branched": False}


def test_the_order_of_rows_does_not_matter() -> None:
    """Shuffled rows give the same plan."""
    demand = runs()
    assert plan(demand.sample(frac=1.0, random_state=1)).orders.equals(plan(demand).orders)


def test_two_rows_of_one_run_are_refused() -> None:
    """A run forecasts a bucket once."""
    demand = pd.concat([runs(), runs().tail(1)])
    with pytest.raises(TableError, match="as_of"):
        plan(demand)


def terms(price: float) -> PlanParams:
    """One firm week, four slushy ones, and a price of moving an hour."""
    return PlanParams(horizon=HorizonParams(firm=1), weights=PlanWeights(plan_change=price))


@pytest.mark.parametrize("change", [1.0, 1.5])
def test_a_plan_over_branches_keeps_to_the_plan_before_it(change: float) -> None:
    """The firm week stays to the piece; of the slushy ones a twentieth moves at most, less the dearer an hour is."""
    demand = runs()
    before = plan(demand, terms(25.0))
    more = demand["item"].eq("i3-0") & demand["as_of"].eq(WEEKS[3])
    changed = demand.assign(**{name: demand[name] * np.where(more, change, 1.0) for name in ("q0.1", "q0.5", "q0.9")})
    found = [plan(changed, terms(price), previous=before.orders) for price in (0.0, 25.0, 1e6)]
    for report in found:
        assert report.summary["recourse"]["branched"]
        firm = [one.orders[one.orders["start"] == WEEKS[3]].set_index("item")["pieces"] for one in (before, report)]
        pd.testing.assert_series_equal(*(pieces.sort_index() for pieces in firm))
    moved = [report.summary["diff"]["nervousness"] for report in found]
    assert moved[0] > moved[1] >= moved[2]
    assert moved[1] <= 0.05
    assert len(found[0].diff) == sum(count for name, count in found[0].summary["diff"].items() if name in CHANGES)
