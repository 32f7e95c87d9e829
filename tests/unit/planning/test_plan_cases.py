"""What a plan does in small cases that can be followed by hand."""

import pandas as pd
import pytest

from planning.params import HorizonParams, PlanParams, PlanWeights
from services.plan_production import PlanReport, plan_production

WEEKS = pd.date_range("2026-01-05", periods=6, freq="7D")
OFF = PlanWeights(idle=0, overtime=0, load_change=0, peak=0, plan_change=0)


def demand(**pieces: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        [(i, WEEKS[t], y) for i, ys in pieces.items() for t, y in enumerate(ys)], columns=["item", "bucket", "y"]
    )


def resources(weeks: int = 4, overtime: float = 0.0, **hours: float | list[float]) -> pd.DataFrame:
    rows = []
    for name, value in hours.items():
        values = value if isinstance(value, list) else [value] * weeks
        rows += [(name, WEEKS[t], h, overtime) for t, h in enumerate(values)]
    return pd.DataFrame(rows, columns=["resource", "bucket", "capacity", "overtime"])


def routes(*rows: dict) -> pd.DataFrame:
    base = {"item": "a", "route": "r", "step": 1, "resource": "L", "hours_per_unit": 1.0}
    return pd.DataFrame([base | row for row in rows or ({},)])


def made(report: PlanReport, item: str = "a", step: int = 1) -> list[int]:
    orders = report.orders[(report.orders["item"] == item) & (report.orders["step"] == step)]
    return orders.groupby("start")["pieces"].sum().reindex(WEEKS[:4], fill_value=0).tolist()


def codes(report: PlanReport) -> set[str]:
    return {reason["code"] for reason in report.summary["reasons"]}


COSTED = pd.DataFrame({"item": ["a"], "holding_cost": [1.0]})


def test_without_a_level_price_each_piece_is_made_when_it_is_needed() -> None:
    """Holding cost alone makes a plan follow demand."""
    report = plan_production(
        demand(a=[5, 20, 0, 10]), resources(L=40), routes(), items=COSTED, params=PlanParams(weights=OFF)
    )
    assert made(report) == [5, 20, 0, 10]
    assert report.summary["cost"]["total"] == 0


def test_a_price_on_load_changes_levels_the_load() -> None:
    """With changes dear and holding cheap the load is the same in every bucket."""
    params = PlanParams(weights=PlanWeights(idle=0, overtime=0, load_change=100))
    report = plan_production(demand(a=[0, 20, 0, 20]), resources(L=40), routes(), items=COSTED, params=params)
    assert made(report) == [10, 10, 10, 10]
    assert report.summary["resources"]["L"]["load_cv"] == 0


def test_a_price_on_the_peak_lowers_it() -> None:
    """A peak price moves work ahead of the largest bucket."""
    params = PlanParams(weights=PlanWeights(idle=0, overtime=0, load_change=0, peak=50))
    report = plan_production(demand(a=[0, 0, 0, 40]), resources(L=40), routes(), items=COSTED, params=params)
    assert max(made(report)) == 10


def test_work_is_made_early_when_the_right_bucket_is_full_and_says_so() -> None:
    """Pieces beyond a bucket's capacity come from the bucket before, with the resource as the reason."""
    report = plan_production(
        demand(a=[0, 0, 15]), resources(weeks=3, L=10), routes(), items=COSTED, params=PlanParams(weights=OFF)
    )
    assert made(report) == [0, 5, 10, 0]
    assert report.orders["reason"].tolist() == ["early_capacity: L full on 2026-01-19", "on_time"]


def test_overtime_is_used_when_it_is_cheaper_than_being_late() -> None:
    """Overtime has a price per hour and is bounded by the calendar."""
    items = pd.DataFrame({"item": ["a"], "backlog_cost": [100.0]})
    params = PlanParams(weights=PlanWeights(idle=0, overtime=10, load_change=0))
    report = plan_production(
        demand(a=[13, 0]), resources(weeks=2, overtime=2, L=10), routes(), items=items, params=params
    )
    assert made(report)[:2] == [12, 1]
    assert report.summary["cost"]["overtime"] == 20
    assert report.summary["cost"]["backlog"] == 100
    assert report.orders["reason"].iloc[1].startswith("late_capacity: L")


def test_lead_buckets_move_starts_ahead_step_by_step() -> None:
    """A step's output can be used lead_buckets after it starts, and the next step waits for it."""
    steps = routes({"lead_buckets": 1}, {"step": 2, "resource": "M", "lead_buckets": 1})
    report = plan_production(demand(a=[0, 0, 6]), resources(weeks=3, L=9, M=9), steps, items=COSTED)
    shown = report.orders.set_index("step")[["start", "due"]]
    assert shown.loc[1].tolist() == [WEEKS[0], WEEKS[1]]
    assert shown.loc[2].tolist() == [WEEKS[1], WEEKS[2]]


def test_yield_starts_more_pieces_than_come_out() -> None:
    """Half the pieces are good, so twice as many are started and each step's hours count what it starts."""
    steps = routes({"yield": 0.5}, {"step": 2, "resource": "M"})
    report = plan_production(demand(a=[10]), resources(weeks=1, L=40, M=40), steps)
    assert report.orders.set_index("step")["pieces"].to_dict() == {1: 20, 2: 10}
    assert report.orders.set_index("step")["hours"].to_dict() == {1: 20, 2: 10}


def test_alternative_resources_share_a_step() -> None:
    """Two resources for one step together make what neither could alone."""
    report = plan_production(demand(a=[30]), resources(weeks=1, L=20, M=20), routes({}, {"resource": "M"}))
    assert report.orders["pieces"].sum() == 30
    assert report.orders["hours"].max() <= 20


def test_components_are_made_for_their_parents() -> None:
    """Dependent demand follows the bill of materials, in time for the parent's first step."""
    bom = pd.DataFrame({"parent": ["a"], "component": ["c"], "quantity": [2.0]})
    report = plan_production(
        demand(a=[0, 5]),
        resources(weeks=2, L=40),
        routes({}, {"item": "c", "lead_buckets": 1}),
        bom=bom,
        items=pd.DataFrame({"item": ["a", "c"], "holding_cost": [5.0, 1.0], "initial_stock": [0, 4.0]}),
        params=PlanParams(weights=OFF),
    )
    assert made(report, "a")[:2] == [0, 5]
    assert made(report, "c")[:2] == [6, 0]


def test_initial_stock_is_used_first() -> None:
    """Production is net of what is there already."""
    items = pd.DataFrame({"item": ["a"], "initial_stock": [12.0], "holding_cost": [1.0]})
    report = plan_production(
        demand(a=[5, 10]), resources(weeks=2, L=40), routes(), items=items, params=PlanParams(weights=OFF)
    )
    assert made(report)[:2] == [0, 3]


def test_a_machine_is_not_kept_busy_with_pieces_that_nobody_wants() -> None:
    """Idle hours are priced, yet nothing beyond the highest demand is made."""
    report = plan_production(demand(a=[5, 5]), resources(weeks=2, L=40), routes())
    assert report.orders["pieces"].sum() == 10
    assert report.summary["cost"]["idle"] == 70 * 25


def test_an_item_ends_with_its_last_bucket() -> None:
    """What is owed at the end of an item's life is lost, and nothing arrives after it."""
    items = pd.DataFrame({"item": ["a"], "backlog_cost": [1.0], "lost_cost": [50.0], "last_bucket": ["2026-01-12"]})
    report = plan_production(
        demand(a=[0, 20]), resources(weeks=4, L=8), routes(), items=items, params=PlanParams(weights=OFF)
    )
    assert made(report) == [8, 8, 0, 0]
    assert report.summary["cost"]["lost"] == 4 * 50


def test_nothing_starts_before_an_item_is_known() -> None:
    """known_from delays the first order and is named as the reason for being late."""
    items = pd.DataFrame({"item": ["a"], "backlog_cost": [1.0], "known_from": ["2026-01-19"]})
    report = plan_production(demand(a=[0, 4]), resources(L=8), routes(), items=items, params=PlanParams(weights=OFF))
    assert made(report) == [0, 0, 4, 0]
    assert report.orders["reason"].tolist() == ["late_known_from: 2026-01-19"]


def test_setups_gather_demand_into_lots() -> None:
    """A dear set-up makes one lot for two buckets; its hours and its cost are counted once."""
    items = pd.DataFrame({"item": ["a"], "holding_cost": [1.0], "setup_cost": [100.0]})
    report = plan_production(
        demand(a=[5, 5]),
        resources(weeks=2, L=40),
        routes({"setup_hours": 3.0}),
        items=items,
        params=PlanParams(weights=OFF),
    )
    assert made(report)[:2] == [10, 0]
    assert report.orders["hours"].tolist() == [13]
    assert report.summary["cost"]["setup"] == 100


@pytest.mark.parametrize(("rule", "pieces"), [({"minimum_lot": 25}, 25), ({"lot_multiple": 12}, 24)])
def test_lot_sizes_are_respected(rule: dict, pieces: int) -> None:
    """A smallest lot and a multiple are rounded up to."""
    report = plan_production(demand(a=[20]), resources(weeks=1, L=40), routes(rule), params=PlanParams(weights=OFF))
    assert made(report)[0] == pieces


def test_a_minimum_run_gathers_work() -> None:
    """A resource runs at least min_run hours in a bucket, or not at all."""
    calendar = resources(weeks=3, L=20).assign(min_run=12.0)
    items = COSTED.assign(leftover_cost=5.0)
    report = plan_production(demand(a=[6, 6, 6]), calendar, routes(), items=items, params=PlanParams(weights=OFF))
    hours = report.load["hours"]
    assert ((hours == 0) | (hours >= 12)).all()
    assert report.orders["pieces"].sum() == 18


def test_the_closed_days_of_a_calendar_are_no_load_change() -> None:
    """Levelness is judged between open buckets: a holiday costs nothing."""
    params = PlanParams(weights=PlanWeights(idle=0, overtime=0, load_change=10))
    report = plan_production(
        demand(a=[10, 10, 0, 10]), resources(L=[40, 40, 0, 40]), routes(), items=COSTED, params=params
    )
    assert made(report)[2] == 0
    assert report.summary["cost"]["load_change"] == 0


def test_firm_orders_stay_and_count() -> None:
    """Firm work takes its hours and delivers its pieces; the plan makes only the rest."""
    firm = pd.DataFrame(
        {"item": ["a"], "route": ["r"], "step": [1], "resource": ["L"], "pieces": [7], "start": ["2026-01-05"]}
    )
    report = plan_production(
        demand(a=[10]), resources(weeks=1, L=10), routes(), firm=firm, params=PlanParams(weights=OFF)
    )
    assert made(report)[0] == 10
    assert report.orders.set_index("state")["pieces"].to_dict() == {"firm": 7, "proposed": 3}
    assert report.load["hours"].tolist() == [10]


def test_a_plan_fed_back_as_firm_keeps_its_firm_buckets() -> None:
    """Inside the firm horizon the last plan stays order by order, whatever demand does."""
    first = plan_production(demand(a=[5, 10, 5]), resources(weeks=3, L=40), routes(), items=COSTED)
    params = PlanParams(horizon=HorizonParams(firm=2))
    again = plan_production(
        demand(a=[9, 20, 9]), resources(weeks=3, L=40), routes(), items=COSTED, firm=first.orders, params=params
    )
    kept = first.orders[first.orders["start"] < WEEKS[2]]
    shown = again.orders[again.orders["state"] == "firm"]
    assert shown[["order_id", "pieces"]].to_numpy().tolist() == kept[["order_id", "pieces"]].to_numpy().tolist()
    assert again.orders["pieces"].sum() == 38


def test_replanning_the_same_changes_nothing() -> None:
    """With the same input, a re-plan has the same order ids and no nervousness."""
    inputs = (demand(a=[5, 10, 5]), resources(weeks=3, L=40), routes())
    first = plan_production(*inputs, items=COSTED)
    params = PlanParams(horizon=HorizonParams(slushy=3))
    again = plan_production(*inputs, items=COSTED, firm=first.orders, params=params)
    assert again.summary["nervousness"] == 0
    assert again.orders["order_id"].tolist() == first.orders["order_id"].tolist()


def test_a_price_on_plan_changes_keeps_the_last_plan() -> None:
    """In the slushy horizon a small gain is not worth moving hours."""
    inputs = (demand(a=[0, 10]), resources(weeks=2, L=40), routes())
    last = pd.DataFrame(
        {
            "item": ["a"],
            "route": ["r"],
            "step": [1],
            "resource": ["L"],
            "pieces": [10],
            "start": ["2026-01-05"],
            "state": ["proposed"],
        }
    )
    weights = PlanWeights(idle=0, overtime=0, load_change=0, plan_change=5)
    free = plan_production(
        *inputs, items=COSTED, firm=last, params=PlanParams(weights=weights, horizon=HorizonParams(slushy=0))
    )
    slushy = plan_production(
        *inputs, items=COSTED, firm=last, params=PlanParams(weights=weights, horizon=HorizonParams(slushy=2))
    )
    assert made(free)[:2] == [0, 10]
    assert made(slushy)[:2] == [10, 0]
    assert free.summary["nervousness"] == 2


def test_quantiles_buy_cover_when_being_late_is_dear() -> None:
    """With b much larger than h the plan reaches for a high quantile, and says that it is cover."""
    table = pd.DataFrame({"item": ["a"], "bucket": [WEEKS[0]], "q0.1": [5], "q0.5": [10], "q0.9": [20]})
    items = pd.DataFrame({"item": ["a"], "holding_cost": [1.0], "backlog_cost": [20.0]})
    report = plan_production(table, resources(weeks=1, L=40), routes(), items=items, params=PlanParams(weights=OFF))
    assert made(report)[0] == 20


def test_lots_are_not_made_to_keep_a_machine_busy() -> None:
    """Idle hours are dear, yet lots exceed demand by less than one lot."""
    sized = routes({"minimum_lot": 7, "lot_multiple": 3, "setup_hours": 1.0})
    report = plan_production(demand(a=[5, 5, 5, 5]), resources(L=40), sized, items=COSTED)
    assert 20 <= report.orders["pieces"].sum() <= 27
    assert (report.orders["pieces"] % 3 == 0).all()
    assert report.orders["pieces"].min() >= 7


def test_a_forecast_file_is_taken_as_it_is() -> None:
    """unique_id and ds are the item and the bucket; a mean beside one quantile changes nothing."""
    table = pd.DataFrame({"unique_id": ["a"], "ds": [WEEKS[0]], "mean": [99.0], "q0.5": [10.0]})
    report = plan_production(table, resources(weeks=1, L=40), routes())
    assert made(report)[0] == 10


INFEASIBLE = [
    # what is wrong, keyword arguments, code, words of the reason
    (
        "too little capacity",
        {"resources": resources(weeks=2, L=5)},
        "no_capacity",
        "item a: 15 pieces short from 2026-01-05",
    ),
    (
        "a resource that is always closed",
        {"resources": resources(weeks=2, L=0)},
        "no_capacity",
        "resource L has no hours",
    ),
    ("a step nobody can do", {"routes": routes({}, {"step": 2, "resource": "X"})}, "step_without_resource", "step 2"),
    ("no route at all", {"routes": routes({"item": "b"})}, "no_route", "item a"),
    ("a route that is too slow", {"routes": routes({"lead_buckets": 1})}, "lead_time", "no route delivers"),
    ("a lot that no bucket holds", {"routes": routes({"minimum_lot": 500})}, "lot_above_capacity", "500 h on L"),
    (
        "a minimum run longer than a bucket",
        {"resources": resources(weeks=2, L=40).assign(min_run=99.0)},
        "minimum_run",
        "exceeds its hours in 2 bucket(s)",
    ),
    (
        "demand inside firm buckets",
        {
            "firm": pd.DataFrame(
                {"item": ["b"], "route": ["r"], "step": [1], "resource": ["L"], "pieces": [1], "start": ["2026-01-05"]}
            ),
            "params": PlanParams(horizon=HorizonParams(firm=1)),
        },
        "firm_horizon",
        "the buckets until then are firm",
    ),
    (
        "firm work above capacity",
        {
            "firm": pd.DataFrame(
                {"item": ["b"], "route": ["r"], "step": [1], "resource": ["L"], "pieces": [99], "start": ["2026-01-05"]}
            )
        },
        "firm_overload",
        "exceed its hours by 59",
    ),
]


@pytest.mark.parametrize(
    ("changes", "code", "words"), [case[1:] for case in INFEASIBLE], ids=[case[0] for case in INFEASIBLE]
)
def test_what_cannot_be_planned_has_a_reason_and_the_rest_is_planned(changes: dict, code: str, words: str) -> None:
    """Infeasible is a status with a reason by name; another item on another line is planned all the same."""
    inputs = {
        "demand": demand(a=[20, 0]),
        "resources": resources(weeks=2, L=40),
        "routes": routes({}, {"item": "b"}),
    } | changes
    inputs["demand"] = pd.concat([inputs["demand"], demand(ok=[4, 4])])
    inputs["resources"] = pd.concat([inputs["resources"], resources(weeks=2, OK=10)])
    inputs["routes"] = pd.concat([inputs["routes"], routes({"item": "ok", "resource": "OK"})])
    report = plan_production(**inputs)
    assert report.summary["status"] == "infeasible"
    assert code in codes(report)
    assert any(words in reason["detail"] for reason in report.summary["reasons"])
    assert sum(made(report, "ok")) == 8
    if code in {"step_without_resource", "no_route", "lot_above_capacity"}:
        assert report.summary["bound"] == pytest.approx(report.summary["cost"]["total"])


NOTED = [
    (
        "a calendar with a hole",
        {"resources": resources(L=40).drop(index=1)},
        "calendar_hole",
        "L has no row for 1 bucket",
    ),
    (
        "demand before the first bucket",
        {"resources": resources(L=40).drop(index=0)},
        "past",
        "due before the first bucket",
    ),
    (
        "demand after the item's end",
        {"items": pd.DataFrame({"item": ["a"], "last_bucket": ["2026-01-12"]})},
        "outside_life",
        "outside its first and last bucket",
    ),
    (
        "a firm order that started before the first bucket",
        {
            "firm": pd.DataFrame(
                {"item": ["a"], "route": ["r"], "step": [1], "resource": ["L"], "pieces": [1], "start": ["2025-12-29"]}
            )
        },
        "past",
        "started on 2025-12-29",
    ),
]


@pytest.mark.parametrize(("changes", "code", "words"), [case[1:] for case in NOTED], ids=[case[0] for case in NOTED])
def test_what_is_odd_but_can_be_planned_is_noted(changes: dict, code: str, words: str) -> None:
    """Such input is planned, and what was assumed is among the reasons."""
    report = plan_production(
        **{"demand": demand(a=[4, 4, 4, 4]), "resources": resources(L=40), "routes": routes()} | changes
    )
    assert report.summary["status"] == "optimal"
    assert any(r["code"] == code and words in r["detail"] for r in report.summary["reasons"])
