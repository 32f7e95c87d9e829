"""Reconciled forecasts against the quadratic programme they claim to solve."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from contracts.errors import InputError
from forecast.hierarchy import Level
from forecast.reconciliation import reconcile, structural_variances


def instance(seed, n=8, horizon=3):
    rng = np.random.default_rng(seed)
    levels = [Level(name="total", keys=("total",), group=np.zeros(n, dtype=int))]
    for name, size in (("region", 2), ("kind", 3)):
        group = np.append(np.arange(size), rng.integers(0, size, n - size))
        levels.append(Level(name=name, keys=tuple("abc"[:size]), group=group))
    bottom = rng.gamma(0.5, 2, (n, horizon))
    aims = [np.maximum(level.sum(bottom) * rng.uniform(0, 1.5, (len(level.keys), horizon)), 0) for level in levels]
    own = rng.uniform(0.2, 3, n)
    return bottom, levels, aims, (own, [rng.uniform(0.2, 5, len(level.keys)) for level in levels])


@pytest.mark.parametrize("seed", range(12))
def test_equals_bounded_least_squares(seed):
    """scipy's exact active-set solver (BVLS) on the dense problem gives the same forecasts."""
    bottom, levels, aims, variances = instance(seed)
    ours = reconcile(bottom, levels, aims, variances=variances)
    n = len(bottom)
    rows = np.vstack([*(level.sum(np.eye(n)) for level in levels), np.eye(n)])
    root = 1 / np.sqrt(np.concatenate([*variances[1], variances[0]]))
    wanted = np.vstack([*aims, bottom])
    for period in range(bottom.shape[1]):
        exact = lsq_linear(root[:, None] * rows, root * wanted[:, period], (0, np.inf), method="bvls", tol=1e-14)
        assert ours[:, period] == pytest.approx(exact.x, abs=1e-7)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6))
def test_optimality_conditions(seed):
    """Never negative; where positive the gradient vanishes, where zero it points outwards."""
    bottom, levels, aims, (own, above) = instance(seed, n=20)
    x = reconcile(bottom, levels, aims, variances=(own, above))
    slope = (x - bottom) / own[:, None]
    for level, aim, variance in zip(levels, aims, above, strict=True):
        slope += ((level.sum(x) - aim) / variance[:, None])[level.group]
    assert (x >= 0).all()
    assert np.abs(slope[x > 0]).max(initial=0) < 1e-6
    assert slope[x == 0].min(initial=0) > -1e-6


def test_coherent_forecasts_stay():
    bottom, levels, _, _ = instance(3)
    assert reconcile(bottom, levels, [level.sum(bottom) for level in levels]) == pytest.approx(bottom)


def test_a_node_that_asks_for_nothing_pulls_at_nothing():
    """A NaN in one period leaves that period to the other nodes, and other periods alone."""
    bottom, levels, aims, variances = instance(5)
    partly = [aims[0], aims[1], aims[2].copy()]
    partly[2][1, 2] = np.nan
    ours = reconcile(bottom, levels, partly, variances=variances)
    assert ours[:, :2] == pytest.approx(reconcile(bottom, levels, aims, variances=variances)[:, :2])
    own, above = variances
    without = Level(name="kind", keys=("a", "c"), group=np.array([-1, 0, 1])[np.array([1, 0, 2])][levels[2].group])
    kept = [above[0], above[1], above[2][[0, 2]]]
    same = reconcile(bottom, [*levels[:2], without], [*aims[:2], aims[2][[0, 2]]], variances=(own, kept))
    assert ours[:, 2] == pytest.approx(same[:, 2])


def test_order_of_series_and_levels_does_not_matter():
    bottom, levels, aims, (own, above) = instance(9)
    order = np.random.default_rng(0).permutation(len(bottom))
    turned = [Level(name=v.name, keys=v.keys, group=v.group[order]) for v in reversed(levels)]
    again = reconcile(bottom[order], turned, aims[::-1], variances=(own[order], above[::-1]))
    assert again == pytest.approx(reconcile(bottom, levels, aims, variances=(own, above))[order], abs=1e-8)


def test_structural_variances_count_members():
    _, levels, _, _ = instance(1)
    own, above = structural_variances(8, levels)
    assert own.tolist() == [1] * 8
    assert above[0].tolist() == [8]
    assert above[2].tolist() == np.bincount(levels[2].group).tolist()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda b, a, v: (b * np.nan, a, v), "bottom: expected finite forecasts"),
        (lambda b, a, v: (b, [a[0] + np.inf, *a[1:]], v), "aims: expected finite forecasts"),
        (lambda b, a, v: (b, a, (v[0] * 0, v[1])), "variances of the series: expected finite numbers > 0"),
        (lambda b, a, v: (b, [x[:, :2] for x in a], v), "aims: expected 3 periods"),
    ],
)
def test_wrong_input_is_named(spoil, told):
    bottom, levels, aims, variances = instance(0)
    bottom, aims, variances = spoil(bottom, aims, variances)
    with pytest.raises(InputError, match=told):
        reconcile(bottom, levels, aims, variances=variances)
