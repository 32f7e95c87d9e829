"""A user's own network: read the files of a folder, check them together, make them visible in one switch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import EvenflowError, InputError, NotReadyError
from contracts.progress import Report, silent
from contracts.tables import with_reasons
from services.files import read_pieces, read_raw, write_table
from services.network_checks import CHECK_ORDER, row_reasons
from services.personal import is_personal
from store.home import Home
from store.tables import TABLES

__all__ = ["LoadReport", "load_network"]

_SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """What a load did.

    Parameters
    ----------
    version
        Name of the version that is now current.
    changed
        Whether another version was current before.
    counts
        Usable rows by table, of the files given.
    quarantined
        Rows that cannot be used by table, where there are any.
    summary
        The same as plain values, for people and programs.
    """

    version: str
    changed: bool
    counts: dict[str, int]
    quarantined: dict[str, int]
    summary: dict[str, Any]


def load_network(
    directory: Path, *, home: Home, strict: bool = False, settled: bool = False, progress: Report = silent
) -> LoadReport:
    """Load the network files of a folder into a home.

    Files are named after their tables (`store.tables.TABLES`), each ``.csv`` or ``.parquet``. ``parties`` is required,
    the others are optional. Rows that cannot be used are written to ``directory/quarantine/<file>`` with their row
    and reason; the others become visible together, or nothing does.

    Parameters
    ----------
    directory
        The user's folder.
    home
        Where the network goes.
    strict
        Refuse the whole load if one row cannot be used; nothing is written then.
    settled
        The files hold the changes recorded so far (`evenflow relate`) already; else those are applied to the files.
    progress
        Hears of the stages.

    Raises
    ------
    InputError
        If the folder or ``parties`` is missing, a file is there twice or is no file, a required column is missing, no
        party can be used, or the quarantine or the home cannot be written. The version that was current stays then.
    EvenflowError
        If `strict` and a row cannot be used. Nothing has changed then.
    """
    before = _current(home)
    files = _files(directory)
    good: dict[str, pd.DataFrame] = {}
    bad: dict[str, pd.DataFrame] = {}
    dropped: dict[str, list[str]] = {}
    for done, name in enumerate(name for name in CHECK_ORDER if name in files):
        progress("checking files", done, len(files))
        good[name], bad[name], personal = _sift(name, files[name], good)
        dropped |= {name: personal} if personal else {}
    progress("checking files", len(files), len(files))
    _require_usable(files, good, bad, strict=strict)
    try:
        _quarantine(directory / "quarantine", files, bad)
    except OSError as error:
        raise InputError(
            str(directory / "quarantine"), "a folder for the rows that cannot be used", error.strerror
        ) from None
    version = home.publish(good, settled=settled, progress=progress)
    counts = {name: len(good[name]) for name in TABLES if name in good}
    quarantined = {name: len(bad[name]) for name in TABLES if name in bad and len(bad[name])}
    summary = {
        "version": version,
        "changed": version != before,
        **counts,
        "quarantined": quarantined,
        "first_reasons": {name: _first(files[name].name, bad[name]) for name in quarantined},
        "dropped_personal_columns": dropped,
        "ignored_files": _ignored(directory, files),
        "changes": {name: home.current().changes[name] for name in ("events", "left_out")},
    }
    return LoadReport(
        version=version, changed=version != before, counts=counts, quarantined=quarantined, summary=summary
    )


def _files(directory: Path) -> dict[str, Path]:
    if not directory.is_dir():
        raise InputError(str(directory), "a folder", "a file" if directory.exists() else "no such folder")
    files = {}
    for name in TABLES:
        found = [path for suffix in _SUFFIXES if os.path.lexists(path := directory / f"{name}{suffix}")]
        for path in found:
            if not path.is_file():
                raise InputError(str(path), "a file", "a folder" if path.is_dir() else "a link to nothing")
        if len(found) > 1:
            raise InputError(str(directory), f"one file of {name}", f"{found[0].name} and {found[1].name}")
        if found:
            files[name] = found[0]
    if "parties" not in files:
        have = ", ".join(path.name for path in files.values()) or "none of the files"
        raise InputError(str(directory), "parties.csv or parties.parquet in it", have)
    return files


def _ignored(directory: Path, files: dict[str, Path]) -> list[str]:
    """Return the tables in the folder that no name of ours fits: a slip of the pen, perhaps."""
    tables = (path for path in directory.iterdir() if path.suffix.lower() in _SUFFIXES)
    return sorted(path.name for path in tables if path not in files.values())


def _sift(name: str, path: Path, checked: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Read a table's usable rows, the rows with a reason not to be, by its schema and by the tables before it.

    Also return the columns about persons, which are dropped before anything is kept.
    """
    typed, rejected, personal = _typed(name, path)
    reasons = row_reasons(name, typed, checked)
    faulty = reasons != ""
    if not faulty.any():
        return typed, rejected, personal
    lost, reasons = np.flatnonzero(faulty), reasons[faulty]
    before = rejected["row"].to_numpy() - 1 - np.arange(len(rejected))  # usable rows before each rejected one
    rows = lost + np.searchsorted(before, lost, side="right")
    again = with_reasons(_raw_rows(path, rows).drop(columns=personal), rows + 1, reasons)
    both = pd.concat([rejected, again]) if len(rejected) else again
    kept = {column: typed.pop(column)[~faulty].reset_index(drop=True) for column in list(typed)}  # one at a time
    return pd.DataFrame(kept, copy=False), both.sort_values("row").reset_index(drop=True), personal


def _typed(name: str, path: Path) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Read a table piece by piece, unless its rows must be told apart from each other."""
    schema, personal, first = TABLES[name], [], 0
    typed: list[pd.DataFrame] = []
    rejected: list[pd.DataFrame] = []
    for raw in [read_raw(path)] if schema.key else read_pieces(path):
        personal = [str(column) for column in raw.columns if is_personal(column)]
        good, bad = schema.sift(raw.drop(columns=personal), path.name)
        bad["row"] += first
        first += len(raw)
        typed.append(good)
        rejected.append(bad)
    return _joined(typed), _joined([bad for bad in rejected if len(bad)] or rejected[:1]), personal


def _joined(pieces: list[pd.DataFrame]) -> pd.DataFrame:
    return pieces[0] if len(pieces) == 1 else pd.concat(pieces, ignore_index=True)


def _raw_rows(path: Path, rows: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Return some rows as they are in the file."""
    found, first = [], 0
    for raw in read_pieces(path):
        inside = rows[(rows >= first) & (rows < first + len(raw))] - first
        first += len(raw)
        if len(inside):
            found.append(raw.iloc[inside])
    return pd.concat(found, ignore_index=True)


def _require_usable(
    files: dict[str, Path], good: dict[str, pd.DataFrame], bad: dict[str, pd.DataFrame], *, strict: bool
) -> None:
    unusable = {name: frame for name, frame in bad.items() if len(frame)}
    if strict and unusable:
        total = sum(map(len, unusable.values()))
        name, frame = next(iter(unusable.items()))
        first = _first(files[name].name, frame)
        raise EvenflowError(f"{first}; nothing was loaded, because --strict refuses {total} row(s) that cannot be used")
    if not len(good["parties"]):
        first = _first(files["parties"].name, bad["parties"]) if len(bad["parties"]) else "no rows"
        raise InputError(files["parties"].name, "at least one usable party", first)


def _first(source: str, bad: pd.DataFrame) -> str:
    return f"{source}, row {bad['row'].iloc[0]}: {bad['reason'].iloc[0]}"


def _quarantine(folder: Path, files: dict[str, Path], bad: dict[str, pd.DataFrame]) -> None:
    """Write the unusable rows beside the files; remove what an earlier load wrote and is good now."""
    for name in TABLES:
        for suffix in _SUFFIXES:
            path = folder / f"{name}{suffix}"
            if name in files and files[name].suffix == suffix and len(bad[name]):
                folder.mkdir(exist_ok=True)
                write_table(bad[name], path)
            else:
                path.unlink(missing_ok=True)


def _current(home: Home) -> str | None:
    try:
        return home.current().version
    except NotReadyError:
        return None
