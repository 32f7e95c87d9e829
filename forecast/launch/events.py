"""What was counted about the styles, and when it became known, as arrays.

An event is one row of the signals or sales: a count of a kind at an age (seconds since the style's launch, negative
before it), seen at another. Whatever is asked at a checkpoint looks at events seen by then only. Counts under the
brand's own posts and reposts by KOLs are kinds of their own: they mean something else than what the public does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["SALE", "Events", "base_kind", "events_from", "seconds_of"]

SALE = "sale"
_BRAND, _KOL = "brand ", "KOL "
_COLUMNS = ("style", "kind", "kol", "passed", "age", "seen", "count")


@dataclass(frozen=True, kw_only=True)
class Events:
    """Counts sorted by style and by when they were seen.

    Parameters
    ----------
    n
        Number of styles.
    kinds
        Names of the kinds: ``like``, ``brand like``, ``KOL repost``…
    style, kind, kol
        Indices, int32, shape (m,); `kol` is -1 where nobody is named.
    passed
        Whether somebody passed on another one's repost (`parent_id`), shape (m,).
    age, seen
        Seconds from the style's launch to when it happened and to when it became known, float64, shape (m,).
    count
        How often, float64, shape (m,); negative where an earlier count was too high.
    """

    n: int
    kinds: tuple[str, ...]
    style: np.ndarray
    kind: np.ndarray
    kol: np.ndarray
    passed: np.ndarray
    age: np.ndarray
    seen: np.ndarray
    count: np.ndarray

    def take(self, chosen: np.ndarray) -> Events:
        """Return the events that a mask or index chooses."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in _COLUMNS})

    def known_by(self, seconds: float | np.ndarray) -> Events:
        """Return the events seen at most so long after the launch (one number, or one per style)."""
        limit = seconds[self.style] if isinstance(seconds, np.ndarray) else seconds
        return self.take(self.seen <= limit)

    def of(self, rows: np.ndarray) -> Events:
        """Return the events of some styles, which are then numbered in that order."""
        starts = np.searchsorted(self.style, np.stack([rows, rows + 1]))
        lengths = starts[1] - starts[0]
        ends = np.cumsum(lengths)
        chosen = np.arange(int(lengths.sum())) + np.repeat(starts[0] - ends + lengths, lengths)
        style = np.repeat(np.arange(len(rows), dtype=np.int32), lengths)
        return replace(self.take(chosen), n=len(rows), style=style)

    def with_event(self, kind: str, *, age: float, seen: float, count: float) -> Events:
        """Return the events of one style and one more; a kind never met before is left out."""
        if kind not in self.kinds:
            return self
        place = int(np.searchsorted(self.seen, seen, "right"))
        own = {"style": 0, "kind": self.kinds.index(kind), "kol": -1, "passed": False}
        new: dict[str, float] = {**own, "age": age, "seen": max(seen, age), "count": count}
        columns: dict[str, Any] = {name: np.insert(getattr(self, name), place, new[name]) for name in _COLUMNS}
        return replace(self, **columns)

    def sums(self, weight: np.ndarray) -> np.ndarray:
        """Return the sum of weights per style, shape (n,)."""
        return np.bincount(self.style, weights=weight, minlength=self.n)

    def starts(self) -> np.ndarray:
        """Return where each style's events begin, and their number last, shape (n + 1,)."""
        return np.searchsorted(self.style, np.arange(self.n + 1))


def base_kind(kind: str) -> str:
    """Return the kind, whoever did it.

    Examples
    --------
    >>> base_kind("brand like"), base_kind("repost")
    ('like', 'repost')
    """
    return kind.removeprefix(_BRAND).removeprefix(_KOL)


def events_from(
    signals: pd.DataFrame, sales: pd.DataFrame | None, ids: pd.Index, launch: np.ndarray, kols: pd.Index
) -> Events:
    """Return the events of the styles named by `ids`; rows of other styles are left out.

    Parameters
    ----------
    signals, sales
        Rows as checked by `forecast.tables.SIGNALS` (counts that may be added up) and
        `forecast.launch.tables.LAUNCH_SALES`.
    launch
        Seconds since 1970 (UTC) of each style's launch, shape (n,).
    kols
        Identifiers of the KOLs.
    """
    parts = [_signal_columns(signals, kols)] + ([] if sales is None else [_sale_columns(sales)])
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    style = ids.get_indexer(rows["style_id"])
    inside = style >= 0
    rows, style = {name: values[inside] for name, values in rows.items()}, style[inside]
    kind, names = pd.factorize(rows["kind"], sort=True)
    events = Events(
        n=len(ids),
        kinds=tuple(map(str, names)),
        style=style.astype(np.int32),
        kind=kind.astype(np.int32),
        kol=rows["kol"],
        passed=rows["passed"],
        age=rows["happened"] - launch[style],
        seen=np.maximum(rows["happened"], rows["seen"]) - launch[style],
        count=rows["count"],
    )
    return events.take(np.lexsort((events.kind, events.age, events.seen, events.style)))


def seconds_of(stamps: pd.Series | pd.DatetimeIndex | Sequence[pd.Timestamp]) -> np.ndarray:
    """Return seconds since 1970 (UTC), NaN where empty."""
    utc = pd.DatetimeIndex(stamps).tz_convert("UTC").tz_localize(None)
    values = utc.to_numpy().astype("datetime64[ms]").astype(np.int64) / 1000
    return np.where(utc.isna(), np.nan, values)


def _signal_columns(signals: pd.DataFrame, kols: pd.Index) -> dict[str, np.ndarray]:
    kol = _column(signals, "kol_id")
    kind = signals["kind"].astype(object)
    kind = kind.mask(_column(signals, "account_id").notna(), _BRAND + kind).mask(kol.notna(), _KOL + kind)
    return {
        "style_id": signals["style_id"].to_numpy(object),
        "kind": kind.to_numpy(object),
        "kol": kols.get_indexer(kol).astype(np.int32),
        "passed": _column(signals, "parent_id").notna().to_numpy(),
        "happened": seconds_of(signals["signal_time"]),
        "seen": seconds_of(signals["observed_at"]),
        "count": signals["count"].to_numpy(float),
    }


def _column(signals: pd.DataFrame, name: str) -> pd.Series:
    return signals[name] if name in signals else pd.Series(None, index=signals.index, dtype=object)


def _sale_columns(sales: pd.DataFrame) -> dict[str, np.ndarray]:
    end = seconds_of((sales["ds"] + pd.Timedelta(days=1)).dt.tz_localize("Asia/Shanghai"))
    told = seconds_of(sales["observed_at"]) if "observed_at" in sales else end
    m = len(sales)
    return {
        "style_id": sales["style_id"].to_numpy(object),
        "kind": np.full(m, SALE, dtype=object),
        "kol": np.full(m, -1, dtype=np.int32),
        "passed": np.zeros(m, dtype=bool),
        "happened": end,
        "seen": np.where(np.isnan(told), end, told),
        "count": sales["y"].to_numpy(float),
    }
