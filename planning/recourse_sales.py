"""What an item's own sales tell of its level that its forecasts have not heard yet.

At each run the level's error is measured by the sales since the item began, against what was forecast for their buckets
and has been revised since. How far to follow them is learnt: by how much the error of the next bucket was foretold.
Forecasts that follow sales themselves leave nothing to foretell, and stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planning.problem import Floats
from planning.recourse_history import ForecastHistory

__all__ = ["Heard", "hear_sales"]

_PRIOR_PAIRS = 20.0  # pairs in which sales foretold nothing that the learning starts from


@dataclass(frozen=True, kw_only=True)
class Heard:
    """Correction of every run's level by the sales before it, R runs over P items.

    Parameters
    ----------
    shift
        Shape (R, P): what to add to the log level.
    kept
        Shape (R, P): share of the stated variance that is left, in [0, 1].
    """

    shift: Floats
    kept: Floats

    def correct(self, known: ForecastHistory) -> ForecastHistory:
        """Return the runs as they would have been, had they heard the sales."""
        return known.replace(
            spread=known.spread * np.sqrt(self.kept),
            revision=known.revision + np.diff(self.shift, axis=0, prepend=0.0),
        )


def hear_sales(known: ForecastHistory) -> Heard:
    """Learn from the runs and sales that are known how far sales should move the level."""
    level = np.cumsum(np.nan_to_num(known.revision), axis=0)
    sold = np.isfinite(known.gap)
    weight = np.where(sold, known.weight, 0.0)
    gap = np.where(sold, known.gap + level, 0.0)
    before = np.cumsum(weight, axis=0) - weight
    sums = np.cumsum(weight * gap, axis=0) - weight * gap
    error = np.where(before > 0, sums / np.where(before > 0, before, 1.0) - level, 0.0)
    noise = _noise(weight, gap)
    variance = np.nan_to_num(known.spread) ** 2
    gain = np.divide(variance * before, variance * before + noise, out=np.zeros(error.shape), where=variance > 0)
    told = gain * error
    pairs = sold & (before > 0)
    x, y, w = told[pairs], known.gap[pairs], weight[pairs]
    power = float((w * x * x).sum())
    prior = _PRIOR_PAIRS * power / max(float(w.sum()), 1e-12)
    share = float(np.clip((w * x * y).sum() / (power + prior), 0.0, 1.0)) if power > 0 else 0.0
    return Heard(shift=share * told, kept=1 - share * gain)


def _noise(weight: Floats, gap: Floats) -> float:
    """Variance of one bucket's sales around the item's own level."""
    total = weight.sum(axis=0)
    centre = (weight * gap).sum(axis=0) / np.where(total > 0, total, 1.0)
    spare = np.maximum(total - (weight**2).sum(axis=0) / np.where(total > 0, total, 1.0), 0.0).sum()
    squares = (weight * (gap - centre) ** 2).sum()
    return max(float(squares / spare), 1e-6) if spare > 1 else 1.0
