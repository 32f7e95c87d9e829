"""Planners' adjustments of forecasts: one line of JSON each, only ever appended, also what takes one back."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from contracts.errors import InputError, NotReadyError

__all__ = ["OverrideLog"]


class OverrideLog:
    """The records in ``HOME/overrides.jsonl``; any number of processes may append at once.

    Parameters
    ----------
    home
        The home folder, made at the first record.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / "overrides.jsonl"

    def stamp(self) -> int:
        """Return a number that grows with every record."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def append(self, record: Mapping[str, Any]) -> None:
        """Add a record; it is on the disk when this returns.

        Raises
        ------
        InputError
            If the home cannot be a folder.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(str(self.path.parent), "a folder that can be made", error.strerror or str(error)) from None
        line = orjson.dumps(dict(record), option=orjson.OPT_SERIALIZE_NUMPY) + b"\n"
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate(_whole_lines(file))
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> list[dict[str, Any]]:
        """Return every record in the order in which they were made; one that a crash cut short was never made.

        Raises
        ------
        NotReadyError
            If a line before the last is damaged; names it.
        """
        try:
            data = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return []
        records = []
        for number, line in enumerate(data[: data.rfind(b"\n") + 1].splitlines(), start=1):
            record = _record(line)
            if record is None:
                raise NotReadyError(f"{self.path}, line {number}: expected a record, got damaged text")
            records.append(record)
        return records


def _record(line: bytes) -> dict[str, Any] | None:
    """Return what a line holds, None if it is no record."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _whole_lines(file: Any) -> int:
    """Return how many bytes of the file are whole lines; a killed process may have left part of one."""
    file.seek(0)
    data = file.read()
    return int(data.rfind(b"\n") + 1)
