"""Days between dates of any year."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["days_between"]

_DAY_SECONDS = 86_400


def days_between(first: pd.Series, last: pd.Series | pd.Timestamp) -> npt.NDArray[np.float64]:
    """Return the whole days from each first date to its last, negative if that is earlier; NaN where one is empty.

    Dates are told in seconds: nanoseconds end in 2262, and dates of two units cannot always be taken from each other.

    Examples
    --------
    >>> days_between(pd.Series(pd.to_datetime(["2026-01-01", None])), pd.Timestamp("9999-12-31")).tolist()
    [2912442.0, nan]
    """
    start = first.to_numpy("datetime64[s]")
    end = last.to_numpy("datetime64[s]") if isinstance(last, pd.Series) else np.datetime64(last, "s")
    gone = end - start
    days = np.floor_divide(gone.astype(np.int64), _DAY_SECONDS).astype(np.float64)
    return np.where(np.isnat(gone), np.nan, days)
