"""Waves of orders after a push in communities: how large, how spread over the day, corrected while they run.

A wave's expected size is the sum over the communities reached of members x rate of the coupon x the community's own
factor (gamma-Poisson, shrunk to 1), times how awake shoppers are while they answer. Its shape is a response curve by
minutes since the push times activity by hour of the day. While a wave runs its size factor w ~ Gamma(a, a) is
updated by the orders so far: the mean is (a + k n) / (a + k e) for n orders where e were expected. Plain
gamma-Poisson has k = 1 and trusts the first minutes too much, because waves differ in speed as well as in size; the
discount k, what a turn in the last quarter of an hour says about the speed, and the spread of what is left are learnt
from how finished waves went on (`forecast.wave_errors`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["WaveHistory", "WaveModel", "WaveParams", "fit_waves"]

Floats = NDArray[np.float64]
_DAY_MINUTES, _HOURS, _ROUNDS = 1440, 24, 50


@dataclass(frozen=True, kw_only=True)
class WaveParams:
    """What a wave is and how strongly rates are pulled to the average.

    Parameters
    ----------
    bucket_minutes
        Width of a bucket, 1 to 120, a divisor of an hour or whole hours.
    horizon_hours
        How long after its push a wave lasts, 1 to 72.
    clock_orders
        Share of all orders that stands for "every hour is alike" in each hour's activity, in (0, 1].
    pseudo_waves
        Finished waves that the assumed errors count as, > 0.
    """

    bucket_minutes: int = 15
    horizon_hours: int = 24
    clock_orders: float = 0.002
    pseudo_waves: float = 2.0

    def __post_init__(self) -> None:
        for name, low, high in (("bucket_minutes", 1, 120), ("horizon_hours", 1, 72)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"Expected {name} to be a whole number in [{low}, {high}], got {value!r}.")
        if 60 % self.bucket_minutes and self.bucket_minutes % 60:
            raise ValueError(f"Expected bucket_minutes to divide an hour or be whole hours, got {self.bucket_minutes}.")
        if not 0 < self.clock_orders <= 1:
            raise ValueError(f"Expected clock_orders in (0, 1], got {self.clock_orders!r}.")
        if not 0 < self.pseudo_waves < float("inf"):
            raise ValueError(f"Expected pseudo_waves > 0, got {self.pseudo_waves!r}.")

    @property
    def buckets(self) -> int:
        """Number of buckets of a wave."""
        return self.horizon_hours * 60 // self.bucket_minutes


@dataclass(frozen=True, kw_only=True)
class WaveHistory:
    """Finished waves.

    Parameters
    ----------
    members
        Members of each community that got the push, 0 = not reached, shape (w, c).
    coupon
        Index of each wave's coupon, shape (w,).
    push_minute
        Minute of the day of each push, shape (w,), in [0, 1440).
    orders
        Orders per wave and community over the horizon, shape (w, c).
    counts
        Orders per wave and bucket since the push, shape (w, buckets).
    """

    members: Floats
    coupon: NDArray[np.int64]
    push_minute: Floats
    orders: Floats
    counts: Floats

    def __post_init__(self) -> None:
        w = len(self.members)
        shapes = {"orders": self.orders.shape == self.members.shape, "counts": len(self.counts) == w}
        shapes |= {"coupon": self.coupon.shape == (w,), "push_minute": self.push_minute.shape == (w,)}
        for name, fits in shapes.items():
            if not fits:
                raise ValueError(f"Expected {name} for {w} waves, got shape {getattr(self, name).shape}.")


@dataclass(frozen=True, kw_only=True)
class WaveModel:
    """What finished waves tell.

    Parameters
    ----------
    shape_curve, shape_clock
        Share of a wave's orders in each bucket since the push if every hour were alike, shape (buckets,), sums to 1,
        and activity by hour of the day, about 1 on average, shape (24,): learnt within waves, whatever their size.
    size_curve, size_clock
        The same, learnt from sizes as well: how many orders a push at another hour brings.
    rate
        Orders per member of an average coupon in an average community.
    coupon
        Factor of each known coupon, shape (coupons,); an unknown one is 1.
    coupon_variance, wave_variance
        Variances of the log factors of coupons and of single waves.
    pull, seen_orders, seen_expected
        Gamma shape of the communities' factors, and each community's orders and expected orders so far, shape (c,).
    """

    params: WaveParams
    shape_curve: Floats
    shape_clock: Floats
    size_curve: Floats
    size_clock: Floats
    rate: float
    coupon: Floats
    coupon_variance: float
    wave_variance: float
    pull: float
    seen_orders: Floats
    seen_expected: Floats

    def profile(self, push_minute: Floats) -> Floats:
        """Return expected orders per bucket of waves as shares of a wave at average hours, shape (w, buckets)."""
        hour = hours_of(push_minute, self.params)
        share = self.shape_curve * self.shape_clock[hour]
        awake = (self.size_curve * self.size_clock[hour]).sum(axis=1, keepdims=True)
        return np.asarray(share / share.sum(axis=1, keepdims=True) * awake)

    def factors(self, less_orders: Floats | float = 0.0, less_expected: Floats | float = 0.0) -> Floats:
        """Return each community's factor, optionally without what one wave contributed."""
        seen, expected = self.seen_orders - less_orders, self.seen_expected - less_expected
        return np.asarray((self.pull + seen) / (self.pull + expected))

    def coupon_factor(self, coupon: int) -> float:
        """Return a coupon's factor; 1 for an index that is not known (-1)."""
        return float(self.coupon[coupon]) if 0 <= coupon < len(self.coupon) else 1.0

    def expected(self, members: Floats, coupon: int, push_minute: float) -> Floats:
        """Return the expected orders of a push per community, shape (c,)."""
        awake = float(self.profile(np.array([push_minute])).sum())
        return np.asarray(members * self.factors() * self.rate * self.coupon_factor(coupon) * awake)


def fit_waves(history: WaveHistory, *, params: WaveParams | None = None) -> WaveModel:
    """Learn sizes and shapes from finished waves.

    Raises
    ------
    ValueError
        If there is no finished wave with an order.
    """
    params = params or WaveParams()
    if history.counts.sum() <= 0 or history.counts.shape[1] != params.buckets:
        raise ValueError(f"Expected finished waves with orders in {params.buckets} buckets.")
    shape_curve, shape_clock = _curve_and_clock(history, params, own_sizes=True)
    size_curve, size_clock = _curve_and_clock(history, params, own_sizes=False)
    awake = (size_curve * size_clock[hours_of(history.push_minute, params)]).sum(axis=1)
    exposure = history.members * awake[:, None]
    size = np.maximum(history.orders.sum(axis=1), 0.5)
    factor, pull = np.ones(history.members.shape[1]), 1.0
    for _ in range(3):
        share = exposure * factor
        own = exposure * (size / np.maximum(share.sum(axis=1), 1e-9))[:, None]
        pull, factor = _community_factors(history.orders.sum(axis=0), own.sum(axis=0))
    strength = size / np.maximum((exposure * factor).sum(axis=1), 1e-9)
    rate, coupon, between, within = _coupon_factors(strength, history.coupon)
    return WaveModel(
        params=params,
        shape_curve=shape_curve,
        shape_clock=shape_clock,
        size_curve=size_curve,
        size_clock=size_clock,
        rate=rate,
        coupon=coupon,
        coupon_variance=between,
        wave_variance=within,
        pull=pull,
        seen_orders=history.orders.sum(axis=0),
        seen_expected=own.sum(axis=0),
    )


def hours_of(push_minute: Floats, params: WaveParams) -> NDArray[np.int64]:
    """Return the hour of the day of each bucket's middle, shape (w, buckets)."""
    middle = (np.arange(params.buckets) + 0.5) * params.bucket_minutes
    return np.asarray(((np.asarray(push_minute)[:, None] + middle) % _DAY_MINUTES // 60).astype(np.int64))


def _curve_and_clock(history: WaveHistory, params: WaveParams, *, own_sizes: bool) -> tuple[Floats, Floats]:
    """Split counts into size x curve x clock by alternating their closed-form estimates (Poisson likelihood).

    Parameters
    ----------
    own_sizes
        Whether each wave has a size of its own. The shape within a wave is then exact, but a curve that falls faster
        and a clock that rises over the day are not told apart; with sizes as members reached times the coupon's rate
        they are.
    """
    n, hour = history.counts, hours_of(history.push_minute, params)
    reached, clock = history.members.sum(axis=1), np.ones(_HOURS)
    curve = np.full(n.shape[1], 1 / n.shape[1])
    prior = params.clock_orders * n.sum()
    for _ in range(_ROUNDS):
        size = _sizes(history, reached * (curve * clock[hour]).sum(axis=1), reached, own=own_sizes)[:, None]
        curve = np.maximum(n.sum(axis=0) / np.maximum((size * clock[hour]).sum(axis=0), 1e-12), 1e-9)
        curve /= curve.sum()
        told = np.bincount(hour.ravel(), n.ravel(), _HOURS)
        expected = np.bincount(hour.ravel(), (size * curve).ravel(), _HOURS)
        clock = (prior + told) / (prior + expected)
        clock /= np.average(clock, weights=expected + prior)
    return curve, clock


def _sizes(history: WaveHistory, expected: Floats, reached: Floats, *, own: bool) -> Floats:
    """Return orders per wave at average hours: its own, or those of its coupon per member reached."""
    came = history.counts.sum(axis=1)
    if own:
        return np.asarray(reached * came / np.maximum(expected, 1e-12))
    rate = np.bincount(history.coupon, came) / np.maximum(np.bincount(history.coupon, expected), 1e-12)
    return np.asarray(reached * rate[history.coupon])


def _community_factors(orders: Floats, expected: Floats) -> tuple[float, Floats]:
    """Return the gamma shape of the communities' factors (moments) and the posterior means."""
    known = expected > 0
    weight = expected[known]
    ratio = orders[known] / weight
    excess = np.average((ratio - 1) ** 2 - 1 / weight, weights=weight) if known.any() else 0.0
    pull = 1 / float(np.clip(excess, 1e-3, 10.0))
    return pull, np.asarray((pull + orders) / (pull + expected))


def _coupon_factors(strength: Floats, coupon: NDArray[np.int64]) -> tuple[float, Floats, float, float]:
    """Return the average rate, each coupon's shrunk factor, and the variances between coupons and within them."""
    logs, count = np.log(strength), np.bincount(coupon).astype(float)
    means = np.bincount(coupon, logs) / np.maximum(count, 1)
    several, groups = len(logs), int((count > 0).sum())
    within = float(((logs - means[coupon]) ** 2).sum() / max(1, several - groups)) if several > groups else 0.05
    within = max(within, 1e-4)
    centre = float(means[count > 0].mean())
    between = (
        float(max(1e-4, means[count > 0].var(ddof=1) - (within / count[count > 0]).mean())) if groups > 1 else 0.05
    )
    kept = between / (between + within / np.maximum(count, 1e-9))
    factor = np.exp(np.where(count > 0, kept * (means - centre), 0.0))
    rate = float(np.exp(centre)) * float((strength / (np.exp(centre) * factor[coupon])).mean())
    return rate, factor, between, within
