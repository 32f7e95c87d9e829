"""How finished waves went on after each bucket, against what was forecast for them without their own orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.waves import WaveHistory, WaveModel, WaveParams

__all__ = ["Standing", "WaveErrors", "carried", "learn_errors", "standing"]

Floats = NDArray[np.float64]
_SMOOTHED = 5
_SLOPES = 2
_RECENT_MINUTES = 15
_SHAPE_VARIANCE = 0.02  # assumed of how a wave's shape strays, until enough waves have told
_CARRIES = 0.9  # assumed share of a surplus, and of a turn, that carries over


@dataclass(frozen=True, kw_only=True)
class WaveErrors:
    """Learnt per number of buckets that have passed, 0 to all but the last.

    Parameters
    ----------
    trust
        How far a surplus of the orders so far carries over to the rest, as a power, shape (buckets,), in [0, 1].
    pace
        How far it carries over that the last quarter of an hour did better than all so far, as a power, shape
        (buckets,), in [0, 2]: a quick wave begins well and leaves less.
    variance
        Relative variance of the rest around its forecast, Poisson's own aside, shape (buckets,).
    lift
        Orders that came over those forecast by the power alone (it aims at the median), shape (buckets,).
    uneven
        Relative variance of each single bucket around the curve, Poisson's own aside, shape (buckets,).
    """

    trust: Floats
    pace: Floats
    variance: Floats
    lift: Floats
    uneven: Floats


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Waves after each number of buckets, 0 to all but the last; shape (w, buckets).

    Parameters
    ----------
    so_far, due
        Orders that came, and that were expected by then.
    turn
        Log surplus of the last quarter of an hour over that of all orders so far.
    """

    so_far: Floats
    due: Floats
    turn: Floats


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
    now = standing(history.counts, size[:, None] * share, model.params)
    left = history.counts.sum(axis=1, keepdims=True) - now.so_far
    due = np.maximum(size[:, None] - now.due, 1e-9)
    trust, pace, variance = _errors(model, now, np.log((left + 1) / (due + 1)), due)
    fitted = _SLOPES + len(np.unique(history.push_minute // 60))  # the clock of the pushes' hours was learnt from them
    aimed = due * carried(model, trust, now.so_far, now.due) * np.exp(pace * now.turn)
    pseudo = model.params.pseudo_waves * history.counts.sum(axis=1).mean()
    return WaveErrors(
        trust=trust,
        pace=pace,
        variance=variance * (1 + fitted / len(size)),
        lift=(left.sum(axis=0) + pseudo) / (aimed.sum(axis=0) + pseudo),
        uneven=_uneven(model, history.counts, share),
    )


def standing(counts: Floats, expected: Floats, params: WaveParams) -> Standing:
    """Return how waves stand after each number of buckets.

    Parameters
    ----------
    counts, expected
        Orders that came and that were expected in each bucket, shape (w, buckets).
    """
    recent = max(1, _RECENT_MINUTES // params.bucket_minutes)
    so_far, due = _before(counts), _before(expected)
    lately, usual = (sums - _shifted(sums, recent) for sums in (so_far, due))
    turn = np.log((lately + 1) / (usual + 1)) - np.log((so_far + 1) / (due + 1))
    return Standing(so_far=so_far, due=due, turn=turn)


def _before(values: Floats) -> Floats:
    return np.concatenate([np.zeros((len(values), 1)), values.cumsum(axis=1)[:, :-1]], axis=1)


def _shifted(sums: Floats, by: int) -> Floats:
    return np.concatenate([np.zeros((len(sums), by)), sums], axis=1)[:, : sums.shape[1]]


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


def _errors(model: WaveModel, now: Standing, rest: Floats, due: Floats) -> tuple[Floats, Floats, Floats]:
    """Regress the rest's log surplus on that of the orders so far and on its turn, with a few assumed waves."""
    pseudo, waves = model.params.pseudo_waves, len(rest)
    spread = model.wave_variance + _SHAPE_VARIANCE
    told = np.stack([np.log((now.so_far + 1) / (now.due + 1)), now.turn], axis=2)
    assumed = pseudo * np.diag([spread, _SHAPE_VARIANCE])
    gram = np.einsum("wki,wkj->kij", told, told) + assumed
    held = np.einsum("wki,wk->ki", told, rest) + assumed @ np.full(2, _CARRIES)
    slopes = np.linalg.solve(gram, held[:, :, None])[:, :, 0]
    trust, pace = np.clip(slopes[:, 0], 0.0, 1.0), np.clip(slopes[:, 1], 0.0, 2.0)
    trust[0] = pace[0] = 0.0
    off = (rest - trust * told[:, :, 0] - pace * told[:, :, 1]) ** 2 - 1 / (due + 1)
    variance = (off.sum(axis=0) + pseudo * spread) / (waves + pseudo)
    return trust, pace, np.maximum(variance, 1e-4)


def _uneven(model: WaveModel, counts: Floats, share: Floats) -> Floats:
    """Return the relative variance of each bucket around a wave's own size times the curve."""
    expected = np.maximum(counts.sum(axis=1, keepdims=True) * share, 1e-9)
    off = ((counts / expected - 1) ** 2 - 1 / expected) * np.minimum(expected, 1.0)
    pseudo = model.params.pseudo_waves
    return np.maximum(0.0, _smooth((off.sum(axis=0) + pseudo * 0.02) / (len(counts) + pseudo)))


def _smooth(values: Floats) -> Floats:
    padded = np.pad(values, _SMOOTHED // 2, mode="edge")
    return np.convolve(padded, np.ones(_SMOOTHED) / _SMOOTHED, mode="valid")
