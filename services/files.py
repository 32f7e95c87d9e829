"""Users' files: `.csv`, `.parquet` or `.xlsx` in, the same out, never half-written."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from contracts.errors import InputError, TableError
from contracts.tables import TableSchema
from services.excel import excel_bytes
from services.excel_in import read_excel

__all__ = ["check_writable", "read_pieces", "read_raw", "read_table", "write_table"]

_SUFFIXES = (".csv", ".parquet", ".xlsx")
_BLOCK_BYTES = 16 << 20  # a row must fit
_UNREADABLE = (pa.ArrowException, csv.Error, UnicodeDecodeError, OSError, ValueError)


def read_table(path: Path, schema: TableSchema) -> pd.DataFrame:
    """Read a user's table and check it against its schema.

    Raises
    ------
    InputError
        If the file is missing, unreadable, of another kind or not of the schema; names the file, and the column
        and row where there is one.
    """
    return schema.check(read_raw(path), path.name)


def read_raw(path: Path) -> pd.DataFrame:
    """Read a user's table as it is; cells of a CSV stay text, so that ids keep their leading zeros.

    Of an Excel file the first sheet is read.
    """
    _require_file(path)
    if path.suffix == ".xlsx":
        return read_excel(path)
    try:
        return _read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from None


def read_pieces(path: Path) -> Iterator[pd.DataFrame]:
    """Read a user's table like `read_raw`, some hundred thousand rows at a time; at least one piece, perhaps empty."""
    _require_file(path)
    if path.suffix == ".xlsx":
        yield read_excel(path)
        return
    try:
        yield from _csv_pieces(path) if path.suffix == ".csv" else _parquet_pieces(path)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from None


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table so that the path holds either the whole of it or what was there before.

    Raises
    ------
    InputError
        If the file cannot be written (no room, no permission); nothing has changed then.
    """
    check_writable(path)
    try:
        write_whole(path, lambda temporary: _write(frame, temporary))
    except (OSError, pa.ArrowException) as error:
        raise _unwritable(path, error) from None


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place in one step."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:40]}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(path: Path, *others: Path | None) -> None:
    """Raise before a long computation if its result could not be written, or would overwrite another file of it.

    Parameters
    ----------
    path
        The output.
    others
        Inputs and further outputs of the same command; None where an option was not given.
    """
    _require_suffix(path)
    try:
        folder, taken = path.parent.is_dir(), path.is_dir()
    except OSError as error:  # a name that is too long
        raise _unwritable(path, error) from None
    if not folder:
        raise InputError(str(path), "a path in a folder that exists", "no such folder")
    if taken:
        raise InputError(str(path), "a file to write", "a folder")
    for other in others:
        if other is not None and other.resolve() == path.resolve():
            raise InputError(str(path), "an output that is no other file of the command", str(other))
    if not os.access(path.parent, os.W_OK):
        raise InputError(str(path), "a folder that can be written to", "no permission")


def _unwritable(path: Path, error: Exception) -> InputError:
    told = error.strerror if isinstance(error, OSError) else None
    return InputError(str(path), "a file that can be written", told or str(error).splitlines()[0])


def _require_file(path: Path) -> None:
    _require_suffix(path)
    if not path.is_file():
        raise InputError(str(path), "a file", "a folder" if path.is_dir() else "no such file")


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(path.name, f"a readable {path.suffix[1:]} file", str(error).splitlines()[0])


def _read_csv(path: Path) -> pd.DataFrame:
    """Read every cell as text; a row with more or fewer cells than the header is refused, not shifted."""
    frame = pa_csv.read_csv(path, **_csv_options(path)).to_pandas()
    _require_closed(path, frame)
    return frame


def _csv_pieces(path: Path) -> Iterator[pd.DataFrame]:
    with pa_csv.open_csv(path, **_csv_options(path)) as reader:
        piece = None
        for batch in reader:
            piece = batch.to_pandas()
            yield piece
        if piece is None:
            yield reader.schema.empty_table().to_pandas()
        else:
            _require_closed(path, piece)


def _require_closed(path: Path, last: pd.DataFrame) -> None:
    """Refuse a file whose last cell has an opening quote only: it would have swallowed the rows after it."""
    cell = last.iloc[-1, -1] if len(last) else None
    if not isinstance(cell, str) or ("\n" not in cell and "\r" not in cell):
        return
    with path.open("rb") as file:
        lines = sum(line.endswith(b"\n") for line in file)
        file.seek(max(0, path.stat().st_size - len(cell.encode()) - 64))
        end = file.read().rstrip(b" \t\r\n")
    if (len(end) - len(end.rstrip(b'"'))) % 2 == 0:  # a doubled quote is part of the text
        line = lines - cell.count("\n") + 1
        raise TableError(path.name, str(last.columns[-1]), "a closing quote", f"none after line {line}, where it opens")


def _parquet_pieces(path: Path) -> Iterator[pd.DataFrame]:
    file = pq.ParquetFile(path)
    for group in range(file.num_row_groups):
        yield file.read_row_group(group).to_pandas(ignore_metadata=True)
    if not file.num_row_groups:
        yield file.schema_arrow.empty_table().to_pandas(ignore_metadata=True)


def _csv_options(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file), None)
    if not header:
        raise InputError(path.name, "a header and at least one row", "an empty file")
    for name in header:
        if header.count(name) > 1:
            raise TableError(path.name, name, "each column once", "it twice")
    return {
        "read_options": pa_csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
        "parse_options": pa_csv.ParseOptions(newlines_in_values=True),
        "convert_options": pa_csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), null_values=[""], strings_can_be_null=True
        ),
    }


def _write(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".xlsx":
        path.write_bytes(excel_bytes({path.stem[:31]: frame}))
    else:
        frame.to_parquet(path, index=False)


def _require_suffix(path: Path) -> None:
    if path.suffix not in _SUFFIXES:
        raise InputError(str(path), "a name ending in .csv, .parquet or .xlsx", path.suffix or "no suffix")
