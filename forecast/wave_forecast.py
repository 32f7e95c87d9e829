"""A wave's forecast: before its push, and corrected by the orders that have come since."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.wave_errors import WaveErrors, carried, standing
from forecast.waves import WaveModel

__all__ = ["Push", "WaveForecast", "forecast_wave"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Push:
    """A push to forecast, and what is known of its wave.

    Parameters
    ----------
    members
        Members of each community that gets it, 0 = not reached, shape (c,).
    coupon
        Index of its coupon in the model, -1 = a new one.
    push_minute
        Minute of the day, in [0, 1440).
    counts
        Orders in each bucket that has passed since the push, shape (k,), k >= 0.
    community_orders
        Orders so far by community, shape (c,); None = not known.
    """

    members: Floats
    coupon: int
    push_minute: float
    counts: Floats
    community_orders: Floats | None = None


@dataclass(frozen=True, kw_only=True)
class WaveForecast:
    """Orders of a wave.

    Parameters
    ----------
    levels
        Quantile levels, shape (l,).
    so_far
        Orders that came already.
    mean, quantiles
        Per bucket: what came in buckets that have passed, a forecast in the others; shapes (buckets,), (buckets, l).
        Quantiles of buckets don't add up to those of the total.
    total_mean, total_quantiles
        Of the whole wave, shape (l,).
    community_mean
        Expected orders of the whole wave by community, shape (c,).
    """

    levels: Floats
    so_far: float
    mean: Floats
    quantiles: Floats
    total_mean: float
    total_quantiles: Floats
    community_mean: Floats


def forecast_wave(
    model: WaveModel, errors: WaveErrors, push: Push, *, levels: Floats | tuple[float, ...] = (0.1, 0.5, 0.9)
) -> WaveForecast:
    """Forecast a wave, given the buckets that have passed.

    Parameters
    ----------
    levels
        Quantile levels, rising, in (0, 1).
    """
    levels = np.asarray(levels, dtype=float)
    by_community = model.expected(push.members, push.coupon, push.push_minute)
    profile = model.profile(np.array([push.push_minute]))[0]
    share = profile / profile.sum()
    k, so_far = min(len(push.counts), len(share)), float(push.counts.sum())
    passed = float(share[:k].sum())
    size = _scale(model, push) * float(by_community.sum())
    factor = _size_factor(model, errors, push.counts[:k], size * share)
    rest = size * factor * (1 - passed)
    variance = _variance(model, errors, push, k)
    mean = np.concatenate([push.counts[:k], size * factor * share[k:]])
    ahead = _count_quantiles(mean[k:], variance + errors.uneven[k:], levels)
    left = _count_quantiles(np.array([rest]), np.array([variance]), levels)[0]
    return WaveForecast(
        levels=levels,
        so_far=so_far,
        mean=mean,
        quantiles=np.concatenate([np.repeat(push.counts[:k, None], len(levels), axis=1), ahead]),
        total_mean=so_far + rest,
        total_quantiles=so_far + left,
        community_mean=_by_community(model, push, by_community, passed=passed, so_far=so_far, rest=rest),
    )


def _scale(model: WaveModel, push: Push) -> float:
    """Return the mean of the coupon's unknown factor over its median."""
    new = not 0 <= push.coupon < len(model.coupon)
    return float(np.exp(model.coupon_variance / 2)) if new else 1.0


def _variance(model: WaveModel, errors: WaveErrors, push: Push, k: int) -> float:
    """Return the relative variance of the rest; a new coupon adds its own until the orders have told."""
    if k >= len(errors.variance):
        return 0.0
    new = not 0 <= push.coupon < len(model.coupon)
    return float(errors.variance[k]) + (model.coupon_variance * float(1 - errors.trust[k]) ** 2 if new else 0.0)


def _size_factor(model: WaveModel, errors: WaveErrors, counts: Floats, expected: Floats) -> float:
    """Return what the orders so far make of the rest: how many they are, and whether they are getting more."""
    k = len(counts)
    if k >= len(errors.trust):
        return 1.0
    came = np.concatenate([counts, np.zeros(len(expected) - k)])
    now = standing(came[None, :], expected[None, :], model.params)
    told = carried(model, errors.trust[k : k + 1], now.so_far[0, k : k + 1], now.due[0, k : k + 1])[0]
    return float(told * np.exp(errors.pace[k] * now.turn[0, k]) * errors.lift[k])


def _by_community(
    model: WaveModel, push: Push, expected: Floats, *, passed: float, so_far: float, rest: float
) -> Floats:
    """Split the wave among communities: what came, and the rest by their factors corrected by what came."""
    total = max(float(expected.sum()), 1e-9)
    if push.community_orders is None or passed <= 0:
        return np.asarray(expected * (so_far + rest) / total)
    came = push.community_orders
    due = expected * so_far / total  # at the wave's own size
    told = model.pull + model.seen_expected
    share = expected * (told * model.factors() + came) / np.maximum((told + due) * model.factors(), 1e-12)
    return np.asarray(came + share * rest / max(float(share.sum()), 1e-9))


def _count_quantiles(mean: Floats, variance: Floats, levels: Floats) -> Floats:
    """Return quantiles of counts: Poisson around a gamma of means (m,) and relative variances (m,), shape (m, l)."""
    from scipy.stats import nbinom  # takes a third of a second to import

    shape, centre = 1 / np.maximum(variance, 1e-9)[:, None], np.maximum(mean, 1e-9)[:, None]
    return np.asarray(nbinom.ppf(levels, shape, shape / (shape + centre)), dtype=float)
