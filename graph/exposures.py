"""How often somebody was reached in the days before: what tires an audience."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["recent_exposures"]

Ints = npt.NDArray[np.int64]


def recent_exposures(party: Ints, day: Ints, counted: Ints, *, days: int = 14) -> Ints:
    """Return how many counted events of the same party lie in the `days` days before each event.

    Parameters
    ----------
    party, day
        int [n]: whose event it is, >= 0, and when (days since any epoch, >= 0). Any order.
    counted
        int [n], how much an event counts: 1, or 0 for one that reached nobody.
    days
        Length of the look back, >= 1; events of the same day do not count.

    Returns
    -------
    int64 [n].

    Examples
    --------
    >>> recent_exposures(np.array([0, 0, 0, 1]), np.array([0, 5, 30, 5]), np.array([1, 1, 1, 1])).tolist()
    [0, 1, 0, 0]
    """
    span = int(day.max(initial=0)) + days + 1
    key = party.astype(np.int64) * span + day
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    reached = np.append(0, np.cumsum(counted[order].astype(np.int64)))
    before = np.maximum(key - days, party.astype(np.int64) * span)
    found: Ints = reached[np.searchsorted(ordered, key)] - reached[np.searchsorted(ordered, before)]
    return found
