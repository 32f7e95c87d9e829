"""How a style's own counts grow: speed, acceleration and silence, in the time of the clock.

References
----------
Szabo & Huberman (2010), Predicting the popularity of online content (log counts so far); Zhao et al. (2015), SEISMIC
(memory that decays as a power of time); Cheng et al. (2014), Can cascades be predicted? (temporal features).
"""

from __future__ import annotations

import numpy as np

from forecast.launch.clock import ZONE_SECONDS, Clock
from forecast.launch.events import Events

__all__ = ["growth_features", "time_features"]

_HOUR, _DAY = 3600.0, 86_400.0
_AHEAD_HOURS = (1, 3, 6, 12)
_LAST = (1, 2, 5, 10, 20, 50, 100)
_FIRST = (1, 2, 5, 10, 20, 50)
_FRACTIONS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 7 / 8)
_WINDOWS = (600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 3 * 86_400)
_MEMORIES = (600.0, 3600.0, 4 * 3600.0)
_POWER, _POWER_SECONDS = 0.242, 300.0
_DECAYS = (0.9, 1.3)
_TAIL_HOURS = 48


def time_features(launch: np.ndarray, seconds: float, clock: Clock) -> dict[str, np.ndarray]:
    """Return the time of day and week, and the activity to be expected in the hours after the checkpoint.

    Parameters
    ----------
    launch
        Seconds since 1970 (UTC), shape (n,).
    seconds
        The checkpoint, since the launch.
    """
    local, now = launch + ZONE_SECONDS, launch + seconds
    hour = local % _DAY / _HOUR
    features = {
        "hour": hour,
        "hour_sin": np.sin(hour * np.pi / 12),
        "hour_cos": np.cos(hour * np.pi / 12),
        "hour_sin_twice": np.sin(hour * np.pi / 6),
        "hour_cos_twice": np.cos(hour * np.pi / 6),
        "weekday": (local // _DAY + 3) % 7,
        "now_hour": (local + seconds) % _DAY / _HOUR,
    }
    ahead = clock.activity(now[:, None] + _HOUR * np.arange(_TAIL_HOURS + 1)) / _HOUR
    features |= {f"ahead_{hours}h": ahead[:, hours] - ahead[:, 0] for hours in _AHEAD_HOURS}
    elapsed = seconds / _HOUR + 0.5
    for power in _DECAYS:
        weight = ((np.arange(_TAIL_HOURS) + 0.5 + elapsed) / elapsed) ** -power
        features[f"ahead_power_{power}"] = np.diff(ahead, axis=1) @ weight
    return features


def growth_features(
    events: Events, count: np.ndarray, launch: np.ndarray, seconds: float, clock: Clock
) -> dict[str, np.ndarray]:
    """Return features of the counts seen by a checkpoint > 0.

    Parameters
    ----------
    events
        Events seen by the checkpoint.
    count
        What each of them counts, shape (m,).
    """
    so_far = np.maximum(events.sums(count), 0)
    features = {"so_far": np.log1p(so_far)}
    features |= _silence(events, launch, seconds, clock)
    features |= _shares(events, count, so_far, seconds)
    features |= _speeds(events, count, so_far, launch=launch, seconds=seconds, clock=clock)
    return features | _memory(events, count, so_far, seconds)


def _silence(events: Events, launch: np.ndarray, seconds: float, clock: Clock) -> dict[str, np.ndarray]:
    """Time since the last events, in seconds and in activity, and until the first ones; NaN where there were fewer."""
    starts, now, features = events.starts(), launch + seconds, {}
    if not len(events.age):
        return {}
    for k in _LAST:
        age = _pick(events.age, starts[1:] - k, starts)
        features[f"since_last_{k}"] = np.log1p(np.maximum(seconds - age, 0))
        features[f"active_since_last_{k}"] = np.log1p(np.maximum(clock.hours(launch + age, now), 0))
    for k in _FIRST:
        features[f"until_first_{k}"] = np.log1p(np.maximum(_pick(events.age, starts[:-1] + k - 1, starts), 0))
    return features


def _pick(values: np.ndarray, index: np.ndarray, starts: np.ndarray) -> np.ndarray:
    inside = (index >= starts[:-1]) & (index < starts[1:])
    return np.where(inside, values[np.clip(index, 0, len(values) - 1)], np.nan)


def _shares(events: Events, count: np.ndarray, so_far: np.ndarray, seconds: float) -> dict[str, np.ndarray]:
    """Return the counts by fraction of the elapsed time."""
    features = {}
    for fraction in _FRACTIONS:
        part = events.sums(count * (events.age <= fraction * seconds))
        features[f"count_{fraction:g}"] = np.log1p(np.maximum(part, 0))
        features[f"share_{fraction:g}"] = np.divide(part, so_far, out=np.full(len(part), np.nan), where=so_far > 0)
    return features


def _speeds(
    events: Events, count: np.ndarray, so_far: np.ndarray, *, launch: np.ndarray, seconds: float, clock: Clock
) -> dict[str, np.ndarray]:
    """Return counts per hour of usual activity, over all and over the last while, and how they changed at half-time."""
    now = launch + seconds
    features = {"speed": np.log((so_far + 0.5) / (clock.hours(launch, now) + 0.1))}
    for window in _WINDOWS:
        if window < seconds:
            late = np.maximum(events.sums(count * (events.age > seconds - window)), 0)
            features[f"last_{window}s"] = np.log1p(late)
            features[f"speed_{window}s"] = np.log((late + 0.5) / (clock.hours(now - window, now) + 0.1))
    half = launch + seconds / 2
    second_half = np.maximum(events.sums(count * (events.age > seconds / 2)), 0)
    early = (np.maximum(so_far - second_half, 0) + 1) / (clock.hours(launch, half) + 0.1)
    features["acceleration"] = np.log((second_half + 1) / (clock.hours(half, now) + 0.1)) - np.log(early)
    return features


def _memory(events: Events, count: np.ndarray, so_far: np.ndarray, seconds: float) -> dict[str, np.ndarray]:
    """Return what is left of the counts when each fades, exponentially or as a power of time, and when they came."""
    back, age, some = np.maximum(seconds - events.age, 0), np.maximum(events.age, 0), np.maximum(so_far, 1)
    fades = {f"memory_{memory:g}s": np.exp(-back / memory) for memory in _MEMORIES}
    fades["memory_power"] = (1 + back / _POWER_SECONDS) ** -_POWER
    features = {name: np.log1p(np.maximum(events.sums(count * fade), 0)) for name, fade in fades.items()}
    features["mean_log_age"] = events.sums(count * np.log1p(age)) / some
    features["mean_age"] = events.sums(count * age) / some / seconds
    return features
