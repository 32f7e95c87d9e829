"""Facts that come in small and large batches: signals, orders, activity. A set of rows: the same row twice is one.

FOLDER/lock            held by whoever writes (alone) or reads (together)
FOLDER/recent.*        rows of small batches, appended (`store.event_log`) until there are many
FOLDER/parts/*.parquet rows of large batches, and recent ones that were folded away; by style and time

A row is whole in one of them or not there at all, whenever the process dies; one that is in two counts once.
"""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from contracts.errors import NotReadyError, unwritten
from contracts.tables import TableSchema
from store.durable import put
from store.event_log import EventLog

__all__ = ["Added", "FactLog"]

_LARGE = 2_000  # rows of a batch that becomes a part at once
_MANY_ROWS, _MANY_PARTS = 20_000, 24
_ROW_GROUP = 65_536
_ID = "row_id"

Ids = npt.NDArray[np.uint64]


class Added(NamedTuple):
    """What became of a batch.

    Parameters
    ----------
    applied
        Rows that were new.
    known
        Rows that were there already, or twice in the batch.
    new
        Which rows of the batch were new, shape (rows,).
    """

    applied: int
    known: int
    new: npt.NDArray[np.bool_]


class FactLog:
    """Rows of one schema, in a folder that any number of processes may read and write at once.

    Parameters
    ----------
    folder
        Made at the first row.
    schema
        Only its columns are kept; rows have its types.
    order
        Columns by which rows are kept together: the first may be asked for, the second bounded from below.
    """

    def __init__(self, folder: Path, schema: TableSchema, *, order: tuple[str, str]) -> None:
        self._folder, self._schema, self._order = folder, schema, order
        self._ids: dict[str, Ids] = {}
        self._recent: dict[Path, tuple[EventLog, int, pd.DataFrame]] = {}

    def add(self, rows: pd.DataFrame) -> Added:
        """Add rows; the new ones are on the disk when this returns.

        Raises
        ------
        InputError
            If the disk takes no more, or the folder cannot be made; nothing has changed then.
        """
        told = self._canonical(rows)
        told.insert(0, _ID, pd.util.hash_pandas_object(told, index=False).to_numpy())
        self._make()
        with self._locked(fcntl.LOCK_EX):
            fresh = ~(told.duplicated(_ID).to_numpy() | self._known(told[_ID].to_numpy(np.uint64)))
            new = told[fresh]
            if len(new) >= _LARGE:
                self._write(new)
            elif len(new):
                self._append(new)
            self._tidy()
        return Added(len(new), len(rows) - len(new), fresh)

    def read(self, value: str | None = None, *, since: pd.Timestamp | None = None) -> pd.DataFrame:
        """Return rows with the schema's types, in a fixed order whatever theirs was.

        Parameters
        ----------
        value
            Of the first column of the order; all by default.
        since
            Least value of the second.
        """
        wanted = [(self._order[0], "==", value)] if value is not None else []
        wanted += [(self._order[1], ">=", since)] if since is not None else []
        if not self._folder.is_dir():
            return self._typed(self._canonical(pd.DataFrame()))
        with self._locked(fcntl.LOCK_SH):
            frames = [self._tail(path) for path in self._logs()] + [self._part(path, wanted) for path in self._parts()]
        both = self._one(frames)
        for column, sign, bound in wanted:
            both = both[(both[column] == bound) if sign == "==" else (both[column] >= bound)]
        return self._typed(self._sorted(both).drop(columns=_ID).reset_index(drop=True))

    def stamp(self) -> tuple[Any, ...]:
        """Return what changes whenever a row is added."""
        if not self._folder.is_dir():
            return ()
        found = [(path.name, path.stat().st_size) for path in [*self._logs(), *self._parts()]]
        return tuple(found)

    def rewrite(self, change: Callable[[pd.DataFrame], pd.DataFrame]) -> int:
        """Replace rows by what `change` makes of them, one by one, and return how many it changed."""
        if not self._folder.is_dir():
            return 0
        with self._locked(fcntl.LOCK_EX):
            old = [*self._logs(), *self._parts()]
            frames = [self._tail(path) for path in self._logs()] + [self._part(path, []) for path in self._parts()]
            rows = self._one(frames)
            told = self._canonical(change(rows.drop(columns=_ID)))
            ids = pd.util.hash_pandas_object(told, index=False).to_numpy()
            changed = int((ids != rows[_ID].to_numpy(np.uint64)).sum())
            if changed:
                told.insert(0, _ID, ids)
                kept = self._write(told.drop_duplicates(_ID))
                self._remove([path for path in old if path != kept])
        return changed

    def _canonical(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the schema's columns in one form, so that equal rows are equal bytes."""
        empty = pd.DataFrame({column.name: [None] * len(rows) for column in self._schema.columns}, index=rows.index)
        frame = pd.DataFrame({name: rows.get(name, empty[name]) for name in self._schema.by_name})
        for column in self._schema.columns:
            kind = f"datetime64[us, {column.timezone}]" if column.kind == "timestamp" else _KEPT_AS[column.kind]
            frame[column.name] = frame[column.name].astype(kind)
        return frame.reset_index(drop=True)

    def _typed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give the columns the types that the schema's check gives them."""
        for column in self._schema.columns:
            cells = frame[column.name]
            if column.kind == "bool":
                frame[column.name] = cells.astype(object).where(cells.notna(), None)
            elif column.kind == "int" and not column.nullable:
                frame[column.name] = cells.astype("int64")
        return frame

    def _one(self, frames: list[pd.DataFrame]) -> pd.DataFrame:
        """Return rows of several places, each once."""
        filled = [frame for frame in frames if len(frame)]
        if not filled:
            nothing = self._canonical(pd.DataFrame())
            nothing.insert(0, _ID, np.zeros(0, np.uint64))
            return nothing
        return pd.concat(filled, ignore_index=True).drop_duplicates(_ID)

    def _sorted(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.sort_values([*self._order, _ID])

    def _known(self, ids: Ids) -> npt.NDArray[np.bool_]:
        """Return which ids rows here have."""
        for path in self._parts():
            if path.name not in self._ids:
                self._ids[path.name] = np.sort(pd.read_parquet(path, columns=[_ID])[_ID].to_numpy(np.uint64))
        known = np.zeros(len(ids), dtype=bool)
        for path in self._logs():
            known |= np.isin(ids, self._tail(path)[_ID].to_numpy(np.uint64))
        for path in self._parts():
            there = self._ids[path.name]
            known |= there[np.minimum(np.searchsorted(there, ids), len(there) - 1)] == ids
        return known

    def _append(self, new: pd.DataFrame) -> None:
        logs = self._logs()
        path = logs[-1] if logs else self._folder / f"recent.{secrets.token_hex(6)}"
        log = self._recent[path][0] if path in self._recent else EventLog(path)
        plain = new.drop(columns=_ID).astype(object)
        plain = plain.where(plain.notna(), None)
        events = [
            {"event_id": str(row_id), **{name: _plain(cell) for name, cell in row.items()}}
            for row_id, row in zip(new[_ID], plain.to_dict("records"), strict=True)
        ]
        with log.turn() as file:
            log.sort([])  # so that it reads no more than came since
            log.append(file, events)

    def _tail(self, path: Path) -> pd.DataFrame:
        """Return the rows of a log; read from where the last reading ended."""
        log, start, before = self._recent.get(path) or (EventLog(path), 0, self._one([]))
        events, end = log.read(start)
        if events:
            raw = pd.DataFrame(events, columns=["event_id", *self._schema.by_name])
            told = self._canonical(self._stamped(raw))
            told.insert(0, _ID, raw["event_id"].astype("uint64").to_numpy())
            before = self._one([before, told])
        self._recent = {path: (log, end, before)}
        return before

    def _stamped(self, raw: pd.DataFrame) -> pd.DataFrame:
        times = [column.name for column in self._schema.columns if column.kind == "timestamp"]
        return raw.assign(**{name: pd.to_datetime(raw[name], format="ISO8601", utc=True) for name in times})

    def _part(self, path: Path, wanted: list[tuple[str, str, Any]]) -> pd.DataFrame:
        try:
            frame = pd.read_parquet(path, filters=wanted or None)
        except (OSError, pa.ArrowException):
            raise NotReadyError(f"{path}: damaged; restore the file from a copy") from None
        told = self._canonical(frame)
        told.insert(0, _ID, frame[_ID].to_numpy(np.uint64))
        return told

    def _write(self, rows: pd.DataFrame) -> Path:
        """Write rows as one part, named by what it holds."""
        ordered = self._sorted(rows)
        digest = int(np.bitwise_xor.reduce(ordered[_ID].to_numpy(np.uint64)))
        path = self._folder / "parts" / f"{digest:016x}-{len(ordered)}.parquet"
        try:
            put(path, lambda place: ordered.to_parquet(place, index=False, row_group_size=_ROW_GROUP))
        except OSError as error:
            raise unwritten(path, error) from None
        return path

    def _tidy(self) -> None:
        """Fold many recent rows into a part, and many parts into one."""
        recent = [(path, self._tail(path)) for path in self._logs()]
        if sum(len(rows) for _, rows in recent) > _MANY_ROWS:
            self._write(self._one([rows for _, rows in recent]))
            self._remove([path for path, _ in recent])
        parts = self._parts()
        if len(parts) > _MANY_PARTS:
            smaller = sorted(parts, key=lambda path: path.stat().st_size)[: _MANY_PARTS // 2 + 1]
            kept = self._write(self._one([self._part(path, []) for path in smaller]))
            self._remove([path for path in smaller if path != kept])

    def _remove(self, paths: list[Path]) -> None:
        for path in paths:
            path.unlink()
            self._recent.pop(path, None)
            self._ids.pop(path.name, None)

    def _logs(self) -> list[Path]:
        return sorted(self._folder.glob("recent.*"))

    def _parts(self) -> list[Path]:
        return sorted((self._folder / "parts").glob("[!.]*.parquet"))

    def _make(self) -> None:
        try:
            (self._folder / "parts").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritten(self._folder, error, "a folder that can be made") from None

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        with (self._folder / "lock").open("a") as file:
            fcntl.flock(file, how)
            yield


_KEPT_AS = {"str": "str", "int": "float64", "float": "float64", "bool": "boolean", "date": "datetime64[us]"}


def _plain(cell: Any) -> Any:
    return cell.isoformat() if isinstance(cell, pd.Timestamp) else cell
