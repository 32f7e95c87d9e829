import numpy as np
import pytest

from forecast.newcomers import attribute_prior


def test_a_newcomer_is_like_the_series_it_shares_attributes_with(make_panel):
    """Stores of two sizes: the newcomer of each is near its store's mean."""
    rng = np.random.default_rng(0)
    level = np.concatenate([rng.uniform(8, 12, 40), rng.uniform(0.8, 1.2, 40), [0, 0]])
    panel = make_panel(np.ones((82, 30)), groups=["big"] * 40 + ["small"] * 40 + ["big", "small"])
    established = np.arange(82) < 80
    prior = attribute_prior(panel, level, established, seed=0).level
    assert prior[80] == pytest.approx(10, rel=0.15)
    assert prior[81] == pytest.approx(1, rel=0.3)


def test_the_established_are_judged_out_of_fold(make_panel):
    """One giant in a store of its own: without itself, its attributes say little of its size."""
    level = np.array([1.0] * 30 + [100.0])
    panel = make_panel(np.ones((31, 30)), groups=["a"] * 30 + ["giant"])
    prior = attribute_prior(panel, level, np.ones(31, dtype=bool), seed=0).level
    assert prior[30] < 10


def test_without_anyone_to_learn_from_nothing_is_expected(make_panel):
    """No established series: zero, and not an error."""
    panel = make_panel(np.ones((2, 5)), groups=["a", "b"])
    assert attribute_prior(panel, np.zeros(2), np.zeros(2, dtype=bool), seed=0).level.tolist() == [0, 0]
