"""One pace for a whole factory from past orders alone, and its pieces shared out over the items that need them most.

The pace stays where it is as long as that leaves the stock, net of what is owed, within a band some buckets from now;
if not, it moves just far enough. So it is level, and follows orders that last. What a bucket makes goes to what is owed
first, then to the items whose stock covers least, counted in standard deviations of their orders.
"""

from __future__ import annotations

import numpy as np

from planning.problem import Floats

__all__ = ["level_pace", "share_out"]

_REACH = 42
_BAND = (-0.2, 0.2)
_COVER = 3
_HALVINGS = 50


def level_pace(before: float | None, expected: float, position: float, opening: float) -> float:
    """Return the pieces to make in an open bucket.

    Parameters
    ----------
    before
        The last pace, pieces per bucket; None = there was none.
    expected
        Pieces ordered per bucket, as far as the past tells, >= 0.
    position
        Pieces in stock minus pieces owed.
    opening
        Pieces in stock at the beginning, >= 0; the band is a share of them.

    Examples
    --------
    >>> level_pace(None, expected=100.0, position=0.0, opening=500.0)
    100.0
    >>> level_pace(100.0, expected=100.0, position=-520.0, opening=500.0)
    110.0
    """
    low, high = (expected + (share * opening - position) / _REACH for share in _BAND)
    return float(np.clip(expected if before is None else before, max(low, 0.0), max(high, 0.0)))


def share_out(pieces: float, position: Floats, expected: Floats, spread: Floats) -> Floats:
    """Share a bucket's pieces out over items.

    Parameters
    ----------
    pieces
        To be shared out, >= 0.
    position
        Shape (P,): pieces of each item in stock minus pieces owed.
    expected, spread
        Shape (P,): mean and standard deviation of an item's orders per bucket, >= 0.

    Returns
    -------
    made
        Shape (P,), >= 0; sums to `pieces`.

    Examples
    --------
    >>> share_out(10.0, np.array([-4.0, 0.0]), np.array([1.0, 1.0]), np.array([1.0, 1.0])).round(1).tolist()
    [7.0, 3.0]
    """
    owed = np.maximum(-position, 0.0)
    if owed.sum() >= pieces:
        return np.asarray(owed * (pieces / max(owed.sum(), 1e-9)))
    left, there = pieces - owed.sum(), np.maximum(position, 0.0)
    cover, unit = expected * _COVER, spread * np.sqrt(_COVER) + 1e-6
    low = float(((there - cover) / unit).min())
    high = float(((there + left - cover) / unit).max())
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        short = np.maximum(cover + middle * unit - there, 0.0).sum() <= left
        low, high = (middle, high) if short else (low, middle)
    more = np.maximum(cover + low * unit - there, 0.0)
    return np.asarray(owed + more + (left - more.sum()) / len(more))
