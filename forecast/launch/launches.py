"""Styles with their events: the checked input of a launch forecast, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from contracts.errors import TableError
from forecast.launch.deltas import changes
from forecast.launch.events import SALE, Events, events_from, seconds_of
from forecast.launch.reach import Voices
from forecast.launch.tables import KOL_RECORD, KOLS, LAUNCH_SALES, STYLES
from forecast.tables import SIGNALS

__all__ = ["DAY", "LIFE_DAYS", "Launches", "launches_from"]

LIFE_DAYS = 25
DAY = 86_400
_EVERY = "all"


@dataclass(frozen=True, kw_only=True)
class Launches:
    """Styles, history and new ones together.

    Parameters
    ----------
    ids
        Identifiers.
    launch
        Seconds since 1970 (UTC), float64, shape (n,).
    total, final
        Total (NaN = unknown) and the second from which on it counts as known (infinity = never), float64, shape (n,).
    categories, category
        Names and each style's index, int32, shape (n,).
    attributes
        What else is known at launch, one row per style.
    events
        Signals and sales of the styles.
    voices
        KOLs that the signals name.
    strangers
        Rows of signals and sales of styles that are not among these.
    """

    ids: pd.Index
    launch: np.ndarray
    total: np.ndarray
    final: np.ndarray
    categories: tuple[str, ...]
    category: np.ndarray
    attributes: pd.DataFrame
    events: Events
    voices: Voices
    strangers: int = 0

    @property
    def n(self) -> int:
        """Number of styles."""
        return len(self.ids)

    @property
    def has_sales(self) -> bool:
        """Whether there are sales, which then are what adds up to the totals."""
        return SALE in self.events.kinds

    def known(self, second: float) -> np.ndarray:
        """Return which totals are known at a second since 1970, shape (n,)."""
        return np.asarray(self.final <= second)


def launches_from(
    styles: pd.DataFrame,
    signals: pd.DataFrame | None = None,
    sales: pd.DataFrame | None = None,
    kols: pd.DataFrame | None = None,
    kol_record: pd.DataFrame | None = None,
    *,
    sources: Mapping[str, str] | None = None,
) -> Launches:
    """Check raw tables and return them as arrays.

    Raises
    ------
    TableError
        Naming the table, the column and the first bad row.
    """
    names = sources or {}
    styled = STYLES.check(styles, names.get("styles"))
    told = _empty() if signals is None or signals.empty else SIGNALS.check(signals, names.get("signals"))
    sold = LAUNCH_SALES.check(sales, names.get("sales")) if sales is not None else None
    launch = seconds_of(styled["launch_at"])
    total = styled["total"].to_numpy(float) if "total" in styled else np.full(len(styled), np.nan)
    ids = pd.Index(styled["style_id"])
    category, categories = pd.factorize(_category(styled), sort=True)
    voices = _voices(
        told,
        None if kols is None else KOLS.check(kols, names.get("kols")),
        None if kol_record is None else KOL_RECORD.check(kol_record, names.get("kol_record")),
        pd.Index(categories),
    )
    return Launches(
        ids=ids,
        launch=launch,
        total=total,
        final=_final(styled, launch, total, names.get("styles", STYLES.name)),
        categories=tuple(map(str, categories)),
        category=category.astype(np.int32),
        attributes=styled.drop(columns=["style_id", "launch_at", "total", "final_at"], errors="ignore"),
        events=events_from(changes(told), sold, ids, launch, voices.ids),
        voices=voices,
        strangers=sum(int((~frame["style_id"].isin(ids)).sum()) for frame in (told, sold) if frame is not None),
    )


def _empty() -> pd.DataFrame:
    stamp = pd.Series([], dtype="datetime64[ns, Asia/Shanghai]")
    text, number = pd.Series([], dtype="str"), pd.Series([], dtype=float)
    return pd.DataFrame({"style_id": text, "signal_time": stamp, "observed_at": stamp, "kind": text, "count": number})


def _category(styles: pd.DataFrame) -> pd.Series:
    if "category" not in styles:
        return pd.Series(_EVERY, index=styles.index)
    return styles["category"].fillna(_EVERY).astype("str")


def _final(styles: pd.DataFrame, launch: np.ndarray, total: np.ndarray, source: str) -> np.ndarray:
    """When each total counts as known; infinity where there is none."""
    told = seconds_of(styles["final_at"]) if "final_at" in styles else np.full(len(launch), np.nan)
    early = (told < launch) & ~np.isnan(total)
    if early.any():
        row = int(np.flatnonzero(early)[0])
        raise TableError(
            source, "final_at", "a time at or after launch_at", styles["final_at"].iloc[row], row=row + 1,
            bad_rows=int(early.sum()),
        )  # fmt: skip
    return np.where(np.isnan(total), np.inf, np.where(np.isnan(told), launch + LIFE_DAYS * DAY, told))


def _voices(
    signals: pd.DataFrame, kols: pd.DataFrame | None, record: pd.DataFrame | None, categories: pd.Index
) -> Voices:
    """Return every KOL named by a signal, with what is known of them."""
    named = signals["kol_id"].dropna() if "kol_id" in signals else pd.Series([], dtype="str")
    ids = pd.Index(named.unique()).sort_values()
    given = (pd.DataFrame({"kol_id": []}) if kols is None else kols).set_index("kol_id").reindex(ids)
    rows = record if record is not None else pd.DataFrame({name: [] for name in KOL_RECORD.by_name})
    kol, category = ids.get_indexer(rows["kol_id"]), categories.get_indexer(rows["category"])
    inside = (kol >= 0) & (category >= 0)
    until = seconds_of(rows["until"][inside]) if inside.any() else np.empty(0)
    return Voices(
        ids=ids,
        categories=len(categories),
        followers=_numbers(given, "followers"),
        trust=_numbers(given, "trust"),
        sold_key=kol[inside] * (len(categories) + 1) + category[inside],
        sold_second=until,
        sold=rows.loc[inside, ["orders", "reached"]].to_numpy(float),
    )


def _numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    return frame[name].to_numpy(float) if name in frame else np.full(len(frame), np.nan)
