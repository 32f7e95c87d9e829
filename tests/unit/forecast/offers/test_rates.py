"""Rates learned from counts: against worked numbers and against what made the counts."""

import numpy as np
import pytest

from contracts.errors import InputError
from forecast.offers.rates import Members, fit_rates


def counts(seed: int = 0, rows: int = 60_000):
    """Poisson counts of 1 500 members that differ by a gamma of shape 4, two features and a decay of 0.2."""
    rng = np.random.default_rng(seed)
    member, codes = rng.integers(1_500, size=rows), rng.integers(3, size=(rows, 2))
    repeats, factor = rng.integers(3, size=rows), rng.gamma(4, 1 / 4, 1_500)
    effect = np.array([0.5, 1.0, 2.0])
    mean = 0.3 * effect[codes[:, 0]] * 0.8**repeats * factor[member]
    return member, codes, repeats, factor, rng.poisson(mean * rng.gamma(5, 1 / 5, rows)).astype(float)


def test_what_made_the_counts_is_found():
    """Effects, decay, how much members differ and how noisy rows are, each near the truth."""
    member, codes, repeats, factor, count = counts()
    found = fit_rates(np.ones(len(count)), count, codes, [3, 3], groups=[Members(member, 1_500)], repeats=repeats)
    of_first = found.effects[0] / found.effects[0][1]
    assert of_first == pytest.approx([0.5, 1.0, 2.0], rel=0.08)
    assert found.effects[1] / found.effects[1][1] == pytest.approx(np.ones(3), rel=0.08)
    assert found.decay == pytest.approx(0.2, abs=0.03)
    assert found.groups[0].prior_n == pytest.approx(4, rel=0.25)
    assert found.noise == pytest.approx(0.2, abs=0.12)
    assert np.corrcoef(found.groups[0].ratio, factor)[0, 1] > 0.75


def test_what_is_foretold_comes_true_by_size():
    """Fresh counts of the same members, sorted by what was foretold: each fifth within 6 %."""
    member, codes, _, factor, count = counts()
    found = fit_rates(np.ones(len(count)), count, codes, [3, 3], groups=[Members(member, 1_500)])
    said = found.calibrated(found.base * found.effects[0][codes[:, 0]] * found.groups[0].ratio[member])
    true = 0.3 * np.array([0.5, 1.0, 2.0])[codes[:, 0]] * factor[member] * (1 + 0.8 + 0.64) / 3
    for part in np.array_split(np.argsort(said), 5):
        assert true[part].sum() == pytest.approx(said[part].sum(), rel=0.06)


def test_who_has_no_record_is_like_all_others():
    """Ratio 1, and the widest spread."""
    member = np.zeros(40, np.int64)
    found = fit_rates(np.ones(40), np.full(40, 3.0), np.zeros((40, 1), np.int64), [1], groups=[Members(member, 2)])
    assert found.groups[0].ratio[1] == 1.0
    assert found.groups[0].spread[1] >= found.groups[0].spread[0]


def test_a_part_of_a_member_is_told_apart_from_it():
    """Sellers that differ only by category: the variance is the parts', not the sellers'."""
    rng = np.random.default_rng(3)
    seller, part = rng.integers(400, size=30_000), rng.integers(5, size=30_000)
    factor = rng.gamma(4, 1 / 4, (400, 5))
    count = rng.poisson(factor[seller, part]).astype(float)
    groups = [Members(seller, 400), Members(seller * 5 + part, 2_000, parent=0)]
    found = fit_rates(np.ones(30_000), count, np.zeros((30_000, 1), np.int64), [1], groups=groups)
    assert found.groups[0].prior_n > 30
    assert found.groups[1].prior_n == pytest.approx(4, rel=0.3)


def test_nothing_counted_is_refused():
    """There is nothing to learn from."""
    with pytest.raises(InputError, match="history: expected at least one count"):
        fit_rates(np.ones(3), np.zeros(3), np.zeros((3, 1), np.int64), [1])
