"""Routing policies on the same past orders: figures by hand, limits kept, the optimum on top."""

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError, TableError
from matching.online import OnlineOrder, OnlineRouter, Prices, RouterParams
from matching.policies import at_prices
from matching.problem import MatchProblem
from services.compare_routing import POLICIES, compare_routing
from services.routing_variants import variants_from_tables

ORDERS = pd.DataFrame({"order_id": ["a", "b", "c"], "pieces": [4, 4, 4], "due_days": [2.0, 2.0, 9.0]})
SUPPLIERS = pd.DataFrame({"supplier_id": ["s", "t"], "capacity": [6, 8]})
CANDIDATES = pd.DataFrame(
    {
        "order_id": ["a", "a", "b", "b", "c", "c"],
        "supplier_id": ["s", "t"] * 3,
        "score": [0.9, 0.8, 0.9, 0.2, 0.5, 0.4],
        "lead_time_days": [1.0, 5.0] * 3,
        "cost_fen": [500, 300] * 3,
    }
)


def test_each_rule_does_what_its_name_says():
    """Splits, costs and due dates of twelve pieces over two suppliers, worked by hand."""
    table = compare_routing(ORDERS, SUPPLIERS, CANDIDATES, policies=POLICIES).policies.set_index("policy")
    assert (table["fill"] == 1).all()
    assert table.loc["batch", "objective"] == table["objective"].max()
    assert table.loc["batch", "regret"] == pytest.approx(0, abs=1e-9)
    # Nearest and best score fill s with a and half of b; the rest of b and c goes to t.
    for rule in ("nearest", "best_score", "priority"):
        assert table.loc[rule, "objective"] == pytest.approx(4 * 0.9 + 2 * 0.9 + 2 * 0.2 + 4 * 0.4)
        assert table.loc[rule, "splits"] == pytest.approx(1 / 3)
    assert table.loc["nearest", "due_hits"] == pytest.approx(10 / 12)
    assert table.loc["cheapest", "cost_fen"] == 8 * 300 + 4 * 500
    assert table.loc["cheapest", "splits"] == 0
    assert table.loc["fewest_splits", "splits"] == 0
    assert table.loc["round_robin", "objective"] < table.loc["batch", "objective"]
    assert (table["fairness"] <= 1 + 1e-9).all()


def test_policies_and_their_columns_are_asked_for_by_name():
    """An unknown policy, or one whose column is absent, is refused."""
    with pytest.raises(InputError, match="policies"):
        compare_routing(ORDERS, SUPPLIERS, CANDIDATES, policies=["fastest"])
    with pytest.raises(TableError, match="cost_fen"):
        compare_routing(ORDERS, SUPPLIERS, CANDIDATES.drop(columns="cost_fen"), policies=["cheapest"])
    bare = compare_routing(ORDERS.drop(columns="due_days"), SUPPLIERS, CANDIDATES, policies=["batch"]).summary
    assert bare["policies"]["batch"]["due_hits"] is None


def test_no_policy_exceeds_a_capacity_or_the_bound():
    """On random orders in short supply."""
    rng = np.random.default_rng(3)
    orders = pd.DataFrame({"order_id": [f"o{i}" for i in range(60)], "pieces": rng.integers(1, 30, 60)})
    suppliers = pd.DataFrame({"supplier_id": [f"s{j}" for j in range(8)], "capacity": rng.integers(20, 150, 8)})
    rows = [(f"o{i}", f"s{j}") for i in range(60) for j in rng.choice(8, 4, replace=False)]
    candidates = pd.DataFrame(rows, columns=["order_id", "supplier_id"]).assign(score=rng.random(240))
    names = ["batch", "floors", "online", "best_score", "fewest_splits", "priority", "round_robin"]
    summary = compare_routing(orders, suppliers, candidates, policies=names).summary
    found = summary["policies"]
    assert all(one["objective"] <= summary["upper_bound"] + 1e-6 for one in found.values())
    assert all(one["fill"] * summary["pieces"] <= suppliers["capacity"].sum() + 1e-6 for one in found.values())
    assert found["floors"]["fairness"] >= found["batch"]["fairness"] - 0.05
    assert found["online"]["objective"] > found["round_robin"]["objective"]


def test_the_online_policy_is_the_online_router():
    """At the same prices, order by order, it takes what `OnlineRouter` takes: also where a price exceeds the gain."""
    rng = np.random.default_rng(5)
    n, m = 40, 6
    supplier = np.concatenate([rng.choice(m, 3, replace=False) for _ in range(n)])
    problem = MatchProblem(
        indptr=np.arange(0, 3 * n + 1, 3), supplier=supplier, score=rng.random(3 * n),
        pieces=rng.integers(1, 20, n), capacity=rng.integers(20, 70, m), penalty=rng.random(n),
    )  # fmt: skip
    prices = rng.random(m) * 1.5
    router = OnlineRouter(problem.capacity, Prices(prices))
    routed = [
        router.route(
            OnlineOrder(str(i), supplier[rows], problem.score[rows], int(problem.pieces[i]), problem.penalty[i])
        )
        for i in range(n)
        for rows in [slice(3 * i, 3 * i + 3)]
    ]
    pieces = at_prices(problem, prices[supplier], margin=RouterParams().margin)
    assert pieces.tolist() == np.concatenate([one.pieces for one in routed]).tolist()
    assert any("outbid" in one.reasons and one.unserved for one in routed)


def test_an_order_that_displaces_dearer_ones_is_refused_online():
    """Learnt from the even orders, a piece of s is worth 1.9: the odd order that gains 0.1 there is not served."""
    orders = pd.DataFrame({"order_id": ["a", "b", "c", "d"], "pieces": [4] * 4, "unmatched_penalty": [1.0, 0, 1, 0]})
    candidates = pd.DataFrame({"order_id": ["a", "b", "c", "d"], "supplier_id": "s", "score": [0.9, 0.1, 0.9, 0.1]})
    suppliers = pd.DataFrame({"supplier_id": ["s"], "capacity": [8]})
    found = compare_routing(orders, suppliers, candidates, policies=["online", "best_score"]).policies
    assert found["objective"].tolist() == pytest.approx([8 * 0.9, 4 * 0.9 + 4 * 0.1 - 4])


def test_what_ifs_stand_beside_the_policies():
    """Fewer pieces, a supplier down, a guaranteed share and other weights, each against its own bound."""
    what_ifs = variants_from_tables(
        {
            "half": {"capacity": 0.5},
            "s is down": {"capacities": {"s": 0}},
            "fair": {"floor": 1.0},
            "cheap": {"weights": {"base": 1.0, "parts": {"cost_fen": {"weight": 1.0, "scale": 1000.0}}}},
            "down, by hand": {"policy": "nearest", "capacities": {"s": 0}},
        }
    )
    table = compare_routing(ORDERS, SUPPLIERS, CANDIDATES, policies=["batch"], variants=what_ifs).policies
    table = table.set_index("policy")
    assert table.loc["half", "fill"] == pytest.approx(7 / 12)
    assert table.loc["s is down", "objective"] == pytest.approx(4 * 0.8 + 4 * 0.4 - 4)
    assert table.loc["s is down", "regret"] == 0
    assert table.loc["cheap", "cost_fen"] == 8 * 300 + 4 * 500
    assert table.loc["fair", "suppliers_used"] == 2
    assert table.loc["down, by hand", "objective"] == pytest.approx(4 * 0.8 + 4 * 0.2 - 4)


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"x": {"policy": "fastest"}}, "policy"),
        ({"x": {"floor": 2}}, "floor"),
        ({"x": {"policy": "online", "floor": 0.5}}, "floor"),
        ({"x": {"capacity": float("nan")}}, "capacity"),
        ({"x": {"capacities": {"s": -1}}}, "capacities.s"),
        ({"x": {"capacities": {"nobody": 1}}}, "nobody"),
        ({"x": {"weights": {"parts": {"colour": {"weight": 1}}}}}, "colour"),
        ({"x": {"speed": 1}}, "speed"),
        ({"x": 3}, "x"),
        ({"batch": {}}, "batch"),
    ],
)
def test_a_wrong_what_if_is_refused_by_name(tables, told):
    """Names the option, the supplier or the column."""
    with pytest.raises(InputError, match=told):
        compare_routing(ORDERS, SUPPLIERS, CANDIDATES, policies=["batch"], variants=variants_from_tables(tables))
