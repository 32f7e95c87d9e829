"""How finished waves went on after each bucket, against what was forecast for them without their own orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.waves import WaveHistory, WaveModel

__all__ = ["WaveErrors", "carried", "learn_errors"]

Floats = NDArray[np.float64]
_SMOOTHED = 5


@dataclass(frozen=True, kw_only=True)
class WaveErrors:
    """Learnt per number of buckets that have passed, 0 to all but the last.

    Parameters
    ----------
    trust
        How far a surplus of the orders so far carries over to the rest, as a power, shape (buckets,), in [0, 1].
    variance
        Relative variance of the rest around its forecast, Poisson's own aside, shape (buckets,).
    lift
        Orders that came over those forecast by the power alone (it aims at the median), shape (buckets,).
    uneven
        Relative variance of each single bucket around the curve, Poisson's own aside, shape (buckets,).
    """

    trust: Floats
    variance: Floats
    lift: Floats
    uneven: Floats


def learn_errors(model: WaveModel, history: WaveHistory) -> WaveErrors:
    """Replay each finished wave with the community and coupon rates that the others give.

    Parameters
    ----------
    model
        Learnt from the same history.
    """
    profile = model.profile(history.push_minute)
    size = _sizes_without(model, history, profile.sum(axis=1))
    share = profile / profile.sum(axis=1, keepdims=True)
    before = np.concatenate([np.zeros((len(size), 1)), share.cumsum(axis=1)[:, :-1]], axis=1)
    total = history.counts.sum(axis=1, keepdims=True)
    so_far = np.concatenate([np.zeros((len(size), 1)), history.counts.cumsum(axis=1)[:, :-1]], axis=1)
    surplus = np.log((so_far + 1) / (size[:, None] * before + 1))
    rest_forecast = size[:, None] * (1 - before)
    rest = np.log((total - so_far + 1) / (rest_forecast + 1))
    trust, variance = _errors(model, surplus, rest, rest_forecast)
    aimed = rest_forecast * carried(model, trust, so_far, size[:, None] * before)
    pseudo = model.params.pseudo_waves * total.mean()
    lift = _smooth(((total - so_far).sum(axis=0) + pseudo) / (aimed.sum(axis=0) + pseudo))
    return WaveErrors(trust=trust, variance=variance, lift=lift, uneven=_uneven(model, history.counts, share))


def carried(model: WaveModel, trust: Floats, so_far: Floats, expected: Floats) -> Floats:
    """Return the posterior mean of the size factor, (a + kappa n) / (a + kappa e), with kappa from the trust.

    Parameters
    ----------
    trust
        As in `WaveErrors`; kappa is such that a surplus of the orders so far carries over by this share.
    so_far, expected
        Orders that came, and that were expected by then.
    """
    prior = 1 / model.wave_variance
    held = np.clip(trust, 0.0, 1 - 1e-6)
    kappa = held * prior / ((1 - held) * np.maximum(expected, 1e-9))
    return np.asarray((prior + kappa * so_far) / (prior + kappa * expected))


def _sizes_without(model: WaveModel, history: WaveHistory, awake: Floats) -> Floats:
    """Return each wave's expected size from the other waves, shape (w,)."""
    strength = np.maximum(history.orders.sum(axis=1), 0.5)
    sizes = np.empty(len(strength))
    logs = np.empty(len(strength))
    for w, members in enumerate(history.members):
        exposure = members * awake[w]
        own = exposure * strength[w] / max(1e-9, float((exposure * model.factors()).sum()))
        sizes[w] = float((exposure * model.factors(history.orders[w], own)).sum())
        logs[w] = np.log(strength[w] / max(sizes[w], 1e-9))
    between, within = model.coupon_variance, model.wave_variance
    for w in range(len(sizes)):
        others = np.arange(len(sizes)) != w
        if others.any():
            same = others & (history.coupon == history.coupon[w])
            centre = _centre(logs[others], history.coupon[others])
            pull = between / (between + within / max(1, int(same.sum()))) if same.any() else 0.0
            mean = centre + pull * ((logs[same].mean() if same.any() else centre) - centre)
            sizes[w] *= np.exp(mean + within / 2)
        else:
            sizes[w] *= model.rate
    return sizes


def _centre(logs: Floats, coupon: NDArray[np.int64]) -> float:
    count = np.bincount(coupon)
    means = np.bincount(coupon, logs)[count > 0] / count[count > 0]
    return float(means.mean())


def _errors(model: WaveModel, surplus: Floats, rest: Floats, rest_forecast: Floats) -> tuple[Floats, Floats]:
    """Regress the rest's log surplus on that of the orders so far, bucket by bucket, with a few assumed waves."""
    pseudo, waves = model.params.pseudo_waves, len(surplus)
    prior = model.wave_variance + 0.02
    trust = ((surplus * rest).sum(axis=0) + pseudo * prior * 0.8) / ((surplus**2).sum(axis=0) + pseudo * prior)
    trust = np.clip(_smooth(trust), 0.0, 1.0)
    left = (rest - trust * surplus) ** 2 - 1 / (rest_forecast + 1)
    variance = (left.sum(axis=0) + pseudo * prior) / (waves + pseudo)
    trust[0] = 0.0
    return trust, np.maximum(_smooth(variance), 1e-4) * (1 + 2 / waves)


def _uneven(model: WaveModel, counts: Floats, share: Floats) -> Floats:
    """Return the relative variance of each bucket around a wave's own size times the curve."""
    expected = np.maximum(counts.sum(axis=1, keepdims=True) * share, 1e-9)
    off = ((counts / expected - 1) ** 2 - 1 / expected) * np.minimum(expected, 1.0)
    pseudo = model.params.pseudo_waves
    return np.maximum(0.0, _smooth((off.sum(axis=0) + pseudo * 0.02) / (len(counts) + pseudo)))


def _smooth(values: Floats) -> Floats:
    padded = np.pad(values, _SMOOTHED // 2, mode="edge")
    return np.convolve(padded, np.ones(_SMOOTHED) / _SMOOTHED, mode="valid")
