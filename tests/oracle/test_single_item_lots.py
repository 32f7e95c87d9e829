"""Single-item lot sizing against the dynamic program of Wagner & Whitin (1958) and a textbook's worked example."""

import numpy as np
import pandas as pd
import pytest

from planning.params import PlanParams, PlanWeights
from services.plan_production import plan_production


def wagner_whitin(demand: list[int], setup: float, holding: float) -> float:
    """Return the least cost of lots that are never late: f(t) = min over s of f(s) + setup + holding of s ... t."""
    best = [0.0]
    for end in range(1, len(demand) + 1):
        kept = [sum(k * y for k, y in enumerate(demand[start:end])) for start in range(end)]
        wanted = [setup * any(demand[start:end]) + holding * stock for start, stock in enumerate(kept)]
        best.append(min(before + more for before, more in zip(best, wanted, strict=True)))
    return best[-1]


def planned(demand: list[int], setup: float, holding: float) -> tuple[float, list[int]]:
    """Return what the plan costs and the pieces of its lots by bucket."""
    weeks = pd.date_range("2026-01-05", periods=len(demand), freq="7D")
    report = plan_production(
        pd.DataFrame({"item": "a", "bucket": weeks, "y": demand}),
        pd.DataFrame({"resource": "L", "bucket": weeks, "capacity": float(sum(demand))}),
        pd.DataFrame({"item": ["a"], "route": ["r"], "step": [1], "resource": ["L"], "hours_per_unit": [1.0]}),
        items=pd.DataFrame({"item": ["a"], "holding_cost": [holding], "setup_cost": [setup]}),
        params=PlanParams(weights=PlanWeights(idle=0, overtime=0, load_change=0)),
    )
    made = report.orders.groupby("start")["pieces"].sum().reindex(weeks, fill_value=0)
    return report.summary["cost"]["total"], made.tolist()


def test_the_worked_example_of_a_textbook() -> None:
    """Snyder & Shen, *Fundamentals of Supply Chain Theory*, example 3.9 (stockpyl has it too): 1380, two lots."""
    cost, lots = planned([90, 120, 80, 70], 500, 2)
    assert cost == pytest.approx(1380)
    assert lots == [210, 0, 150, 0]
    assert wagner_whitin([90, 120, 80, 70], 500, 2) == 1380


@pytest.mark.parametrize("seed", range(6))
def test_lots_cost_what_the_dynamic_program_finds(seed: int) -> None:
    """Eight buckets, any set-up cost; a lot is only made when nothing is left (zero-inventory ordering)."""
    g = np.random.default_rng(seed)
    demand, setup = g.integers(1, 60, 8).tolist(), float(g.integers(5, 120))
    cost, lots = planned(demand, setup, 1.0)
    assert cost == pytest.approx(wagner_whitin(demand, setup, 1.0))
    stock_before = np.cumsum(lots) - np.cumsum(demand) - lots + demand
    assert (stock_before[np.array(lots) > 0] == 0).all()
