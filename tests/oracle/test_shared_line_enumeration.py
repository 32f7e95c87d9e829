"""Two items on one line against every plan there is: overtime, peak, minimum runs, stock, moves from the last plan."""

import numpy as np
import pandas as pd
import pytest

from planning.params import HorizonParams, PlanParams, PlanWeights
from services.plan_production import plan_production

WEEKS = pd.date_range("2026-01-05", periods=3, freq="7D")
HOURS, CAPACITY, OVERTIME = np.array([1.0, 2.0]), 6.0, 2.0
MOST = 6
MONEY = {"holding_cost": [1.0, 2.0], "backlog_cost": [4.0, 9.0], "lost_cost": [15.0, 30.0], "leftover_cost": [3.0, 5.0]}
LAST = np.array([[4, 0, 2], [0, 2, 0]])
OFF = {"idle": 0.0, "overtime": 0.0, "load_change": 0.0, "peak": 0.0, "plan_change": 0.0}


def cheapest(demand: np.ndarray, stock: np.ndarray, prices: dict[str, float], min_run: float) -> float:
    """Return the least cost over every whole number of pieces of each item in each bucket."""
    made = np.stack(np.meshgrid(*[np.arange(MOST + 1)] * 6, indexing="ij"), axis=-1).reshape(-1, 2, 3)
    load = (made * HOURS[:, None]).sum(axis=1)
    fits = (load <= CAPACITY + OVERTIME) & ((load == 0) | (load >= min_run))
    wanted = np.maximum(demand.sum(axis=1) - stock, 0) + (MOST * 3 if min_run else 0)  # only a run may be filled up
    allowed = fits.all(axis=1) & (made.sum(axis=2) <= wanted).all(axis=1)
    made, load = made[allowed], load[allowed]
    net = stock[:, None] + np.cumsum(made, axis=2) - np.cumsum(demand, axis=1)
    here, owed = np.maximum(net, 0), np.maximum(-net, 0)
    h, b, lost, left_over = (np.array(values)[:, None] for values in MONEY.values())
    cost = (h * here + b * owed).sum(axis=(1, 2)) + (lost * owed + left_over * here)[:, :, -1].sum(axis=1)
    cost = cost + prices["idle"] * np.maximum(CAPACITY - load, 0).sum(axis=1)
    cost += prices["overtime"] * np.maximum(load - CAPACITY, 0).sum(axis=1)
    cost += prices["load_change"] * np.abs(np.diff(load, axis=1)).sum(axis=1) + prices["peak"] * load.max(axis=1)
    cost += prices["plan_change"] * (np.abs(made - LAST) * HOURS[:, None]).sum(axis=(1, 2))
    return float(cost.min())


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("prices", "min_run"),
    [
        ({"idle": 1.5, "overtime": 2.5, "load_change": 1.0}, 0.0),
        ({"idle": 0.5, "overtime": 1.0, "peak": 6.0}, 0.0),
        ({"overtime": 1.0, "plan_change": 3.0}, 0.0),
        ({"load_change": 0.5, "overtime": 1.0}, 5.0),
    ],
)
def test_no_plan_of_two_items_on_a_line_is_cheaper(prices: dict[str, float], min_run: float, seed: int) -> None:
    """The plan costs what the best of all whole plans costs."""
    g = np.random.default_rng(seed)
    demand, stock = g.integers(0, 5, (2, 3)), g.integers(0, 3, 2)
    weights = OFF | prices
    step = {"route": "r", "step": 1, "resource": "L"}
    last = [
        {"item": item, **step, "pieces": pieces, "start": week, "state": "proposed"}
        for item, row in zip("ab", LAST, strict=True)
        for week, pieces in zip(WEEKS, row, strict=True)
        if pieces
    ]
    report = plan_production(
        pd.DataFrame({"item": np.repeat(["a", "b"], 3), "bucket": np.tile(WEEKS, 2), "y": demand.ravel()}),
        pd.DataFrame(
            {"resource": "L", "bucket": WEEKS, "capacity": CAPACITY, "overtime": OVERTIME, "min_run": min_run}
        ),
        pd.DataFrame([{"item": item, **step, "hours_per_unit": h} for item, h in zip("ab", HOURS, strict=True)]),
        items=pd.DataFrame({"item": ["a", "b"], "initial_stock": stock, **MONEY}),
        firm=pd.DataFrame(last),
        params=PlanParams(weights=PlanWeights(**weights), horizon=HorizonParams(slushy=3)),
    )
    assert report.summary["cost"]["total"] == pytest.approx(cheapest(demand, stock, weights, min_run))
