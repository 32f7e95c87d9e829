"""KOLs, who follows whom, and the cascades of reposts that carry a teaser."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Cascades", "Voices", "make_voices", "spread_reposts"]

_FOLLOWED = 8
_GENERATIONS = 4
_RECORD_DAYS = 120


@dataclass(frozen=True)
class Voices:
    """KOLs with what only the simulator knows.

    Parameters
    ----------
    ids
        ``sim-kol-0000001`` ..., or the caller's ids; shape (k,).
    followers
        People who see a post, shape (k,), int64.
    trust
        Share of them who believe it, shape (k,), in (0, 1).
    conversion
        Orders per believing follower by category, shape (k, c).
    follows
        ``[i, j]``: j sees i's posts and may repost them, shape (k, k), bool.
    """

    ids: NDArray[np.object_]
    followers: NDArray[np.int64]
    trust: NDArray[np.float64]
    conversion: NDArray[np.float64]
    follows: NDArray[np.bool_]

    def reached(self, category: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the orders a repost by each KOL brings per style of a category, shape (n, k)."""
        return np.asarray((self.followers * self.trust)[None, :] * self.conversion[:, category].T)

    def table(self, rng: np.random.Generator) -> pd.DataFrame:
        """Return what a platform knows: ``kol_id, followers, trust`` (trust measured with noise)."""
        logit = np.log(self.trust / (1 - self.trust)) + 0.3 * rng.normal(size=len(self.trust))
        return pd.DataFrame(
            {
                "kol_id": pd.Series(self.ids, dtype="str"),
                "followers": self.followers,
                "trust": np.round(1 / (1 + np.exp(-logit)), 4),
                "simulated": True,
            }
        )

    def record(self, categories: tuple[str, ...], first_day: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
        """Return what each KOL sold before the season: ``kol_id, category, reached, orders, until``."""
        posts = rng.poisson(3.0, self.conversion.shape)
        reached = posts * self.followers[:, None]
        orders = rng.binomial(reached, np.minimum(1.0, self.trust[:, None] * self.conversion))
        kol, category = (index.ravel() for index in np.indices(reached.shape))
        frame = pd.DataFrame(
            {
                "kol_id": pd.Series(self.ids[kol], dtype="str"),
                "category": pd.Series(np.array(categories, dtype=object)[category], dtype="str"),
                "reached": reached.ravel(),
                "orders": orders.ravel(),
                "since": first_day - pd.Timedelta(days=_RECORD_DAYS),
                "until": first_day - pd.Timedelta(days=1),
                "simulated": True,
            }
        )
        return frame[frame["reached"] > 0].reset_index(drop=True)


@dataclass(frozen=True)
class Cascades:
    """Reposts, one per style and KOL.

    Who (`kol`) reposted whom (`parent`, -1 = the brand), and how many hours before the launch (< 0 after it).
    """

    style: NDArray[np.int64]
    kol: NDArray[np.int64]
    parent: NDArray[np.int64]
    hours_before: NDArray[np.float64]


def make_voices(ids: NDArray[np.object_], categories: int, rng: np.random.Generator) -> Voices:
    """Draw KOLs: many followers mean less trust and fewer orders each, and everyone sells best in one category."""
    k = len(ids)
    size = rng.normal(size=k)
    followers = np.maximum(100, np.exp(8.5 + 1.4 * size)).astype(np.int64)
    trust = 1 / (1 + np.exp(0.5 * size + 0.8 * rng.normal(size=k) + 0.3))
    home = rng.integers(categories, size=k)
    fit = np.where(np.arange(categories)[None, :] == home[:, None], 1.0, 0.25)
    conversion = 0.01 * np.exp(-0.3 * size[:, None] + 0.6 * rng.normal(size=(k, categories))) * fit
    near = np.where(home[:, None] == home[None, :], 3.0, 1.0) * np.sqrt(followers)[:, None]
    np.fill_diagonal(near, 0)
    chance = np.minimum(1, _FOLLOWED * near / near.sum(axis=0, keepdims=True))
    return Voices(ids, followers, trust, np.minimum(conversion, 0.2), rng.random((k, k)) < chance)


def spread_reposts(voices: Voices, pull: NDArray[np.float64], rng: np.random.Generator) -> Cascades:
    """Let each style's teaser run through the KOLs.

    The brand seeds a few KOLs, large ones more often, whatever the style is worth; each repost is seen by those who
    follow, and they pass it on more readily if the style pulls.

    Parameters
    ----------
    pull
        How much people like each style, standard normal, shape (n,).
    """
    n, k = len(pull), len(voices.ids)
    seeds = np.exp(0.7 * rng.normal(size=n))[:, None] * 4.0 * np.sqrt(voices.followers)[None, :]
    fresh = rng.random((n, k)) < np.minimum(1, seeds / np.sqrt(voices.followers).sum())
    reposted = np.zeros((n, k), bool)
    wave = np.zeros((n, k), np.int64)
    passes_on = np.minimum(0.5, 0.05 * np.exp(0.5 * pull))[:, None]
    follows = voices.follows.astype(np.float32)
    for generation in range(_GENERATIONS):
        wave[fresh] = generation
        reposted |= fresh
        seen = fresh.astype(np.float32) @ follows
        fresh = ~reposted & (rng.random((n, k)) < 1 - (1 - passes_on) ** seen)
    style, kol = np.nonzero(reposted)
    parent = _parents(voices, wave, reposted, style=style, kol=kol, rng=rng)
    return Cascades(style, kol, parent, _hours_before(wave, style=style, kol=kol, parent=parent, rng=rng))


def _parents(
    voices: Voices,
    wave: NDArray[np.int64],
    reposted: NDArray[np.bool_],
    *,
    style: NDArray[np.int64],
    kol: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Pick one of those who posted in the wave before and whom the KOL follows."""
    parent = np.full(len(style), -1)
    order = wave[style, kol]
    for rows in np.array_split(np.arange(len(style)), max(1, len(style) // 5_000)):
        later = rows[order[rows] > 0]
        known = reposted[style[later]] & (wave[style[later]] == order[later][:, None] - 1)
        weight = (known & voices.follows[:, kol[later]].T) * rng.random(known.shape)
        parent[later] = weight.argmax(axis=1)
    return parent


def _hours_before(
    wave: NDArray[np.int64],
    *,
    style: NDArray[np.int64],
    kol: NDArray[np.int64],
    parent: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Seeds post in the week before the launch, each later wave some hours after whom it follows: perhaps after it."""
    hours = np.zeros(wave.shape)
    generation = wave[style, kol]
    for now in range(_GENERATIONS):
        row = generation == now
        before = rng.uniform(30, 164, row.sum()) if now == 0 else hours[style[row], parent[row]]
        hours[style[row], kol[row]] = before - (0 if now == 0 else rng.gamma(1.5, 8.0, row.sum()))
    return np.asarray(hours[style, kol])
