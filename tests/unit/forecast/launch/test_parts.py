"""The parts against worked numbers, brute force and closed forms."""

import numpy as np
import pandas as pd
import pytest

from forecast.launch.accrual import accrual_from
from forecast.launch.clock import clock_from, even_clock
from forecast.launch.deltas import changes
from forecast.launch.intervals import Distribution, misses_from
from forecast.launch.kin import makers
from forecast.launch.launches import launches_from
from forecast.launch.linear import fit_ridge
from forecast.launch.update import update
from forecast.tables import SIGNALS


def test_events_stay_and_periods_are_compared():
    """Two reposts in one second are two; the same post's row sent twice is one; a day counted again adds the rest."""
    rows = [
        {"signal_time": "2026-03-01 10:00", "observed_at": "2026-03-01 10:00", "count": 1},
        {"signal_time": "2026-03-01 10:00", "observed_at": "2026-03-01 10:00", "count": 1},
        {"signal_time": "2026-03-01 11:00", "observed_at": "2026-03-01 11:00", "count": 1, "content_id": "p"},
        {"signal_time": "2026-03-01 11:00", "observed_at": "2026-03-01 11:00", "count": 1, "content_id": "p"},
        {"signal_time": "2026-03-01", "observed_at": "2026-03-02", "count": 30, "period_seconds": 86_400},
        {"signal_time": "2026-03-01", "observed_at": "2026-03-04", "count": 35, "period_seconds": 86_400},
    ]
    log = SIGNALS.check(pd.DataFrame(rows).assign(style_id="A", kind="repost"))
    told = changes(log)
    by_day = told.groupby(told["observed_at"].dt.day)["count"].sum()
    assert by_day.to_dict() == {1: 3, 2: 30, 4: 5}
    assert changes(told)["count"].sum() == told["count"].sum(), "what was added once is not compared again"


def test_the_clock_learns_the_time_of_day():
    """Twice as busy in the evening: an hour there is two hours of usual activity against one in the morning."""
    hours = np.repeat(np.arange(24), np.where(np.arange(24) >= 12, 200, 100))
    clock = clock_from(hours * 3600.0 + 1800 - 8 * 3600 + 10 * 86_400, np.ones(len(hours)))
    morning, evening = clock.hours(np.array([-2.0, 10.0]) * 3600, np.array([2.0, 14.0]) * 3600)
    assert evening / morning == pytest.approx(2, rel=0.05)
    assert clock.hours(np.zeros(1), np.array([86_400.0]))[0] == pytest.approx(24)
    daily = clock_from(np.full(1000, 5 * 86_400.0), np.ones(1000))
    assert np.array_equal(daily.profile, even_clock().profile)


def test_ridge_with_a_hair_of_penalty_is_least_squares():
    """On a clean linear law it finds the law; the square is found, too."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    y = 2 + x @ [1.0, -2.0, 0.0] + 0.7 * x[:, 2] ** 2
    ridge = fit_ridge(x, y, np.array([2]))
    assert np.median(np.abs(ridge.predict(x) - y)) < 0.01
    assert ridge.contributions(x).sum(axis=1) + ridge.intercept == pytest.approx(ridge.predict(x))
    assert ridge.error < 0.05
    assert np.isfinite(ridge.predict(np.full((1, 3), np.nan))).all()


def test_the_update_is_the_posterior_on_a_grid():
    """Normal prior times normal likelihood, summed numerically."""
    grid = np.linspace(-20, 20, 400_001)
    density = np.exp(-((grid - 1.0) ** 2) / (2 * 0.8) - (grid - 2.5) ** 2 / (2 * 0.3))
    mean = (grid * density).sum() / density.sum()
    assert update(np.array([1.0]), 0.8, np.array([2.5]), 0.3)[0] == pytest.approx(mean)


def test_ranges_hold_what_they_say():
    """Of outcomes drawn like the misses, 80 % fall within the 10 and 90 % quantiles, and chances are frequencies."""
    rng = np.random.default_rng(1)
    median, width = rng.normal(4, 1, 4000), rng.uniform(0.5, 1.5, 4000)
    so_far = rng.integers(0, 50, 4000).astype(float)
    total = so_far + np.expm1(np.maximum(median + 0.5 * width * rng.normal(size=4000), 0))
    misses = misses_from(median[:2000], width[:2000], total[:2000], so_far[:2000])
    later = Distribution(so_far=so_far[2000:], median=median[2000:], width=width[2000:], misses=misses)
    low, middle, high = later.quantiles([0.1, 0.5, 0.9]).T
    assert np.mean((total[2000:] >= low) & (total[2000:] <= high)) == pytest.approx(0.8, abs=0.04)
    assert np.mean(total[2000:] > middle) == pytest.approx(0.5, abs=0.04)
    threshold = np.full(2000, 100.0)
    assert later.chance_above(threshold).mean() == pytest.approx(np.mean(total[2000:] > 100), abs=0.03)
    assert (later.chance_above(so_far[2000:] - 1) == 1).all()


def test_makers_are_told_by_rare_values():
    """A name that returns; or numbers that nobody else has together."""
    names = pd.DataFrame({"designer": ["a", "b", "a", "c"], "price": [1, 2, 3, 4]})
    assert makers(names)[0] == makers(names)[2] != makers(names)[1]
    numbers = pd.DataFrame({"followers": [10, 20, 10, 30], "friends": [7, 8, 7, 9], "n": [1, 1, 1, 1]})
    assert makers(numbers)[0] == makers(numbers)[2] != makers(numbers)[1]
    assert (makers(pd.DataFrame({"price": [1, 2, 3, 4]})) == -1).all()


@pytest.mark.parametrize(("kinds", "expected"), [(("repost", "like"), ("repost",)), (("view",), ())])
def test_what_adds_up_is_found(kinds, expected):
    """Reposts that make up the total are, likes beside them and views far above it are not."""
    styles = pd.DataFrame(
        {"style_id": list("abcdefgh"), "launch_at": "2026-01-01T00:00:00+08:00", "total": np.arange(5.0, 13.0)}
    )
    times = {"repost": 1.0, "like": 0.3, "view": 40.0}
    frames = [
        pd.DataFrame(
            {
                "style_id": styles["style_id"],
                "signal_time": "2026-01-02T00:00:00+08:00",
                "observed_at": "2026-01-02T00:00:00+08:00",
                "kind": kind,
                "count": styles["total"] * times[kind],
            }
        )
        for kind in kinds
    ]
    launches = launches_from(styles, pd.concat(frames, ignore_index=True))
    assert accrual_from(launches, launches.known(np.inf), 1e12).kinds == expected
