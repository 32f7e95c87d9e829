"""Waves: what is learnt from finished ones, and how orders so far correct the one that runs."""

from dataclasses import replace

import numpy as np
import pytest

from forecast.wave_errors import WaveErrors, carried, learn_errors
from forecast.wave_forecast import Push, forecast_wave
from forecast.waves import WaveHistory, WaveModel, WaveParams, fit_waves

PARAMS = WaveParams(bucket_minutes=60, horizon_hours=4)
CURVE = np.array([0.4, 0.3, 0.2, 0.1])


def history(
    waves: int = 30, communities: int = 20, *, noise: float = 0.2, seed: int = 0
) -> tuple[WaveHistory, np.ndarray]:
    """Waves at 14:00 in communities with known factors, two coupons of which the second is twice as strong."""
    rng = np.random.default_rng(seed)
    factor = rng.gamma(2.0, 0.5, communities)
    members = rng.integers(50, 400, (waves, communities)) * (rng.random((waves, communities)) < 0.8)
    coupon = np.arange(waves) % 2
    size = np.exp(noise * rng.normal(size=waves)) * (1.0 + coupon)
    orders = rng.poisson(0.2 * members * factor * size[:, None])
    counts = np.array([rng.multinomial(n, CURVE) for n in orders.sum(axis=1)])
    made = WaveHistory(
        members=members.astype(float),
        coupon=coupon,
        push_minute=np.full(waves, 840.0),
        orders=orders.astype(float),
        counts=counts.astype(float),
    )
    return made, factor


def test_curve_communities_and_coupons_are_found():
    """Each part of the truth, from counts alone."""
    made, factor = history()
    model = fit_waves(made, params=PARAMS)
    assert model.profile(np.array([840.0]))[0] / model.profile(np.array([840.0])).sum() == pytest.approx(
        CURVE, abs=0.01
    )
    assert np.corrcoef(model.factors(), factor)[0, 1] > 0.99
    assert model.coupon[1] / model.coupon[0] == pytest.approx(2.0, rel=0.2)
    assert model.pull == pytest.approx(2.0, rel=0.8)


def test_expected_sizes_add_up_to_what_came():
    """In sum over the waves, within the noise of a wave."""
    made, _ = history()
    model = fit_waves(made, params=PARAMS)
    expected = sum(model.expected(m, c, 840.0).sum() for m, c in zip(made.members, made.coupon, strict=True))
    assert expected == pytest.approx(made.orders.sum(), rel=0.05)


def test_a_community_never_seen_counts_as_average_and_one_hardly_seen_nearly():
    """Gamma-Poisson shrinkage, by hand: (a + n) / (a + e)."""
    made, _ = history(communities=3)
    model = fit_waves(made, params=PARAMS)
    model = replace(model, pull=2.0, seen_orders=np.array([0.0, 3.0, 300.0]), seen_expected=np.array([0.0, 1.0, 100.0]))
    assert model.factors() == pytest.approx([1.0, 5 / 3, 302 / 102])


def test_more_orders_come_when_shoppers_are_awake():
    """The same push at a dead hour brings less, and what it brings comes later."""
    rng = np.random.default_rng(2)
    hours = np.array([14, 16, 18, 20, 22] * 12)
    awake = np.where(np.arange(24) >= 23, 0.1, 1.0)
    clock = awake[(hours[:, None] + np.arange(4)) % 24]
    members = np.full((60, 5), 200.0)
    counts = rng.poisson(400 * CURVE * clock)
    orders = np.array([rng.multinomial(n, np.full(5, 0.2)) for n in counts.sum(axis=1)])
    made = WaveHistory(
        members=members,
        coupon=np.zeros(60, int),
        push_minute=hours * 60.0,
        orders=orders.astype(float),
        counts=counts.astype(float),
    )
    model = fit_waves(made, params=PARAMS)
    day, night = (model.expected(members[0], 0, hour * 60.0).sum() for hour in (14, 22))
    assert day == pytest.approx(400, rel=0.15)
    assert night == pytest.approx(400 * (0.4 + 0.1 * 0.3 + 0.2 + 0.1), rel=0.25)
    assert night < 0.85 * day


def test_the_update_is_gamma_poisson():
    """With all trust the count decides, with none the prior; in between the conjugate posterior mean."""
    made, _ = history()
    model = replace(fit_waves(made, params=PARAMS), wave_variance=0.1)
    n, e = np.array([60.0]), np.array([40.0])
    assert carried(model, np.array([0.0]), n, e) == pytest.approx(1.0)
    assert carried(model, np.array([1.0]), n, e) == pytest.approx(1.5, rel=1e-4)
    plain = 40 / (10 + 40)  # kappa = 1: prior 10 orders' worth, 40 expected
    assert carried(model, np.array([plain]), n, e) == pytest.approx((10 + 60) / (10 + 40))


def test_a_running_wave_is_corrected_by_its_orders():
    """Twice the orders in the first hour raise the rest, less than twice; the total starts at what came."""
    made, _ = history()
    model, push = (
        fit_waves(made, params=PARAMS),
        Push(members=made.members[0], coupon=0, push_minute=840.0, counts=np.zeros(0)),
    )
    errors = learn_errors(model, made)
    before = forecast_wave(model, errors, push)
    doubled = replace(push, counts=np.round(2 * before.mean[:1]))
    after = forecast_wave(model, errors, doubled)
    assert 1.3 * before.mean[1:].sum() < after.mean[1:].sum() < 2.1 * before.mean[1:].sum()
    assert after.total_mean == pytest.approx(after.mean.sum())
    assert (after.total_quantiles >= after.so_far).all()
    assert after.quantiles[0] == pytest.approx(doubled.counts[0])
    width = [np.ptp(f.total_quantiles) / f.total_mean for f in (before, after)]
    assert width[1] < width[0]


def test_communities_sum_to_the_wave_and_follow_their_own_orders():
    """A community that ordered more than its share gets more of the rest."""
    made, _ = history()
    model = fit_waves(made, params=PARAMS)
    errors = learn_errors(model, made)
    usual = model.expected(made.members[0], 0, 840.0)
    came = np.round(usual * 0.4)
    came[0] += 200
    told = forecast_wave(
        model,
        errors,
        Push(
            members=made.members[0], coupon=0, push_minute=840.0, counts=came.sum(keepdims=True), community_orders=came
        ),
    )
    assert told.community_mean.sum() == pytest.approx(told.total_mean)
    assert (told.community_mean >= came).all()
    rest = (told.community_mean - came) / np.maximum(usual, 1e-9)
    assert rest[0] > 1.05 * np.median(rest[made.members[0] > 0])


def test_a_new_coupon_is_the_average_with_a_wider_range():
    """Its own factor is not known yet."""
    made, _ = history(noise=0.05)
    model = fit_waves(made, params=PARAMS)
    errors = learn_errors(model, made)
    known, new = (
        forecast_wave(model, errors, Push(members=made.members[0], coupon=c, push_minute=840.0, counts=np.zeros(0)))
        for c in (1, -1)
    )
    assert new.total_mean < known.total_mean
    assert np.ptp(new.total_quantiles) / new.total_mean > 1.5 * np.ptp(known.total_quantiles) / known.total_mean


def test_ranges_hold_as_often_as_they_say_and_errors_shrink():
    """Waves not in the history, before the push and an hour after it."""
    made, _ = history(160, noise=0.25, seed=3)
    past, spot = 60, np.arange(60, 160)
    train = WaveHistory(**{name: getattr(made, name)[:past] for name in made.__dataclass_fields__})
    model = fit_waves(train, params=PARAMS)
    errors = learn_errors(model, train)
    for elapsed, most, highest in ((0, 0.3, 0.95), (1, 0.06, 1.0)):  # these waves differ in size only
        held, off = [], 0.0
        for w in spot:
            push = Push(
                members=made.members[w], coupon=int(made.coupon[w]), push_minute=840.0, counts=made.counts[w, :elapsed]
            )
            found, total = forecast_wave(model, errors, push), made.counts[w].sum()
            held.append(found.total_quantiles[0] <= total <= found.total_quantiles[-1])
            off += abs(found.total_mean - total)
        assert 0.65 <= np.mean(held) <= highest
        assert off / made.counts[spot].sum() < most


def test_one_finished_wave_is_enough_to_begin():
    """Assumed errors stand in for those not seen yet."""
    made, _ = history(waves=1)
    model = fit_waves(made, params=PARAMS)
    errors = learn_errors(model, made)
    assert isinstance(model, WaveModel)
    assert isinstance(errors, WaveErrors)
    found = forecast_wave(model, errors, Push(members=made.members[0], coupon=0, push_minute=840.0, counts=np.zeros(0)))
    assert found.total_mean == pytest.approx(made.counts.sum(), rel=0.1)


def test_waves_without_orders_teach_nothing():
    """Said, not guessed."""
    made, _ = history(waves=2)
    empty = replace(made, counts=np.zeros_like(made.counts), orders=np.zeros_like(made.orders))
    with pytest.raises(ValueError, match="finished waves with orders"):
        fit_waves(empty, params=PARAMS)
    with pytest.raises(ValueError, match="coupon for 2 waves"):
        replace(made, coupon=np.zeros(3, int))


@pytest.mark.parametrize(
    "given", [{"bucket_minutes": 7}, {"horizon_hours": 0}, {"clock_orders": 0.0}, {"pseudo_waves": -1.0}]
)
def test_parameters_out_of_range_are_refused(given: dict):
    """By name."""
    with pytest.raises(ValueError, match=next(iter(given))):
        WaveParams(**given)
