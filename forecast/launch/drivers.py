"""Why a style is expected to sell more or less than others: groups of features in a planner's words, with factors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

__all__ = ["driver_words", "group_of"]

_LEAST_FACTOR = 1.02
_MOST_WORDS = 4
_PREFIXES = (
    ("attribute_", ""),
    ("since_last", "recent activity"),
    ("active_since_last", "recent activity"),
    ("until_first", "early start"),
    ("count_", "growth so far"),
    ("share_", "growth so far"),
    ("so_far", "growth so far"),
    ("speed", "speed"),
    ("last_", "speed"),
    ("acceleration", "speed"),
    ("memory", "speed"),
    ("mean_", "growth so far"),
    ("others_", "other styles lately"),
    ("launches_", "other styles lately"),
    ("kin", "earlier styles of the maker"),
    ("reach_", "KOLs who spoke of it"),
    ("ahead_", "time of day"),
    ("hour", "time of day"),
    ("now_hour", "time of day"),
    ("weekday", "weekday"),
)


@cache
def group_of(name: str) -> str:
    """Return what a planner calls a feature.

    Examples
    --------
    >>> group_of("attribute_price"), group_of("speed_3600s"), group_of("repost_7d_before"), group_of("like_after")
    ('price', 'speed', 'repost before launch', 'like after launch')
    """
    if name.endswith("d_before"):
        return f"{name.rsplit('_', 2)[0]} before launch"
    if name.endswith("_after"):
        return f"{name.removesuffix('_after')} after launch"
    for prefix, word in _PREFIXES:
        if name.startswith(prefix):
            return word or name.removeprefix(prefix)
    return name


def driver_words(names: Sequence[str], contributions: np.ndarray) -> list[str]:
    """Return one line per style: the groups that move it most, each with its factor on what is still to come.

    Parameters
    ----------
    names
        Features, length k.
    contributions
        What each adds to the logarithm, shape (m, k).

    Examples
    --------
    >>> driver_words(["speed", "last_600s", "attribute_price"], np.array([[0.5, 0.2, -0.1]]))
    ['speed x2.01; price x0.90']
    """
    groups = [group_of(name) for name in names]
    words = sorted(set(groups))
    place = np.array([words.index(group) for group in groups], dtype=int)
    sums = np.zeros((len(contributions), len(words)))
    for k in range(len(words)):
        sums[:, k] = contributions[:, place == k].sum(axis=1)
    return [_line(words, row) for row in sums]


def _line(words: Sequence[str], sums: np.ndarray) -> str:
    order = np.argsort(-np.abs(sums), kind="stable")[:_MOST_WORDS]
    told = [f"{words[k]} x{np.exp(sums[k]):.2f}" for k in order if abs(sums[k]) >= np.log(_LEAST_FACTOR)]
    return "; ".join(told) or "like the others"
