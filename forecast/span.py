"""How far apart the dates of a table may be: what lies beyond is a typing error in a date, named with its row."""

from __future__ import annotations

import numpy as np

from contracts.errors import TableError

__all__ = ["MAX_CELLS", "MAX_PERIODS", "check_span", "most_periods"]

MAX_PERIODS = 20_000
"""Longest span between the first and the last date: 54 years of days."""
MAX_CELLS = 100_000_000
"""Most series x periods: 50 000 series over five and a half years of days. Beyond it memory runs out without a word."""

_STRAY_DAYS, _STRAY_SHARE = 400, 0.01


def most_periods(n: int) -> int:
    """Return how many periods n series may span."""
    return max(min(MAX_PERIODS, MAX_CELLS // n), 1)


def check_span(days: np.ndarray, ordinals: np.ndarray, n: int, source: str) -> None:
    """Refuse dates that span too many periods for n series, and a few that are more than a year after all others.

    Parameters
    ----------
    days, ordinals
        Dates (datetime64[D]) of the rows and the numbers of their periods.
    n, source
        Number of series; name of the table.

    Raises
    ------
    TableError
        Naming the end that is farther from the usual date; or the first of at most one row in a hundred that lie more
        than 400 days after the rest: the forecast would begin there, with everybody dead.
    """
    most = most_periods(n)
    if int(np.ptp(ordinals)) < most:
        _check_stray(days, source)
        return
    usual = np.median(ordinals)
    late = ordinals.max() - usual >= usual - ordinals.min()
    odd, other = int(ordinals.argmax() if late else ordinals.argmin()), days.min() if late else days.max()
    why = "" if most == MAX_PERIODS else f" ({n} series; series x periods may be {MAX_CELLS})"
    raise TableError(source, "ds", f"dates within {most} periods of {other}{why}", days[odd], row=odd + 1)


def _check_stray(days: np.ndarray, source: str) -> None:
    first = int((1 - _STRAY_SHARE) * (len(days) - 1))
    last = np.sort(np.partition(days, first)[first:])
    gaps = np.flatnonzero(np.diff(last) > np.timedelta64(_STRAY_DAYS, "D"))
    if len(gaps):
        end = last[gaps[0]]
        odd = int((days > end).argmax())
        expected = f"dates within {_STRAY_DAYS} days of {end}, where all but a few rows end"
        raise TableError(source, "ds", expected, days[odd], row=odd + 1)
