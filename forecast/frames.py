"""Long frames in, a dense panel out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from contracts.errors import InputError, TableError
from forecast.feasts import Feasts
from forecast.frequency import Frequency, frequency_of
from forecast.panel import LOOKAHEAD, Attribute, Panel, carry_forward
from forecast.span import check_span, most_periods

_MISSING = ("nan", "na", "null", "none", "")
_MOST = 1e15  # squares of larger numbers leave float32


@dataclass(frozen=True, kw_only=True)
class Framed:
    """A panel and what was noticed while it was built (counts by name, for the report)."""

    panel: Panel
    notes: dict[str, int]


def panel_from(
    sales: pd.DataFrame,
    *,
    horizon: int,
    freq: str = "D",
    static: pd.DataFrame | None = None,
    known: pd.DataFrame | None = None,
    calendar: pd.DataFrame | None = None,
    feasts: Feasts | None = None,
    keys: Collection[str] = (),
    source: str = "sales",
) -> Framed:
    """Build the panel of checked frames (`forecast.tables`).

    Static columns named in `keys` are texts even if they look like numbers. Rows of one series that fall into the same
    period are added up over what was available and scaled up to the whole period; a period of which less than half was
    available is unavailable. Both are counted.
    Series that end before the panel does are continued by zeros: a sales log without a row had no sale.

    Raises
    ------
    InputError
        If the frequency is unknown, or as `forecast.span.check_span`.
    """
    ids, series = _identify(sales["unique_id"], static)
    days = sales["ds"].to_numpy(dtype="datetime64[D]")
    frequency = frequency_of(freq, days)
    ordinals = frequency.ordinals(days)
    check_span(days, ordinals, len(ids), source)
    first, length = int(ordinals.min()), int(np.ptp(ordinals)) + 1
    grid = _Grid(frequency=frequency, first=first, series=series, ids=ids)
    seen, notes = _history(sales, grid, ordinals - first, length, np.full(len(ids), length))
    panel = Panel(
        ids=ids,
        frequency=frequency,
        first=first,
        y=seen.y,
        available=seen.available,
        born=seen.born,
        sold=seen.sold,
        owed=seen.owed,
        horizon=horizon,
        static=_static(static, grid, notes, keys),
        known=_known(known, grid, length + horizon, length, notes),
        calendar=_calendar(calendar, grid, length + horizon + LOOKAHEAD),
        feasts=feasts,
    )
    notes["series_without_history"] = int((seen.born == length).sum())
    return Framed(panel=panel, notes=notes)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What sales tell of some periods: the arrays of `Panel` by the same name."""

    y: np.ndarray
    available: np.ndarray
    born: np.ndarray
    sold: csr_matrix | None
    owed: csr_matrix | None


@dataclass(frozen=True, kw_only=True)
class NewDays:
    """What `Panel.grown` appends: what was seen, and regressors by name, shape (n, periods)."""

    seen: Seen
    known: dict[str, np.ndarray]


def days_after(panel: Panel, sales: pd.DataFrame, *, known: pd.DataFrame | None = None, source: str) -> NewDays:
    """Read sales (checked by `forecast.tables`) of the periods after a panel.

    Series that had begun and have no row sold nothing. Regressors come from `known` for the periods that come into
    sight at the end of the horizon, NaN where missing.

    Raises
    ------
    TableError
        If a row is not later than the panel, or of a series that is not in it.
    """
    first = panel.first + panel.length
    grid = _Grid(frequency=panel.frequency, first=first, series=panel.rows(sales["unique_id"]), ids=panel.ids)
    period = grid.periods(sales["ds"])
    _check_new(panel, sales, grid.series, period, source)
    more = int(period.max()) + 1
    owed = None if panel.owed is None else panel.owed[:, [-1]].toarray()[:, 0]
    born, before = np.where(panel.born < panel.length, 0, more), panel.history > 0
    seen, _ = _history(sales, grid, period, more, born, owed=owed, seen_before=before)
    return NewDays(seen=seen, known=_known_later(panel, known, more))


def _check_new(panel: Panel, sales: pd.DataFrame, series: np.ndarray, period: np.ndarray, source: str) -> None:
    most = max(most_periods(panel.n) - panel.length, 1)
    for column, wrong, expected in (
        ("unique_id", series < 0, "a series of the panel (new ones need a new fit, or attributes at the fit)"),
        ("ds", period < 0, f"periods after {panel.dates(panel.length - 1, panel.length)[0]}"),
        ("ds", period >= most, f"dates within {most} periods of what was seen"),
    ):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise TableError(source, column, expected, sales[column].iloc[row], row=row + 1)


def _known_later(panel: Panel, frame: pd.DataFrame | None, more: int) -> dict[str, np.ndarray]:
    """Return the regressors of the `more` periods after the panel's horizon, NaN where unknown."""
    later = {a.name: np.full((panel.n, more), np.nan, dtype=np.float32) for a in panel.known}
    if frame is None or frame.empty:
        return later
    row = panel.rows(frame["unique_id"])
    end = panel.first + panel.length + panel.horizon
    period = panel.frequency.ordinals(frame["ds"].to_numpy(dtype="datetime64[D]")) - end
    inside = (row >= 0) & (period >= 0) & (period < more)
    for a in panel.known:
        if a.name in frame:
            values = _encode_as(frame[a.name], a.categories)
            later[a.name][row[inside], period[inside]] = values[inside]
    return later


@dataclass(frozen=True, kw_only=True)
class _Grid:
    frequency: Frequency
    first: int
    series: np.ndarray
    ids: np.ndarray

    def rows(self, ids: pd.Series) -> np.ndarray:
        return np.asarray(pd.Index(self.ids).get_indexer(pd.Index(ids)))

    def periods(self, days: pd.Series) -> np.ndarray:
        return self.frequency.ordinals(days.to_numpy(dtype="datetime64[D]")) - self.first


def _identify(sold: pd.Series, static: pd.DataFrame | None) -> tuple[np.ndarray, np.ndarray]:
    codes, names = pd.factorize(sold, sort=True)
    ids = np.asarray(names, dtype=object)
    if static is not None:
        extra = static["unique_id"][~static["unique_id"].isin(names)]
        ids = np.concatenate([ids, np.sort(extra.to_numpy(dtype=object))])
    return ids, codes


def _history(
    sales: pd.DataFrame,
    grid: _Grid,
    period: np.ndarray,
    length: int,
    born: np.ndarray,
    *,
    owed: np.ndarray | None = None,
    seen_before: np.ndarray | None = None,
) -> tuple[Seen, dict[str, int]]:
    sold: csr_matrix | None = None
    n, cell = len(grid.ids), grid.series * np.int64(length) + period
    pieces = sales["y"].to_numpy(dtype=float)
    last = np.full(n, -1)
    np.minimum.at(born, grid.series, period)
    np.maximum.at(last, grid.series, period)
    available = np.arange(length)[None, :] >= born[:, None]
    notes = {"series_ended_early": int(((last < length - 1) & (last >= 0)).sum())}
    if "available" not in sales.columns:
        y = np.bincount(cell, weights=pieces, minlength=n * length)
    else:
        hidden = ~sales["available"].map({False: False}, na_action="ignore").isna().to_numpy()
        y = np.bincount(cell, weights=np.where(hidden, 0, pieces), minlength=n * length)
        notes |= _censor(y, available.reshape(-1), cell, hidden)
        blind = available.argmax(axis=1) + length * ~available.any(axis=1)
        blind = blind if seen_before is None else np.where(seen_before, 0, blind)
        sold, told = _sold(pieces, hidden, cell, blind, length)
        notes |= told
    y = y.reshape(n, length)
    still_owed, returns = _net(y, _returned(sales, cell, y), np.zeros(n) if owed is None else owed)
    y[~available] = 0
    return Seen(y=y.astype(np.float32), available=available, born=born, sold=sold, owed=still_owed), notes | returns


def _sold(
    pieces: np.ndarray,
    hidden: np.ndarray,
    cell: np.ndarray,
    blind: np.ndarray,
    length: int,
) -> tuple[csr_matrix | None, dict[str, int]]:
    """Return what was sold in unavailable periods, shape (n, length), and what comes of it.

    In periods made of several rows it tells too little; in the first `blind` periods of a series, before it was ever
    available, it is all that is known.
    """
    series, period = np.divmod(cell, length)
    rows_are_periods = len(cell) == len(np.unique(cell))
    some = (pieces > 0) & ((period < blind[series]) | (hidden & rows_are_periods))
    sold = csr_matrix((pieces[some], (series[some], period[some])), shape=(len(blind), length))
    never = blind == length
    floors = int((never & (sold.getnnz(axis=1) > 0)).sum())
    notes = {"lost_periods_estimated": int(sold[~never].nnz), "series_never_available": floors}
    return sold if sold.nnz else None, notes


def _returned(sales: pd.DataFrame, cell: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the pieces brought back, shape of `y`."""
    if "returned" not in sales.columns:
        return np.broadcast_to(0.0, y.shape)
    return np.bincount(cell, weights=sales["returned"].fillna(0).to_numpy(float), minlength=y.size).reshape(y.shape)


def _net(y: np.ndarray, returned: np.ndarray, before: np.ndarray) -> tuple[csr_matrix | None, dict[str, int]]:
    """Take returns off sales, in place; what a period did not sell comes off those after it.

    Never off those before: on the day it was sold nobody knew that a piece would come back.

    Parameters
    ----------
    y, returned
        Pieces, shape (n, periods).
    before
        What is owed from earlier periods, shape (n,).
    """
    back = returned.any(axis=1)
    rows = np.flatnonzero(back | (before > 0))
    net, owed, due = y[rows] - returned[rows], np.zeros((len(rows), y.shape[1])), before[rows]
    for t in range(y.shape[1]):
        left = net[:, t] - due
        net[:, t], due = np.maximum(left, 0), np.maximum(-left, 0)
        owed[:, t] = due
    y[rows] = net
    row, period = np.nonzero(owed)
    notes = {"series_with_returns": int(back.sum()), "returns_without_a_sale": int(np.count_nonzero(due))}
    return csr_matrix((owed[row, period], (rows[row], period)), shape=y.shape) if len(row) else None, notes


def _censor(y: np.ndarray, available: np.ndarray, cell: np.ndarray, hidden: np.ndarray) -> dict[str, int]:
    """Hide, in place, periods of which less than half was available, and scale up what the others could not sell.

    The fullest period says how many rows a period has: 1 where the rows are the periods, 7 for weeks of daily rows.
    Rows that are missing were available without a sale; a period whose every row was stocked out is hidden.
    """
    rows = np.bincount(cell, minlength=len(y))
    whole = int(rows.max())
    touched, lost = np.unique(cell[hidden], return_counts=True)
    seen = np.where(lost == rows[touched], 0, whole - lost)
    enough = 2 * seen >= whole
    y[touched[enough]] *= whole / seen[enough]
    available[touched[~enough]] = False
    return {"periods_censored": int((~enough).sum()), "periods_scaled_up": int(enough.sum())}


def _static(
    frame: pd.DataFrame | None, grid: _Grid, notes: dict[str, int], keys: Collection[str]
) -> tuple[Attribute, ...]:
    if frame is None:
        return ()
    rows = grid.rows(frame["unique_id"])
    notes["series_without_attributes"] = len(grid.ids) - len(frame)
    attributes = []
    for name in _regressors(frame, "unique_id"):
        values = np.full(len(grid.ids), np.nan, dtype=np.float32)
        coded, categories = _as_codes(frame[name]) if name in keys else _encode(frame[name])
        values[rows] = coded
        attributes.append(Attribute(name=name, values=values, categories=categories))
    return tuple(attributes)


def _known(
    frame: pd.DataFrame | None, grid: _Grid, stop: int, length: int, notes: dict[str, int]
) -> tuple[Attribute, ...]:
    if frame is None or frame.empty:
        return ()
    row, period = grid.rows(frame["unique_id"]), grid.periods(frame["ds"])
    inside = (row >= 0) & (period >= 0) & (period < stop)
    notes["known_rows_of_unknown_series"] = int((row < 0).sum())
    attributes, missing, unseen = [], 0, 0
    for name in _regressors(frame, "unique_id", "ds"):
        values = np.full((len(grid.ids), stop), np.nan, dtype=np.float32)
        coded, categories = _encode(frame[name])
        values[row[inside], period[inside]] = coded[inside]
        missing += int(np.isnan(values[:, length:]).sum())
        carry_forward(values)
        unseen += _forget_unseen(values, length) if categories else 0
        attributes.append(Attribute(name=name, values=values, categories=categories))
    notes["known_future_values_carried_forward"] = missing
    notes["known_future_categories_never_seen"] = unseen
    return tuple(attributes)


def _forget_unseen(codes: np.ndarray, length: int) -> int:
    """Take categories that the history does not have for unknown, in place, and count them."""
    new = np.setdiff1d(codes[:, length:], codes[:, :length])
    new = new[np.isfinite(new)]
    codes[:, length:][np.isin(codes[:, length:], new)] = np.nan
    return len(new)


def _calendar(frame: pd.DataFrame | None, grid: _Grid, stop: int) -> tuple[Attribute, ...]:
    if frame is None or frame.empty:
        return ()
    period = grid.periods(frame["ds"])
    inside = (period >= 0) & (period < stop)
    attributes = []
    for name in _regressors(frame, "ds"):
        values = np.full(stop, np.nan, dtype=np.float32)
        coded, categories = _encode(frame[name])
        values[period[inside]] = coded[inside]
        attributes.append(Attribute(name=name, values=values, categories=categories))
    return tuple(attributes)


def _regressors(frame: pd.DataFrame, *keys: str) -> list[str]:
    return [str(name) for name in frame.columns if name not in keys]


def _encode(column: pd.Series) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return numbers as they are (beyond 1e15 = unknown), dates as days, texts as codes in alphabetical order."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.to_numpy(dtype="datetime64[D]").astype(np.float32), ()
    plain = column.astype(object) if column.dtype == bool else column
    numbers: Any = pd.to_numeric(plain, errors="coerce")
    rest = column[numbers.isna() & column.notna()].astype("string").str.strip().str.lower()
    if numbers.notna().any() and rest.isin(_MISSING).all():
        values = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.abs(values) <= _MOST, values, np.nan).astype(np.float32), ()
    return _as_codes(column)


def _encode_as(column: pd.Series, categories: tuple[str, ...]) -> np.ndarray:
    """Encode a column by categories learnt before; others are unknown."""
    if not categories:
        values, texts = _encode(column)
        return values if not texts else np.full(len(column), np.nan, dtype=np.float32)
    codes = pd.Index(categories).get_indexer(pd.Index(column.astype("string").str.strip().astype(object)))
    return np.where(codes < 0, np.nan, codes).astype(np.float32)


def _as_codes(column: pd.Series) -> tuple[np.ndarray, tuple[str, ...]]:
    text = column.astype("string").str.strip()
    codes, categories = pd.factorize(text.mask(text == ""), sort=True)
    return np.where(codes < 0, np.nan, codes).astype(np.float32), tuple(map(str, categories))


def check_horizon(horizon: int, *, option: str = "--horizon") -> None:
    """Raise unless the horizon is one that a forecast can honestly have."""
    if not 1 <= horizon <= 730:
        raise InputError(option, "a whole number of periods from 1 to 730", horizon)
