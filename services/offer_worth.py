"""What an offer is worth less for orders that come unsteadily, and for a brand that hangs on one seller."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["brand_shares", "steadiness_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_PULL = 5.0  # promotions that the sellers' mean variation counts as


def steadiness_of(seller: Ints, pieces: Floats, n_sellers: int) -> Floats:
    """Return how alike each seller's promotions turn out: 1 all the same, the lower the more they vary.

    Parameters
    ----------
    seller, pieces
        int [n] and float [n], accepted promotions and what they brought.

    Returns
    -------
    float [S]
        ``1 / (1 + squared coefficient of variation)``, the luck of single pieces left out; few promotions are drawn to
        the mean of all sellers.
    """
    count = np.bincount(seller, minlength=n_sellers).astype(np.float64)
    mean = np.bincount(seller, pieces, n_sellers) / np.maximum(count, 1.0)
    off = np.bincount(seller, (pieces - mean[seller]) ** 2, n_sellers) / np.maximum(count - 1.0, 1.0)
    known = (count >= 2) & (mean > 0)
    excess = np.where(known, np.maximum(off - mean, 0.0) / np.maximum(mean, 1e-9) ** 2, 0.0)
    weight = np.where(known, count - 1.0, 0.0)
    usual = float((excess * weight).sum() / max(weight.sum(), 1e-9))
    return np.asarray(1.0 / (1.0 + (weight * excess + _PULL * usual) / (weight + _PULL)))


def brand_shares(key: Ints, brand: Ints, pieces: Floats) -> tuple[Ints, Floats]:
    """Return what share of a brand's pieces came through a seller.

    Parameters
    ----------
    key
        int [n], ``seller * brands + brand`` of each promotion.
    brand, pieces
        int [n] and float [n], its brand and the pieces it brought.

    Returns
    -------
    key, share
        int [k], ascending, each once, and float [k] in [0, 1].
    """
    whole = np.bincount(brand, pieces) if len(brand) else np.zeros(0)
    distinct, first, at = np.unique(key, return_index=True, return_inverse=True)
    mine = np.bincount(at, pieces, len(distinct))
    return distinct, mine / np.maximum(whole[brand[first]], 1e-9)
