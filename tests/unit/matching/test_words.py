"""A match can be told in words, in both languages, for every code there is."""

import pandas as pd
import pytest

from matching.explain import __doc__ as codes
from matching.online import REASONS
from matching.words import LANGUAGES, words_of
from services.match_orders import match_orders

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
        == f"{missing['b']} pieces unserved: {missing['b']} more at s would have served them."
    )
    assert unserved.loc["c", "words"] == "Nobody offers what is asked for."
    assert (told["about"] == "candidate").sum() == len(CANDIDATES)
    chinese = match_orders(ORDERS, SUPPLIERS, CANDIDATES, language="zh").told
    assert chinese["reason"].tolist() == told["reason"].tolist()
    assert "产能" in chinese.loc[chinese["about"] == "supplier", "words"].iloc[0]
    assert match_orders(ORDERS, SUPPLIERS, CANDIDATES).told is None
