"""Hours held for hits not known yet, beside slow goods that are planned a year ahead and styles of a few weeks."""

import numpy as np
import pandas as pd
import pytest

from contracts.errors import TableError
from planning.params import PlanParams, PlanWeights
from services.plan_production import PlanReport, plan_production

YEAR = pd.date_range("2026-01-05", periods=52, freq="7D")
PARAMS = PlanParams(weights=PlanWeights(idle=20, overtime=40, load_change=0, chase=80))


def year(chase: tuple[float, float, float] | None, params: PlanParams = PARAMS, **tables: pd.DataFrame) -> PlanReport:
    """Plan a line of 100 hours: coats for the last ten weeks, known all year, and four styles of four weeks each."""
    rows = [("coat", week, 320.0) for week in YEAR[42:]]
    styles = {f"style{k}": 6 + 10 * k for k in range(4)}
    rows += [(name, YEAR[begin + age], 60.0) for name, begin in styles.items() for age in range(4)]
    terms = [("coat", 0.1, YEAR[0], YEAR[51])]
    terms += [(name, 1.0, YEAR[begin - 3], YEAR[begin + 4]) for name, begin in styles.items()]
    items = pd.DataFrame(terms, columns=["item", "holding_cost", "known_from", "last_bucket"])
    line = pd.DataFrame({"resource": "line", "bucket": YEAR, "capacity": 100.0, "overtime": 25.0})
    if chase is not None:
        line[["q0.1", "q0.5", "q0.9"]] = chase
    ways = {"item": items["item"], "route": "own", "step": 1, "resource": "line", "hours_per_unit": 1.0}
    return plan_production(
        pd.DataFrame(rows, columns=["item", "bucket", "y"]),
        line,
        pd.DataFrame({**ways, "lead_buckets": 1}),
        items=items.assign(backlog_cost=30.0, leftover_cost=20.0, lost_cost=60.0),
        params=params,
        **tables,
    )


def test_hours_are_held_where_hits_may_come_and_slow_goods_make_room() -> None:
    """The coats are made earlier, nothing is late, and the line keeps hours free in the weeks of its own styles too."""
    without, with_chase = year(None), year((0, 20, 40))
    load = with_chase.load
    assert load["held"].min() >= 20 - 1e-6
    assert (load["hours"] + load["held"] <= 125 + 1e-6).all()
    assert with_chase.summary["fill_rate"] == pytest.approx(1.0)
    assert set(with_chase.orders["item"]) == set(without.orders["item"])
    assert "held" not in without.load
    coats = [report.orders[report.orders["item"] == "coat"] for report in (without, with_chase)]
    begins = [np.average((c["start"] - YEAR[0]).dt.days, weights=c["pieces"]) for c in coats]
    assert begins[1] < begins[0]


@pytest.mark.parametrize(("chase", "held"), [(20.0, 0.0), (90.0, 20.0), (400.0, 40.0)])
def test_on_a_full_line_hours_are_held_for_what_they_are_worth(chase: float, held: float) -> None:
    """Overtime at 40 makes room: the first 20 hours are wanted with chance .7, the next with .3, else idle at 20."""
    hours = {"capacity": 100.0, "overtime": 100.0, "q0.1": 0, "q0.5": 20, "q0.9": 40}
    line = {"resource": "line", "bucket": YEAR[:3], **hours}
    ways = pd.DataFrame({"item": ["a"], "route": "r", "step": 1, "resource": "line", "hours_per_unit": 1.0})
    demand = pd.DataFrame({"item": "a", "bucket": YEAR[:3], "y": 100.0})
    params = PlanParams(weights=PlanWeights(idle=20, overtime=40, load_change=0, chase=chase))
    load = plan_production(demand, pd.DataFrame(line), ways, params=params).load
    shown = load["held"] if "held" in load else pd.Series([0.0])
    assert shown.tolist() == pytest.approx([held] * len(shown))


def test_held_hours_are_priced_apart_from_goods() -> None:
    """What is held costs its expected idle and unmet hours; the parts add up and goods keep their own."""
    summary = year((0, 20, 40)).summary
    held, cost = summary["held"], summary["cost"]
    assert held["expected_hours"] == pytest.approx(52 * 20)
    assert cost["held"] == pytest.approx(20 * held["unused_hours"] + 80 * held["unmet_hours"])
    assert sum(value for part, value in cost.items() if part != "total") == pytest.approx(cost["total"])
    assert cost["leftover"] == pytest.approx(0.0, abs=1e-6)
    assert not any(str(reason.get("item", "")).startswith("chase|") for reason in summary["reasons"])


def test_quantiles_of_hours_must_rise() -> None:
    """Crossing quantiles of the calendar are refused by name."""
    with pytest.raises(TableError, match=r"q0\.5"):
        year((30, 20, 40))
