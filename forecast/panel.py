"""The demand panel: series x periods in dense arrays, with what is known about the series and about the future."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, hstack

from forecast.feasts import Feasts
from forecast.frequency import Frequency
from forecast.rooms import joined

LOOKAHEAD = 14
"""Calendar periods kept beyond the horizon, so that the last periods still see the next event coming."""


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """One named column of numbers, or of codes into `categories`.

    Parameters
    ----------
    values
        float32, NaN where unknown. Shape (series,) for static attributes, (series, periods) for regressors known
        ahead, (periods,) for calendar columns.
    categories
        Texts that the codes stand for; empty for plain numbers.
    """

    name: str
    values: np.ndarray
    categories: tuple[str, ...] = ()

    @property
    def categorical(self) -> bool:
        """Whether the values are codes."""
        return bool(self.categories)

    @property
    def flag(self) -> bool:
        """Whether every value known is 0 or 1."""
        return not self.categorical and bool((np.isin(self.values, (0, 1)) | np.isnan(self.values)).all())


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Demand of n series over T periods, plus `horizon` periods for which the future is known in part.

    Parameters
    ----------
    ids
        Names of the series, shape (n,).
    frequency, first
        How periods are numbered, and the number of the first one.
    y
        Pieces, float32, shape (n, T); 0 where the series did not exist or was unavailable.
    available
        True where the demand could be seen, shape (n, T): neither before the first row nor stocked out.
    born
        Index of the first period of each series, T for one without history.
    static, known, calendar
        Attributes of the series, of series and period (T + horizon), of the period (T + horizon + `LOOKAHEAD`).
    horizon
        Periods to be forecast.
    sold
        Pieces sold in unavailable periods before the shelf was empty (demand was at least that), sparse, shape (n, T);
        None where nothing is known of them.
    owed
        Pieces brought back up to and including each period that no sale has made up for yet, sparse, shape (n, T); they
        come off the sales after it. None where there are none.
    feasts
        Feasts of the market, of any years; None = no such features.
    """

    ids: np.ndarray
    frequency: Frequency
    first: int
    y: np.ndarray
    available: np.ndarray
    born: np.ndarray
    horizon: int
    static: tuple[Attribute, ...] = ()
    known: tuple[Attribute, ...] = ()
    calendar: tuple[Attribute, ...] = ()
    sold: csr_matrix | None = None
    owed: csr_matrix | None = None
    feasts: Feasts | None = None

    def __post_init__(self) -> None:
        n, length = self.y.shape
        if self.available.shape != (n, length) or self.ids.shape != (n,) or self.born.shape != (n,):
            raise ValueError("ids, y, available and born must describe the same series and periods")
        if self.sold is not None and self.sold.shape != (n, length):
            raise ValueError("sold must have the shape of y")
        if self.owed is not None and self.owed.shape != (n, length):
            raise ValueError("owed must have the shape of y")
        if any(a.values.shape != (n,) for a in self.static):
            raise ValueError("static attributes need one value per series")
        if any(a.values.shape != (n, length + self.horizon) for a in self.known):
            raise ValueError("known attributes need one value per series and period, horizon included")
        if any(a.values.shape != (length + self.horizon + LOOKAHEAD,) for a in self.calendar):
            raise ValueError("calendar attributes need one value per period, horizon and lookahead included")

    @property
    def n(self) -> int:
        """Number of series."""
        return int(self.y.shape[0])

    @property
    def length(self) -> int:
        """Number of periods of history."""
        return int(self.y.shape[1])

    @property
    def history(self) -> np.ndarray:
        """Periods of each series that could be seen, shape (n,)."""
        return np.asarray(self.available.sum(axis=1))

    def dates(self, start: int, stop: int) -> np.ndarray:
        """Days that label the periods with index `start` … `stop` - 1 (0 = first period)."""
        return self.frequency.dates(self.first + np.arange(start, stop))

    def cut(self, length: int) -> Panel:
        """Return what was known after the first `length` periods: nothing later remains but the known future."""
        return replace(
            self,
            y=self.y[:, :length],
            available=self.available[:, :length],
            born=np.minimum(self.born, length),
            sold=None if self.sold is None else self.sold[:, :length],
            owed=None if self.owed is None else self.owed[:, :length],
            known=tuple(replace(a, values=a.values[:, : length + self.horizon]) for a in self.known),
            calendar=tuple(replace(a, values=a.values[: length + self.horizon + LOOKAHEAD]) for a in self.calendar),
        )

    def recent(self, length: int) -> Panel:
        """Forget all but the last `length` periods of history."""
        drop = max(self.length - length, 0)
        if drop == 0:
            return self
        return replace(
            self,
            first=self.first + drop,
            y=self.y[:, drop:],
            available=self.available[:, drop:],
            born=np.maximum(self.born - drop, 0),
            sold=None if self.sold is None else self.sold[:, drop:],
            owed=None if self.owed is None else self.owed[:, drop:],
            known=tuple(replace(a, values=a.values[:, drop:]) for a in self.known),
            calendar=tuple(replace(a, values=a.values[drop:]) for a in self.calendar),
        )

    def rows(self, ids: Iterable[str]) -> np.ndarray:
        """Return the index of the series of each id, -1 for ids that are none."""
        return np.asarray(pd.Index(self.ids).get_indexer(pd.Index(ids)))

    def grown(
        self,
        y: np.ndarray,
        available: np.ndarray,
        born: np.ndarray,
        *,
        sold: csr_matrix | None = None,
        owed: csr_matrix | None = None,
        known: Mapping[str, np.ndarray] | None = None,
        join: Callable[[str, np.ndarray, np.ndarray], np.ndarray] = joined,
    ) -> Panel:
        """Append periods; the horizon moves on.

        Parameters
        ----------
        y, available
            Shape (n, periods).
        born
            First appended period of each series: 0 for one that had begun, `periods` for one that still has not.
        sold, owed
            As of the panel, shape (n, periods).
        known
            Regressors of as many periods after the horizon, by name; the last ones are carried forward where missing.
        join
            How columns are appended to an array of a given name.
        """
        more, given = y.shape[1], known or {}
        unknown = np.full((self.n, more), np.nan, dtype=np.float32)
        return replace(
            self,
            y=join("y", self.y, y),
            available=join("available", self.available, available),
            born=np.where(self.born < self.length, self.born, self.length + born),
            sold=_beside(self.sold, sold, (self.n, self.length), (self.n, more)),
            owed=_beside(self.owed, owed, (self.n, self.length), (self.n, more)),
            known=tuple(
                replace(a, values=join(f"known {a.name}", a.values, _carried(a.values, given.get(a.name, unknown))))
                for a in self.known
            ),
            calendar=tuple(replace(a, values=np.concatenate([a.values, unknown[0]])) for a in self.calendar),
        )

    def take(self, rows: np.ndarray) -> Panel:
        """Keep only some series (indices or a mask)."""
        return replace(
            self,
            ids=self.ids[rows],
            y=self.y[rows],
            available=self.available[rows],
            born=self.born[rows],
            sold=None if self.sold is None else self.sold[rows],
            owed=None if self.owed is None else self.owed[rows],
            static=tuple(replace(a, values=a.values[rows]) for a in self.static),
            known=tuple(replace(a, values=a.values[rows]) for a in self.known),
        )


def _beside(
    old: csr_matrix | None, new: csr_matrix | None, size: tuple[int, int], more: tuple[int, int]
) -> csr_matrix | None:
    if old is None and new is None:
        return None
    return hstack([csr_matrix(size) if old is None else old, csr_matrix(more) if new is None else new], format="csr")


def _carried(values: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Fill what is missing in later columns with the last value before it."""
    tail = np.concatenate([values[:, -1:], later], axis=1)
    carry_forward(tail)
    return tail[:, 1:]


def carry_forward(values: np.ndarray) -> None:
    """Fill what is missing (NaN) with the last value before it, in place; leading gaps stay unknown."""
    for t in range(1, values.shape[1]):
        gap = np.isnan(values[:, t])
        values[gap, t] = values[gap, t - 1]
