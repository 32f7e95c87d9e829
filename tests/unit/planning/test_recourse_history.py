"""What is learnt from runs of forecasts that were made up to be learnt from."""

import numpy as np
import pytest
from scipy.stats import norm

from planning.forecasts import Forecasts
from planning.recourse_history import history_of
from planning.recourse_outlook import Outlook, outlook
from planning.recourse_sales import hear_sales

LEVELS = np.array([0.1, 0.5, 0.9])
ITEMS, BUCKETS, LIFE, KNOWN = 60, 40, 5, 4


def forecasts(*, drift: float = 0.0, market: float = 0.0, noise: float = 0.3, seed: int = 0) -> Forecasts:
    """Runs of items that begin one after another; one bucket before it begins an item's spread falls from .5 to .4.

    That run moves the level by `drift` and by as much noise as the spreads say; every run moves all by the market.
    """
    g = np.random.default_rng(seed)
    first = np.arange(ITEMS) % (BUCKETS - LIFE)
    moves = market * g.standard_normal(BUCKETS)
    update = drift + noise * g.standard_normal(ITEMS)
    rows = []
    for now in range(BUCKETS):
        for p in np.flatnonzero((first - KNOWN <= now) & (first + LIFE > now)):
            told = now >= first[p] - 1
            middle = 100 * np.exp(moves[: now + 1].sum() + told * update[p])
            spread = 0.4 if told else 0.5
            row = middle * np.exp(spread * norm.ppf(LEVELS))
            rows += [(now, p, bucket, *row) for bucket in range(max(now, first[p]), first[p] + LIFE)]
    table = np.array(rows)
    names = ("as_of", "item", "bucket")
    return Forecasts(
        **{n: table[:, i].astype(np.int64) for i, n in enumerate(names)}, quantiles=table[:, 3:], levels=LEVELS
    )


UNKNOWN = np.full((ITEMS, BUCKETS), np.nan)


def look(made: Forecasts, now: int = 30, demand: np.ndarray = UNKNOWN) -> Outlook:
    return outlook(history_of(made, demand), now, 8, prior_items=1.0)


def sales(made: Forecasts, *, deaf: bool, seed: int = 1) -> np.ndarray:
    """Sales with a noise of .1 around a level that the newest forecast missed by .3, or only by that noise."""
    g = np.random.default_rng(seed)
    off = deaf * 0.3 * g.standard_normal(ITEMS)
    demand = np.full((ITEMS, BUCKETS), np.nan)
    own = made.as_of == made.bucket
    item, bucket = made.item[own], made.bucket[own]
    demand[item, bucket] = made.quantiles[own, 1] * np.exp(off[item] + 0.1 * g.standard_normal(own.sum()))
    return demand


def test_sales_that_forecasts_have_not_heard_move_the_level() -> None:
    """Where forecasts miss the level all life long, sales tell it: corrected forecasts miss it by far less."""
    made = forecasts(noise=0.1)
    demand = sales(made, deaf=True)
    known = history_of(made, demand).until(38)
    heard = hear_sales(known)
    later = np.isfinite(known.gap) & (known.age >= 2)
    raw, corrected = known.gap[later], (known.gap - heard.shift)[later]
    assert corrected.std() < 0.6 * raw.std()
    assert heard.kept[later].max() < 0.5
    told = look(made, demand=demand)
    selling = 28  # has sold two buckets
    assert told.spread[selling, 0] < 0.7 * look(made).spread[selling, 0]


def test_forecasts_that_follow_sales_stay_as_they_are() -> None:
    """Where nothing is left to foretell, sales change neither level nor spread by much."""
    made = forecasts(noise=0.1)
    heard = hear_sales(history_of(made, sales(made, deaf=False)).until(38))
    assert np.abs(heard.shift).max() < 0.05
    assert heard.kept.min() > 0.7


def test_the_spread_falls_at_the_age_at_which_it_fell_before() -> None:
    """An item seen before its update is expected to be told at it, and not before."""
    expected = look(forecasts())
    item = 30 + KNOWN - 1  # begins in three buckets, is updated in two
    assert expected.stated[item] == pytest.approx(0.5)
    ratio = expected.spread[item] / expected.spread[item, 0]
    assert ratio[:2] == pytest.approx([1, 1])
    assert ratio[2] == pytest.approx(0.8, abs=0.01)
    assert (np.diff(expected.spread, axis=1) <= 1e-12).all()


def test_a_drift_of_forecasts_is_learnt_where_it_is_still_to_come() -> None:
    """Forecasts that were cut by a quarter when told are cut before; told ones stay."""
    expected = look(forecasts(drift=np.log(0.75), noise=0.05))
    told, untold = 30, 30 + KNOWN - 1
    assert expected.factor[untold] == pytest.approx(0.75, abs=0.05)
    assert expected.factor[told] == pytest.approx(1.0, abs=0.05)


def test_revisions_wider_than_stated_stretch_the_spread() -> None:
    """Twice the noise that the quantiles admit widens all branches, half of it narrows them."""
    honest, loud, quiet = (look(forecasts(noise=noise)).spread[33, 0] for noise in (0.3, 0.6, 0.15))
    assert loud > 1.1 * honest > 1.1 * quiet
    assert honest == pytest.approx(0.5, rel=0.1)


def test_a_common_move_is_told_from_chance() -> None:
    """Items that move on their own have no market; items that move together have about the one they have."""
    assert look(forecasts()).market == 0.0
    assert look(forecasts(market=0.2, noise=0.05)).market == pytest.approx(0.2, rel=0.5)


def test_nothing_is_learnt_from_later_runs() -> None:
    """The outlook of a bucket is the same whether later runs and sales are there or not."""
    made = forecasts(drift=0.3, market=0.1)
    seen = made.as_of <= 20
    cut = Forecasts(
        as_of=made.as_of[seen],
        item=made.item[seen],
        bucket=made.bucket[seen],
        quantiles=made.quantiles[seen],
        levels=LEVELS,
    )
    demand = sales(made, deaf=True)
    all_runs = look(made, 20, demand)
    demand[:, 20:] = np.nan
    past = look(cut, 20, demand)
    assert past.market == all_runs.market
    for name in ("stated", "spread"):
        np.testing.assert_array_equal(getattr(past, name), getattr(all_runs, name))
    known = past.stated > 0
    np.testing.assert_array_equal(past.factor[known], all_runs.factor[known])


def test_before_the_first_run_nothing_is_expected() -> None:
    """Without any run there is no spread and no drift."""
    late = forecasts()
    late = Forecasts(as_of=late.as_of + 5, item=late.item, bucket=late.bucket, quantiles=late.quantiles, levels=LEVELS)
    expected = look(late, now=2)
    assert not expected.spread.any()
    assert (expected.factor == 1).all()
