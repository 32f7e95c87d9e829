"""Which counts add up to the total: what has come so far is a floor of what will have come in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.launch.events import SALE, Events, base_kind
from forecast.launch.launches import Launches

__all__ = ["Accrual", "accrual_from"]

_TAKEN_BACK = {"order": ("cancel", "refund"), SALE: ()}
_TOLERANCE, _MOST_ABOVE, _LEAST_SHARE = 1.02, 0.05, 0.5
_FEWEST_STYLES = 5


@dataclass(frozen=True)
class Accrual:
    """How each kind counts towards the total.

    Parameters
    ----------
    kinds
        Names of the kinds that count.
    weight
        1, -1 (taken back) or 0 per kind of the events, shape (kinds,).
    """

    kinds: tuple[str, ...]
    weight: np.ndarray

    def counts(self, events: Events) -> np.ndarray:
        """Return what each event adds to its style's total."""
        return np.asarray(events.count * self.weight[events.kind])

    def so_far(self, events: Events) -> np.ndarray:
        """Return what the events of each style add up to, >= 0, shape (n,)."""
        return np.asarray(np.maximum(events.sums(self.counts(events)), 0))


def accrual_from(launches: Launches, known: np.ndarray, second: float) -> Accrual:
    """Find the kinds whose counts made up the totals of the styles known at a second.

    Sales do, where there are any. Otherwise a kind (orders less what was taken back), or all kinds together, whose
    counts hardly ever exceed the total and come nearest to it; none if none comes to half of it.
    """
    events = launches.events
    if launches.has_sales:
        return _of(events, (SALE,))
    finished = np.flatnonzero(known & (launches.total > 0))
    if len(finished) < _FEWEST_STYLES or not len(events.style):
        return _of(events, ())
    seen = events.known_by(second - launches.launch)
    kinds = sorted({base_kind(kind) for kind in events.kinds})
    choices = [(kind,) for kind in kinds] + ([tuple(kinds)] if len(kinds) > 1 else [])
    shares = [_share(_of(events, kinds), seen, launches.total, finished) for kinds in choices]
    best = int(np.argmax(shares))
    return _of(events, choices[best] if shares[best] >= _LEAST_SHARE else ())


def _share(accrual: Accrual, seen: Events, total: np.ndarray, finished: np.ndarray) -> float:
    """Return which share of the totals the counts come to, 0 if they often exceed them."""
    share = accrual.so_far(seen)[finished] / total[finished]
    above = share > _TOLERANCE
    return 0.0 if above.mean() > _MOST_ABOVE else float(np.median(share))


def _of(events: Events, kinds: Sequence[str]) -> Accrual:
    back = {name for kind in kinds for name in _TAKEN_BACK.get(kind, ())} if len(kinds) == 1 else set()
    weight = [1.0 if kind in kinds else -1.0 if kind in back else 0.0 for kind in map(base_kind, events.kinds)]
    return Accrual(tuple(kinds), np.array(weight))
