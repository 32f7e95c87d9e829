"""When to learn anew: a row is forecast by models learnt at a moment before it, the latest of a few."""

from __future__ import annotations

import numpy as np

__all__ = ["vintages_of"]

_MOST = 12
_GROWTH = 1.05
_STEP = 5


def vintages_of(moments: np.ndarray, final: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return moments at which to learn, and for each row the latest of them that is not after it.

    A new one begins when the known styles have become more by a twentieth (or more, if that would make more than
    twelve) and by at least five.

    Parameters
    ----------
    moments
        When each row is forecast, seconds since 1970, any shape.
    final
        When each total counts as known, infinity = never, shape (n,).

    Returns
    -------
    cutoffs, vintage
        Ascending seconds, shape (v,); index into them, the shape of `moments`.

    Examples
    --------
    >>> vintages_of(np.array([0.0, 9.0, 30.0]), np.arange(20.0))
    (array([ 0.,  9., 30.]), array([0, 1, 2]))
    """
    times = np.unique(moments)
    known = np.searchsorted(np.sort(final), times, side="right")
    growth = _GROWTH
    while len(chosen := _chosen(known, growth)) > _MOST:
        growth = 1 + (growth - 1) * 1.5
    cutoffs = times[chosen]
    return cutoffs, np.searchsorted(cutoffs, moments, side="right") - 1


def _chosen(known: np.ndarray, growth: float) -> list[int]:
    chosen = [0]
    while True:
        needed = max(known[chosen[-1]] * growth, known[chosen[-1]] + _STEP)
        following = int(np.searchsorted(known, needed, side="left"))
        if following == len(known):
            return chosen
        chosen.append(following)
