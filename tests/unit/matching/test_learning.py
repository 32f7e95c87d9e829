"""Weights learnt from outcomes come near those that made them, and are judged on later ones."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError
from matching.learning import DECISIONS, calibrated, learn_weights, outcomes_of, probability
from matching.score import PartWeight, ScoreWeights, total_score
from matching.weight_replay import replay_weights

TRUE = {"cost_ratio": 1.0, "lead_ratio": 4.0, "trust": 3.0}
PRIOR = ScoreWeights(
    base=0.7,
    parts={
        "cost_ratio": PartWeight(weight=0.5),
        "lead_ratio": PartWeight(weight=0.1),
        "trust": PartWeight(weight=0.1, direction="higher"),
    },
)


@cache
def market(n, *, seed=0):
    """`n` decisions of three candidates; the best by a noisy eye is taken and goes well by the true weights."""
    rng = np.random.default_rng(seed)
    parts = {name: rng.random(3 * n) for name in TRUE}
    eta = TRUE["trust"] * parts["trust"] - sum(TRUE[k] * parts[k] for k in ("cost_ratio", "lead_ratio")) + 1.0
    taken = np.argmax(rng.random((n, 3)), axis=1) + 3 * np.arange(n)
    chosen = np.isin(np.arange(3 * n), taken)
    well = rng.random(3 * n) < 1 / (1 + np.exp(-eta))
    days = pd.date_range("2026-01-01", periods=n, freq="h", tz="Asia/Shanghai")
    told = pd.DataFrame(
        {
            "decision_id": np.repeat([f"d{k}" for k in range(n)], 3),
            "supplier_id": np.tile(["s1", "s2", "s3"], n),
            "decided_at": np.repeat(days, 3),
            "chosen": chosen,
            "accepted": True,
            "on_time": well,
            **parts,
        }
    )
    return DECISIONS.check(told.assign(on_time=told["on_time"].where(told["chosen"])))


def ratios(weights):
    """Weights relative to the first."""
    values = np.array([part.weight for part in weights.parts.values()])
    return values / values[0]


def test_learnt_weights_come_near_the_true_ones():
    """From hand-set weights five and thirty times off, 2 000 outcomes bring lead time and trust near 4 and 3."""
    learnt = learn_weights(market(2000), PRIOR)
    assert ratios(learnt.weights) == pytest.approx([1.0, 4.0, 3.0], rel=0.25)
    assert all(part.weight >= 0 for part in learnt.weights.parts.values())


def test_the_score_keeps_its_spread_and_mean():
    """Penalties and prices mean what they meant."""
    decisions = market(500)
    before, after = (total_score(decisions, w) for w in (PRIOR, learn_weights(decisions, PRIOR).weights))
    assert after.mean() == pytest.approx(before.mean())
    assert after.std() == pytest.approx(before.std())


def test_probabilities_are_calibrated():
    """Where a decision is given p it goes well about so often, on decisions not learnt from."""
    learnt, later = learn_weights(market(2000), PRIOR), market(2000, seed=9)
    result = outcomes_of(later)
    known = ~np.isnan(result)
    chance = probability(later[known], learnt)
    for low in (0.2, 0.4, 0.6):
        on = (chance >= low) & (chance < low + 0.2)
        assert result[known][on].mean() == pytest.approx(chance[on].mean(), abs=0.05)


def test_few_outcomes_stay_near_the_weights_one_starts_from():
    """Forty outcomes move the weights less than two thousand."""
    few, many = (ratios(learn_weights(market(n), PRIOR).weights) for n in (40, 2000))
    own = ratios(PRIOR)
    assert np.abs(few - own).sum() < np.abs(many - own).sum()


def test_replay_prefers_what_foretells_later_outcomes():
    """The learnt weights beat the hand-set ones on later outcomes; against themselves nobody is better."""
    earlier, later = market(2000), market(2000, seed=9)
    learnt = learn_weights(earlier, PRIOR)
    result = outcomes_of(earlier)
    known = ~np.isnan(result)
    found = replay_weights(calibrated(earlier[known], result[known], PRIOR), learnt, later)
    assert found["better"] == "challenger"
    assert found["improvement"]["low"] > 0
    assert found["challenger"]["auc"] > 0.7
    assert found["challenger"]["auc"] > found["champion"]["auc"]
    assert found["challenger"]["followed"]["went_well"] > found["went_well"]
    assert replay_weights(learnt, learnt, later)["better"] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.head(60), "at least 30 chosen candidates"),
        (lambda t: t.assign(on_time=True), "outcomes of both kinds"),
        (lambda t: t.drop(columns="trust"), "--weights: expected columns of decisions"),
        (lambda t: t.assign(trust=np.nan), "column 'trust', row 1"),
        (lambda t: t.drop(columns=["accepted", "on_time"]), "expected this column, on_time or disputed"),
        (lambda t: t.assign(cost_ratio=1.0, lead_ratio=1.0, trust=1.0), "parts that tell good decisions from bad"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(change, message):
    """By name."""
    with pytest.raises(InputError) as refused:
        learn_weights(change(market(200)), PRIOR)
    assert message in str(refused.value)
