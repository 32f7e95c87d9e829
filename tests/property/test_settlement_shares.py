"""What holds for any agreement, any sale and any returns: every fen is accounted for."""

from fractions import Fraction

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from services.settle_sales import Told, settle_sales
from settlement.rules import Discount, ShareRule, ShareRules
from settlement.shares import SaleLines, split_sales

fens = st.integers(0, 9 * 10**12) | st.integers(0, 300)
START = pd.Timestamp("2026-03-01T12:00", tz="Asia/Shanghai")


@st.composite
def agreements(draw: st.DrawFn) -> ShareRules:
    """Up to four roles of any kind; percentages of the margin scaled to at most 100 together, at every tier."""
    points = draw(st.lists(st.integers(0, 10_000), max_size=4))
    total = max(sum(points), 10_000)
    rules = []
    for place, point in enumerate(points):
        percent = point * 10_000 // total / 100
        tiers = [(0, 0), (draw(st.integers(1, 10**6)), percent)] if draw(st.booleans()) else []
        rules.append(
            ShareRule(
                role=f"r{place}",
                percent=0 if tiers else percent,
                tiers=tuple(tiers),
                of=draw(st.sampled_from(["margin", "price"])),
                fixed_fen=draw(st.just(0) | st.integers(0, 500)),
                per=draw(st.sampled_from(["sale", "piece"])),
            )
        )
    payer = draw(st.none() | st.sampled_from([*(rule.role for rule in rules), "rest"]))
    off = Discount(order_number=1, percent=draw(st.integers(1, 10_000)) / 100, paid_by=payer)
    short = draw(st.sampled_from(["refuse", "rest_bears"]))
    return ShareRules(rules=tuple(rules), rest="rest", discounts=(off,), when_short=short)


@st.composite
def sales_of(draw: st.DrawFn, rules: ShareRules) -> pd.DataFrame:
    """A few sales with absent parties, first orders, many pieces."""
    n = draw(st.integers(1, 5))
    table = {
        "sale_id": [f"s{k}" for k in range(n)],
        "sold_at": START,
        "price_fen": draw(st.lists(fens, min_size=n, max_size=n)),
        "cost_fen": draw(st.lists(fens, min_size=n, max_size=n)),
        "pieces": draw(st.lists(st.integers(1, 7), min_size=n, max_size=n)),
        "order_number": draw(st.lists(st.integers(1, 2), min_size=n, max_size=n)),
        "rest": "R",
    }
    for rule in rules.rules:
        table[rule.role] = draw(st.lists(st.sampled_from(["P", "Q", None]), min_size=n, max_size=n))
    return pd.DataFrame(table)


@settings(deadline=None, max_examples=30)
@given(data=st.data(), rules=agreements())
def test_every_fen_of_sales_and_returns_is_accounted_for(data: st.DataObject, rules: ShareRules) -> None:
    """Entries of a sale sum to its margin, of all its returns to the opposite; a replay books nothing more."""
    sales = data.draw(sales_of(rules))
    some = data.draw(st.lists(st.tuples(st.sampled_from(list(sales["sale_id"])), st.integers(1, 4)), max_size=6))
    back = pd.DataFrame(
        {
            "return_id": [f"b{k}" for k in range(len(some))] + [f"all-{sale}" for sale in sales["sale_id"]],
            "sale_id": [sale for sale, _ in some] + list(sales["sale_id"]),
            "returned_at": START,
            "pieces": [float(pieces) for _, pieces in some] + [float("nan")] * len(sales),
        }
    )
    found = settle_sales(sales, rules, Told(returns=back.iloc[: len(some)]))
    sums = found.entries[found.entries["kind"] == "sale"].groupby("sale_id")["share_fen"].sum()
    paid = {
        sale: price - (price * rules.discounts[0].basis_points + 5000) // 10_000 if order == 1 else price
        for sale, price, order in zip(sales["sale_id"], sales["price_fen"], sales["order_number"], strict=True)
    }
    margin = {sale: paid[sale] - cost for sale, cost in zip(sales["sale_id"], sales["cost_fen"], strict=True)}
    assert sums.to_dict() == {sale: margin[sale] for sale in sums.index}
    assert set(sums.index) | set(found.refused["id"]) >= set(sales["sale_id"])
    whole = settle_sales(sales, rules, Told(returns=back), ledger=found.ledger)
    assert (whole.ledger.groupby(["sale_id", "role"])["share_fen"].sum() == 0).all()
    assert whole.ledger.iloc[: len(found.ledger)].equals(found.ledger)
    again = settle_sales(sales, rules, Told(returns=back), ledger=whole.ledger)
    assert again.entries.empty
    assert again.ledger.equals(whole.ledger)
    assert settle_sales(sales, rules, Told(returns=back.iloc[: len(some)])).ledger.equals(found.ledger)


@settings(deadline=None, max_examples=100)
@given(rules=agreements(), price=fens, cost=fens, pieces=st.integers(1, 10**6))
def test_nobody_is_a_fen_away_from_the_exact_share(rules: ShareRules, price: int, cost: int, pieces: int) -> None:
    """Each share is what the rule says, rounded up or down; the rest pays for what is short and nobody else does."""
    one = [np.array([value]) for value in (price, cost, pieces, 2)]
    lines = SaleLines(price_fen=one[0], cost_fen=one[1], pieces=one[2], order_number=one[3])
    split = split_sales(lines, np.ones((1, len(rules.rules)), dtype=bool), rules)
    exact = []
    for rule, share in zip(rules.rules, split.takes_fen[0], strict=False):
        base = price if rule.of == "price" else max(price - cost, 0)
        fixed = rule.fixed_fen * (pieces if rule.per == "piece" else 1)
        exact.append(fixed + Fraction(rule.basis_points(base) * base, 10_000))
        assert abs(int(share) - exact[-1]) < 1
    assert int(split.shares_fen.sum()) == price - cost
    assert (split.pays_fen[0, :-1] == 0).all()
    assert not split.short[0] or sum(exact) > price - cost
