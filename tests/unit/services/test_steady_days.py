"""Steadiness and fairness of a match, through tables."""

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError
from services.match_orders import MatchTerms, match_orders

ORDERS = pd.DataFrame(
    {"order_id": ["o1", "o2", "o3", "o4"], "pieces": [10] * 4, "first_day": [0, 0, 0, 2], "last_day": [0, 1, 2, 3]}
)
SUPPLIERS = pd.DataFrame({"supplier_id": ["s1", "s2"], "capacity": [40, 40]})
CANDIDATES = pd.DataFrame(
    [(f"o{k}", s, score) for k in range(1, 5) for s, score in (("s1", 0.9), ("s2", 0.85))],
    columns=["order_id", "supplier_id", "score"],
)


def matched(orders=ORDERS, **options):
    """Match with steadiness."""
    steady = options.pop("steady", 0.1)
    return match_orders(
        orders, SUPPLIERS, CANDIDATES, terms=MatchTerms(steady=steady, **options.pop("terms", {})), **options
    )


def test_orders_get_days_within_their_windows():
    """s1 makes ten pieces a day instead of thirty on the first; the score stays, and the swings are gone."""
    report = matched()
    days = report.allocation.merge(ORDERS, on="order_id")
    assert ((days["day"] >= days["first_day"]) & (days["day"] <= days["last_day"])).all()
    assert report.allocation.groupby(["supplier_id", "day"])["pieces"].sum().tolist() == [10, 10, 10, 10]
    told = report.summary["steadiness"]
    assert (told["cost"], told["penalty"], told["load_cv"], told["days"]) == pytest.approx((0, 0, 0, 4), abs=1e-12)
    assert told["load_cv_before"] == pytest.approx(np.std([30, 0, 10, 0]) / 10)
    assert report.summary["gap"] <= 1e-6


def test_steadiness_moves_pieces_where_that_costs_less():
    """Two orders due today make s1's first day double: at a small weight they stay, at 0.1 some go to s2."""
    orders = ORDERS.assign(first_day=0, last_day=[0, 0, 3, 3])
    small, large = matched(orders, steady=0.001), matched(orders, steady=0.1)
    assert small.summary["steadiness"]["cost"] == 0
    moved = large.allocation.query("supplier_id == 's2'")
    assert moved["day"].tolist() == [0] * len(moved)
    told = large.summary["steadiness"]
    assert told["cost"] == pytest.approx(0.05 * moved["pieces"].sum())
    assert told["cost"] > 0
    assert large.summary["objective"] == pytest.approx(40 * 0.9 - told["cost"] - told["penalty"])


def test_with_other_constraints_only_days_are_chosen():
    """Limits keep the allocation; its days are level as far as windows allow, and a note says so."""
    limits = pd.DataFrame([{"limit_id": "half", "kind": "ceiling", "per": "supplier_id", "most": 20}])
    plain = match_orders(ORDERS, SUPPLIERS, CANDIDATES, terms=MatchTerms(limits=limits))
    report = matched(terms={"limits": limits})
    served = report.allocation.groupby(["order_id", "supplier_id"])["pieces"].sum()
    assert served.to_dict() == plain.allocation.groupby(["order_id", "supplier_id"])["pieces"].sum().to_dict()
    assert not report.summary["steadiness"]["suppliers_chosen"]
    assert any("not its suppliers" in note for note in report.summary["notes"])


def test_fairness_is_reported_per_supplier():
    """s1 gets everything although half was s2's due: s2 envies 40 pieces, evening out 20 would cost 20 x 0.05."""
    assert match_orders(ORDERS, SUPPLIERS, CANDIDATES).fairness is None
    report = match_orders(ORDERS, SUPPLIERS, CANDIDATES, terms=MatchTerms(fairness=True))
    fairness = report.fairness.set_index("supplier_id")
    assert fairness.loc["s2", ["due", "received", "envied"]].tolist() == [20, 0, 40]
    assert fairness.loc["s2", "envy_cost"] == pytest.approx(1.0)
    assert fairness.loc["s1", "envied"] == 0


@pytest.mark.parametrize(
    ("orders", "steady", "message"),
    [
        (ORDERS.drop(columns="last_day"), 0.1, "column 'last_day': expected this required column"),
        (ORDERS.assign(last_day=None), 0.1, "expected the last day of at least one order"),
        (ORDERS.assign(first_day=[0, 2, 0, 0]), 0.1, "orders: row 2: expected 0 <= first_day <= last_day, got 2 to 1"),
        (ORDERS.assign(last_day=[0, 1, -2, 3]), 0.1, "column 'last_day', row 3: expected a whole number >= 0"),
        (ORDERS, -1.0, "--steady: expected a number >= 0 and <= 1e+12, got -1.0"),
        (ORDERS, float("nan"), "--steady: expected a number >= 0 and <= 1e+12, got nan"),
    ],
)
def test_wrong_days_are_refused(orders, steady, message):
    """By row."""
    with pytest.raises(InputError) as refused:
        matched(orders, steady=steady)
    assert message in str(refused.value)
