"""What others came to lately: how many events the other styles had, and how far the last launches had got by an age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.launch.events import Events

__all__ = ["Surroundings", "surroundings_of"]

_WINDOWS = (3600, 6 * 3600, 86_400, 7 * 86_400)
_AGES = (3600, 6 * 3600, 86_400, 3 * 86_400, 7 * 86_400)
_LAST_STYLES = (10, 30, 100)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Sorted times of all styles' events and launches; asked for a moment, it looks at nothing after it.

    Parameters
    ----------
    seen, counted
        When events were seen (seconds since 1970), sorted, and the cumulative count before each, shapes (m,), (m + 1,).
    launch
        Sorted launches, shape (n,).
    ready, reached
        By age: when each style's count at that age was known, sorted, and the cumulative log counts before each.
    """

    seen: np.ndarray
    counted: np.ndarray
    launch: np.ndarray
    ready: tuple[np.ndarray, ...]
    reached: tuple[np.ndarray, ...]

    def features(self, events: Events, count: np.ndarray, launch: np.ndarray, seconds: float) -> dict[str, np.ndarray]:
        """Return features of styles that are among those summed up here.

        Parameters
        ----------
        events, count
            Events of the asked styles seen by the checkpoint, and what each counts.
        launch
            Their launches, shape (n,).
        seconds
            The checkpoint.
        """
        now = launch + seconds
        features: dict[str, np.ndarray] = {}
        for window in _WINDOWS:
            everyone = self._counted_by(now) - self._counted_by(now - window)
            own = events.sums(count * (events.seen > seconds - window))
            features[f"others_{window}s"] = np.log1p(np.maximum(everyone - own, 0))
            launched = np.searchsorted(self.launch, now, "right") - np.searchsorted(self.launch, now - window, "right")
            features[f"launches_{window}s"] = np.log1p(launched)
        return features | self._levels(events, count, launch, seconds)

    def _counted_by(self, second: np.ndarray) -> np.ndarray:
        return self.counted[np.searchsorted(self.seen, second, "right")]

    def _levels(self, events: Events, count: np.ndarray, launch: np.ndarray, seconds: float) -> dict[str, np.ndarray]:
        """Mean log count at an age of the last styles that reached it, the asked one left out."""
        now, features = launch + seconds, {}
        for age, ready, reached in zip(_AGES, self.ready, self.reached, strict=True):
            end = np.searchsorted(ready, now, "right")
            itself = age <= seconds
            own = np.log1p(np.maximum(events.sums(count * (events.seen <= age)), 0))
            for last in _LAST_STYLES:
                start = np.maximum(end - last - itself, 0)
                inside = itself & (np.searchsorted(ready, launch + age, "left") >= start)
                total = reached[end] - reached[start] - np.where(inside, own, 0)
                styles = end - start - inside
                features[f"others_{last}_at_{age}s"] = np.where(styles > 0, total / np.maximum(styles, 1), np.nan)
        return features


def surroundings_of(events: Events, count: np.ndarray, launch: np.ndarray) -> Surroundings:
    """Sort the times of all styles.

    Parameters
    ----------
    count
        What each event counts, shape (m,).
    launch
        Launches of the styles, shape (n,).
    """
    seen = launch[events.style] + events.seen
    order = np.argsort(seen, kind="stable")
    by_launch = np.argsort(launch, kind="stable")
    reached = []
    for age in _AGES:
        count_then = np.maximum(events.sums(count * (events.seen <= age)), 0)
        reached.append(np.concatenate([[0.0], np.cumsum(np.log1p(count_then)[by_launch])]))
    return Surroundings(
        seen=seen[order],
        counted=np.concatenate([[0.0], np.cumsum(count[order])]),
        launch=launch[by_launch],
        ready=tuple(launch[by_launch] + age for age in _AGES),
        reached=tuple(reached),
    )
