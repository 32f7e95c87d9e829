"""What was counted about the styles, and when it became known, as arrays.

An event is one row of the signals or sales: a count of a kind at an age (seconds since the style's launch, negative
before it), seen at another. Whatever is asked at a checkpoint looks at events seen by then only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

__all__ = ["SALE", "Events", "events_from"]

SALE = "sale"
_NOBODY = -1


@dataclass(frozen=True, kw_only=True)
class Events:
    """Counts sorted by style and by when they were seen.

    Parameters
    ----------
    n
        Number of styles.
    kinds
        Names of the kinds.
    style, kind, kol
        Indices, int32, shape (m,); `kol` is -1 where nobody is named.
    age, seen
        Seconds from the style's launch to when it happened and to when it became known, float64, shape (m,).
    count
        How often, float64, shape (m,).
    """

    n: int
    kinds: tuple[str, ...]
    style: np.ndarray
    kind: np.ndarray
    kol: np.ndarray
    age: np.ndarray
    seen: np.ndarray
    count: np.ndarray

    def take(self, chosen: np.ndarray) -> Events:
        """Return the events that a mask or index chooses."""
        columns = {name: getattr(self, name)[chosen] for name in ("style", "kind", "kol", "age", "seen", "count")}
        return replace(self, **columns)

    def known_by(self, seconds: float | np.ndarray) -> Events:
        """Return the events seen at most so long after the launch (one number, or one per style)."""
        limit = seconds[self.style] if isinstance(seconds, np.ndarray) else seconds
        return self.take(self.seen <= limit)

    def sums(self, weight: np.ndarray) -> np.ndarray:
        """Return the sum of weights per style, shape (n,)."""
        return np.bincount(self.style, weights=weight, minlength=self.n)

    def starts(self) -> np.ndarray:
        """Return where each style's events begin, and their number last, shape (n + 1,)."""
        return np.searchsorted(self.style, np.arange(self.n + 1))


def events_from(
    signals: pd.DataFrame, sales: pd.DataFrame | None, ids: pd.Index, launch: np.ndarray, kols: pd.Index
) -> Events:
    """Return the events of the styles named by `ids`; rows of other styles are left out.

    Parameters
    ----------
    signals, sales
        Rows as checked by `forecast.tables.SIGNALS` and `forecast.launch.tables.LAUNCH_SALES`.
    launch
        Seconds since 1970 (UTC) of each style's launch, shape (n,).
    """
    parts = [_signal_columns(signals)]
    if sales is not None and len(sales):
        parts.append(_sale_columns(sales))
    rows = pd.concat(parts, ignore_index=True)
    style = ids.get_indexer(rows["style_id"])
    rows, style = rows[style >= 0], style[style >= 0]
    kinds, names = pd.factorize(rows["kind"], sort=True)
    happened, seen = rows["happened"].to_numpy(), rows["seen"].to_numpy()
    events = Events(
        n=len(ids),
        kinds=tuple(map(str, names)),
        style=style.astype(np.int32),
        kind=kinds.astype(np.int32),
        kol=kols.get_indexer(rows["kol_id"]).astype(np.int32) if len(kols) else np.full(len(rows), _NOBODY, np.int32),
        age=happened - launch[style],
        seen=np.maximum(happened, seen) - launch[style],
        count=rows["count"].to_numpy(float),
    )
    return events.take(np.lexsort((events.age, events.seen, events.style)))


def seconds_of(stamps: pd.Series) -> np.ndarray:
    """Return seconds since 1970 (UTC), NaN where empty."""
    utc = pd.DatetimeIndex(stamps).tz_convert("UTC").tz_localize(None)
    values = utc.to_numpy().astype("datetime64[ms]").astype(np.int64) / 1000
    return np.where(utc.isna(), np.nan, values)


def _signal_columns(signals: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "style_id": signals["style_id"].to_numpy(),
            "kind": signals["kind"].to_numpy(),
            "kol_id": signals["kol_id"].to_numpy() if "kol_id" in signals else None,
            "happened": seconds_of(signals["signal_time"]),
            "seen": seconds_of(signals["observed_at"]),
            "count": signals["count"].to_numpy(float),
        }
    )


def _sale_columns(sales: pd.DataFrame) -> pd.DataFrame:
    end = seconds_of((sales["ds"] + pd.Timedelta(days=1)).dt.tz_localize("Asia/Shanghai"))
    told = seconds_of(sales["observed_at"]) if "observed_at" in sales else end
    return pd.DataFrame(
        {
            "style_id": sales["style_id"].to_numpy(),
            "kind": SALE,
            "kol_id": None,
            "happened": end,
            "seen": np.where(np.isnan(told), end, told),
            "count": sales["y"].to_numpy(float),
        }
    )
