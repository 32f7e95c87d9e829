"""Everything that is known of every style at one checkpoint, as a matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.launch.accrual import Accrual, accrual_from
from forecast.launch.attributes import Attributes, attributes_from
from forecast.launch.clock import Clock, clock_from
from forecast.launch.growth import growth_features, time_features
from forecast.launch.kin import kin_features, kin_of
from forecast.launch.launches import Launches
from forecast.launch.surroundings import Surroundings, surroundings_of
from forecast.launch.teasers import kind_features

__all__ = ["Features", "Scene", "scene_of"]


@dataclass(frozen=True)
class Features:
    """Features of n styles at a checkpoint.

    Parameters
    ----------
    names
        Of the columns.
    values
        float64, NaN where unknown, shape (n, k).
    so_far
        What had come by then of what adds up to the total, shape (n,).
    """

    names: tuple[str, ...]
    values: np.ndarray
    so_far: np.ndarray

    def take(self, rows: np.ndarray) -> Features:
        """Return the features of some styles."""
        return Features(self.names, self.values[rows], self.so_far[rows])

    def named(self, names: tuple[str, ...]) -> Features:
        """Return the columns of these names in their order; one that is not there is unknown (NaN) for all."""
        if names == self.names:
            return self
        place = {name: k for k, name in enumerate(self.names)}
        unknown = np.full(len(self.so_far), np.nan)
        columns = [self.values[:, place[name]] if name in place else unknown for name in names]
        return Features(names, np.column_stack(columns), self.so_far)

    def varied(self) -> Features:
        """Return the columns that tell two styles apart."""
        filled = np.isfinite(self.values)
        low = np.where(filled, self.values, np.inf).min(axis=0, initial=np.inf)
        high = np.where(filled, self.values, -np.inf).max(axis=0, initial=-np.inf)
        kept = (low < high) | ((low == high) & ~filled.all(axis=0))
        return Features(
            tuple(n for n, keep in zip(self.names, kept, strict=True) if keep), self.values[:, kept], self.so_far
        )


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All styles as a forecaster sees them who stands at a moment (the cutoff), learnt from what was known by then.

    Parameters
    ----------
    launches
        The styles.
    cutoff
        Seconds since 1970: totals known later are not looked at.
    known
        Which totals are known, shape (n,).
    accrual, clock
        What adds up to the totals, and the time of day, as learnt by then.
    attributes, kin, surroundings
        See their modules.
    """

    launches: Launches
    cutoff: float
    known: np.ndarray
    accrual: Accrual
    clock: Clock
    attributes: Attributes
    kin: np.ndarray
    surroundings: Surroundings

    def features(self, seconds: float) -> Features:
        """Return the features of all styles at a checkpoint, each as it stood then."""
        launches = self.launches
        events = launches.events.known_by(seconds)
        count = self.accrual.counts(events)
        columns = dict(self.attributes.columns)
        columns |= time_features(launches.launch, seconds, self.clock)
        columns |= kind_features(events, seconds)
        if seconds > 0 and len(events.style):
            columns |= growth_features(events, count, launches.launch, seconds, self.clock)
        everything = self.accrual.counts(launches.events)
        columns |= self.surroundings.features(events, count, launches.launch, seconds)
        columns |= kin_features(self.kin, launches.events, everything, launches.launch, seconds)
        values = np.column_stack(list(columns.values()))
        return Features(tuple(columns), values, self.accrual.so_far(events))


def scene_of(launches: Launches, cutoff: float) -> Scene:
    """Learn what adds up and the time of day from what was known at the cutoff."""
    known = launches.known(cutoff)
    accrual = accrual_from(launches, known, cutoff)
    events = launches.events
    happened = launches.launch[events.style] + events.age
    past = launches.launch[events.style] + events.seen <= cutoff
    return Scene(
        launches=launches,
        cutoff=cutoff,
        known=known,
        accrual=accrual,
        clock=clock_from(happened[past], events.count[past]),
        attributes=attributes_from(launches.attributes),
        kin=kin_of(launches.attributes),
        surroundings=surroundings_of(events, accrual.counts(events), launches.launch),
    )
