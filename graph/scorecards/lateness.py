"""How probable it is that a delivery is late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit

__all__ = ["LatenessModel"]

FACTORS = ("supplier", "lane", "category")


@dataclass(frozen=True, kw_only=True)
class LatenessModel:
    """Log-odds of being late: the mean of all plus the effects of supplier, lane and category.

    Each effect is what its smoothed, faded rate adds to the mean's log-odds; a supplier, lane or category
    that was never seen adds nothing.

    Parameters
    ----------
    mean
        Log-odds of the mean of all.
    effects
        By factor (``supplier, lane, category``): log-odds added, by name.
    """

    mean: float
    effects: Mapping[str, pd.Series]

    @classmethod
    def fit(cls, rows: pd.DataFrame, *, prior: float) -> LatenessModel:
        """Fit on known deliveries.

        Parameters
        ----------
        rows
            ``supplier, lane, category, weight, late`` of `graph.scorecards.deliveries.observed`.
        prior
            Deliveries that the mean of all counts for in each rate, > 0.
        """
        weight = rows["weight"].to_numpy()
        late = weight * rows["late"].to_numpy()
        # Half a delivery late and half not: a rate of exactly 0 or 1 has no log-odds.
        rate = (late.sum() + 0.5) / (weight.sum() + 1.0)
        effects = {}
        for factor in FACTORS:
            names = rows[factor].astype("category").cat
            n = len(names.categories)
            bad, seen = (np.bincount(names.codes, value, n) for value in (late, weight))
            effects[factor] = pd.Series(
                logit((bad + prior * rate) / (seen + prior)) - logit(rate), index=names.categories.astype("str")
            )
        return cls(mean=float(logit(rate)), effects=effects)

    def predict(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the probability of being late of deliveries with ``supplier, lane, category``, shape (rows,)."""
        odds = np.full(len(rows), self.mean)
        for factor, effect in self.effects.items():
            names = rows[factor].astype("category").cat
            added = effect.reindex(names.categories.astype("str")).fillna(0.0).to_numpy()
            if len(added):
                odds += np.where(names.codes >= 0, added[names.codes], 0.0)
        probability: npt.NDArray[np.float64] = expit(odds)
        return probability
