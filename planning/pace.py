"""One pace for a whole factory from past orders alone, and its pieces shared out over the items that need them most.

The pace stays where it is as long as that leaves the stock, net of what is owed, within a band some buckets from now;
if not, it moves just far enough. So it is level, and follows orders that last. What a bucket makes goes to what is owed
first, then to the items whose stock covers least, counted in standard deviations of their orders.
"""

from __future__ import annotations

import numpy as np

from planning.params import PaceParams
from planning.problem import Floats

__all__ = ["level_pace", "share_out"]

_HALVINGS = 50


def level_pace(
    before: float | None,
    expected: float,
    position: float,
    opening: float,
    params: PaceParams,
    *,
    open_share: float = 1.0,
) -> float:
    """Return the pieces, or hours of them, to make in an open bucket.

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
    params
        How slowly the pace follows, and how wide the band is.
    open_share
        Share of buckets that are open, in (0, 1]: they make what is ordered in closed ones, too.

    Examples
    --------
    >>> level_pace(None, expected=100.0, position=0.0, opening=500.0, params=PaceParams())
    100.0
    >>> level_pace(100.0, expected=100.0, position=-520.0, opening=500.0, params=PaceParams(reach=42, band=0.2))
    110.0
    """
    edges = ((share * opening - position) / params.reach for share in (-params.band, params.band))
    low, high = ((expected + edge) / open_share for edge in edges)
    return float(np.clip(expected / open_share if before is None else before, max(low, 0.0), max(high, 0.0)))


def share_out(pieces: float, position: Floats, expected: Floats, spread: Floats, cover_buckets: int) -> Floats:
    """Share a bucket's pieces out over items.

    Parameters
    ----------
    pieces
        To be shared out, >= 0.
    position
        Shape (P,): pieces of each item in stock minus pieces owed.
    expected, spread
        Shape (P,): mean and standard deviation of an item's orders per bucket, >= 0.
    cover_buckets
        Buckets of orders that the stock is to cover, >= 1.

    Returns
    -------
    made
        Shape (P,), >= 0; sums to `pieces`.

    Examples
    --------
    >>> share_out(10.0, np.array([-4.0, 0.0]), np.array([1.0, 1.0]), np.array([1.0, 1.0]), 3).round(1).tolist()
    [7.0, 3.0]
    """
    owed = np.maximum(-position, 0.0)
    if owed.sum() >= pieces:
        return np.asarray(owed * (pieces / max(owed.sum(), 1e-9)))
    left, there = pieces - owed.sum(), np.maximum(position, 0.0)
    cover, unit = expected * cover_buckets, spread * np.sqrt(cover_buckets) + 1e-6
    low = float(((there - cover) / unit).min())
    high = float(((there + left - cover) / unit).max())
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        short = np.maximum(cover + middle * unit - there, 0.0).sum() <= left
        low, high = (middle, high) if short else (low, middle)
    more = np.maximum(cover + low * unit - there, 0.0)
    return np.asarray(owed + more + (left - more.sum()) / len(more))
