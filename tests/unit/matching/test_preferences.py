"""What suppliers would rather make counts in the score and is told per candidate."""

import pandas as pd
import pytest

from contracts.errors import InputError
from matching.score import PartWeight, ScoreWeights
from services.match_orders import MatchTerms, match_orders

ORDERS = pd.DataFrame({"order_id": ["o1", "o2"], "pieces": [50, 5], "buyer_id": ["b1", "b2"], "steadiness": [0.9, 0.1]})
SUPPLIERS = pd.DataFrame({"supplier_id": ["s1", "s2"], "capacity": [60, 60]})
CANDIDATES = pd.DataFrame(
    [("o1", "s1", 0.50), ("o1", "s2", 0.55), ("o2", "s1", 0.55), ("o2", "s2", 0.50)],
    columns=["order_id", "supplier_id", "score"],
)


def rules(*rows):
    """A preferences table."""
    return pd.DataFrame(rows, columns=["supplier_id", "column", "value", "minimum", "maximum", "worth"])


PREFERENCES = rules(
    ("s1", "pieces", None, 20.0, None, 1.0),
    ("s1", "buyer_id", "b2", None, None, -1.0),
    (None, "steadiness", None, 0.5, 1.0, 0.5),
)


def matched(preferences=PREFERENCES, weight=0.1, candidates=CANDIDATES, weights=None):
    """Match under preferences."""
    terms = MatchTerms(preferences=preferences, preference_weight=weight)
    return match_orders(ORDERS, SUPPLIERS, candidates, terms=terms, weights=weights)


def test_preferences_turn_a_match_at_a_stated_weight():
    """s1 wants large orders and not b2: at 0.1 score per unit both orders change places, at 0 nothing does."""
    assert matched(weight=0.0).allocation["supplier_id"].tolist() == ["s2", "s1"]
    report = matched()
    assert report.allocation["supplier_id"].tolist() == ["s1", "s2"]
    assert report.allocation["supplier_preference"].tolist() == [1.0, 0.0]
    assert report.allocation["score"].tolist() == pytest.approx([0.6, 0.5])
    assert report.allocation["preferred_for"].tolist() == ["pieces>=20 +1; steadiness>=0.5 and steadiness<=1 +0.5", ""]


def test_preferences_are_a_part_of_a_computed_score():
    """With weights, the part has the weight given, or its own if the weights name it."""
    parts = CANDIDATES.drop(columns="score").assign(cost_fen=100.0)
    cost = PartWeight(weight=0.4, scale=1000)
    report = matched(candidates=parts, weights=ScoreWeights(parts={"cost_fen": cost}))
    assert report.allocation["score"].tolist() == pytest.approx([1.06, 0.96])
    own = ScoreWeights(parts={"cost_fen": cost, "supplier_preference": PartWeight(weight=0.5, direction="higher")})
    assert matched(candidates=parts, weights=own).allocation["score"].tolist() == pytest.approx([1.46, 0.96])


def test_a_column_of_that_name_counts_only_with_preferences():
    """Extra columns of candidates are kept, not scored."""
    named = CANDIDATES.assign(supplier_preference=9.0)
    assert match_orders(ORDERS, SUPPLIERS, named).summary["objective"] == pytest.approx(50 * 0.55 + 5 * 0.55)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("s9", "pieces", None, 20.0, None, 1.0), "column 'supplier_id', row 1: expected the id of a known supplier"),
        (("s1", "colour", "red", None, None, 1.0), "row 1: expected a column of candidates, orders or suppliers"),
        (("s1", "pieces", None, None, None, 1.0), "expected a value, a minimum or a maximum, got none of them"),
        (("s1", "buyer_id", None, 1.0, None, 1.0), "expected a column of numbers for minimum"),
        (("s1", "pieces", None, 1.0, None, 2.0), "column 'worth', row 1: expected a number >= -1 and <= 1"),
    ],
)
def test_a_rule_that_cannot_hold_is_refused(row, message):
    """One line with the row."""
    with pytest.raises(InputError) as refused:
        matched(rules(row))
    assert message in str(refused.value)


def test_a_rule_waits_for_candidates():
    """Without candidates a column has no numbers, and that is no fault of the rule."""
    terms = MatchTerms(preferences=rules(("s1", "pieces", None, 20.0, None, 1.0)))
    report = match_orders(ORDERS, SUPPLIERS, CANDIDATES.head(0), terms=terms)
    assert report.summary["matched_pieces"] == 0


def test_a_weight_that_dwarfs_every_score_is_refused():
    """Scores beside 1e300 would all be the same."""
    with pytest.raises(InputError, match=r"column 'score', row 1: expected weights that make scores from -1e\+12"):
        matched(weight=1e300)


def test_a_weight_is_a_number():
    """Below zero a preference would mean its opposite."""
    with pytest.raises(InputError, match="--preference-weight: expected a number >= 0, got -1"):
        matched(weight=-1.0)
