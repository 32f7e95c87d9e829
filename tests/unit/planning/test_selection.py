"""Choosing among candidates: against enumeration, and for what is asked."""

import numpy as np
import pytest

from planning.selection import SelectionParams, SelectionProblem, joint_totals, solve

LEVELS = np.array([0.1, 0.5, 0.9])


def candidates(totals: np.ndarray, count: int, hit: float = 100.0) -> SelectionProblem:
    """Candidates with the same economics."""
    each = np.ones(totals.shape[1])
    return SelectionProblem(
        totals=totals,
        count=count,
        hit_pieces=hit * each,
        price=10 * each,
        unit_cost=4 * each,
        salvage=1 * each,
        minimum=each,
    )


def test_profit_takes_the_candidates_that_earn_most():
    """A sure 50 earns 6 x 50; the order of a coin flip is the newsvendor's."""
    totals = np.array([[50.0, 0, 30], [50, 40, 30]])
    found = solve(candidates(totals, 2))
    assert found.chosen.tolist() == [0, 2]
    assert found.profit == pytest.approx([300, 10 * 20 + 1 * 20 - 4 * 40, 180])
    assert found.pieces.tolist() == [50, 40, 30]


def test_the_chance_of_a_hit_counts_twins_once():
    """Two candidates that win together are one chance: the third, rarer one is taken beside the first."""
    totals = np.array([[200.0, 200, 0], [200, 200, 0], [0, 0, 200], [0, 0, 0]])
    found = solve(candidates(totals, 2), params=SelectionParams(objective="hit"))
    assert sorted(found.chosen.tolist()) in ([0, 2], [1, 2])
    assert found.p_caught == 0.75
    assert found.p_hit.tolist() == [0.5, 0.5, 0.25]


def test_the_best_seller_is_caught_as_often_as_the_samples_say():
    """Each candidate's chance to sell most of all; they sum to one."""
    totals = np.array([[3.0, 2, 1], [3, 2, 1], [1, 2, 3], [1, 3, 2]])
    found = solve(candidates(totals, 2), params=SelectionParams(objective="best"))
    assert found.p_best.tolist() == [0.5, 0.25, 0.25]
    assert found.p_best_caught == 0.75


@pytest.mark.parametrize("objective", ["hit", "best"])
def test_greedy_with_exchanges_is_near_enumeration(objective: str):
    """On random candidates; enumeration is the best by definition."""
    rng = np.random.default_rng(1)
    for _ in range(5):
        totals = 60 * np.exp(0.8 * rng.normal(size=(400, 1)) * rng.random(9) + 0.6 * rng.normal(size=(400, 9)))
        best = solve(candidates(totals, 3), params=SelectionParams(objective=objective))
        quick = solve(candidates(totals, 3), params=SelectionParams(objective=objective, most_choices=1))
        name = "p_caught" if objective == "hit" else "p_best_caught"
        assert (best.exact, quick.exact) == (True, False)
        assert 0.97 * getattr(best, name) <= getattr(quick, name) <= getattr(best, name)


def test_joint_samples_have_the_quantiles_and_the_correlation_asked_for():
    """Medians at the median, and scores that go together."""
    quantiles = np.array([[10.0, 100, 1000], [5, 50, 500]])
    apart = joint_totals(LEVELS, quantiles, samples=20_000, seed=1)
    together = joint_totals(LEVELS, quantiles, samples=20_000, correlation=0.8, seed=1)
    for drawn in (apart, together):
        assert pytest.approx(quantiles, rel=0.06) == np.quantile(drawn, [0.1, 0.5, 0.9], axis=0).T
    assert abs(np.corrcoef(np.log1p(apart).T)[0, 1]) < 0.03
    assert np.corrcoef(np.log1p(together).T)[0, 1] == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("count", [0, 4])
def test_more_than_there_are_cannot_be_chosen(count: int):
    """Nor none."""
    with pytest.raises(ValueError, match="count in"):
        candidates(np.ones((2, 3)), count)


def test_unknown_objectives_are_refused():
    """By name."""
    with pytest.raises(ValueError, match="objective"):
        SelectionParams(objective="luck")
    with pytest.raises(ValueError, match="most_choices"):
        SelectionParams(most_choices=0)
