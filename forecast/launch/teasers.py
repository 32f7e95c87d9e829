"""Counts of each kind by a checkpoint: before the launch (teasers) by how long before, and after it."""

from __future__ import annotations

import numpy as np

from forecast.launch.events import Events

__all__ = ["kind_features"]

_DAY = 86_400.0
_DAYS_BEFORE = (1, 3, 7, 21)


def kind_features(events: Events, seconds: float) -> dict[str, np.ndarray]:
    """Return log counts per kind: in the last 1, 3, 7 and 21 days before the launch, and after it.

    Which of the lags matter is left to the learner.

    Parameters
    ----------
    events
        Events seen by the checkpoint.
    """
    features: dict[str, np.ndarray] = {}
    for index, kind in enumerate(events.kinds):
        part = events.take(events.kind == index)
        if not len(part.style):
            continue
        for days in _DAYS_BEFORE:
            inside = (part.age <= 0) & (part.age > -days * _DAY)
            features[f"{kind}_{days}d_before"] = np.log1p(part.sums(part.count * inside))
        if seconds > 0:
            features[f"{kind}_after"] = np.log1p(part.sums(part.count * (part.age > 0)))
    return features
