"""Everything that is known of every style at one checkpoint, as a matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.launch.accrual import Accrual, accrual_from
from forecast.launch.attributes import Attributes, attributes_from
from forecast.launch.clock import Clock, clock_from
from forecast.launch.events import Events
from forecast.launch.growth import growth_features, time_features
from forecast.launch.kin import Kin, kin_of, makers
from forecast.launch.launches import DAY, LIFE_DAYS, Launches
from forecast.launch.reach import Reach, reach_of
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
    category
        Index of the category, shape (n,).
    """

    names: tuple[str, ...]
    values: np.ndarray
    so_far: np.ndarray
    category: np.ndarray

    def take(self, rows: np.ndarray) -> Features:
        """Return the features of some styles."""
        return Features(self.names, self.values[rows], self.so_far[rows], self.category[rows])

    def named(self, names: tuple[str, ...]) -> Features:
        """Return the columns of these names in their order; one that is not there is unknown (NaN) for all."""
        if names == self.names:
            return self
        place = {name: k for k, name in enumerate(self.names)}
        unknown = np.full(len(self.so_far), np.nan)
        columns = [self.values[:, place[name]] if name in place else unknown for name in names]
        return Features(names, np.column_stack(columns), self.so_far, self.category)

    def varied(self) -> Features:
        """Return the columns that tell two styles apart; all of them if none does."""
        filled = np.isfinite(self.values)
        low = np.where(filled, self.values, np.inf).min(axis=0, initial=np.inf)
        high = np.where(filled, self.values, -np.inf).max(axis=0, initial=-np.inf)
        kept = (low < high) | ((low == high) & ~filled.all(axis=0))
        kept |= not kept.any()
        names = tuple(name for name, keep in zip(self.names, kept, strict=True) if keep)
        return Features(names, self.values[:, kept], self.so_far, self.category)


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
    attributes, kin, surroundings, reach
        See their modules.
    """

    launches: Launches
    cutoff: float
    known: np.ndarray
    accrual: Accrual
    clock: Clock
    attributes: Attributes
    kin: Kin
    surroundings: Surroundings
    reach: Reach

    def features(self, seconds: float, rows: np.ndarray | None = None, events: Events | None = None) -> Features:
        """Return the features of styles at a checkpoint, each as it stood then.

        Parameters
        ----------
        rows
            Which styles; all by default.
        events
            Their events, if there are more by now than those of the scene.
        """
        chosen = np.arange(self.launches.n) if rows is None else rows
        launch, category = self.launches.launch[chosen], self.launches.category[chosen]
        own = self.launches.events if rows is None else self.launches.events.of(rows)
        seen = (own if events is None else events).known_by(seconds)
        count = self.accrual.counts(seen)
        columns = {name: values[chosen] for name, values in self.attributes.columns.items()}
        columns |= time_features(launch, seconds, self.clock)
        columns |= kind_features(seen, seconds)
        if seconds > 0:
            columns |= growth_features(seen, count, launch, seconds, self.clock)
        columns |= self.surroundings.features(seen, count, launch, seconds)
        columns |= self.kin.features(chosen, seconds)
        columns |= self.reach.features(seen, category, launch + seconds)
        return Features(
            names=tuple(columns),
            values=np.column_stack(list(columns.values())),
            so_far=self.accrual.so_far(seen),
            category=category,
        )


def scene_of(launches: Launches, cutoff: float) -> Scene:
    """Learn what adds up, the time of day and what KOLs are known for from what was known at the cutoff."""
    known = launches.known(cutoff)
    accrual = accrual_from(launches, known, cutoff)
    events, launch = launches.events, launches.launch
    seen = launch[events.style] + events.seen
    past = seen <= cutoff
    told = np.where(known, np.minimum(launches.final, launch + LIFE_DAYS * DAY), np.inf)
    count = accrual.counts(events)
    return Scene(
        launches=launches,
        cutoff=cutoff,
        known=known,
        accrual=accrual,
        clock=clock_from((launch[events.style] + events.age)[past], events.count[past]),
        attributes=attributes_from(launches.attributes),
        kin=kin_of(makers(launches.attributes), events, count, launch),
        surroundings=surroundings_of(events, count, launch),
        reach=reach_of(
            launches.voices,
            events.take(seen <= told[events.style]),
            category=launches.category,
            total=launches.total,
            told=told,
            cutoff=cutoff,
        ),
    )
