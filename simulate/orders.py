"""The orders of a day: a wave in the coupon window of the communities, a trickle from the stores."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulate.census import Census
from simulate.params import MarketParams

__all__ = ["MEAN_PIECES", "orders_of_day", "usual_orders"]

MEAN_PIECES = 6.0
_ORDERS_PER_COMMUNITY, _MAX_ORDERS = 38, 150_000
_COMMUNITY_SHARE = 0.85
_ZONE = "Asia/Shanghai"


def usual_orders(census: Census) -> int:
    """Return the orders of a usual day: 38 a community (4 000 communities order 150 000 times), at most 150 000."""
    return min(_MAX_ORDERS, _ORDERS_PER_COMMUNITY * census.size("community"))


def orders_of_day(
    census: Census,
    products: pd.DataFrame,
    share: np.ndarray,
    day: pd.Timestamp,
    params: MarketParams,
    *,
    orders: int,
    seed: int = 0,
) -> pd.DataFrame:
    """Return a day's orders, in the order in which they are placed.

    Parameters
    ----------
    products
        Products table; `share` is each sku's share of the orders, shape (skus,), sums to 1.
    orders
        How many.

    Returns
    -------
    DataFrame
        ``order_id, buyer_id, ship_to, sku_id, pieces, due_date, max_price_fen, splittable, channel, placed_at``.
    """
    rng = np.random.default_rng([seed, 51])
    placed_at = np.sort(_seconds(orders, params.wave_share, rng))
    from_community = rng.random(orders) < _COMMUNITY_SHARE
    buyer = np.where(
        from_community,
        census.ids("community", rng.integers(census.size("community"), size=orders)).to_numpy(),
        census.ids("store", rng.integers(census.size("store"), size=orders)).to_numpy(),
    )
    sku = rng.choice(len(products), size=orders, p=share)
    price = products["price_fen"].to_numpy()[sku]
    number = pd.Series(np.arange(1, orders + 1)).astype("str").str.zfill(6)
    return pd.DataFrame(
        {
            "order_id": "sim-order-" + number,
            "buyer_id": buyer,
            "ship_to": buyer,
            "sku_id": products["sku_id"].to_numpy()[sku],
            "pieces": _pieces(orders, rng),
            "due_date": day + pd.to_timedelta(rng.integers(2, 10, orders), unit="D"),
            "max_price_fen": np.round(price * rng.uniform(0.9, 1.2, orders)).astype(np.int64),
            "splittable": rng.random(orders) < 0.9,
            "channel": np.where(from_community, "community", "store"),
            "placed_at": day.tz_localize(_ZONE) + pd.to_timedelta(placed_at, unit="s"),
            "simulated": True,
        }
    )


def _seconds(orders: int, wave_share: float, rng: np.random.Generator) -> np.ndarray:
    """Seconds of the day: the wave from 14:00 to 15:00, early in it; the rest from 8:00 to 22:00."""
    wave = 3600 * (14 + rng.beta(1.2, 2.5, orders))
    rest = 3600 * rng.uniform(8, 22, orders)
    return np.asarray(np.floor(np.where(rng.random(orders) < wave_share, wave, rest)))


def _pieces(orders: int, rng: np.random.Generator) -> np.ndarray:
    """Small lots, mean `MEAN_PIECES`: one plus a gamma-mixed Poisson count."""
    return np.asarray(1 + rng.poisson(rng.gamma(1.0, MEAN_PIECES - 1, orders)))
