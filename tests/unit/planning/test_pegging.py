"""Pegs: what each order is for."""

import pandas as pd

from services.plan_production import plan_production

WEEKS = pd.date_range("2026-01-05", periods=3, freq="7D")


def test_stock_serves_first_and_components_are_pegged_to_their_parents():
    """30 tees in weeks 0 and 2 of which 5 lie in stock; each takes two sleeves, a tenth of which fail."""
    report = plan_production(
        pd.DataFrame({"item": "tee", "bucket": WEEKS, "y": [10.0, 0, 20]}),
        pd.DataFrame({"resource": "L", "bucket": WEEKS, "capacity": 100.0}),
        pd.DataFrame({"item": ["tee", "sleeve"], "route": "r", "step": 1, "resource": "L", "hours_per_unit": 0.5,
                      "yield": [1.0, 0.9]}),
        items=pd.DataFrame({"item": ["tee", "sleeve"], "holding_cost": [1.0, 1.0], "initial_stock": [5.0, 0.0]}),
        bom=pd.DataFrame({"parent": ["tee"], "component": ["sleeve"], "quantity": [2.0]}),
        pegs=True,
    )  # fmt: skip
    pegs = report.pegs
    tees = pegs[(pegs["item"] == "tee") & (pegs["covers"] == "demand")]
    assert tees.groupby("bucket")["pieces"].sum().to_dict() == {WEEKS[0]: 10, WEEKS[2]: 20}
    assert tees[tees["order_id"] == "stock"]["pieces"].tolist() == [5]
    sleeves = pegs[(pegs["item"] == "sleeve") & (pegs["covers"] == "component")]
    made_by = set(pegs.loc[(pegs["item"] == "tee") & (pegs["order_id"] != "stock"), "order_id"])
    assert set(sleeves["parent_order"]) <= made_by
    assert sleeves["pieces"].sum() == 2 * 25
    good = report.orders[report.orders["item"] == "sleeve"]["pieces"].sum() * 0.9
    assert abs(pegs.loc[pegs["item"] == "sleeve", "pieces"].sum() - good) < 1e-6


def test_what_no_median_asks_for_is_cover():
    """Pieces made against the upper quantiles are told apart."""
    report = plan_production(
        pd.DataFrame({"item": ["tee"], "bucket": WEEKS[:1], "q0.1": [5.0], "q0.5": [10.0], "q0.9": [20.0]}),
        pd.DataFrame({"resource": "L", "bucket": WEEKS[:1], "capacity": [100.0]}),
        pd.DataFrame({"item": ["tee"], "route": "r", "step": 1, "resource": "L", "hours_per_unit": 0.1}),
        items=pd.DataFrame({"item": ["tee"], "holding_cost": [0.1], "backlog_cost": [9.0], "lost_cost": [90.0]}),
        pegs=True,
    )
    assert report.pegs.groupby("covers")["pieces"].sum().to_dict() == {"cover": 10, "demand": 10}


def test_no_orders_no_pegs():
    """Without demand there is nothing to peg; the columns are there."""
    report = plan_production(
        pd.DataFrame({"item": ["tee"], "bucket": WEEKS[:1], "y": [0.0]}),
        pd.DataFrame({"resource": "L", "bucket": WEEKS[:1], "capacity": [100.0]}),
        pd.DataFrame({"item": ["tee"], "route": "r", "step": 1, "resource": "L", "hours_per_unit": 0.1}),
        pegs=True,
    )
    assert report.pegs.empty
    assert "covers" in report.pegs


def test_items_planned_together_are_pegged_as_each_alone():
    """Nobody's pieces cover another item's demand, whatever the names' order: "a10" sorts before "a9"."""
    names = ["a9", "b", "a10", "é"]
    demand = pd.concat([pd.DataFrame({"item": name, "bucket": WEEKS, "y": [3.0 * n + 5, 0, 7.0 - n]})
                        for n, name in enumerate(names)])  # fmt: skip
    lines = pd.DataFrame({"resource": "L", "bucket": WEEKS, "capacity": 1000.0})
    routes = pd.DataFrame({"item": names, "route": "r", "step": 1, "resource": "L", "hours_per_unit": 0.5})
    items = pd.DataFrame({"item": names, "holding_cost": 1.0, "initial_stock": [4.0, 0.0, 2.0, 0.0]})
    whole = plan_production(demand, lines, routes, items=items, pegs=True)
    for name in names:
        mine = whole.pegs[(whole.pegs["item"] == name) & (whole.pegs["covers"] == "demand")]
        wanted = demand[(demand["item"] == name) & (demand["y"] > 0)].set_index("bucket")["y"]
        assert mine.groupby("bucket")["pieces"].sum().to_dict() == wanted.to_dict()
        made = (
            whole.orders[whole.orders["item"] == name]["pieces"].sum() + items.set_index("item")["initial_stock"][name]
        )
        assert whole.pegs[whole.pegs["item"] == name]["pieces"].sum() == made
