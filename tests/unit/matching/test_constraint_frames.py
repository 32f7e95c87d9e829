"""Limits and pools from tables: what each line means, what it costs, and what is refused."""

import pandas as pd
import pytest

from contracts.errors import InputError
from services.match_orders import MatchTerms, match_orders

ORDERS = pd.DataFrame(
    {
        "order_id": ["o1", "o2", "o3"],
        "pieces": [40, 30, 20],
        "buyer_id": ["b1", "b1", "b2"],
        "region": ["East", "West", "East"],
        "week": ["1", "1", "2"],
    }
)
SUPPLIERS = pd.DataFrame({"supplier_id": ["s1", "s2"], "capacity": [80, 100]})
CANDIDATES = pd.DataFrame(
    [("o1", "s1", 0.9), ("o1", "s2", 0.5), ("o2", "s1", 0.8), ("o2", "s2", 0.6), ("o3", "s1", 0.9), ("o3", "s2", 0.7)],
    columns=["order_id", "supplier_id", "score"],
)


def matched(candidates=CANDIDATES, suppliers=SUPPLIERS, orders=ORDERS, language=None, **terms):
    """Match the tables under terms."""
    return match_orders(orders, suppliers, candidates, terms=MatchTerms(**terms), language=language)


def limit(**row):
    """One line of the limits table."""
    return pd.DataFrame([{"limit_id": "x", "kind": "ceiling"} | row])


def served(report, **where):
    """Pieces served where columns of orders or the allocation hold these values."""
    rows = report.allocation.dropna(subset="supplier_id").merge(ORDERS.drop(columns="pieces"), on="order_id")
    for name, value in where.items():
        rows = rows[rows[name] == value]
    return int(rows["pieces"].sum())


@pytest.mark.parametrize(
    ("row", "where", "most", "price"),
    [
        ({"most": 50, "column": "supplier_id", "value": "s1"}, {"supplier_id": "s1"}, 50, 0.2),
        ({"share": 0.6, "of": "capacity", "per": "supplier_id"}, {"supplier_id": "s1"}, 48, 0.2),
        ({"share": 0.6, "of": "orders", "per": "supplier_id"}, {"supplier_id": "s1"}, 54, 0.2),
        ({"share": 0.6, "of": "orders", "per": "buyer_id,supplier_id"}, {"supplier_id": "s1", "buyer_id": "b1"}, 42, 0.2),  # noqa: E501
        ({"most": 5, "per": "buyer_id,supplier_id,week"}, {"supplier_id": "s1", "buyer_id": "b2"}, 5, 1.9),
    ],
)  # fmt: skip
def test_a_limit_binds_to_the_piece_at_the_price_of_the_next_best(row, where, most, price):
    """Worked by hand: the dearest price is what one piece more would gain; served is exactly the most allowed."""
    report = matched(limits=limit(**row))
    assert served(report, **where) == most
    assert report.summary["gap"] == 0
    assert report.summary["constraint_cost"] == pytest.approx(
        40 * 0.9 + 30 * 0.8 + 10 * 0.9 + 10 * 0.7 - report.summary["objective"]
    )
    assert report.constraints["price"].max() == pytest.approx(price)
    if "per" not in row:
        more = matched(limits=limit(**row | {"most": row["most"] + 1}))
        assert more.summary["objective"] - report.summary["objective"] == pytest.approx(price)


def test_a_whole_order_larger_than_a_limit_says_which():
    """There is room for its 40 pieces and nobody else wants it: they stay because only 35 may be served, not outbid."""
    few = match_orders(
        ORDERS, SUPPLIERS, CANDIDATES[1:4], terms=MatchTerms(limits=limit(most=35, kind="exposure_cap")), unsplit=True
    )
    left = few.allocation[few.allocation["supplier_id"].isna()].set_index("order_id")
    assert left["reason"].to_dict() == {"o1": "exposure_cap", "o3": "no_candidates"}


def test_a_share_of_what_is_served_grows_with_it():
    """At most 60 % of what a supplier serves goes East: 45 pieces West would allow 67 East, 30 allow 45."""
    report = matched(
        limits=limit(kind="mix_limit", per="supplier_id", column="region", value="East", share=0.6, of="served")
    )
    for supplier in ("s1", "s2"):
        total, east = served(report, supplier_id=supplier), served(report, supplier_id=supplier, region="East")
        assert east * 10 <= total * 6
    assert served(report, region="East") == 45
    assert report.summary["unmatched_by_reason"] == {"mix_limit": 15}


def test_several_credit_lines_hold_across_suppliers():
    """One line of 5 000 fen for all that b1 buys, at whatever supplier."""
    priced = CANDIDATES.assign(unit_price_fen=[100, 90] * 3)
    report = matched(priced, limits=limit(kind="no_credit", column="buyer_id", value="b1", most=5000, unit="fen"))
    rows = report.allocation.dropna(subset="supplier_id").query("order_id != 'o3'")
    spent = (rows["pieces"] * rows["unit_price_fen"]).sum()
    assert 4900 < spent <= 5000
    assert set(report.summary["unmatched_by_reason"]) == {"no_credit"}


def test_small_orders_pool_to_a_minimum():
    """Three orders of a week share a lot of 60 at s1; alone none reaches it; another week does not help."""
    suppliers = SUPPLIERS.assign(minimum_order=[60, 0])
    alone = matched(suppliers=suppliers)
    assert served(alone, supplier_id="s1") == 0
    pooled = matched(suppliers=suppliers, pool_by=("week",))
    assert served(pooled, supplier_id="s1") == 70
    assert pooled.summary["pools"] == {"open": 1, "closed": 1}
    pools = pooled.constraints[pooled.constraints["about"] == "pool"].set_index("group")
    assert pools.loc["supplier_id=s1, week=1", ["bound", "used"]].tolist() == [60, 70]
    assert pools.loc["supplier_id=s1, week=2", "reason"] == "below_minimum"
    assert pooled.allocation.query("supplier_id == 's1'")["pool"].unique().tolist() == ["supplier_id=s1, week=1"]


def test_a_binding_minimum_has_the_price_of_its_last_piece():
    """A lot of 75 at s1 takes five pieces from where they gain 0.1 more: a lot of 74 would gain that."""
    candidates = CANDIDATES.assign(score=[0.9, 0.5, 0.8, 0.9, 0.9, 0.7])
    report = matched(candidates, SUPPLIERS.assign(minimum_order=[75, 0]), ORDERS.assign(week="1"), pool_by=("week",))
    pool = report.constraints.query("about == 'pool' and used > 0").iloc[0]
    assert (pool["used"], round(pool["price"], 9)) == (75, 0.1)


def test_splits_happen_where_they_gain_more_than_they_cost():
    """s1 has room for 20 of 40: worth 0.4 x 20 = 8 score, so a split at 7 happens and at 9 does not."""
    one = ORDERS.head(1)
    suppliers = SUPPLIERS.assign(capacity=[20, 100])
    cheap = match_orders(one, suppliers, CANDIDATES.head(2), terms=MatchTerms(split_cost=7.0))
    dear = match_orders(one, suppliers, CANDIDATES.head(2), terms=MatchTerms(split_cost=9.0))
    assert (cheap.summary["splits"], dear.summary["splits"]) == (1, 0)
    assert cheap.summary["objective"] == pytest.approx(20 * 0.9 + 20 * 0.5 - 7)
    assert dear.summary["objective"] == pytest.approx(40 * 0.5)


def test_limits_are_told_in_words():
    """Every candidate held by a limit says so, in both languages."""
    limits = limit(kind="exposure_cap", most=5, per="buyer_id,supplier_id")
    told = matched(limits=limits, language="zh").told
    assert told["words"].str.contains("限额 x (buyer_id=b1, supplier_id=s2)", regex=False).any()
    reasons = matched(limits=limits, language="en").told.query("about == 'candidate' and pieces == 0")["reason"]
    assert set(reasons) <= {"exposure_cap", "outscored"}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({}, "expected either most or share, got neither"),
        ({"most": 3, "share": 0.5, "of": "orders"}, "expected either most or share, got both"),
        ({"share": 0.5}, "expected of"),
        ({"most": 3, "column": "region"}, "expected column and value together"),
        ({"most": 3, "per": "colour"}, "expected a column of candidates, orders or suppliers"),
        ({"share": 0.5, "of": "served"}, "expected column and value"),
        ({"share": 0.5, "of": "capacity"}, "expected supplier_id in per"),
        ({"most": 3, "unit": "fen"}, "expected candidates with unit_price_fen"),
        ({"share": 0.5, "of": "orders", "unit": "load"}, "expected unit pieces"),
        ({"most": -1}, "column 'most', row 1"),
        ({"most": 3, "kind": "cap"}, "column 'kind', row 1"),
    ],
)
def test_a_limit_that_says_nothing_clear_is_refused(row, message):
    """One line: what was expected, what came and in which limit."""
    with pytest.raises(InputError, match="limit") as refused:
        matched(limits=limit(**row))
    assert message in str(refused.value)


def test_pooling_wants_a_minimum():
    """Without a minimum there is nothing to pool for."""
    with pytest.raises(InputError, match="minimum_order"):
        matched(pool_by=("week",))


def test_a_column_named_twice_counts_once():
    """In the columns of a limit and of pools."""
    once, twice = (
        matched(limits=limit(most=3, per=per), pool_by=by, suppliers=SUPPLIERS.assign(minimum_order=2))
        for per, by in (("supplier_id", ("week",)), ("supplier_id, supplier_id", ("week", "week")))
    )
    assert twice.summary["objective"] == once.summary["objective"]
    assert twice.constraints["group"].tolist() == once.constraints["group"].tolist()
