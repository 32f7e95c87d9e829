"""What a planner sees first, from tables small enough to add up by hand."""

import pandas as pd
import pytest

from services.overview import _summed, attention, levelness, simulated_tables, unlevelled_load
from store.home import TABLES, Home

WEEKS = pd.to_datetime(["2026-03-02", "2026-03-09"])
PRODUCTS = pd.DataFrame({"sku_id": ["soap/s", "soap/l"], "style_id": ["soap", "soap"], "price_fen": [100, 300]})
ORDERS = pd.DataFrame(
    {
        "order_id": ["o1", "o2", "o3"],
        "sku_id": ["soap/s", "soap/l", "soap/s"],
        "due_date": pd.to_datetime(["2026-03-05"] * 3),
    }
)
MATCHES = pd.DataFrame(
    {
        "order_id": ["o1", "o2", "o3"],
        "supplier_id": ["f1", None, "f1"],
        "pieces": [10, 5, 7],
        "promised_date": pd.to_datetime(["2026-03-06", None, "2026-03-05"]),
        "reason": ["chosen", "full", "chosen"],
    }
)
LOAD = pd.DataFrame(
    {
        "resource": ["line", "line"],
        "bucket": WEEKS,
        "capacity": [40.0, 40.0],
        "hours": [30.0, 44.0],
        "idle": [10.0, 0.0],
        "overtime": [0.0, 4.0],
    }
)
SUMMARY = {"fen_per_hour": {"idle": 2_500.0, "overtime": 3_750.0}, "reasons": [
    {"code": "no_capacity", "item": "soap", "resource": "line", "bucket": "2026-03-09", "pieces": 6.0, "detail": ""},
    {"code": "rounding", "item": "soap", "pieces": 0.2, "detail": ""},
]}  # fmt: skip


@pytest.fixture
def found():
    return attention(orders=ORDERS, products=PRODUCTS, matches=MATCHES, load=LOAD, plan_summary=SUMMARY)


def test_the_most_money_comes_first(found):
    """Idle 10 h at 25, overtime 4 h at 37.5, an unfilled order, the short item, ten pieces a day late: 5 % a week."""
    assert found[["kind", "subject", "stake_fen"]].to_numpy().tolist() == [
        ["idle", "line", 25_000.0],
        ["overtime", "line", 15_000.0],
        ["unfilled order", "o2", 1_500.0],
        ["short of items", "soap", 1_200.0],
        ["late promise", "o1", pytest.approx(10 * 100 * 0.05 / 7)],
    ]


def test_hours_cost_what_the_plan_said_they_cost():
    """Other prices in the plan, other stakes; without a plan's prices hours cost nothing known."""
    cheap = {"fen_per_hour": {"idle": 1.0, "overtime": 2.0}}
    for summary, stakes in ((cheap, [10.0, 8.0]), (None, [0.0, 0.0])):
        rows = attention(orders=ORDERS, products=PRODUCTS, load=LOAD, plan_summary=summary)
        assert rows["stake_fen"].tolist() == stakes


def test_each_says_why_and_when(found):
    """Every row has a reason a planner understands and a date."""
    why = dict(zip(found["kind"], found["why"], strict=True))
    assert why["late promise"] == "promised 1 day after its due date"
    assert why["short of items"] == "no capacity left before they are needed"
    assert why["idle"] == "capacity without work: 12.5% of it over the plan"
    assert found["when"].notna().all()


def test_a_resource_short_of_several_items_is_priced_by_what_it_makes():
    """Ten pieces of items that cost 200 on average; a resource nobody knows takes the mean of all prices."""
    reasons = [
        {"code": "priced_out", "resource": line, "pieces": 10.0, "detail": "2 item(s) late; first: item x: 4 short"}
        for line in ("line", "other")
    ]
    products = pd.DataFrame({"sku_id": ["a", "b", "c"], "price_fen": [100, 300, 800]})
    routes = pd.DataFrame({"item": ["a", "b"], "resource": ["line", "line"], "hours_per_unit": 0.5})
    rows = attention(orders=ORDERS, products=products, plan_summary={"reasons": reasons}, routes=routes)
    assert rows[["subject", "stake_fen"]].to_numpy().tolist() == [["other", 4_000.0], ["line", 2_000.0]]
    assert rows["why"][0] == "item x: 4 short"


def test_the_worst_item_its_day_and_what_helps():
    """Ten pieces at half an hour each: five hours more on the line by that day."""
    reason = {"code": "no_capacity", "item": "a", "resource": "line", "bucket": "2026-03-09", "pieces": 10.0}
    routes = pd.DataFrame({"item": ["a"], "resource": ["line"], "hours_per_unit": [0.5]})
    products = pd.DataFrame({"sku_id": ["a"], "price_fen": [100]})
    row = attention(orders=ORDERS, products=products, plan_summary={"reasons": [reason]}, routes=routes).iloc[0]
    assert (row["subject"], row["when"]) == ("a", pd.Timestamp("2026-03-09"))
    assert row["remedy"] == "5 h more on line by 2026-03-09"


def test_every_exception_says_what_helps(found):
    """No row leaves a planner without a next step."""
    assert (found["remedy"].str.len() > 0).all()


def test_nothing_computed_is_nothing_to_decide():
    """Without results there are no exceptions, and no error."""
    assert attention(orders=ORDERS, products=PRODUCTS).empty


def test_orders_without_a_due_date_have_none(found):
    """A date that nobody gave stays empty, whatever else has one."""
    rows = attention(orders=ORDERS.drop(columns="due_date"), products=PRODUCTS, matches=MATCHES, load=LOAD)
    assert rows["when"].dtype.kind == "M"
    assert rows.set_index("kind")["when"].isna().to_dict() == {"idle": False, "overtime": False, "unfilled order": True}


def test_products_without_prices_rank_last(found):
    """Unknown prices count as nothing rather than fail."""
    rows = attention(orders=ORDERS, products=PRODUCTS.drop(columns="price_fen"), matches=MATCHES)
    assert rows["stake_fen"].tolist() == [0.0, 0.0]


def test_everything_in_order_is_nothing_to_decide():
    """A day on which all went well has no exceptions."""
    fine = MATCHES.assign(supplier_id="f1", promised_date=pd.Timestamp("2026-03-05"))
    assert attention(orders=ORDERS, products=PRODUCTS, matches=fine, load=LOAD.assign(idle=0.0, overtime=0.0)).empty


def test_unlevelled_load_shares_alternatives_evenly():
    """Ten pieces at 2 h on either of two lines: 10 h each; the second route is not counted."""
    routes = pd.DataFrame(
        {
            "item": ["soap"] * 3,
            "route": ["main", "main", "spare"],
            "step": [1, 1, 1],
            "resource": ["a", "b", "c"],
            "hours_per_unit": [2.0, 2.0, 9.0],
        }
    )
    demand = pd.DataFrame({"item": ["soap"], "bucket": WEEKS[:1], "mean": [10.0]})
    assert unlevelled_load(demand, routes)[["resource", "hours"]].to_numpy().tolist() == [["a", 10.0], ["b", 10.0]]


@pytest.mark.parametrize(("hours", "expected"), [([40.0, 40.0], 0.0), ([0.0, 0.0], 0.0), ([20.0, 60.0], 0.5)])
def test_levelness(hours, expected):
    """Equal weeks vary by nothing; 20 and 60 h by half of their mean."""
    assert levelness(LOAD.assign(hours=hours)) == expected


def test_simulated_tables_are_named(tmp_path):
    """A table is labelled by whether all or some of its rows say that they are simulated."""
    raw = {
        "parties": [{"id": "f1", "kind": "factory", "simulated": True}],
        "sales": [
            {"unique_id": "a", "ds": "2026-01-01", "y": 1.0, "simulated": False},
            {"unique_id": "b", "ds": "2026-01-01", "y": 1.0, "simulated": True},
        ],
        "products": [{"sku_id": "soap"}],
        "orders": [{"order_id": "o", "sku_id": "soap", "pieces": 1, "buyer_id": "f1", "simulated": "false"}],
    }
    home = Home(tmp_path)
    home.publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()})
    assert simulated_tables(home.current()) == {"parties": "all", "sales": "some"}


def test_a_reason_for_many_items_says_how_many():
    """The pieces of thirty items are not shown as those of one."""
    detail = pd.Series(["item soap: 3 pieces short", "32 more item(s) that may be late; worst: item tea", None])
    assert _summed(detail).tolist() == ["", "32 more items, worst: ", ""]
