"""A season of launches with its truth: styles, KOLs and who follows whom, signals before and after, daily sales.

A style's appeal z mixes what shoppers like (taste), what its attributes tell, how many people heard of it from a
voice they trust and buy from (reach), and luck. Its total is ``hit_pieces * exp(spread * (z - z_hit))`` of the rank
of z, so that the hit share is exact. What can be seen is entangled, as on real platforms: counts rise with taste but
also with bare followers, whether they buy or not; brands push weak styles harder on their own accounts; most counts
become known the next morning, some days later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from simulate.census import CATEGORIES
from simulate.launch_params import LaunchParams
from simulate.launch_signals import kol_signals, public_signals
from simulate.voices import Cascades, Voices, make_voices, spread_reposts

__all__ = ["Launches", "simulate_launches"]

_ZONE = "Asia/Shanghai"
_FIRST_DAY = pd.Timestamp("2025-01-06")
_WEEKDAY = np.array([0.9, 0.85, 0.9, 1.0, 1.1, 1.3, 1.15])
_FIRST_EVENING = 0.3  # a launch at 20:00 leaves its first day a third of a day's sales
_PEAK_DAY = np.array([2.0, 3.5, 4.5, 2.5, 3.0])  # by category: when a style sells most
_DESIGNERS, _COLOURS, _BANDS = 24, 8, 5


@dataclass(frozen=True)
class Launches:
    """A season; the frames are those of the files of ``evenflow launch``, each row marked ``simulated``.

    Parameters
    ----------
    styles
        Known at launch: ``style_id, launch_at, category, designer, colour, price_band, price_fen, brand_id``.
    truth
        Only the simulator knows: ``style_id, appeal, taste, attributes, reach, total, hit``.
    signals
        Columns of the signals table, and ``parent_id``: whose repost a KOL's repost passed on (empty = the brand's).
        Brand posts carry `account_id`, reposts of KOLs `kol_id`, everybody else neither.
    sales
        ``style_id, ds, y, simulated``: pieces per day, over a life they sum to the total.
    kols
        ``kol_id, followers, trust``.
    kol_record
        What each KOL sold in the months before: ``kol_id, category, reached, orders, since, until``.
    follows
        Who sees whose posts: ``src, dst`` (dst sees src's).
    economics
        ``style_id, unit_cost_fen, price_fen, salvage_fen, lead_time_days, minimum_order``.
    voices
        The KOLs' true trust and conversion.
    """

    params: LaunchParams
    styles: pd.DataFrame
    truth: pd.DataFrame
    signals: pd.DataFrame
    sales: pd.DataFrame
    kols: pd.DataFrame
    kol_record: pd.DataFrame
    follows: pd.DataFrame
    economics: pd.DataFrame
    voices: Voices

    def known(self, until: pd.Timestamp) -> pd.DataFrame:
        """Return the styles as a file that a user has at `until`: ``total`` only of those whose life is over."""
        over = self.styles["launch_at"] + pd.Timedelta(days=self.params.life_days) <= until
        return self.styles.assign(total=self.truth["total"].where(over))


def simulate_launches(
    params: LaunchParams | None = None,
    first_day: pd.Timestamp = _FIRST_DAY,
    *,
    kol_ids: Sequence[str] | None = None,
    seed: int = 0,
) -> Launches:
    """Simulate a season of launches; the same seed makes the same season.

    Parameters
    ----------
    first_day
        Day of the first launch (at 20:00, like all).
    kol_ids
        Ids to give to the KOLs, `params.kols` of them.

    Examples
    --------
    >>> season = simulate_launches(LaunchParams(styles=50, kols=30))
    >>> int(season.truth["hit"].sum()), bool((season.signals["observed_at"] >= season.signals["signal_time"]).all())
    (5, True)
    """
    params = params or LaunchParams()
    rng = np.random.default_rng([seed, 45])
    ids = np.array(kol_ids or [f"sim-kol-{i + 1:07d}" for i in range(params.kols)], dtype=object)
    if len(ids) != params.kols:
        raise ValueError(f"Expected {params.kols} kol_ids, got {len(ids)}.")
    voices = make_voices(ids, len(CATEGORIES), rng)
    styles, told = _styles(params, first_day, rng)
    taste = rng.normal(size=params.styles)
    category = pd.Categorical(styles["category"], CATEGORIES).codes.astype(np.int64)
    cascades = spread_reposts(voices, taste, rng)
    truth = _truth(
        params, styles, told=told, taste=taste, reach=_reach(voices, cascades, category, params.styles), rng=rng
    )
    sales = _sales(params, styles, truth, category, rng)
    return Launches(
        params=params,
        styles=styles,
        truth=truth,
        signals=_signals(params, styles, truth, voices=voices, cascades=cascades, sales=sales, rng=rng),
        sales=_sales_table(styles, sales),
        kols=voices.table(rng),
        kol_record=voices.record(CATEGORIES, first_day, rng),
        follows=_edges(voices),
        economics=_economics(styles, rng),
        voices=voices,
    )


def _styles(
    params: LaunchParams, first_day: pd.Timestamp, rng: np.random.Generator
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Return the styles as known at launch, and what their attributes are worth (standardised)."""
    n = params.styles
    kinds = {"category": len(CATEGORIES), "designer": _DESIGNERS, "colour": _COLOURS, "price_band": _BANDS}
    drawn = {name: rng.integers(size, size=n) for name, size in kinds.items()}
    worth = sum(
        rng.normal(size=size)[drawn[name]] * (2.0 if name == "designer" else 1.0) for name, size in kinds.items()
    )
    day = first_day + pd.to_timedelta(np.linspace(0, params.period_days - 1, n).astype(int), unit="D")
    names = np.array(CATEGORIES, dtype=object)[drawn["category"]]
    frame = pd.DataFrame(
        {
            "style_id": pd.Series([f"sim-style-{i + 1:05d}" for i in range(n)], dtype="str"),
            "launch_at": (day + pd.Timedelta(hours=20)).tz_localize(_ZONE),
            "category": pd.Series(names, dtype="str"),
            "designer": pd.Series([f"designer-{i:02d}" for i in drawn["designer"]], dtype="str"),
            "colour": pd.Series([f"colour-{i}" for i in drawn["colour"]], dtype="str"),
            "price_band": drawn["price_band"],
            "price_fen": np.round(4_900 * 1.5 ** (drawn["price_band"] + 0.3 * rng.random(n))).astype(np.int64),
            "brand_id": pd.Series([f"sim-brand-{i:02d}" for i in rng.integers(12, size=n)], dtype="str"),
            "simulated": True,
        }
    )
    return frame, _standard(np.asarray(worth, dtype=float))


def _reach(voices: Voices, cascades: Cascades, category: NDArray[np.int64], styles: int) -> NDArray[np.float64]:
    """Return the standardised log orders that the reposts bring, shape (n,)."""
    brings = voices.reached(np.arange(len(CATEGORIES)))[category[cascades.style], cascades.kol]
    orders = np.bincount(cascades.style, brings, styles)
    return _standard(np.log(orders + 0.05 * orders.mean() + 1))


def _truth(
    params: LaunchParams,
    styles: pd.DataFrame,
    *,
    told: NDArray[np.float64],
    taste: NDArray[np.float64],
    reach: NDArray[np.float64],
    rng: np.random.Generator,
) -> pd.DataFrame:
    n = params.styles
    luck = 1 - params.taste_share - params.attribute_share - params.reach_share
    parts = zip(
        (taste, told, reach, rng.normal(size=n)),
        (params.taste_share, params.attribute_share, params.reach_share, max(0.0, luck)),
        strict=True,
    )
    mixed = sum(np.sqrt(share) * part for part, share in parts)
    rank = np.argsort(np.argsort(mixed, kind="stable"), kind="stable")
    appeal = ndtri((rank + 0.5) / n)
    hits = round(params.hit_share * n)
    weakest = ndtri(1 - hits / n) if 0 < hits < n else np.inf
    total = np.ceil(params.hit_pieces * np.exp(params.spread * (appeal - ndtri(1 - params.hit_share))))
    return pd.DataFrame(
        {
            "style_id": styles["style_id"],
            "appeal": appeal,
            "taste": taste,
            "attributes": told,
            "reach": reach,
            "total": total.astype(np.int64),
            "hit": appeal > weakest,
            "simulated": True,
        }
    )


def _sales(
    params: LaunchParams,
    styles: pd.DataFrame,
    truth: pd.DataFrame,
    category: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Return the pieces of each day of each style's life, shape (n, life_days).

    Curves rise and fall as gamma densities whose peak is the category's and differs from style to style; what
    shoppers like peaks later, for it is passed on.
    """
    n, age = params.styles, np.arange(params.life_days) + 0.5
    peak = _PEAK_DAY[category] * np.exp(0.25 * truth["taste"].to_numpy() + 0.3 * rng.normal(size=n))
    shape = 1.8
    curve = age ** (shape - 1) * np.exp(-age[None, :] * (shape - 1) / np.clip(peak, 0.8, 9.0)[:, None])
    day = pd.DatetimeIndex(styles["launch_at"]).tz_localize(None).normalize()
    share = curve * _WEEKDAY[(np.asarray(day.day_of_week)[:, None] + np.arange(params.life_days)) % 7]
    share *= np.exp(0.25 * rng.normal(size=share.shape))
    share[:, 0] *= _FIRST_EVENING
    return rng.multinomial(truth["total"].to_numpy(), share / share.sum(axis=1, keepdims=True))


def _sales_table(styles: pd.DataFrame, pieces: NDArray[np.int64]) -> pd.DataFrame:
    n, life = pieces.shape
    day = pd.DatetimeIndex(styles["launch_at"]).tz_localize(None).normalize()
    return pd.DataFrame(
        {
            "style_id": styles["style_id"].repeat(life).to_numpy(),
            "ds": day.repeat(life) + pd.to_timedelta(np.tile(np.arange(life), n), unit="D"),
            "y": pieces.ravel().astype(float),
            "simulated": True,
        }
    )


def _signals(
    params: LaunchParams,
    styles: pd.DataFrame,
    truth: pd.DataFrame,
    *,
    voices: Voices,
    cascades: Cascades,
    sales: NDArray[np.int64],
    rng: np.random.Generator,
) -> pd.DataFrame:
    heard = np.bincount(cascades.style, voices.followers[cascades.kol], len(styles)).astype(float)
    frames = [
        public_signals(params, styles, truth, heard=heard, sales=sales, rng=rng),
        kol_signals(params, styles, voices, cascades, rng),
    ]
    frame = pd.concat(frames, ignore_index=True)
    frame["simulated"] = True
    return frame.sort_values(["observed_at", "style_id"], kind="stable", ignore_index=True)


def _edges(voices: Voices) -> pd.DataFrame:
    src, dst = np.nonzero(voices.follows)
    ends = {"src": pd.Series(voices.ids[src], dtype="str"), "dst": pd.Series(voices.ids[dst], dtype="str")}
    return pd.DataFrame({**ends, "simulated": True})


def _economics(styles: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    price = styles["price_fen"].to_numpy()
    return pd.DataFrame(
        {
            "style_id": styles["style_id"],
            "unit_cost_fen": np.round(price * rng.uniform(0.35, 0.5, len(price))).astype(np.int64),
            "price_fen": price,
            "salvage_fen": np.round(price * 0.15).astype(np.int64),
            "lead_time_days": rng.integers(3, 8, len(price)),
            "minimum_order": 200,
            "simulated": True,
        }
    )


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-12))
