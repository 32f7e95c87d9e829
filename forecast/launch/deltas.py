"""Observations of counts → rows that may be added up."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.signals import arrivals

__all__ = ["changes"]

_EVENT = ("style_id", "kind", "source", "account_id", "content_id", "kol_id", "signal_time", "observed_at", "count")


def changes(signals: pd.DataFrame) -> pd.DataFrame:
    """Return signals whose counts add up to what was known at any moment.

    Counts of periods, totals since publication and users become what each observation added
    (`forecast.signals.arrivals`). Rows that are no period's count stay as they are, even two in the same second: each
    is one repost. Only the very same row of one `content_id` counts once.

    Parameters
    ----------
    signals
        Rows as checked by `forecast.tables.SIGNALS`.

    Examples
    --------
    >>> from forecast.tables import SIGNALS
    >>> rows = [("01", "02", 5, False), ("01", "03", 7, False), ("02", "02", 9, True), ("03", "03", 12, True)]
    >>> log = SIGNALS.check(pd.DataFrame([
    ...     {"style_id": "A", "kind": "like", "count": count, "cumulative": total, "period_seconds": 86400,
    ...      "signal_time": f"2026-03-{of}", "observed_at": f"2026-03-{seen}"} for of, seen, count, total in rows]))
    >>> sorted(changes(log)["count"].tolist())
    [2.0, 3.0, 5.0, 9.0]
    """
    counted = np.zeros(len(signals), dtype=bool)
    if "cumulative" in signals:
        counted |= signals["cumulative"].eq(True).to_numpy()
    if "period_seconds" in signals:
        counted |= signals["period_seconds"].fillna(0).to_numpy() > 0
    if "unit" in signals:
        counted |= signals["unit"].eq("users").to_numpy()
    events = _without_copies(signals[~counted])
    return pd.concat([arrivals(signals[counted]), events], ignore_index=True) if counted.any() else events


def _without_copies(events: pd.DataFrame) -> pd.DataFrame:
    if "content_id" not in events or not events["content_id"].notna().any():
        return events
    copied = events["content_id"].notna() & events.duplicated([name for name in _EVENT if name in events])
    return events[~copied.to_numpy()]
