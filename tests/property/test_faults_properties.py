"""What holds for every set of claims and lots."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.aftersales.attribution import attribute
from graph.aftersales.faults import party_faults, party_totals, trace
from graph.aftersales.returns import net_demand
from graph.aftersales.tables import CLAIM_KINDS, CLAIMS, LOTS, ROLES

steps = st.lists(
    st.tuples(
        st.sampled_from(["L1", "L2", "L3"]),
        st.integers(1, 5),
        st.sampled_from("PQRS"),
        st.sampled_from(ROLES),
        st.integers(0, 10_000),
        st.sampled_from([None, True, False]),
    ),
    max_size=12,
    unique_by=lambda row: row[:2],
)
said = st.lists(
    st.tuples(
        st.sampled_from(["L1", "L2", "L9"]),
        st.sampled_from(CLAIM_KINDS),
        st.integers(0, 50),
        st.sampled_from([None, 0, 2, 9]),
    ),
    max_size=12,
)


def day_rows(skus, most):
    """Rows of (sku, day, pieces), each sku and day once."""
    row = st.tuples(st.sampled_from(skus), st.integers(0, 9), st.integers(0, 5))
    return st.lists(row, max_size=most, unique_by=lambda r: r[:2])


def tables(lots, claims):
    way = pd.DataFrame(lots, columns=["lot_id", "step", "party_id", "role", "pieces", "inspected"])
    told = pd.DataFrame(claims, columns=["lot_id", "kind", "pieces", "found_at_step"])
    told["claim_id"] = [f"k{n}" for n in range(len(told))]
    made = CLAIMS.check(told.assign(at="2026-02-01", amount_fen=100))
    return made, LOTS.check(way.assign(process_step="work", at="2026-01-01"))


@given(steps, said)
@settings(max_examples=80, deadline=None)
def test_probabilities_sum_to_one_and_totals_to_the_claims(lots, claims):
    """Per claim, the unknown cause included; nothing is lost or gained when they are added up."""
    made = attribute(*tables(lots, claims))
    told = trace(made)
    assert told["probability"].between(0, 1 + 1e-12).all()
    np.testing.assert_allclose(told.groupby("claim_id")["probability"].sum(), 1)
    for frame in (party_faults(made), party_totals(made)):
        np.testing.assert_allclose(frame["claims"].sum() + made.unknown.sum(), len(claims))
        assert (frame[["claims_low", "claims_high"]] >= 0).all(axis=None)
        assert (frame["claims_high"] <= frame["evidence_n"]).all()


@given(steps, said, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_neither_order_nor_names_matter(lots, claims, random):
    """Shuffled rows and renamed parties and lots give the same probabilities."""
    names = {"P": "zz", "Q": "a/1", "R": "m", "S": "0", "L1": "x", "L2": "w", "L3": "v", "L9": "u"}
    said_by, handled = tables(lots, claims)
    before = trace(attribute(said_by, handled))
    renamed = handled.assign(**{name: handled[name].map(names).astype("str") for name in ("lot_id", "party_id")})
    order = random.sample(range(len(renamed)), len(renamed))
    asked = said_by.assign(lot_id=said_by["lot_id"].map(names).astype("str")).iloc[::-1]
    after = trace(attribute(asked, renamed.iloc[order]))
    np.testing.assert_allclose(before["probability"], after["probability"], rtol=1e-5, atol=1e-9)


@given(day_rows("ab", 12), day_rows("abc", 6))
@settings(max_examples=80, deadline=None)
def test_returns_are_taken_from_the_latest_sales_one_by_one(sold, back):
    """Net demand is what a loop over pieces gives: each piece that comes back undoes the latest sale up to its day."""
    sales = pd.DataFrame(sold, columns=["sku_id", "ds", "y"]).astype({"sku_id": "str", "ds": "int64", "y": "float64"})
    returned = pd.DataFrame(back, columns=["sku_id", "ds", "pieces"]).astype({"sku_id": "str", "ds": "int64"})
    left = {(sku, day): pieces for sku, day, pieces in sold}
    for sku, day, pieces in sorted(back, key=lambda row: row[1]):
        for _ in range(pieces):
            earlier = [at for (one, at), n in left.items() if one == sku and at <= day and n > 0]
            if earlier:
                left[sku, max(earlier)] -= 1
    got = net_demand(sales, returned)
    assert dict(zip(zip(got["sku_id"], got["ds"], strict=True), got["net"], strict=True)) == left
