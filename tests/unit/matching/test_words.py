"""A match can be told in words, in both languages, for every code there is."""

import pandas as pd
import pytest

from matching.explain import __doc__ as codes
from matching.online import REASONS
from matching.words import LANGUAGES, words_of
from services.match_orders import MatchTerms, match_orders

ORDERS = pd.DataFrame({"order_id": ["a", "b", "c"], "pieces": [5, 5, 3]})
SUPPLIERS = pd.DataFrame({"supplier_id": ["s", "t", "u"], "capacity": [5, 2, 9]})
CANDIDATES = pd.DataFrame(
    {"order_id": ["a", "a", "b", "b"], "supplier_id": ["s", "t", "s", "u"], "score": [0.9, 0.8, 0.9, -3.0]}
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words(language):
    """Those of the router and those of the batch."""
    figures = {"supplier": "s", "pieces": 3, "score": 0.5, "price": 0.1, "margin": 0.2, "behind": 0.3}
    told = [words_of(code, language, **figures) for code in REASONS]
    assert len(set(told)) == len(REASONS)
    assert all("{" not in words for words in told)
    assert "outscored" in codes


def test_a_match_tells_candidates_suppliers_and_what_is_missing():
    """What one more unit is worth, and what would have served the pieces left."""
    told = match_orders(ORDERS, SUPPLIERS, CANDIDATES, language="en").told
    by_supplier = told[told["about"] == "supplier"].set_index("supplier_id")
    assert by_supplier.loc["s", "words"] == "One more unit of capacity at s is worth 1.9."
    assert by_supplier.loc["u", "words"] == "u has room left: more capacity is worth nothing."
    unserved = told[told["about"] == "unserved"].set_index("order_id")
    missing = unserved.loc[["a", "b"] if "a" in unserved.index else ["b"], "pieces"].astype(int)
    assert missing.sum() == 3
    assert (
        unserved.loc["b", "words"]
        == f"{missing['b']} pieces unserved: s would have served them with {missing['b']} more capacity."
    )
    assert unserved.loc["c", "words"] == "Nobody offers what is asked for."
    assert (told["about"] == "candidate").sum() == len(CANDIDATES)
    chinese = match_orders(ORDERS, SUPPLIERS, CANDIDATES, language="zh").told
    assert chinese["reason"].tolist() == told["reason"].tolist()
    assert "产能" in chinese.loc[chinese["about"] == "supplier", "words"].iloc[0]
    assert match_orders(ORDERS, SUPPLIERS, CANDIDATES).told is None


@pytest.mark.parametrize(
    ("suppliers", "pool_by", "reason", "words"),
    [
        (
            {"minimum_order": [4, 0, 0]},
            (),
            "below_minimum",
            "with a minimum lot of at most 3 pieces and 1 more capacity.",
        ),
        (
            {"minimum_order": [4, 0, 0], "capacity": [9, 9, 9]},
            (),
            "below_minimum",
            "with a minimum lot of at most 3 pieces.",
        ),
        ({"capacity": [7, 9, 9]}, (), "outbid", "with 1 more capacity."),
    ],
)
def test_all_that_is_lacking_is_told(suppliers, pool_by, reason, words):
    """A small order beside a large one: more room alone would not serve it below the supplier's minimum."""
    orders = pd.DataFrame({"order_id": ["a", "b"], "pieces": [5, 3], "unmatched_penalty": [2, 1]})
    candidates = pd.DataFrame({"order_id": ["a", "b"], "supplier_id": ["s", "s"], "score": [0.9, 0.9]})
    report = match_orders(
        orders, SUPPLIERS.assign(**({"capacity": [7, 9, 9]} | suppliers)), candidates, unsplit=True, language="en",
        terms=MatchTerms(pool_by=pool_by),
    )  # fmt: skip
    assert report.summary["unmatched_by_reason"] == {reason: 3}
    told = report.told
    assert told.loc[told["about"] == "unserved", "words"].item().endswith(words)


def test_the_limit_that_keeps_pieces_is_named():
    """Whose exposure, and by how much."""
    limits = pd.DataFrame({"limit_id": ["cap"], "kind": ["exposure_cap"], "per": ["supplier_id"], "most": [2]})
    told = match_orders(
        ORDERS.iloc[[0]], SUPPLIERS, CANDIDATES.iloc[[0]], language="en", terms=MatchTerms(limits=limits)
    ).told
    assert (
        told["words"].iloc[-1]
        == "3 pieces unserved: s would have served them with 3 more of limit cap (supplier_id=s)."
    )


def test_no_credit_counts_before_a_supplier_that_is_too_small():
    """Order o fits into s alone, where its buyer's credit ends; t could never serve it whole."""
    report = match_orders(
        pd.DataFrame({"order_id": ["o"], "pieces": [5], "buyer_id": ["b"]}),
        SUPPLIERS,
        pd.DataFrame({"order_id": ["o", "o"], "supplier_id": ["s", "t"], "score": [0.9, 0.8]}),
        credit=pd.DataFrame({"buyer_id": ["b"], "supplier_id": ["s"], "limit": [3]}),
        unsplit=True,
    )
    assert report.summary["unmatched_by_reason"] == {"no_credit": 5}


def test_a_lot_that_room_alone_keeps_closed_is_full():
    """Nine pieces reach the minimum of four, but not into a capacity of seven."""
    report = match_orders(
        pd.DataFrame({"order_id": ["a"], "pieces": [9]}),
        SUPPLIERS.assign(minimum_order=[4, 0, 0], capacity=[7, 9, 9]),
        CANDIDATES.iloc[[0]],
        unsplit=True,
    )
    assert report.summary["unmatched_by_reason"] == {"full": 9}
