"""Observations of counts → events that may be added up: totals since publication and revised days become changes.

Of a day that was counted twice, and of a total since publication, only the change since the observation before adds
anything, when it was observed; it may be negative. Rows that are no period's count (one repost each) stay as they are,
unless the very same row came twice under a `content_id` of its own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["changes"]

_STREAM = (
    "style_id", "kind", "source", "account_id", "content_id", "kol_id", "community_id", "store_id", "sku_id", "unit",
    "cumulative", "period_seconds",
)  # fmt: skip


def changes(signals: pd.DataFrame) -> pd.DataFrame:
    """Return signals whose counts add up to what was known at any moment.

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
    >>> changes(log)["count"].tolist()
    [5.0, 2.0, 9.0, 3.0]
    """
    total = _flags(signals, "cumulative")
    period = signals["period_seconds"].fillna(0).to_numpy() > 0 if "period_seconds" in signals else False & total
    if not (total | period).any():
        return _without_copies(signals)
    single = _without_copies(signals[~(total | period)])
    return pd.concat([_of_periods(signals[period & ~total]), _of_totals(signals[total]), single], ignore_index=True)


def _flags(signals: pd.DataFrame, name: str) -> np.ndarray:
    return signals[name].eq(True).to_numpy() if name in signals else np.zeros(len(signals), dtype=bool)


def _without_copies(signals: pd.DataFrame) -> pd.DataFrame:
    if "content_id" not in signals or not signals["content_id"].notna().any():
        return signals
    named = [name for name in (*_STREAM, "signal_time", "observed_at", "count") if name in signals]
    copied = signals["content_id"].notna() & signals.duplicated(named)
    return signals[~copied.to_numpy()]


def _of_periods(signals: pd.DataFrame) -> pd.DataFrame:
    """Return a period's first count, and later what changed about it."""
    return _differences(signals, ["signal_time", "observed_at"], [*_columns(signals), "signal_time"])


def _of_totals(signals: pd.DataFrame) -> pd.DataFrame:
    """Return the first total, and later what changed; one that is older than what was known by then tells nothing."""
    stream = _columns(signals)
    ordered = signals.sort_values(["observed_at", "signal_time"], kind="stable")
    newest = ordered.groupby(stream, dropna=False, sort=False)["signal_time"].cummax()
    return _differences(ordered[(ordered["signal_time"] == newest).to_numpy()], ["observed_at", "signal_time"], stream)


def _columns(signals: pd.DataFrame) -> list[str]:
    """Return what names a stream; the length of a total's period is none of it."""
    return [name for name in _STREAM if name in signals and signals[name].notna().any() and name != "period_seconds"]


def _differences(signals: pd.DataFrame, order: list[str], stream: list[str]) -> pd.DataFrame:
    if signals.empty:
        return signals
    ordered = signals.sort_values(order, kind="stable")
    before = ordered.groupby(stream, dropna=False, sort=False)["count"].shift().fillna(0.0)
    return ordered.assign(count=ordered["count"] - before)
