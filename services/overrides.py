"""Planners' adjustments: made, listed, taken back, applied, and judged once the days have passed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError, NotReadyError, UnknownIdError
from forecast.hierarchy import TOTAL
from forecast.overrides import FACTOR, PIECES, Override, apply_overrides, value_added
from services.network_forecast import network_series
from store.overrides import OverrideLog
from store.snapshot import Snapshot

__all__ = [
    "Adjustment",
    "Members",
    "adjust",
    "in_force",
    "list_overrides",
    "override_report",
    "weekly_with_overrides",
    "with_final",
    "withdraw",
]

_MOST = 1e9
_MOST_A_DAY = 1e12  # what a row of sales may hold


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """What a planner asks for; exactly one of `factor` and `pieces`.

    Parameters
    ----------
    unique_id
        A series, or a node: ``total``, ``region=North``, ``region+category=North+soap``.
    start, end
        First and last day.
    factor, pieces
        Times the forecast, or the new total of these days.
    """

    unique_id: str
    start: str
    end: str
    by: str
    reason: str
    note: str = ""
    factor: float | None = None
    pieces: float | None = None

    def __post_init__(self) -> None:
        if (self.factor is None) == (self.pieces is None):
            raise InputError("factor", "exactly one of factor and pieces", f"{self.factor} and {self.pieces}")
        if not 0 <= self.value <= _MOST:
            raise InputError(self.kind, "a number from 0 to 1e9", self.value)
        for name in ("by", "reason"):
            if not getattr(self, name).strip():
                raise InputError(name, "a text", getattr(self, name))
        first, last = (_day(name, getattr(self, name)) for name in ("start", "end"))
        if last < first:
            raise InputError("end", f"a day not before {self.start}", self.end)

    @property
    def kind(self) -> str:
        """Which of the two was given."""
        return FACTOR if self.factor is not None else PIECES

    @property
    def value(self) -> float:
        """The factor or the pieces."""
        return float(self.factor if self.factor is not None else self.pieces or 0.0)


class Members:
    """Which series an identifier stands for: itself, or all of a node.

    Parameters
    ----------
    static
        ``unique_id`` and attributes of the series.
    ids
        Series that are forecast, in the order of their rows.
    """

    def __init__(self, static: pd.DataFrame, ids: Sequence[str]) -> None:
        self._row = {name: k for k, name in enumerate(ids)}
        self._static = static.set_index("unique_id").reindex(pd.Index(ids))

    def rows(self, identifier: str) -> np.ndarray:
        """Return the rows of an identifier; none of an unknown one."""
        if identifier in self._row:
            return np.array([self._row[identifier]])
        if identifier == TOTAL:
            return np.arange(len(self._row))
        name, _, key = identifier.partition("=")
        columns = [part.strip() for part in name.split("+")]
        if not key or not set(columns) <= set(self._static.columns):
            return np.empty(0, dtype=int)
        texts = [self._static[column].astype("str").where(self._static[column].notna(), "(none)") for column in columns]
        joined = texts[0].str.cat(texts[1:], sep="+") if len(texts) > 1 else texts[0]
        return np.flatnonzero((joined == key).to_numpy())


def adjust(home: Path, snapshot: Snapshot, asked: Adjustment, *, now: datetime | None = None) -> Override:
    """Put an adjustment beside the forecast of the loaded network; the forecast itself stays as it is.

    Raises
    ------
    NotReadyError
        If nothing was forecast.
    UnknownIdError
        If neither a series nor a node bears the identifier.
    InputError
        If no day of the forecast is between start and end, or more than 1e12 pieces a day would be expected.
    """
    frame = _forecast(snapshot)
    ids, days, mean = _matrix(frame)
    members = Members(network_series(snapshot)["static"], ids)
    rows = members.rows(asked.unique_id)
    if not len(rows):
        raise UnknownIdError("series or node", asked.unique_id)
    inside = (days >= np.datetime64(asked.start)) & (days <= np.datetime64(asked.end))
    if not inside.any():
        raise InputError("start", f"a day of the forecast, {days[0]} to {days[-1]}", f"{asked.start} to {asked.end}")
    told = {key: text for key, text in asdict(asked).items() if key not in (FACTOR, PIECES)}
    at = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    override = Override(id=f"o{secrets.token_hex(6)}", at=at, kind=asked.kind, value=asked.value, **told)
    before = in_force(home)
    place = np.ix_(rows, np.flatnonzero(inside))
    after = {
        "statistical": mean,
        "old": apply_overrides(mean, days, before, members.rows),
        "new": apply_overrides(mean, days, [*before, override], members.rows),
    }
    _require_possible(asked, float(after["new"][place].max()))
    sums: dict[str, Any] = {name: tuple(map(float, pieces[place].sum(axis=0))) for name, pieces in after.items()}
    touched = tuple(str(day) for day in days[inside])
    kept = replace(override, **sums, days=touched, run=str(frame.attrs.get("run", "")))
    OverrideLog(home).append({"record": "override", **asdict(kept)})
    return kept


def _require_possible(asked: Adjustment, most: float) -> None:
    if most > _MOST_A_DAY:
        raise InputError(asked.kind, f"what leaves at most {_MOST_A_DAY:g} pieces a day", f"{most:g} pieces")


def withdraw(home: Path, override_id: str, *, by: str, reason: str) -> dict[str, Any]:
    """Take an override back by a record of its own; both stay.

    Raises
    ------
    UnknownIdError
        If there is no such override in force.
    """
    if override_id not in {override.id for override in in_force(home)}:
        raise UnknownIdError("override in force", override_id)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    record = {"record": "withdrawal", "withdraws": override_id, "at": at, "by": by, "reason": reason}
    OverrideLog(home).append(record)
    return record


def list_overrides(home: Path, *, unique_id: str | None = None) -> list[dict[str, Any]]:
    """Return every override ever made, the latest first, with who took it back if somebody did."""
    records = OverrideLog(home).read()
    back = {record["withdraws"]: record for record in records if record["record"] == "withdrawal"}
    out = []
    for record in reversed(records):
        if record["record"] == "override" and unique_id in (None, record["unique_id"]):
            taken = back.get(record["id"])
            withdrawn = {name: taken[name] for name in ("at", "by", "reason")} if taken else None
            out.append({**{k: v for k, v in record.items() if k != "record"}, "withdrawn": withdrawn})
    return out


def in_force(home: Path, *, as_of: datetime | None = None) -> list[Override]:
    """Return the overrides that count (or counted at a moment), in the order in which they were made."""
    limit = "9999" if as_of is None else as_of.astimezone(UTC).isoformat(timespec="seconds")
    return [
        _override(record)
        for record in reversed(list_overrides(home))
        if record["at"] <= limit and (record["withdrawn"] is None or record["withdrawn"]["at"] > limit)
    ]


def with_final(frame: pd.DataFrame, overrides: Sequence[Override], static: pd.DataFrame) -> pd.DataFrame:
    """Return a forecast with the column ``final``: what counts after the overrides, ``mean`` where there are none.

    Quantiles move with the mean: ``final_q…`` beside each ``q…``.
    """
    ids, days, mean = _matrix(frame)
    members = Members(static, ids)
    final = apply_overrides(mean, days, overrides, members.rows)
    ratio = np.divide(final, mean, out=np.ones_like(final), where=mean > 0)
    lift = np.where(mean > 0, 0.0, final)  # where nothing was expected there is no range to stretch
    columns = {"final": final.ravel()}
    for name in [column for column in frame.columns if column.startswith("q")]:
        columns[f"final_{name}"] = frame[name].to_numpy() * ratio.ravel() + lift.ravel()
    return frame.assign(**columns)


def weekly_with_overrides(
    weekly: pd.DataFrame,
    daily: pd.DataFrame,
    overrides: Sequence[Override],
    static: pd.DataFrame,
    items: pd.Series,
) -> pd.DataFrame:
    """Return the demand of a plan with the overrides in it: each item and week times what they did to its days.

    Parameters
    ----------
    weekly
        By item and week (Monday).
    daily
        By series and day.
    static, items
        Attributes of the series; the item of each, by its id.
    """
    if not overrides:
        return weekly
    final = with_final(daily, overrides, static)
    week = final["ds"] - pd.to_timedelta(final["ds"].dt.day_of_week, unit="D")
    keys = [final["unique_id"].map(items).rename("unique_id"), week.rename("ds")]
    sums = final[["mean", "final"]].groupby(keys).sum().reset_index()
    joined = weekly[["unique_id", "ds"]].merge(sums, on=["unique_id", "ds"], how="left")
    whole = weekly["mean"].to_numpy()
    moved = (joined["final"] - joined["mean"]).fillna(0.0).to_numpy()  # pieces, as the days know them
    ratio = np.divide(np.maximum(whole + moved, 0.0), whole, out=np.ones_like(whole), where=whole > 0)
    out = weekly.copy()
    for name in ["mean", *(column for column in weekly.columns if column.startswith("q"))]:
        out[name] = np.where(whole > 0, weekly[name].to_numpy() * ratio, np.maximum(moved, 0.0))
    return out


def override_report(home: Path, snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return what the overrides were worth, by planner and reason, on the days whose sales are loaded by now.

    Sales are net of what came back. A day on which one of the series was stocked out tells no demand and is left out;
    so are overrides that were withdrawn: they did not count.

    Raises
    ------
    NotReadyError
        If the network has no sales.
    """
    series = network_series(snapshot)
    table, lost = _by_day(series["sales"])
    members = Members(series["static"], list(table.index))

    def actual(override: Override) -> np.ndarray:
        days, rows = pd.DatetimeIndex(override.days), members.rows(override.unique_id)
        known = table.iloc[rows].sum().reindex(days).fillna(0.0)
        told = (days <= table.columns.max()) & ~lost.iloc[rows].any().reindex(days, fill_value=False)
        return np.where(told, known.to_numpy(dtype=float), np.nan)

    return value_added(in_force(home), actual)


def _by_day(sales: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return net pieces by series and day, and on which of them a series was stocked out."""
    back = sales["returned"].fillna(0.0) if "returned" in sales else 0.0
    out = sales["available"].eq(False).fillna(False) if "available" in sales else False
    cells = sales[["unique_id", "ds"]].assign(net=(sales["y"] - back).clip(lower=0.0), out=out)
    wide = cells.assign(ds=pd.to_datetime(cells["ds"])).pivot_table(index="unique_id", columns="ds", aggfunc="sum")
    return wide["net"].fillna(0.0), wide["out"].fillna(0) > 0


def _forecast(snapshot: Snapshot) -> pd.DataFrame:
    frame = snapshot.result("forecast")
    if not isinstance(frame, pd.DataFrame):
        raise NotReadyError("no forecast has been computed on this network yet: `POST /v1/forecasts` or `evenflow run`")
    return frame


def _matrix(frame: pd.DataFrame) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return series, days and means of a forecast whose series all have the same days."""
    ids = list(dict.fromkeys(frame["unique_id"].astype(str)))
    days = frame["ds"].to_numpy(dtype="datetime64[D]").reshape(len(ids), -1)[0]
    return ids, days, frame["mean"].to_numpy(dtype=float).reshape(len(ids), -1)


def _override(record: Mapping[str, Any]) -> Override:
    known = {field.name for field in fields(Override)}
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}
    chosen: dict[str, Any] = {name: value for name, value in plain.items() if name in known}
    return Override(**chosen)


def _day(name: str, text: str) -> np.datetime64:
    try:
        day = date.fromisoformat(text)
    except (ValueError, TypeError):
        raise InputError(name, "a day as YYYY-MM-DD", text) from None
    if str(day) != text:  # 20260501, 2026-W18-5
        raise InputError(name, "a day as YYYY-MM-DD", text)
    return np.datetime64(day)
