"""When figures of a day, or of the moment, become known."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pandas as pd

from forecast.signal_times import parse_times
from services.connectors.payload import Call, Row

__all__ = ["published", "seen_now"]

_OUT_AFTER = pd.Timedelta(days=1, hours=10)


def published(day: Any, call: Call, *, after: pd.Timedelta = _OUT_AFTER) -> Row:
    """Return the cells of a day's figures: when they became known is told, or as usual by the platform's calendar.

    Parameters
    ----------
    after
        How long after the day's beginning they are out: by default at 10:00 on the next.

    Examples
    --------
    >>> told = published("2025-11-01", Call(fetched_at=None))
    >>> told["day"], str(told["observed_at"])
    ('2025-11-01', '2025-11-02 10:00:00+08:00')
    """
    observed = call.observed_at
    if observed is None:
        observed = _start(day) + after
    return {"day": day, "observed_at": observed, "account_id": call.account_id, "kol_id": call.kol_id}


@lru_cache(4096)
def _start(day: Any) -> pd.Timestamp:
    return parse_times(pd.Series([day], dtype=object)).iloc[0]


def seen_now(call: Call) -> Row:
    """Return the cells of counters that are read when asked for."""
    return {
        "signal_time": call.fetched_at,
        "observed_at": call.fetched_at,
        "account_id": call.account_id,
        "kol_id": call.kol_id,
        "cumulative": True,
    }
