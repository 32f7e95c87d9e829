"""Reach through the graph: who spoke of a style, how many follow and trust them, and what they sold before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.launch.events import Events
from forecast.launch.history import Record, record_of

__all__ = ["Reach", "Voices", "reach_of"]

_SHRINK = 3.0
_SHRINK_READERS = 2_000.0
_USUAL_TRUST = 0.5


@dataclass(frozen=True, kw_only=True)
class Voices:
    """The KOLs that signals name.

    Parameters
    ----------
    ids
        Identifiers.
    categories
        Number of categories.
    followers, trust
        NaN where unknown, shape (k,).
    sold_key, sold_second, sold
        What they sold before, from a record of their own: KOL × (categories + 1) + category, when it was known, and the
        orders and readers of each row, shapes (r,), (r,), (r, 2).
    """

    ids: pd.Index
    categories: int
    followers: np.ndarray
    trust: np.ndarray
    sold_key: np.ndarray
    sold_second: np.ndarray
    sold: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What is known of KOLs at any moment.

    Parameters
    ----------
    voices
        Who they are.
    by_kol, by_category
        How far the styles they spoke of went beyond the usual (logarithms), per KOL and per KOL × category.
    sold
        Orders and readers per KOL × category.
    rate
        Orders per reader of all KOLs.
    """

    voices: Voices
    by_kol: Record
    by_category: Record
    sold: Record
    rate: float

    def features(self, events: Events, category: np.ndarray, now: np.ndarray) -> dict[str, np.ndarray]:
        """Return who had spoken of each style, and what that was worth before.

        Parameters
        ----------
        events
            Events seen by the checkpoint.
        category, now
            The styles' categories and the moment of the checkpoint in seconds since 1970, shape (n,).
        """
        named = events.take(events.kol >= 0)
        if not len(named.style):
            return {}
        style, kol = _pairs(named, len(self.voices.ids))
        followers = np.nan_to_num(self.voices.followers[kol], nan=0.0)
        trust = np.nan_to_num(self.voices.trust[kol], nan=_USUAL_TRUST)
        uplift, rate = self._record(kol, category[style], now[style])

        def summed(values: np.ndarray) -> np.ndarray:
            return np.bincount(style, weights=values, minlength=events.n)

        number = summed(np.ones(len(style)))
        weight = summed(followers * trust)
        return {
            "reach_kols": np.log1p(number),
            "reach_followers": np.log1p(summed(followers)),
            "reach_trusting": np.log1p(weight),
            "reach_trust": summed(trust) / np.maximum(number, 1),
            "reach_record": summed(uplift) / np.maximum(number, 1),
            "reach_record_trusting": summed(uplift * followers * trust) / np.maximum(weight, 1),
            "reach_buyers": np.log1p(summed(followers * rate)),
            "reach_trusting_buyers": np.log1p(summed(followers * trust * rate)),
            "reach_passed_on": np.log1p(named.sums(named.passed.astype(float))),
        }

    def _record(self, kol: np.ndarray, category: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return log uplift and orders per reader, each shrunk to what is usual."""
        number, total = self.by_kol.until(kol, now)
        usual = total[:, 0] / (number + _SHRINK)
        key = kol * (self.voices.categories + 1) + category
        within, inside = self.by_category.until(key, now)
        uplift = (inside[:, 0] + _SHRINK * usual) / (within + _SHRINK)
        _, sold = self.sold.until(key, now)
        rate = (sold[:, 0] + _SHRINK_READERS * self.rate) / (sold[:, 1] + _SHRINK_READERS)
        return uplift, rate


def reach_of(
    voices: Voices, events: Events, *, category: np.ndarray, total: np.ndarray, told: np.ndarray, cutoff: float
) -> Reach:
    """Collect what KOLs are known for.

    Parameters
    ----------
    events
        Events of all styles.
    category
        Of the styles, shape (n,).
    total, told
        Totals and when each is known, infinity where it was not at the cutoff, shape (n,).
    """
    categories = voices.categories + 1
    style, kol = _pairs(events.take(events.kol >= 0), len(voices.ids))
    style, kol = style[np.isfinite(told[style])], kol[np.isfinite(told[style])]
    beyond = (np.log1p(total) - _usual(total, np.isfinite(told), category))[style, None]
    sold = voices.sold[voices.sold_second <= cutoff].sum(axis=0)
    return Reach(
        voices=voices,
        by_kol=record_of(kol, told[style], beyond),
        by_category=record_of(kol * categories + category[style], told[style], beyond),
        sold=record_of(voices.sold_key, voices.sold_second, voices.sold),
        rate=float(sold[0] / sold[1]) if sold[1] > 0 else 0.0,
    )


def _pairs(events: Events, kols: int) -> tuple[np.ndarray, np.ndarray]:
    """Each style with each KOL who spoke of it, once."""
    pair = np.unique(events.style.astype(np.int64) * max(kols, 1) + events.kol)
    return pair // max(kols, 1), pair % max(kols, 1)


def _usual(total: np.ndarray, known: np.ndarray, category: np.ndarray) -> np.ndarray:
    """Mean log total of each style's category, shrunk to that of all; 0 where none is known."""
    logs = np.log1p(np.where(known, total, 0))
    everywhere = float(logs[known].mean()) if known.any() else 0.0
    number = np.bincount(category[known], minlength=int(category.max(initial=0)) + 1)
    sums = np.bincount(category[known], weights=logs[known], minlength=len(number))
    return np.asarray(((sums + _SHRINK * everywhere) / (number + _SHRINK))[category])
