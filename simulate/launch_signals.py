"""What can be seen of a launch: daily counts of the public and the brand, and each KOL's repost with its readers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.launch_params import LaunchParams
from simulate.voices import Cascades, Voices

__all__ = ["kol_signals", "public_signals"]

_TEASER_DAYS, _AFTER_DAYS = 7, 15
_MORNING_HOURS = 10
# Of the public: how many do it per thousand who heard of the style, and how much the share rises with taste.
_PUBLIC = {
    "like": (12.0, 0.5),
    "comment": (2.0, 0.6),
    "favorite": (3.0, 0.7),
    "share": (1.5, 0.7),
    "preorder": (0.3, 0.9),
}
# Of the brand's own posts: readers and what they do there; they rise with the money spent, hardly with taste.
_BRAND = {"view": 6_000.0, "like": 90.0, "repost": 12.0}
_READ_SHARE = np.array([0.05, 0.02, 0.01])  # of a KOL's followers, on the day of the post and the two after


def public_signals(
    params: LaunchParams,
    styles: pd.DataFrame,
    truth: pd.DataFrame,
    *,
    heard: NDArray[np.float64],
    sales: NDArray[np.int64],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the daily counts of shoppers and of the brand's account, a week before to two weeks after the launch.

    Parameters
    ----------
    heard
        Followers of all who reposted the style, shape (n,): buzz without regard to who believes or buys.
    sales
        Pieces per day of life, shape (n, life): after the launch the counts also follow the shoppers of the day.
    """
    n, days = len(styles), _TEASER_DAYS + _AFTER_DAYS
    taste = truth["taste"].to_numpy()
    noise = params.signal_noise * rng.normal(size=(n, 1))
    ramp = np.concatenate(
        [0.4 + 1.2 * np.arange(1, _TEASER_DAYS + 1) / _TEASER_DAYS, 1.2 * 0.9 ** np.arange(_AFTER_DAYS)]
    )
    buzz = 2_000 + 0.3 * heard[:, None] * ramp / ramp.sum() * np.exp(noise)
    shoppers = np.zeros((n, days))
    shoppers[:, _TEASER_DAYS:] = 20.0 * sales[:, :_AFTER_DAYS]
    frames = []
    for kind, (per_mille, slope) in _PUBLIC.items():
        own = 0.6 * params.signal_noise * rng.normal(size=(n, 1))
        level = per_mille / 1000 * np.exp(slope * taste[:, None] + own)
        count = rng.poisson(level * (buzz + 0.5 * shoppers))
        if kind == "preorder":
            count = count[:, :_TEASER_DAYS]
        frames.append(_daily(params, styles, kind, count, rng))
    spent = 0.8 * rng.normal(size=(n, 1)) - 0.35 * (taste + truth["attributes"].to_numpy())[:, None]
    for kind, base in _BRAND.items():
        count = rng.poisson(base * np.exp(0.9 * spent) * ramp)
        frames.append(
            _daily(params, styles, kind, count, rng).assign(account_id=styles["brand_id"].repeat(days).to_numpy())
        )
    return pd.concat(frames, ignore_index=True)


def _daily(
    params: LaunchParams, styles: pd.DataFrame, kind: str, count: NDArray[np.int64], rng: np.random.Generator
) -> pd.DataFrame:
    n, days = count.shape
    midnight = pd.DatetimeIndex(styles["launch_at"]).normalize()
    signal_time = midnight.repeat(days) + pd.to_timedelta(np.tile(np.arange(1, days + 1) - _TEASER_DAYS, n), unit="D")
    late = np.where(rng.random(n * days) < params.late_share, rng.integers(1, 4, n * days), 0)
    return pd.DataFrame(
        {
            "style_id": styles["style_id"].repeat(days).to_numpy(),
            "signal_time": signal_time,
            "observed_at": signal_time + pd.to_timedelta(_MORNING_HOURS + 24 * late, unit="h"),
            "kind": pd.Series(np.full(n * days, kind, dtype=object), dtype="str"),
            "count": count.ravel().astype(float),
            "period_seconds": 86_400,
            "unit": "events",
            "cumulative": False,
            "is_final": True,
        }
    )


def kol_signals(
    params: LaunchParams, styles: pd.DataFrame, voices: Voices, cascades: Cascades, rng: np.random.Generator
) -> pd.DataFrame:
    """Return each KOL's repost (known within the hour) and its readers by day (known the next morning)."""
    del params
    launch = pd.DatetimeIndex(styles["launch_at"])[cascades.style]
    posted = launch - pd.to_timedelta(np.round(cascades.hours_before * 3600), unit="s")
    who = pd.Series(voices.ids[cascades.kol], dtype="str")
    from_whom = pd.Series(voices.ids[cascades.parent], dtype="str").where(cascades.parent >= 0)
    m = len(posted)
    post = pd.DataFrame(
        {
            "style_id": styles["style_id"].to_numpy()[cascades.style],
            "signal_time": posted,
            "observed_at": posted + pd.to_timedelta(rng.integers(60, 3_600, m), unit="s"),
            "kind": pd.Series(np.full(m, "repost", dtype=object), dtype="str"),
            "count": 1.0,
            "period_seconds": 0,
            "kol_id": who,
            "parent_id": from_whom,
            "content_id": "sim-post-" + pd.Series(np.arange(1, m + 1)).astype("str"),
            "unit": "events",
            "cumulative": False,
            "is_final": True,
        }
    )
    midnight = posted.normalize()
    readers = voices.followers[cascades.kol]
    frames = [post]
    for day, share in enumerate(_READ_SHARE):
        seen = rng.poisson(readers * share * np.exp(0.3 * rng.normal(size=m))).astype(float)
        end = midnight + pd.Timedelta(days=day + 1)
        at = {"signal_time": end, "observed_at": end + pd.Timedelta(hours=_MORNING_HOURS)}
        frames.append(post.drop(columns="parent_id").assign(**at, kind="view", count=seen, period_seconds=86_400))
    return pd.concat(frames, ignore_index=True)
