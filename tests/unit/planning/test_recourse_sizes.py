"""Odds of sizes against the true posterior, in a market of few hits that its forecaster takes for average items."""

import numpy as np
import pytest
from scipy.stats import norm

from planning.recourse_sizes import size_odds

SIGNAL = 0.65
SMALL, HIT = (7.8, 0.6), (9.9, 0.35)
PRIOR = (8.5, 0.8)


def market(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Sizes, and what a forecaster with a Normal prior makes of a noisy signal of each; its stated deviation."""
    g = np.random.default_rng(seed)
    which = np.where(g.random(n) < 0.1, 1, 0)
    centre, spread = np.array([SMALL, HIT]).T
    size = centre[which] + spread[which] * g.standard_normal(n)
    signal = size + SIGNAL * g.standard_normal(n)
    precision = 1 / SIGNAL**2 + 1 / PRIOR[1] ** 2
    return size, (signal / SIGNAL**2 + PRIOR[0] / PRIOR[1] ** 2) / precision, precision**-0.5


def true_mean(forecast: np.ndarray, deviation: float) -> np.ndarray:
    grid = np.arange(3, 14, 0.02)
    prior = 0.9 * norm.pdf(grid, *SMALL) + 0.1 * norm.pdf(grid, *HIT)
    belief = norm.pdf(grid, forecast[:, None], deviation) * prior / norm.pdf(grid, *PRIOR)
    return np.asarray(belief @ grid / belief.sum(axis=1))


def test_beliefs_come_near_the_true_posterior() -> None:
    """Learnt from 600 settled items, belief in new ones misses the true posterior's mean by less than half as much."""
    size, forecast, deviation = market(600, seed=1)
    known = np.full(600, 0.05)
    odds = size_odds((forecast, np.full(600, deviation)), (size, known))
    _, new, _ = market(2000, seed=2)
    shift, width = odds.believe(new, np.full(2000, deviation))
    true = true_mean(new, deviation)
    assert np.abs(new + shift - true).mean() < 0.4 * np.abs(new - true).mean()
    middle, top = np.abs(new - 9.0) < 0.1, new > 9.8
    assert width[middle].mean() > 1.1 > 0.9 > width[top].mean()


def test_forecasts_that_come_true_are_believed() -> None:
    """Sizes spread as they were forecast leave levels and spreads as they are, and so do no settled items at all."""
    g = np.random.default_rng(3)
    forecast = 8 + 0.8 * g.standard_normal(2000)
    settled = forecast + 0.5 * g.standard_normal(2000)
    sure = np.full(2000, 0.01)
    new = np.array([7.0, 8.0, 9.0])
    shift, width = size_odds((forecast, np.full(2000, 0.5)), (settled, sure)).believe(new, np.full(3, 0.5))
    assert shift == pytest.approx(0, abs=0.06)
    assert width == pytest.approx(1, abs=0.06)
    none = np.zeros(0)
    shift, width = size_odds((none, none), (none, none)).believe(new, np.full(3, 0.5))
    assert shift == pytest.approx(0)
    assert width == pytest.approx(1)


def test_few_items_are_hardly_followed() -> None:
    """Two items that came out a third as large as forecast move the belief in others by less than half of that."""
    forecast, spread = np.array([8.0, 8.2]), np.full(2, 0.5)
    odds = size_odds((forecast, spread), (forecast - np.log(3), spread / 10))
    shift, _ = odds.believe(np.array([8.1]), np.array([0.5]))
    assert -0.5 * np.log(3) < shift[0] < 0
