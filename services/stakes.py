"""Money at stake, in fen: what is expected to be lost if nobody acts, counted alike for every kind of exception."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

__all__ = ["BACKLOG", "HOLDING", "LEFTOVER", "Stakes"]

HOLDING, BACKLOG, LEFTOVER = 0.003, 0.05, 0.1
"""Of the price of a piece: what a week in stock, a week late and a piece that is left over cost."""

_DAYS_A_WEEK = 7


@dataclass(frozen=True)
class Stakes:
    """What pieces and hours are worth.

    Parameters
    ----------
    price, margin
        Fen a piece, by sku and by style (the mean of its skus). The margin is the price less the cost, at least 0; the
        price where the network names no cost.
    hour_fen
        The plan's own prices of an ``idle`` hour and of one of ``overtime``.
    """

    price: pd.Series
    margin: pd.Series
    hour_fen: Mapping[str, float]

    @classmethod
    def of(cls, products: pd.DataFrame, summary: Any = None) -> Stakes:
        """Return what the products say, and the summary of a plan; None without one."""
        price, cost = (_by_item(products, name) for name in ("price_fen", "unit_cost_fen"))
        margin = (price - cost.reindex(price.index).fillna(0.0)).clip(lower=0.0)
        hours = summary.get("fen_per_hour", {}) if isinstance(summary, Mapping) else {}
        return cls(price, margin, hours)

    def lost(self, item: Any, pieces: float) -> float:
        """Return the margin of pieces that nobody gets."""
        return pieces * float(self.margin.get(item, 0.0))

    def late(self, item: Any, pieces: float, days: float) -> float:
        """Return what pieces lose that come so many days late: never more than if they did not come."""
        return min(pieces * self._price(item) * BACKLOG * days / _DAYS_A_WEEK, self.lost(item, pieces))

    def early(self, item: Any, pieces: float, days: float) -> float:
        """Return what pieces cost that lie in stock for so many days."""
        return pieces * self._price(item) * HOLDING * days / _DAYS_A_WEEK

    def left_over(self, item: Any, pieces: float) -> float:
        """Return what pieces lose that nobody asks for."""
        return pieces * self._price(item) * LEFTOVER

    def spent(self, item: Any, pieces: float) -> float:
        """Return what pieces have cost that are begun and not made; 0 where the network names no cost."""
        return pieces * self._price(item) - self.lost(item, pieces)

    def hours(self, kind: str, hours: float) -> float:
        """Return what ``idle`` or ``overtime`` hours cost."""
        return hours * float(self.hour_fen.get(kind, 0.0))

    def _price(self, item: Any) -> float:
        return float(self.price.get(item, 0.0))


def _by_item(products: pd.DataFrame, column: str) -> pd.Series:
    """Return a column in fen by sku and by style (the mean of its skus)."""
    if column not in products:
        return pd.Series(dtype="float64")
    by_sku = products.set_index("sku_id")[column].astype("float64")
    if "style_id" not in products:
        return by_sku
    by_style = products.groupby("style_id")[column].mean().astype("float64")
    return pd.concat([by_sku, by_style[~by_style.index.isin(by_sku.index)]])
