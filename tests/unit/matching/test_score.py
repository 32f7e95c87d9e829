"""The score from its parts."""

import pandas as pd
import pytest

from contracts.errors import InputError
from matching.landed import LandedParams, landed_parts
from matching.score import PartWeight, ScoreWeights, score_parts, total_score

TABLE = {
    "base": 1.0,
    "parts": {"cost_fen": {"weight": 0.4, "scale": 1000}, "trust": {"weight": 0.3, "direction": "higher"}},
}


def test_score_adds_weighted_parts():
    """1 - 0.4 · 500/1000 + 0.3 · 0.5."""
    frame = pd.DataFrame({"cost_fen": [500], "trust": ["0.5"]})
    weights = ScoreWeights.from_table(TABLE)
    assert total_score(frame, weights).tolist() == pytest.approx([0.95])
    assert score_parts(frame, weights).iloc[0].to_dict() == pytest.approx({"cost_fen": -0.2, "trust": 0.15})


def test_missing_value_stands_for_empty_cells():
    """A part with `missing` takes empty cells; one without refuses them."""
    frame = pd.DataFrame({"trust": [None, 0.5]})
    forgiving = ScoreWeights(base=0.0, parts={"trust": PartWeight(weight=1.0, direction="higher", missing=0.25)})
    assert total_score(frame, forgiving).tolist() == [0.25, 0.5]
    strict = ScoreWeights(parts={"trust": PartWeight(weight=1.0)})
    with pytest.raises(InputError, match="candidates: column 'trust', row 1: expected a number"):
        total_score(frame, strict)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"parts": {}}, r"weights: parts: expected at least one"),
        ({"base": "x", "parts": TABLE["parts"]}, "weights: base: expected a number"),
        ({"weights": {}}, "only base and"),
        ({"parts": {"trust": 3}}, r"weights \[parts.trust\]: expected a table"),
        ({"parts": {"trust": {"weight": -1}}}, "weight: expected a number >= 0"),
        ({"parts": {"trust": {"weight": 1, "scale": 0}}}, "scale: expected a number > 0"),
        ({"parts": {"trust": {"weight": 1, "direction": "up"}}}, "direction: expected lower or higher"),
        ({"parts": {"trust": {"wieght": 1}}}, "wieght"),
    ],
)
def test_wrong_weights_are_named(table, message):
    """The error names the part and the field."""
    with pytest.raises(InputError, match=message):
        ScoreWeights.from_table(table)


def test_unknown_part_is_named():
    """A weighted column that the candidates lack is refused by name."""
    with pytest.raises(InputError, match="--weights: expected columns of candidates"):
        total_score(pd.DataFrame({"cost_fen": [1]}), ScoreWeights.from_table(TABLE))


def test_landed_cost_adds_goods_freight_handling_and_channel():
    """10 kg over 100 km at 0.2 fen = 200; handling 300 / 3 pieces = 100; a middleman takes 10 % of 1000."""
    row = pd.DataFrame(
        {
            "pieces": [3], "unit_cost_fen": [1000.0], "weight_kg": [10.0], "distance_km": [100.0],
            "tie_strength": [5.0], "hops": [2], "lead_time_days": [6.0], "days_left": [12.0],
            "price_fen": [2800.0],
        }
    )  # fmt: skip
    params = LandedParams(freight_fen_per_kg_km=0.2, middleman_share=0.1)
    parts = landed_parts(row, params).iloc[0].to_dict()
    assert parts == pytest.approx(
        {
            "goods_fen": 1000, "operating_fen": 300, "channel_fen": 100, "terms_fen": 0, "cost_fen": 1400,
            "cost_ratio": 0.5, "lead_ratio": 0.5, "trust": 0.5, "reliability": 0.0,
        }
    )  # fmt: skip


@pytest.mark.parametrize("options", [{"half_trust": 0.0}, {"direct_share": -0.1}, {"usual_days": float("nan")}])
def test_landed_rates_out_of_range_are_named(options):
    """Each rate is checked."""
    with pytest.raises(ValueError, match=next(iter(options))):
        LandedParams(**options)


def test_a_carriers_price_counts_instead_of_weight_and_distance():
    """900 fen for 3 pieces = 300, and 100 of handling; the row without a carrier pays by weight and distance."""
    row = {
        "pieces": 3, "unit_cost_fen": 1000.0, "weight_kg": 10.0, "distance_km": 100.0, "tie_strength": 5.0, "hops": 1,
        "lead_time_days": 6.0, "days_left": 12.0, "price_fen": 2800.0,
    }  # fmt: skip
    rows = pd.DataFrame([row | {"freight_fen": 900.0}, row | {"freight_fen": float("nan")}])
    parts = landed_parts(rows, LandedParams(freight_fen_per_kg_km=0.2))
    assert parts["operating_fen"].tolist() == [400, 300]
