"""Waves of orders after pushes in communities, with what only the simulator knows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["WaveSimParams", "Waves", "simulate_waves"]

_ZONE = "Asia/Shanghai"
_FIRST_DAY = pd.Timestamp("2025-05-05")
# How awake shoppers are by hour of the day, against the average hour.
_CLOCK = np.array(
    [0.35, 0.2, 0.12, 0.1, 0.1, 0.15, 0.4, 0.7, 0.95, 1.1, 1.15, 1.25, 1.45, 1.3, 1.15, 1.1, 1.1, 1.15, 1.25, 1.45,
     1.75, 1.9, 1.6, 0.85]
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class WaveSimParams:
    """Sizes and noise of `simulate_waves`.

    Parameters
    ----------
    communities, waves, coupons
        How many there are: 1 to 100 000, 1 to 1 000, 1 to 100.
    mean_orders
        Orders of an average wave in all communities, > 0.
    size_noise, speed_noise
        Standard deviations of a wave's log size and log speed, >= 0.
    bucket_minutes
        Grain of the order counts, a divisor of 60.
    """

    communities: int = 4_000
    waves: int = 40
    coupons: int = 6
    mean_orders: float = 150_000.0
    size_noise: float = 0.25
    speed_noise: float = 0.2
    bucket_minutes: int = 5

    def __post_init__(self) -> None:
        for name, high in (("communities", 100_000), ("waves", 1_000), ("coupons", 100)):
            if not 1 <= getattr(self, name) <= high:
                raise ValueError(f"Expected {name} in [1, {high}], got {getattr(self, name)!r}.")
        for name in ("mean_orders", "size_noise", "speed_noise"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"Expected {name} >= 0, got {getattr(self, name)!r}.")
        if not 1 <= self.bucket_minutes <= 60 or 60 % self.bucket_minutes:
            raise ValueError(f"Expected bucket_minutes to divide 60, got {self.bucket_minutes!r}.")


@dataclass(frozen=True)
class Waves:
    """Pushes and the orders that followed, over 24 hours each.

    Parameters
    ----------
    pushes
        ``wave_id, push_at, coupon, community_id, members, simulated``: one row per community reached.
    orders
        ``wave_id, community_id, placed_at, orders, simulated``: counts per bucket, by its start.
    truth
        ``wave_id, size, speed, orders``: a wave's own factors and how many orders came.
    rates
        Each community's factor, shape (communities,).
    """

    pushes: pd.DataFrame
    orders: pd.DataFrame
    truth: pd.DataFrame
    rates: NDArray[np.float64]


def simulate_waves(
    params: WaveSimParams | None = None, first_day: pd.Timestamp = _FIRST_DAY, *, seed: int = 0
) -> Waves:
    """Simulate one push a day, mostly at 14:00, some at noon or in the evening, each to most of the communities.

    Examples
    --------
    >>> made = simulate_waves(WaveSimParams(communities=20, waves=3, mean_orders=500))
    >>> bool(made.orders["orders"].sum() == made.truth["orders"].sum())
    True
    """
    params = params or WaveSimParams()
    rng = np.random.default_rng([seed, 46])
    c, w = params.communities, params.waves
    members = np.round(np.exp(rng.normal(5.3, 0.7, c))).clip(20, 2_000)
    rates = rng.gamma(2.5, 1 / 2.5, c)
    coupon, factor = rng.integers(params.coupons, size=w), np.exp(0.4 * rng.normal(size=params.coupons))
    hour = rng.choice([10, 12, 14, 19, 20], size=w, p=[0.1, 0.1, 0.6, 0.1, 0.1])
    size, speed = np.exp(params.size_noise * rng.normal(size=w)), np.exp(params.speed_noise * rng.normal(size=w))
    reached = rng.random((w, c)) < 0.85
    base = params.mean_orders / max(1.0, 0.85 * float((members * rates).sum()))
    expected = reached * members * rates * base * (size * factor[coupon])[:, None]
    response = _response(hour, speed, params.bucket_minutes)
    push_at = (first_day + pd.to_timedelta(np.arange(w) * 24 + hour, unit="h")).tz_localize(_ZONE)
    names = pd.Series([f"sim-wave-{i + 1:03d}" for i in range(w)], dtype="str")
    ids = pd.Series([f"sim-community-{i + 1:07d}" for i in range(c)], dtype="str")
    orders = _orders(expected, response, push_at=push_at, names=names, ids=ids, bucket=params.bucket_minutes, rng=rng)
    at, who = np.nonzero(reached)
    pushes = pd.DataFrame(
        {
            "wave_id": names.to_numpy()[at],
            "push_at": push_at[at],
            "coupon": pd.Series([f"coupon-{i}" for i in coupon[at]], dtype="str"),
            "community_id": ids.to_numpy()[who],
            "members": members[who].astype(np.int64),
            "simulated": True,
        }
    )
    came = orders.groupby("wave_id")["orders"].sum().reindex(names, fill_value=0).to_numpy()
    truth = pd.DataFrame({"wave_id": names, "size": size, "speed": speed, "orders": came})
    return Waves(pushes, orders, truth, rates)


def _response(hour: NDArray[np.int64], speed: NDArray[np.float64], bucket: int) -> NDArray[np.float64]:
    """Return the share of a usual wave's orders in each bucket after the push, shape (w, buckets).

    Two kinds of answer: at once (lognormal, median 25 minutes over the wave's speed) and in the evening's reading.
    """
    minute = (np.arange(24 * 60 // bucket) + 0.5) * bucket
    lag = np.log(minute[None, :] * speed[:, None] / 25)
    quick, slow = np.exp(-0.5 * (lag / 0.9) ** 2) / minute, np.exp(-minute / 400) / 400
    shape = 0.75 * quick / quick.sum(axis=1, keepdims=True) + 0.25 * slow / slow.sum()
    return np.asarray(shape * _CLOCK[((hour[:, None] * 60 + minute) // 60 % 24).astype(int)])


def _orders(
    expected: NDArray[np.float64],
    response: NDArray[np.float64],
    *,
    push_at: pd.DatetimeIndex,
    names: pd.Series,
    ids: pd.Series,
    bucket: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    frames = []
    for w, wanted in enumerate(expected):
        shock = rng.gamma(60.0, 1 / 60.0, response.shape[1])
        count = rng.poisson(wanted[:, None] * (response[w] * shock))
        community, spot = np.nonzero(count)
        frames.append(
            pd.DataFrame(
                {
                    "wave_id": names[w],
                    "community_id": ids.to_numpy()[community],
                    "placed_at": push_at[w] + pd.to_timedelta(spot * bucket, unit="min"),
                    "orders": count[community, spot],
                }
            )
        )
    frame = pd.concat(frames, ignore_index=True).astype({"wave_id": "str", "community_id": "str"})
    frame["simulated"] = True
    return frame
