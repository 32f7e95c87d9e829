"""Users' files: `.csv` or `.parquet` in, the same out, never half-written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa

from contracts.errors import InputError
from contracts.tables import TableSchema

__all__ = ["check_writable", "read_raw", "read_table", "write_table"]

_SUFFIXES = (".csv", ".parquet")


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
    """Read a user's table as it is; cells of a CSV stay text, so that ids keep their leading zeros."""
    _require_suffix(path)
    if not path.is_file():
        raise InputError(str(path), "a file", "no such file" if not path.exists() else "a folder")
    try:
        if path.suffix == ".csv":
            return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8-sig")
        return pd.read_parquet(path)
    except pd.errors.EmptyDataError:
        raise InputError(path.name, "a header and at least one row", "an empty file") from None
    except (pd.errors.ParserError, pa.ArrowException, UnicodeDecodeError, OSError, ValueError) as error:
        raise InputError(path.name, f"a readable {path.suffix[1:]} file", str(error).splitlines()[0]) from None


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table so that the path holds either the whole of it or what was there before."""
    check_writable(path)
    write_whole(path, lambda temporary: _write(frame, temporary))


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place in one step."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Raise before a long computation if its result could not be written."""
    _require_suffix(path)
    if not path.parent.is_dir():
        raise InputError(str(path), "a path in a folder that exists", "no such folder")
    if path.is_dir():
        raise InputError(str(path), "a file to write", "a folder")


def _write(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)


def _require_suffix(path: Path) -> None:
    if path.suffix not in _SUFFIXES:
        raise InputError(str(path), "a name ending in .csv or .parquet", path.suffix or "no suffix")
