"""Due-date quotes against every production plan of tiny instances."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from planning.build import PlanTables, problem_from_tables
from planning.params import PlanParams, PlanWeights
from planning.quote import quote_dates
from planning.tables import FIRM, ITEMS

WEEKS = pd.date_range("2026-01-05", periods=3, freq="7D")


def tiny(capacity: list[int], overtime: list[int], demand: list[int], terms: dict, firm: list[int]):
    """One line, one item that may be late at a price, some firm hours of another."""
    firm_rows = [
        {"order_id": f"F-{t}", "item": "other", "route": "r", "step": 1, "resource": "L", "pieces": n,
         "start": WEEKS[t], "state": "firm"} for t, n in enumerate(firm) if n
    ]  # fmt: skip
    tables = PlanTables(
        demand=pd.DataFrame({"item": "own", "bucket": WEEKS, "y": np.array(demand, float)}),
        resources=pd.DataFrame({"resource": "L", "bucket": WEEKS, "capacity": capacity, "overtime": overtime}),
        routes=pd.DataFrame(
            {
                "item": ["own", "other"],
                "route": "r",
                "step": 1,
                "resource": "L",
                "hours_per_unit": 1.0,
                "cost": [2.0, 0.0],
            }
        ),
        items=ITEMS.check(pd.DataFrame([{"item": "own"} | terms, {"item": "other"} | terms])),
        firm=FIRM.check(pd.DataFrame(firm_rows)) if firm_rows else None,
    )
    return problem_from_tables(tables)[0]


def cheapest(problem, weights: PlanWeights, pieces: int, due: int | None) -> float:
    """Enumerate what is made of the item and of the order in each bucket; inf if the order cannot be in time."""
    own = int(np.flatnonzero(problem.items == "own")[0])
    capacity, overtime, firm = problem.capacity[0], problem.overtime[0], problem.firm_hours[0]
    demand = problem.demand.pieces[own, 0]
    limit = np.maximum(capacity + overtime - firm, 0).astype(int)
    best = np.inf
    order_plans = [(0, 0, 0)] if due is None else [
        plan for plan in product(*(range(min(int(n), pieces) + 1) for n in limit))
        if sum(plan) == pieces and sum(plan[: due + 1]) == pieces
    ]  # fmt: skip
    for order in order_plans:
        for made in product(*(range(int(n) + 1) for n in limit)):
            load = firm + np.array(order) + np.array(made)
            if (np.array(order) + np.array(made) > limit).any() or sum(made) > demand.sum():
                continue
            net = np.cumsum(made) - np.cumsum(demand)
            held = np.cumsum(order) * (np.arange(3) < (due if due is not None else 0))
            cost = problem.holding_cost[own] * (np.maximum(net, 0).sum() + held.sum())
            late = np.maximum(-net, 0)
            cost += problem.backlog_cost[own] * late.sum() + problem.lost_cost[own] * late[-1]
            cost += 2.0 * (sum(made) + sum(order)) + weights.idle * np.maximum(capacity - load, 0).sum()
            cost += weights.overtime * np.maximum(load - capacity, 0).sum()
            cost += weights.load_change * np.abs(np.diff(load[capacity + overtime > 0])).sum()
            best = min(best, cost)
    return best


CASES = [
    ([4, 4, 4], [0, 0, 0], [3, 3, 3], [0, 0, 0], 3),
    ([4, 4, 4], [2, 2, 2], [4, 4, 2], [0, 0, 0], 4),
    ([4, 4, 4], [1, 0, 2], [2, 4, 3], [4, 1, 0], 4),
    ([3, 0, 5], [1, 0, 0], [1, 2, 2], [2, 0, 1], 3),
    ([2, 2, 2], [0, 0, 0], [2, 2, 2], [2, 2, 2], 1),
]


@pytest.mark.parametrize("change", [0.0, 3.0])
@pytest.mark.parametrize(("capacity", "overtime", "demand", "firm", "pieces"), CASES)
def test_dates_and_prices_are_the_enumerated_ones(capacity, overtime, demand, firm, pieces, change):
    """The earliest date is the first that any plan allows; each price is the difference of two optima."""
    terms = {"holding_cost": 1.0, "backlog_cost": 4.0, "lost_cost": 30.0}
    weights = PlanWeights(idle=2, overtime=6, load_change=change, peak=0, plan_change=0)
    problem = tiny(capacity, overtime, demand, terms, firm)
    item = int(np.flatnonzero(problem.items == "own")[0])
    found = quote_dates(
        problem, np.array(["mill"], object), item=item, pieces=pieces, params=PlanParams(weights=weights), options=9
    )
    base = cheapest(problem, weights, pieces, None)
    prices = {t: cheapest(problem, weights, pieces, t) - base for t in range(3)}
    possible = [t for t in range(3) if np.isfinite(prices[t])]
    if not possible:
        assert [(option.bucket, option.takes) for option in found] == [(None, "nothing")]
        return
    assert found[0].bucket == possible[0]
    for option in found:
        assert option.cost == pytest.approx(prices[option.bucket], abs=1e-4)
    assert min(option.premium for option in found) == 0


def test_firm_work_is_never_moved_and_takes_tell_what_an_option_costs():
    """Week 0 is full of firm work; week 1 only by displacing; week 2 from spare hours."""
    weights = PlanWeights(idle=0, overtime=6, load_change=0, peak=0, plan_change=0)
    terms = {"holding_cost": 1.0, "backlog_cost": 4.0, "lost_cost": 90.0}
    problem = tiny([4, 4, 8], [0, 0, 0], [0, 4, 2], terms, [4, 0, 0])
    item = int(np.flatnonzero(problem.items == "own")[0])
    found = quote_dates(problem, np.array(["mill"], object), item=item, pieces=2, params=PlanParams(weights=weights))
    assert [(option.bucket, option.takes) for option in found] == [(1, "displaces"), (2, "spare")]
    assert found[0].displaced == (("own", 2.0),)
    assert (found[0].late_pieces, found[0].premium) == (2.0, pytest.approx(8.0))
