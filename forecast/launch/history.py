"""What the totals of earlier styles say about something they share, as known at any moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Record", "record_of"]

_SPACING = 1e12


@dataclass(frozen=True)
class Record:
    """Values that became known over time, by key: their number and sum by a moment.

    Parameters
    ----------
    moment
        Key and second in one ascending number, shape (m,).
    summed
        Cumulative values before each, shape (m + 1, columns).
    """

    moment: np.ndarray
    summed: np.ndarray

    def until(self, key: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how many values of each key were known by a second, and their sums, shapes (q,), (q, columns)."""
        end = np.searchsorted(self.moment, key * _SPACING + np.clip(second, 0, _SPACING / 4), "right")
        start = np.searchsorted(self.moment, key * _SPACING, "left")
        return end - start, self.summed[end] - self.summed[start]


def record_of(key: np.ndarray, second: np.ndarray, values: np.ndarray) -> Record:
    """Sort values by key and by when they became known.

    Parameters
    ----------
    key
        Indices >= 0, shape (m,).
    second
        Seconds since 1970, shape (m,).
    values
        Shape (m, columns).

    Examples
    --------
    >>> record = record_of(np.array([1, 0, 1]), np.array([5.0, 6.0, 9.0]), np.array([[2.0], [7.0], [4.0]]))
    >>> number, total = record.until(np.array([1, 1]), np.array([8.0, 9.0]))
    >>> number.tolist(), total.ravel().tolist()
    ([1, 2], [2.0, 6.0])
    """
    moment = key * _SPACING + np.clip(second, 0, _SPACING / 4)
    order = np.argsort(moment, kind="stable")
    start = np.zeros((1, values.shape[1]))
    return Record(moment[order], np.concatenate([start, np.cumsum(values[order], axis=0)]))
