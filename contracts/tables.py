"""Table schemas: which columns a table has, checked once at the edge.

A schema turns a raw frame (from CSV or Parquet, or from JSON rows) into one with known types, or says precisely
what is wrong. `check` refuses the whole table at its first fault; `sift` keeps the usable rows and gives the others
back with a reason, so that nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from contracts.errors import InputError, TableError

Kind = Literal["str", "int", "float", "bool", "date", "timestamp"]

_EXPECTED: dict[Kind, str] = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "date": "a date (YYYY-MM-DD)",
    "timestamp": "a timestamp with time zone (ISO 8601)",
}
_TRUE, _FALSE = {"true", "1", "1.0", "yes", "t"}, {"false", "0", "0.0", "no", "f"}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name
        Column name in the file.
    kind
        Type of its values after `check`: ``str`` (pandas ``str``), ``int`` (int64), ``float`` (float64), ``bool``,
        ``date`` (naive datetime64, midnight) or ``timestamp`` (datetime64 in `timezone`, default Asia/Shanghai).
    required
        Whether the column must be there.
    nullable
        Whether its cells may be empty. An ``int`` column that is nullable comes back as float64 with NaN, a
        ``bool`` one as object with None.
    minimum, maximum
        Inclusive bounds of numbers; ``above`` is an exclusive lower bound.
    choices
        Allowed texts, if closed.
    unit, description
        For the docs.
    """

    name: str
    kind: Kind
    required: bool = True
    nullable: bool = False
    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    timezone: str = "Asia/Shanghai"
    description: str = ""

    @property
    def expected(self) -> str:
        """What a valid cell is, in words."""
        text = "one of " + ", ".join(self.choices) if self.choices else _EXPECTED[self.kind]
        limits = [
            f"{sign} {bound:g}"
            for sign, bound in ((">", self.above), (">=", self.minimum), ("<=", self.maximum))
            if bound is not None
        ]
        text += f" {' and '.join(limits)}" if limits else ""
        return text + (" or empty" if self.nullable else "")


@dataclass(frozen=True, kw_only=True)
class TableSchema:
    """A table's name, its columns and the columns that identify a row.

    Columns that the schema does not name are kept as they are (attributes).
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    may_be_empty: bool = False
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {c.name: c for c in self.columns})

    @property
    def required(self) -> list[str]:
        """Names of the columns that must be there."""
        return [c.name for c in self.columns if c.required]

    def check(self, frame: pd.DataFrame, source: str | None = None) -> pd.DataFrame:
        """Return the frame with the schema's types.

        Parameters
        ----------
        frame
            Raw rows; any index.
        source
            The file's name for messages; the schema's name by default.

        Raises
        ------
        TableError
            Naming the source, the column and the first row at fault.
        """
        source = source or self.name
        typed, faults = self._type(frame, source)
        if faults:
            raise _first(faults, source)
        if typed.empty and not self.may_be_empty:
            raise TableError(source, None, "at least one row", "an empty table")
        return typed

    def sift(self, frame: pd.DataFrame, source: str | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Split the frame into typed rows and rows that cannot be used.

        Returns
        -------
        good, bad
            `good` has the schema's types; `bad` has the raw cells plus ``row`` (1 = first data row) and ``reason``.

        Raises
        ------
        TableError
            If a required column is missing altogether: no row could be used.
        """
        source = source or self.name
        typed, faults = self._type(frame, source)
        reasons = _reasons(faults, len(frame))
        bad = reasons != ""
        rejected = with_reasons(frame.reset_index(drop=True)[bad], np.flatnonzero(bad) + 1, reasons[bad])
        kept = typed[~bad].reset_index(drop=True)
        return self._settle_types(kept), rejected.reset_index(drop=True)

    def _type(self, frame: pd.DataFrame, source: str) -> tuple[pd.DataFrame, list[_Fault]]:
        missing = [name for name in self.required if name not in frame.columns]
        if missing:
            have = ", ".join(map(str, frame.columns)) or "no columns"
            raise TableError(source, missing[0], "this required column", have)
        if not frame.columns.is_unique:
            twice = str(frame.columns[frame.columns.duplicated()][0])
            raise TableError(source, twice, "each column once", "it twice")
        typed = frame.reset_index(drop=True).copy()
        faults: list[_Fault] = []
        for column in self.columns:
            if column.name in typed.columns:
                raw = typed[column.name]
                typed[column.name], bad = _convert(raw, column)
                if bad.any():
                    faults.append(_Fault(column.name, column.expected, bad, raw))
        faults += self._repeated(typed)
        return (typed if faults else self._settle_types(typed)), faults

    def _settle_types(self, typed: pd.DataFrame) -> pd.DataFrame:
        for column in self.columns:
            if column.name in typed.columns and not column.nullable and column.kind in ("int", "bool"):
                typed[column.name] = typed[column.name].astype("int64" if column.kind == "int" else bool)
        return typed

    def _repeated(self, typed: pd.DataFrame) -> list[_Fault]:
        if not self.key or not set(self.key) <= set(typed.columns):
            return []
        repeated = typed.duplicated(subset=list(self.key)).to_numpy()
        if not repeated.any():
            return []
        label = ", ".join(self.key)
        shown = pd.Series([", ".join(map(_cell, row)) for row in typed.loc[repeated, list(self.key)].to_numpy()])
        return [_Fault(label, f"each ({label}) once", repeated, shown.set_axis(np.flatnonzero(repeated)))]


@dataclass(frozen=True)
class _Fault:
    column: str
    expected: str
    bad: np.ndarray
    raw: pd.Series


def with_reasons(
    raw: pd.DataFrame, rows: Sequence[int] | np.ndarray, reasons: Sequence[str] | np.ndarray
) -> pd.DataFrame:
    """Return raw rows with their numbers and reasons before them.

    Columns ``row`` and ``reason`` that the rows have already, say from an earlier quarantine, are dropped.

    Examples
    --------
    >>> with_reasons(pd.DataFrame({"row": ["7"], "id": ["a"]}), [1], ["id: unknown"]).to_dict("list")
    {'row': [1], 'reason': ['id: unknown'], 'id': ['a']}
    """
    told = raw.drop(columns=["row", "reason"], errors="ignore")
    told.insert(0, "row", rows)
    told.insert(1, "reason", reasons)
    return told


def from_rows(rows: Iterable[dict[str, object]], schema: TableSchema, source: str | None = None) -> pd.DataFrame:
    """Return checked rows given as dictionaries (JSON)."""
    return schema.check(pd.DataFrame(list(rows), columns=None), source)


def require_known(frame: pd.DataFrame, column: str, known: Sequence[str] | pd.Index, *, source: str, kind: str) -> None:
    """Raise unless every id of a column is among the known ones; empty cells pass."""
    bad = ~(frame[column].isin(known) | frame[column].isna()).to_numpy()
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise TableError(
            source,
            column,
            f"the id of a known {kind}",
            frame[column].iloc[row],
            row=row + 1,
            bad_rows=int(bad.sum()),
        )


def require_columns(frame: pd.DataFrame, columns: Iterable[str], *, option: str, source: str) -> None:
    """Raise unless the frame has the columns that an option names."""
    for name in columns:
        if name not in frame.columns:
            raise InputError(option, f"columns of {source} ({', '.join(map(str, frame.columns))})", name)


def _first(faults: list[_Fault], source: str) -> TableError:
    fault = min(faults, key=lambda f: int(np.flatnonzero(f.bad)[0]))
    row = int(np.flatnonzero(fault.bad)[0])
    value = fault.raw.loc[row] if row in fault.raw.index else None
    return TableError(source, fault.column, fault.expected, _cell(value), row=row + 1, bad_rows=int(fault.bad.sum()))


def _cell(value: object) -> str:
    """Return a cell as the user would write it."""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "an empty cell"
    return str(value).strip().removesuffix(" 00:00:00") or "an empty cell"


def _reasons(faults: list[_Fault], n: int) -> np.ndarray:
    reasons = np.full(n, "", dtype=object)
    for fault in faults:
        for row in np.flatnonzero(fault.bad):
            text = f"{fault.column}: expected {fault.expected}, got {_cell(fault.raw.loc[row])}"
            reasons[row] = f"{reasons[row]}; {text}" if reasons[row] else text
    return reasons


def _convert(raw: pd.Series, column: Column) -> tuple[pd.Series, np.ndarray]:
    empty = raw.isna().to_numpy()
    binary = np.zeros(len(raw), bool)
    if raw.dtype == object:  # bytes of a Parquet file are no text, and need not be UTF-8
        binary = raw.map(lambda value: isinstance(value, bytes)).to_numpy(bool)
        raw = raw.mask(binary)
    if raw.dtype == object or pd.api.types.is_string_dtype(raw):
        empty = empty | (raw.astype("string").str.strip() == "").fillna(value=True).to_numpy(dtype=bool)
    if isinstance(raw.dtype, pd.CategoricalDtype):
        raw = raw.astype(raw.cat.categories.dtype)
    values, bad = _CONVERTERS[column.kind](raw.where(~empty), column)
    if column.choices:
        bad = bad | ~values.isin(column.choices).to_numpy()
    bad = np.where(empty & ~binary, not column.nullable, bad | binary)
    return values, bad


def _to_str(raw: pd.Series, column: Column) -> tuple[pd.Series, np.ndarray]:
    del column
    if pd.api.types.is_string_dtype(raw):
        return raw.astype("str").str.strip(), np.zeros(len(raw), bool)
    plain = raw.map(_as_id, na_action="ignore")
    bad = raw.map(lambda value: not isinstance(value, str | int | float | np.generic), na_action="ignore")
    return plain.astype("str").str.strip(), (bad == True).to_numpy(dtype=bool)  # noqa: E712 (NaN is not bad)


def _as_id(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # an id column of whole numbers with a gap is read as float
    return str(value).strip()


def _to_number(raw: pd.Series, column: Column) -> tuple[pd.Series, np.ndarray]:
    if raw.dtype.kind in "bmM":  # true or a date is no number
        raw = pd.Series(np.nan, index=raw.index)
    try:
        numbers = pd.to_numeric(raw, errors="coerce").astype("float64")
    except OverflowError:  # JSON has whole numbers beyond any float; as texts they are read as infinite
        numbers = pd.to_numeric(raw.map(str, na_action="ignore"), errors="coerce").astype("float64")
    values = numbers.to_numpy()
    bad = ~np.isfinite(values)
    if column.kind == "int":
        bad |= (values != np.floor(values)) | (np.abs(values) >= 2**53)
    for bound, broken in (
        (column.minimum, np.less),
        (column.above, np.less_equal),
        (column.maximum, np.greater),
    ):
        if bound is not None:
            bad |= broken(values, bound)
    return numbers, bad


def _to_bool(raw: pd.Series, column: Column) -> tuple[pd.Series, np.ndarray]:
    del column
    text = raw.astype("string").str.strip().str.lower()
    values = text.isin(_TRUE).to_numpy()
    bad = ~(values | text.isin(_FALSE).to_numpy())
    return pd.Series(values, index=raw.index).astype(object).where(raw.notna(), None), bad


def _to_date(raw: pd.Series, column: Column) -> tuple[pd.Series, np.ndarray]:
    dates = _parse(raw, column).dt.tz_localize(None).dt.normalize()
    return dates, dates.isna().to_numpy()


def _to_timestamp(raw: pd.Series, column: Column) -> tuple[pd.Series, np.ndarray]:
    stamps = _parse(raw, column)
    year = (
        stamps.dt.year
    )  # local offsets had seconds before 1902, which ISO 8601 cannot write; 9999 ends in other zones
    return stamps, ~((year >= 1902) & (year <= 9998)).to_numpy(bool)


def _parse(raw: pd.Series, column: Column) -> pd.Series:
    if pd.api.types.is_numeric_dtype(raw):  # 20240105 is a number, not a date
        raw = pd.Series(pd.NaT, index=raw.index, dtype="datetime64[ns]")
    if not pd.api.types.is_datetime64_any_dtype(raw):
        codes, texts = pd.factorize(raw.astype("string"), use_na_sentinel=False)  # thousands are due on a few days
        return _parse_text(pd.Series(texts, dtype="string"), column.timezone).take(codes).set_axis(raw.index)
    return raw.dt.tz_localize(column.timezone) if raw.dt.tz is None else raw.dt.tz_convert(column.timezone)


def _parse_text(text: pd.Series, timezone: str) -> pd.Series:
    text = text.where(text.str.match(r"\d{4}[-/]\d{2}[-/]\d{2}").fillna(value=False))  # "now" or "2024" is no date
    aware = text.str.contains(r"(?:[zZ]|[+-]\d\d:?\d\d)$", regex=True, na=False)
    out = pd.Series(pd.NaT, index=text.index, dtype=f"datetime64[us, {timezone}]")
    zoned = pd.to_datetime(text[aware], format="ISO8601", errors="coerce", utc=True)
    local = pd.to_datetime(text[~aware], format="ISO8601", errors="coerce")
    out[aware] = zoned.dt.tz_convert(timezone).astype(out.dtype)
    out[~aware] = local.dt.tz_localize(timezone, ambiguous="NaT", nonexistent="NaT").astype(out.dtype)
    return out


_CONVERTERS = {
    "str": _to_str,
    "int": _to_number,
    "float": _to_number,
    "bool": _to_bool,
    "date": _to_date,
    "timestamp": _to_timestamp,
}
