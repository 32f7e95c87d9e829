"""What is known of a seller and a style before they meet, as small whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["FEATURES", "Sellers", "Styles", "bands", "levels_of", "pair_codes"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FEATURES = ("category", "own_category", "price_band", "audience_size", "trust", "hour")
_STEP = 0.1  # grain of the logarithms of prices
_BAND, _FAR = 2, 7  # steps per band, and bands to either side
BANDS = 2 * _FAR + 2  # the last: not known
_SIZES, _TRUSTS, HOURS = 32, 6, 25
_UNKNOWN_PRICE = -(10**6)


@dataclass(frozen=True, eq=False)
class Sellers:
    """Sellers as arrays.

    Parameters
    ----------
    ids
        Their ids.
    audience
        float [S], >= 0.
    own
        int8 [S, categories]: 1 the category is its own, 0 another is, 2 not known.
    price
        int [S], tenths of the logarithm of the usual price.
    trust
        int [S], fifth of trust, 5 not known.
    """

    ids: pd.Index
    audience: Floats
    own: npt.NDArray[np.int8]
    price: Ints
    trust: Ints

    @classmethod
    def of(cls, table: pd.DataFrame, categories: pd.Index) -> Sellers:
        """Read a checked table (`forecast.offers.tables.SELLERS`)."""
        n = len(table)
        trust = _column(table, "trust")
        fifth = np.where(np.isnan(trust), 5, np.minimum(np.nan_to_num(trust) * 5, 4)).astype(np.int64)
        return cls(
            pd.Index(table["seller_id"]),
            table["audience"].to_numpy(np.float64),
            _own(table["categories"] if "categories" in table else pd.Series(None, index=range(n)), categories),
            _steps(_column(table, "price_fen")),
            fifth,
        )


@dataclass(frozen=True, eq=False)
class Styles:
    """Styles as arrays: ids, category int [H] (-1 one that nothing is known of), price int [H], appeal float [H]."""

    ids: pd.Index
    category: Ints
    price: Ints
    appeal: Floats
    spread: Floats

    @classmethod
    def of(cls, table: pd.DataFrame, categories: pd.Index) -> Styles:
        """Read a checked table (`forecast.offers.tables.STYLES`)."""
        appeal, spread = _column(table, "appeal"), _column(table, "appeal_spread")
        return cls(
            pd.Index(table["style_id"]),
            categories.get_indexer(table["category"]).astype(np.int64),
            _steps(_column(table, "price_fen")),
            np.where(np.isnan(appeal), 1.0, appeal),
            np.where(np.isnan(spread), 0.5, spread),
        )


def levels_of(categories: int) -> list[int]:
    """Return how many levels each feature has."""
    return [categories, 3, BANDS, _SIZES, _TRUSTS, HOURS]


def bands(price: Ints, usual: Ints) -> Ints:
    """Return the price band of prices against usual ones (tenths of logarithms, broadcast), ``BANDS - 1`` unknown."""
    off = (price - usual + _BAND // 2) // _BAND
    band = np.clip(off, -_FAR, _FAR) + _FAR
    return np.asarray(np.where((price == _UNKNOWN_PRICE) | (usual == _UNKNOWN_PRICE), BANDS - 1, band))


def pair_codes(sellers: Sellers, seller: Ints, category: Ints, price: Ints, hour: Ints) -> Ints:
    """Return int64 [n, features] of pairs: rows of sellers, categories >= 0, prices (steps), hours (24 unknown)."""
    return np.column_stack(
        [
            category,
            sellers.own[seller, category],
            bands(price, sellers.price[seller]),
            sizes(sellers.audience)[seller],
            sellers.trust[seller],
            hour,
        ]
    )


def sizes(audience: Floats) -> Ints:
    """Return the size class of audiences: whole binary logarithms."""
    return np.clip(np.log2(np.maximum(audience, 1.0)), 0, _SIZES - 1).astype(np.int64)


def _own(texts: pd.Series, categories: pd.Index) -> npt.NDArray[np.int8]:
    own = np.full((len(texts), len(categories)), 2, np.int8)
    code, distinct = pd.factorize(texts)
    rows = np.full((len(distinct) + 1, len(categories)), 2, np.int8)
    for at, text in enumerate(distinct):
        found = categories.get_indexer([part.strip() for part in str(text).split("|")])
        rows[at] = 0
        rows[at, found[found >= 0]] = 1
    own[:] = rows[code]  # -1, an empty cell, is the last row
    return own


def _steps(price: Floats) -> Ints:
    known = ~np.isnan(price)
    steps = np.round(np.log(np.maximum(np.where(known, price, 1.0), 1.0)) / _STEP)
    return np.where(known, steps, _UNKNOWN_PRICE).astype(np.int64)


def _column(table: pd.DataFrame, name: str) -> Floats:
    """Return a column as float64, NaN where it is empty or not there."""
    if name not in table:
        return np.full(len(table), np.nan)
    found: Floats = table[name].to_numpy(np.float64, na_value=np.nan)
    return found
