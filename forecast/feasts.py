"""Feasts: days that come back every year, on the same date or by the moon, with the days before and after them.

A demand that follows the moon is never found by "the same day last year". What a period is to a feast (its distance,
the like period around the feast before) is computed here; `forecast.features` reads the demand there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from forecast.frequency import Frequency

_DAYS_PER_PERIOD = {"D": 1, "W": 7, "M": 30, "Q": 91, "Y": 365}
_NO_DAYS = np.empty(0, dtype="datetime64[D]")


@dataclass(frozen=True, kw_only=True)
class Feast:
    """One feast.

    Parameters
    ----------
    name
        As people call it.
    days
        Its first day, year by year, datetime64[D], ascending.
    before, after
        Days before and after it that it is felt, >= 0.
    """

    name: str
    days: np.ndarray
    before: int = 14
    after: int = 7


@dataclass(frozen=True, kw_only=True)
class Feasts:
    """The feasts of a market.

    Parameters
    ----------
    feasts
        Those of more weight first.
    off, workdays
        Days off by decree, and days at the weekend that are worked to make up for them.
    """

    feasts: tuple[Feast, ...]
    off: np.ndarray = field(default_factory=lambda: _NO_DAYS)
    workdays: np.ndarray = field(default_factory=lambda: _NO_DAYS)

    def columns(self, frequency: Frequency, ordinals: np.ndarray) -> dict[str, np.ndarray]:
        """Return what consecutive periods are to the feasts.

        Returns
        -------
        Per feast ``from NAME`` (periods since it, negative before it, NaN where it is not felt) and, for periods longer
        than a day, ``share NAME`` (share of the period's days on which it is felt); ``feast share`` (on which any is),
        ``day off`` and ``make-up workday`` (shares of its days). Shape (periods,) each.
        """
        out: dict[str, np.ndarray] = {}
        felt: list[np.ndarray] = []
        for feast in self.feasts:
            out[f"from {feast.name}"] = _distance(feast, frequency, ordinals)
            window = (feast.days[:, None] + np.arange(-feast.before, feast.after + 1)).ravel()
            felt.append(window)
            if frequency.unit != "D":
                out[f"share {feast.name}"] = _share(window, frequency, ordinals)
        out["feast share"] = _share(np.concatenate([*felt, _NO_DAYS]), frequency, ordinals)
        out["day off"] = _share(self.off, frequency, ordinals)
        out["make-up workday"] = _share(self.workdays, frequency, ordinals)
        return out

    def back(self, frequency: Frequency, ordinals: np.ndarray) -> np.ndarray:
        """Return how many periods before each the like one is: as far from the same feast's last occurrence.

        Of several feasts felt in a period the nearest counts. NaN where none is, or no earlier occurrence is known.
        """
        out, nearest = np.full(len(ordinals), np.nan), np.full(len(ordinals), np.inf)
        for feast in self.feasts:
            at = frequency.ordinals(feast.days)
            gap = np.diff(at, prepend=np.nan)
            distance = _distance(feast, frequency, ordinals)
            near = np.abs(distance) < nearest
            which = np.searchsorted(at, (ordinals - np.nan_to_num(distance)).astype(np.int64))
            out[near] = gap[np.minimum(which, len(at) - 1)][near]
            nearest[near] = np.abs(distance)[near]
        return out


def merged(feasts: Feasts | None, more: Mapping[str, np.ndarray], off: np.ndarray, workdays: np.ndarray) -> Feasts:
    """Add feasts (name -> days) and decrees to those of a country; a day in both is taken as the new one says."""
    base = feasts or Feasts(feasts=())
    mine = {feast.name: feast for feast in base.feasts}
    for name, days in more.items():
        have = mine.get(name, Feast(name=name, days=_NO_DAYS))
        mine[name] = Feast(name=name, days=np.union1d(have.days, days), before=have.before, after=have.after)
    return Feasts(
        feasts=tuple(mine.values()),
        off=np.setdiff1d(np.union1d(base.off, off), workdays),
        workdays=np.setdiff1d(np.union1d(base.workdays, workdays), off),
    )


def _distance(feast: Feast, frequency: Frequency, ordinals: np.ndarray) -> np.ndarray:
    """Periods since the nearest occurrence; NaN where the feast is not felt."""
    at = frequency.ordinals(feast.days)
    if not len(at):
        return np.full(len(ordinals), np.nan)
    step = _DAYS_PER_PERIOD[frequency.unit]
    following = np.minimum(np.searchsorted(at, ordinals), len(at) - 1)
    previous = np.maximum(np.searchsorted(at, ordinals, side="right") - 1, 0)
    after, before = ordinals - at[previous], ordinals - at[following]
    late, early = -(-feast.after // step), -(-feast.before // step)
    out = np.where((before <= 0) & (before >= -early), before, np.nan)
    past = (after >= 0) & (after <= late) & ~(np.abs(out) < after)
    return np.asarray(np.where(past, after, out))


def _share(days: np.ndarray, frequency: Frequency, ordinals: np.ndarray) -> np.ndarray:
    """Share of the days of each of some consecutive periods that are among `days`."""
    index = frequency.ordinals(np.unique(days)) - ordinals[0]
    count = np.bincount(index[(index >= 0) & (index < len(ordinals))], minlength=len(ordinals))
    return np.asarray(np.minimum(count / _DAYS_PER_PERIOD[frequency.unit], 1), dtype=np.float32)
