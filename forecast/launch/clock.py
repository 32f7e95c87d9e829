"""How busy people are by the time of day: speeds at night and at noon are compared in hours of usual activity."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

__all__ = ["Clock", "clock_from", "even_clock"]

ZONE_SECONDS = 8 * 3600  # Asia/Shanghai, the zone of the house; it keeps no summer time
_DAY = 86_400
_BINS = 48
_EDGES = np.arange(_BINS + 1) * _DAY / _BINS
_SMOOTH = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9
_FEWEST_EVENTS = 500.0
_MOST_IN_A_BIN = 0.3


@dataclass(frozen=True)
class Clock:
    """Activity by half-hour of the day.

    Parameters
    ----------
    profile
        Activity of each half-hour relative to the mean, shape (48,); averages 1.
    """

    profile: np.ndarray
    done: np.ndarray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "done", np.concatenate([[0.0], np.cumsum(self.profile) * _DAY / _BINS]))

    def activity(self, second: np.ndarray) -> np.ndarray:
        """Return the seconds of usual activity from 1970 to a second (UTC): differences are what lies between."""
        local = second + ZONE_SECONDS
        day = np.floor(local / _DAY)
        return np.asarray(day * _DAY + np.interp(local - day * _DAY, _EDGES, self.done))

    def hours(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Return the hours of usual activity between two seconds (UTC)."""
        return np.asarray((self.activity(end) - self.activity(start)) / 3600)


def even_clock() -> Clock:
    """Return a clock of which all hours are alike.

    Examples
    --------
    >>> even_clock().hours(np.array([0.0]), np.array([7200.0])).tolist()
    [2.0]
    """
    return Clock(np.ones(_BINS))


def clock_from(second: np.ndarray, count: np.ndarray) -> Clock:
    """Learn the clock from when things happened.

    Few events, or events that are counted once a day, tell no time of day: all hours are alike then.

    Parameters
    ----------
    second, count
        Seconds since 1970 (UTC) and counts, shape (m,).
    """
    half_hour = ((second + ZONE_SECONDS) % _DAY // (_DAY / _BINS)).astype(int)
    counts = np.bincount(half_hour, weights=count, minlength=_BINS)
    if counts.sum() < _FEWEST_EVENTS or counts.max() > _MOST_IN_A_BIN * counts.sum():
        return even_clock()
    around = np.concatenate([counts[-2:], counts, counts[:2]])
    smooth = np.convolve(around, _SMOOTH, "valid")
    return Clock(smooth / smooth.mean())
