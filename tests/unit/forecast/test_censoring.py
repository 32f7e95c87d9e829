from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.stats import nbinom

from benchmarks.censoring import MECHANISMS, censored, demand, panel_of
from forecast.baselines import tsb
from forecast.censoring import _Tails, uncensor, with_expected
from forecast.features import FeatureMaker, Rows


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("seed", [0, 1])
def test_all_demand_is_within_three_per_cent_and_nearer_than_what_was_sold(mechanism, seed):
    """A fifth of the days lost at random or after peaks: all of demand is right, lost days are nearer to truth."""
    true, _ = demand(120, 400, seed)
    sold, seen = censored(true, mechanism, seed + 10)
    estimate = uncensor(panel_of(sold, seen))
    assert abs(estimate.sum() / true.sum() - 1) < 0.03
    lost = ~seen
    assert np.abs(estimate - true)[lost].sum() < np.abs(sold - true)[lost].sum()
    assert (estimate >= sold).all()
    np.testing.assert_array_equal(estimate[seen], true[seen])


def test_dropping_the_days_after_which_stock_ran_out_is_no_answer():
    """The same peaks without knowing what was sold: a quarter of demand is missing."""
    true, _ = demand(120, 400, 0)
    sold, seen = censored(true, "peak", 10)
    assert uncensor(replace(panel_of(sold, seen), sold=None)).sum() < 0.8 * true.sum()


def test_the_tables_are_the_conditional_expectations():
    """Against sums over the negative binomial: stock counts the sold value half, closing weighs by 1 / (d + 1)."""
    mean, shape, s, d = 6.0, 2.5, 4, np.arange(4000)
    mass = nbinom.pmf(d, shape, shape / (shape + mean))
    stock = np.where(d > s, mass, np.where(d == s, mass / 2, 0))
    closing = np.where(d >= s, mass / (d + 1), 0)
    _, look = _Tails.of(mean, shape).look(np.array([s]), np.array([mean]))
    for column, weight in ((0, stock), (1, closing)):
        assert look[0, column] == pytest.approx((weight * d).sum() / weight.sum(), rel=1e-6)


def test_a_day_of_which_nothing_is_told_is_what_is_usual(make_panel):
    """Closed Mondays get the Monday's share: 10 on Mondays, 20 on other days."""
    y = np.where(np.arange(140) % 7 == 0, 10.0, 20.0)
    y[70] = np.nan
    assert uncensor(make_panel([y]))[0, 70] == pytest.approx(10, rel=0.03)


def test_days_before_a_series_are_no_demand(make_panel):
    """NaN before the first row, and a series that was never available stays at nothing."""
    estimate = uncensor(make_panel([[np.nan, np.nan, 3, 3, np.nan, 3]]))
    assert np.isnan(estimate[0, :2]).all()
    assert estimate[0, 4] == pytest.approx(3, rel=0.3)


def test_what_was_sold_on_a_lost_day_is_never_taken_for_demand(make_panel):
    """Stock of 1 on busy days of 8: the day counts as what was demanded, not as 1."""
    rng = np.random.default_rng(0)
    y = rng.poisson(8, (30, 200)).astype(float)
    lost = rng.random(y.shape) < 0.2
    panel = make_panel(np.where(lost, np.nan, y))
    told = with_expected(replace(panel, sold=csr_matrix(lost * 1.0)))
    assert told.sold is None
    assert told.available[lost & (np.arange(200) >= panel.born[:, None])].all()
    assert told.y[lost & (np.arange(200) >= panel.born[:, None])].mean() == pytest.approx(8, rel=0.1)
    assert with_expected(panel) is panel


def test_a_series_never_available_demands_what_it_sold(make_panel):
    """All that is known is a floor of its demand; it neither is nothing nor touches the series beside it."""
    y = np.array([[np.nan] * 4, [5.0, 5, np.nan, 5]])
    panel = replace(make_panel(y), born=np.array([0, 0]), sold=csr_matrix([[4.0, 0, 3, 5], [0, 0, 2, 0]]))
    told = with_expected(panel)
    assert told.y[0].tolist() == [4, 0, 3, 5]
    assert told.available[0].tolist() == [True, False, True, True]
    np.testing.assert_array_equal(told.y[1], with_expected(panel.take(np.array([1]))).y[0])


def test_features_and_levels_do_not_read_lost_days(make_panel):
    """Whatever stands in the array on lost days, every feature of later rows stays, bit for bit."""
    rng = np.random.default_rng(1)
    y = rng.poisson(5, (12, 150)).astype(float)
    y[rng.random(y.shape) < 0.2] = np.nan
    panel = make_panel(y)
    wild = replace(panel, y=np.where(panel.available, panel.y, 1e6).astype(np.float32))
    rows = Rows(series=np.arange(12), t=np.full(12, 140), h=np.full(12, 5))
    tables = [FeatureMaker(p).table(rows) for p in (panel, wild)]
    np.testing.assert_array_equal(tables[0].values, tables[1].values)
    np.testing.assert_array_equal(tables[0].level, tables[1].level)


def test_smoothing_is_frozen_while_out_of_stock(make_panel):
    """Sixty empty days leave the TSB forecast where it was."""
    y = np.tile([0.0, 3, 0, 2], 20)
    before = tsb(make_panel([y]))
    after = tsb(make_panel([np.concatenate([y, np.full(60, np.nan)])]))
    np.testing.assert_array_equal(before, after)


def test_the_estimate_uses_nothing_later(make_panel):
    """What was known after 150 days is estimated from them alone."""
    true, _ = demand(20, 300, 3)
    sold, seen = censored(true, "after", 4)
    panel = panel_of(sold, seen)
    shuffled = np.random.default_rng(0).permuted(sold[:, 150:], axis=1)
    other = panel_of(np.concatenate([sold[:, :150], shuffled * 5], axis=1), seen)
    np.testing.assert_array_equal(with_expected(panel.cut(150)).y, with_expected(other.cut(150)).y)
