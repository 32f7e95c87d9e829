"""From what a platform told to rows of the log: ids become styles, moments and money one spelling, the rest quarantine.

What comes in is a frame of raw cells. Beside the columns of its table it may have

- ``external_id``: the platform's id, looked up in the user's map (`forecast.tables.STYLE_MAP`); where the map is
  silent, ``style_id`` counts;
- ``day``: the day that a count covers, instead of ``signal_time``;
- ``amount_yuan`` instead of ``amount_fen``.

Only the table's own columns are kept, of rows that can be used and of rows that cannot: whatever else a platform told,
say of shoppers, goes no further.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from contracts.tables import TableSchema, with_reasons
from forecast.signal_times import TIMEZONE, parse_times

__all__ = ["sift", "styles_of"]

_LOOKED_UP = ("external_id", "day", "amount_yuan")
_DAY_SECONDS = 86_400


def sift(
    raw: pd.DataFrame, schema: TableSchema, *, styles: pd.DataFrame | None = None, timezone: str = TIMEZONE
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split raw rows into typed rows of a table and rows that cannot be used, each with its reason.

    Parameters
    ----------
    raw
        Raw cells; any index.
    schema
        `SIGNALS`, `ORDER_LINES` or `ACTIVITY` of `forecast.tables`.
    styles
        The user's map, typed by `STYLE_MAP`.
    timezone
        Of days and of moments that name none.

    Returns
    -------
    good, bad
        `good` has the schema's columns and types; `bad` the raw cells of them and of ``external_id``, with ``row`` (1 =
        the first) and ``reason``.

    Examples
    --------
    >>> from forecast.tables import SIGNALS, STYLE_MAP
    >>> told = pd.DataFrame({"source": "weibo", "external_id": ["35", "36"], "kind": "repost", "count": ["4", "7"],
    ...     "signal_time": ["Sun Sep 08 18:21:15 +0800 2013", "20130909"], "observed_at": 1378635675, "phone": "139"})
    >>> good, bad = sift(told, SIGNALS, styles=STYLE_MAP.check(pd.DataFrame({"external_id": ["35"], "style_id": "A"})))
    >>> good[["style_id", "count"]].to_dict("records")
    [{'style_id': 'A', 'count': 4.0}]
    >>> bad["reason"].tolist()
    ['external_id: expected an id that the map gives a style, got 36']
    """
    kept = [name for name in (*schema.by_name, *_LOOKED_UP) if name in raw]
    frame = raw[kept].reset_index(drop=True)
    for name in schema.required:
        if name not in frame:
            frame[name] = None
    unknown = np.zeros(len(frame), dtype=bool)
    if "style_id" in schema.by_name:
        frame["style_id"] = styles_of(frame, styles)
        if "external_id" in frame:
            unknown = frame["style_id"].isna().to_numpy()
    _settle(frame, schema, timezone)
    told = frame["external_id"] if "external_id" in frame else pd.Series("", index=frame.index)
    own = frame[[name for name in schema.by_name if name in frame]]
    good, bad = schema.sift(own[~unknown], schema.name)
    rows = np.flatnonzero(~unknown)
    bad["row"] = rows[bad["row"].to_numpy(int) - 1] + 1
    lost = np.flatnonzero(unknown)
    reasons = [f"external_id: expected an id that the map gives a style, got {_shown(told.iloc[row])}" for row in lost]
    both = [part for part in (bad, with_reasons(own.iloc[lost], lost + 1, reasons)) if len(part)]
    everything = pd.concat(both).sort_values("row") if both else bad
    if "external_id" in frame:
        everything.insert(2, "external_id", told.to_numpy(object)[everything["row"].to_numpy(int) - 1])
    return good, everything.reset_index(drop=True)


def styles_of(rows: pd.DataFrame, styles: pd.DataFrame | None) -> pd.Series:
    """Return the style of each row: what the map says of its ``source`` and ``external_id``, else its ``style_id``.

    Parameters
    ----------
    rows
        Raw cells.
    styles
        The user's map, typed by `STYLE_MAP`.
    """
    own = rows["style_id"] if "style_id" in rows else pd.Series(None, index=rows.index, dtype="str")
    own = own.astype("str").str.strip().replace("", None)
    if styles is None or "external_id" not in rows:
        return own
    every = pd.Series("", index=styles.index)
    of = styles["source"].fillna("") if "source" in styles else every
    known = styles.set_index([of.astype("str"), "external_id"])["style_id"]
    known = known[~known.index.duplicated()]
    external = rows["external_id"].astype("str").str.strip()
    source = rows["source"].astype("str").fillna("") if "source" in rows else pd.Series("", index=rows.index)
    found = own
    for origin in (pd.Series("", index=rows.index), source):
        told = known.reindex(pd.MultiIndex.from_arrays([origin, external])).set_axis(rows.index)
        found = told.fillna(found)
    return found.astype("str")


def _settle(frame: pd.DataFrame, schema: TableSchema, timezone: str) -> None:
    """Give moments and money the table's own spelling; what cannot be read stays as it came, for the reason."""
    if "day" in frame:
        given = frame["day"].notna()
        ends = _read(frame["day"], parse_times(frame["day"], timezone) + pd.Timedelta(seconds=_DAY_SECONDS))
        frame["signal_time"] = frame["signal_time"].astype(object).mask(given, ends)
        period = frame.get("period_seconds", pd.Series(np.nan, index=frame.index))
        frame["period_seconds"] = period.where(period.notna() | ~given, _DAY_SECONDS)
    for name in (column.name for column in schema.columns if column.kind == "timestamp"):
        if name in frame:
            frame[name] = _read(frame[name], parse_times(frame[name], timezone))
    if "amount_yuan" in frame:
        yuan = pd.to_numeric(frame["amount_yuan"], errors="coerce")
        fen = _read(frame["amount_yuan"], (yuan * 100).round()).astype(object)
        told = frame["amount_fen"].astype(object) if "amount_fen" in frame else None
        frame["amount_fen"] = fen.where(frame["amount_yuan"].notna(), told)


def _read(raw: pd.Series, values: pd.Series) -> pd.Series:
    """Return values, and the raw cells where there is none."""
    unread = values.isna() & raw.notna()
    return values.astype(object).where(~unread, raw) if unread.any() else values


def _shown(told: object) -> str:
    return "an empty cell" if pd.isna(told) else str(told)
