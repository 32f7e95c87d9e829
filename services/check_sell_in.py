"""What was sent to distributors against what shoppers bought: bullwhip and channel stuffing, with evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import TableError
from forecast.sell_in import SellInCheck, SellInParams, check_sell_in
from forecast.tables import SELL_IN, SELL_THROUGH

__all__ = ["SellInReport", "compare_sell_in"]

_MOST_DAYS = 20_000


@dataclass(frozen=True)
class SellInReport:
    """Checks, one row per distributor, the most suspect first; key figures as plain values."""

    checks: pd.DataFrame
    summary: dict[str, Any]


def compare_sell_in(
    sell_in: pd.DataFrame,
    sell_through: pd.DataFrame,
    *,
    as_of: pd.Timestamp | None = None,
    only: str | None = None,
    params: SellInParams | None = None,
    seed: int = 0,
    sources: Mapping[str, str] | None = None,
) -> SellInReport:
    """Compare both per distributor, over the days that both tables cover.

    Parameters
    ----------
    sell_in, sell_through
        Raw rows (`forecast.tables.SELL_IN`, `SELL_THROUGH`).
    as_of
        Last day that counts; the last day of either table by default.
    only
        The one distributor to check, over the days of all.
    params
        What counts as too much.
    sources
        File names of the tables, for messages.

    Raises
    ------
    TableError
        If a table is wrong, or nothing is left of it; names the file, the column and the row.
    """
    names = {"sell_in": "sell_in", "sell_through": "sell_through", **(sources or {})}
    into, out = SELL_IN.check(sell_in, names["sell_in"]), SELL_THROUGH.check(sell_through, names["sell_through"])
    last = as_of.normalize() if as_of is not None else max(into["ds"].max(), out["ds"].max())
    into, out = (_until(frame, last, names[name]) for name, frame in (("sell_in", into), ("sell_through", out)))
    days = _days(into, out, last, names["sell_in"])
    if only is not None:
        into, out = (frame[frame["distributor_id"] == only] for frame in (into, out))
    ids = np.asarray(sorted({only} if only else set(into["distributor_id"]) | set(out["distributor_id"])), dtype=object)
    checks = check_sell_in(_matrix(into, ids, days), _matrix(out, ids, days), days, params=params, seed=seed)
    frame = _frame(ids, checks, days)
    unsold = sorted(set(into["distributor_id"]) - set(out["distributor_id"]))
    scored = frame["score"].notna()
    return SellInReport(
        checks=frame,
        summary={
            "distributors": len(ids),
            "scored": int(scored.sum()),
            "first_day": str(days[0]),
            "last_day": str(days[-1]),
            "stuffing": frame.loc[frame["stuffing"], "distributor_id"].tolist(),
            "bullwhip_median": _median(frame["bullwhip"]),
            "distributors_without_sell_through": len(unsold),
        },
    )


def _until(frame: pd.DataFrame, last: pd.Timestamp, source: str) -> pd.DataFrame:
    kept = frame[frame["ds"] <= last]
    if kept.empty:
        raise TableError(source, "ds", f"rows until {last.date()}", "none")
    return kept


def _days(into: pd.DataFrame, out: pd.DataFrame, last: pd.Timestamp, source: str) -> np.ndarray:
    """Return every day from the first that both tables cover: before it, stock would seem to come from nowhere."""
    first = max(into["ds"].min(), out["ds"].min())
    days = np.arange(first.to_datetime64().astype("datetime64[D]"), last.to_datetime64().astype("datetime64[D]") + 1)
    if not 0 < len(days) <= _MOST_DAYS:
        raise TableError(source, "ds", f"1 to {_MOST_DAYS} days in common with the sell-through", len(days))
    return days


def _matrix(frame: pd.DataFrame, ids: np.ndarray, days: np.ndarray) -> np.ndarray:
    row = pd.Index(ids).get_indexer(pd.Index(frame["distributor_id"]))
    column = (frame["ds"].to_numpy(dtype="datetime64[D]") - days[0]).astype(np.int64)
    there = column >= 0
    cell = row[there] * len(days) + column[there]
    return np.bincount(cell, frame["pieces"].to_numpy()[there], len(ids) * len(days)).reshape(len(ids), len(days))


def _frame(ids: np.ndarray, checks: list[SellInCheck], days: np.ndarray) -> pd.DataFrame:
    rows = [{"distributor_id": name, **asdict(check)} for name, check in zip(ids, checks, strict=True)]
    frame = pd.DataFrame(rows)
    frame["reasons"] = frame["reasons"].map("; ".join)
    frame["as_of"] = pd.Timestamp(days[-1])
    return frame.sort_values(["low", "score"], ascending=False, kind="stable", na_position="last", ignore_index=True)


def _median(values: pd.Series) -> float | None:
    known = values.dropna()
    return float(known.median()) if len(known) else None
