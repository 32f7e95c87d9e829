"""New styles and the social signals before them.

A style has a hidden appeal z. Its total is ``hit_pieces * exp(s * (z - z_hit))``, so that exactly the styles above
the quantile ``1 - hit_share`` are hits; its teasers' log counts rise with z plus noise. That link is what a
launch forecast can learn, and `teaser_noise` says how much of it there is. Counts become known the day after, some
later, as on the real platforms.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from simulate.census import CATEGORIES, Census
from simulate.params import MarketParams

__all__ = ["known_styles", "launch_sales", "launch_styles", "teaser_signals"]

_SPREAD = 1.5
_TEASER_DAYS = 7
_WEEKDAY = np.array([0.9, 0.85, 0.9, 1.0, 1.1, 1.3, 1.15])
# Base count of a day and how strongly its logarithm follows the appeal.
_KINDS = {
    "view": (4000.0, 0.5),
    "like": (160.0, 0.8),
    "comment": (40.0, 0.9),
    "repost": (25.0, 1.0),
    "favorite": (50.0, 0.9),
    "preorder": (6.0, 1.2),
}
_ZONE = "Asia/Shanghai"


def launch_styles(params: MarketParams, first_day: pd.Timestamp, days: int, *, seed: int = 0) -> pd.DataFrame:
    """Return the styles launched over a period: ``style_id, category, launch_at, appeal, total, hit``.

    Parameters
    ----------
    first_day, days
        Period over which launches are spread evenly; the last tenth falls after it, so that some styles are still
        to come.
    """
    rng = np.random.default_rng([seed, 41])
    n = params.styles
    appeal = ndtri((rng.permutation(n) + 0.5) / n)
    threshold = ndtri(1 - params.hit_share)
    total = params.hit_pieces * np.exp(_SPREAD * (appeal - threshold))
    launch_day = first_day + pd.to_timedelta(np.linspace(_TEASER_DAYS, 1.1 * days, n).astype(int), unit="D")
    number = pd.Series(np.arange(1, n + 1)).astype("str").str.zfill(5)
    return pd.DataFrame(
        {
            "style_id": "sim-style-" + number,
            "category": pd.Series(
                np.array(CATEGORIES, dtype=object)[rng.integers(len(CATEGORIES), size=n)], dtype="str"
            ),
            "launch_at": (launch_day + pd.Timedelta(hours=20)).tz_localize(_ZONE),
            "appeal": appeal,
            "total": np.ceil(total).astype(np.int64),
            "hit": appeal > threshold,
            "simulated": True,
        }
    )


def known_styles(styles: pd.DataFrame, params: MarketParams, *, until: pd.Timestamp) -> pd.DataFrame:
    """Return what a planner knows of styles by the end of the day `until`: the totals of those whose life is over."""
    last = styles["launch_at"].dt.tz_localize(None).dt.normalize() + pd.Timedelta(days=params.life_days - 1)
    known = styles[["style_id", "category", "launch_at"]].assign(total=styles["total"].where(last <= until))
    return known.assign(simulated=True)


def teaser_signals(
    styles: pd.DataFrame, params: MarketParams, census: Census, *, until: pd.Timestamp, seed: int = 0
) -> pd.DataFrame:
    """Return the daily counts of the week before each launch that were known by the end of the day `until`.

    Returns
    -------
    DataFrame
        Columns of the signals table; ``observed_at`` is 10:00 on the day after for most rows, up to three days later
        for the rest, and never before ``signal_time``.
    """
    rng = np.random.default_rng([seed, 42])
    kinds = np.array(list(_KINDS), dtype=object)
    base, slope = np.array(list(_KINDS.values())).T
    shape = (len(styles), len(kinds), _TEASER_DAYS)
    level = styles["appeal"].to_numpy()[:, None] * slope + params.teaser_noise * rng.normal(size=shape[:2])
    ramp = 0.4 + 1.2 * np.arange(1, _TEASER_DAYS + 1) / _TEASER_DAYS
    count = rng.poisson((base * np.exp(level))[:, :, None] * ramp).ravel()
    style, kind, day = (index.ravel() for index in np.indices(shape))
    launch = pd.DatetimeIndex(styles["launch_at"]).normalize()
    signal_time = launch[style] - pd.to_timedelta(_TEASER_DAYS - 1 - day, unit="D")
    late = np.where(rng.random(len(count)) < 0.05, rng.integers(1, 4, len(count)), 0)
    frame = pd.DataFrame(
        {
            "style_id": styles["style_id"].to_numpy()[style],
            "signal_time": signal_time,
            "observed_at": signal_time + pd.to_timedelta(10 + 24 * late, unit="h"),
            "kind": pd.Series(kinds[kind], dtype="str"),
            "count": count.astype(float),
            "period_seconds": 86_400,
            "kol_id": _voices(styles, census, rng)[style],
            "unit": "events",
            "cumulative": False,
            "is_final": True,
            "simulated": True,
        }
    )
    known = frame["observed_at"] < (until + pd.Timedelta(days=1)).tz_localize(_ZONE)
    return frame[known].reset_index(drop=True)


def launch_sales(styles: pd.DataFrame, params: MarketParams, *, until: pd.Timestamp, seed: int = 0) -> pd.DataFrame:
    """Return the daily pieces of each style over its life, up to `until`: ``unique_id, ds, y``.

    Over a whole life they sum to the style's total exactly.
    """
    rng = np.random.default_rng([seed, 43])
    age = np.arange(params.life_days)
    curve = (age + 1.0) * np.exp(-age / (params.life_days / 5))
    day = pd.DatetimeIndex(styles["launch_at"]).tz_localize(None).normalize()
    share = curve * _WEEKDAY[(np.asarray(day.day_of_week)[:, None] + age) % 7]
    pieces = rng.multinomial(styles["total"].to_numpy(), share / share.sum(axis=1, keepdims=True))
    frame = pd.DataFrame(
        {
            "unique_id": styles["style_id"].repeat(params.life_days).to_numpy(),
            "ds": day.repeat(params.life_days) + pd.to_timedelta(np.tile(age, len(styles)), unit="D"),
            "y": pieces.ravel().astype(float),
            "style_id": styles["style_id"].repeat(params.life_days).to_numpy(),
            "simulated": True,
        }
    )
    return frame[frame["ds"] <= until].reset_index(drop=True)


def _voices(styles: pd.DataFrame, census: Census, rng: np.random.Generator) -> np.ndarray:
    """Each style's teasers are carried by one KOL."""
    return np.asarray(census.ids("kol", rng.integers(census.size("kol"), size=len(styles))))
