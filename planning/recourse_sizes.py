"""How often sizes came true against how often they were forecast: what that tells of the sizes forecast now.

An item's size is the logarithm of the pieces forecast for it in all. Forecasts made before anything is sold lean on an
average item; where most items are small and a few are hits, that calls the small ones too large and the hits too small,
and no average correction mends both. The odds of a size, came true / was forecast, do: belief in it is the forecast's
density times its odds (Bayes' rule, as the odds are the true prior over the forecaster's own).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from planning.problem import Floats

__all__ = ["SizeOdds", "size_odds"]

_STEP = 0.1
_SMOOTH = 0.2  # sizes so near, in logarithms, are counted as one
_PRIOR_ITEMS = 5.0  # items taken to have come true as forecast
_PASSES = 2  # believing the odds, count again how often sizes are forecast
_REACH = 3.0  # standard deviations of a forecast that are looked at
_NODES = 41
_NARROWEST = 0.05


@dataclass(frozen=True, kw_only=True)
class SizeOdds:
    """Odds by size.

    Parameters
    ----------
    size, odds
        Shape (G,): sizes, ascending, and how often they came true over how often they were forecast, > 0.
    """

    size: Floats
    odds: Floats

    def believe(self, size: Floats, spread: Floats) -> tuple[Floats, Floats]:
        """Return what to add to forecast sizes, and what to multiply their spread by, shapes (P,)."""
        width = np.maximum(spread, _NARROWEST)[:, None]
        score = np.linspace(-_REACH, _REACH, _NODES)
        weight = norm.pdf(score) * np.interp(size[:, None] + width * score, self.size, self.odds)
        weight /= weight.sum(axis=1, keepdims=True)
        mean = weight @ score
        plain = norm.pdf(score) / norm.pdf(score).sum()
        deviation = np.sqrt(np.maximum(weight @ score**2 - mean**2, 0.0) / (plain @ score**2))
        return mean * width[:, 0], deviation


def size_odds(first: tuple[Floats, Floats], settled: tuple[Floats, Floats]) -> SizeOdds:
    """Compare the sizes that items settled at with what was first forecast for them.

    Parameters
    ----------
    first, settled
        Sizes of N items and their standard deviations, shape (N,) each: by their first run, and as known in the end.
    """
    n_items = len(first[0])
    if n_items == 0:
        return SizeOdds(size=np.zeros(1), odds=np.ones(1))
    sizes, spreads = np.concatenate([first[0], settled[0]]), np.concatenate([first[1], settled[1]])
    reach = _REACH * np.hypot(spreads, _SMOOTH)
    grid = np.arange((sizes - reach).min(), (sizes + reach).max() + _STEP, _STEP)
    said, came = (norm.pdf(grid, at[:, None], np.hypot(sd, _SMOOTH)[:, None]) for at, sd in (first, settled))
    prior = _PRIOR_ITEMS * said.mean(axis=0) + 1e-9
    odds = np.ones(len(grid))
    for _ in range(_PASSES):
        believed = said * odds / (said @ odds * _STEP)[:, None]
        odds *= (came.sum(axis=0) + prior) / (believed.sum(axis=0) + prior)
    return SizeOdds(size=grid, odds=odds)
