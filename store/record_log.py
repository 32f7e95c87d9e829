"""Records of decisions: one line of JSON each, only ever appended, also what takes one back."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from contracts.errors import InputError, NotReadyError

__all__ = ["RecordLog"]

Records = list[dict[str, Any]]


class RecordLog:
    """The records in a file; any number of processes may append at once.

    Parameters
    ----------
    path
        The file; it and its folder are made at the first record.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

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
            If the folder cannot be made.
        """
        self._append(lambda _: [record])

    def decide(self, choose: Callable[[Records], list[dict[str, Any]]]) -> Records:
        """Add the records that `choose` makes of those there are, which nobody changes meanwhile, and return them.

        Raises
        ------
        NotReadyError
            If a line before the last is damaged; names it.
        InputError
            If the folder cannot be made; and whatever `choose` raises: nothing is added then.
        """
        return [dict(record) for record in self._append(lambda data: choose(self._records(data)))]

    def read(self) -> Records:
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
        return self._records(data[: data.rfind(b"\n") + 1])

    def _append(self, make: Callable[[bytes], list[Any]]) -> list[Mapping[str, Any]]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(str(self.path.parent), "a folder that can be made", error.strerror or str(error)) from None
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            data = file.read()
            whole = data[: data.rfind(b"\n") + 1]  # a killed process may have left part of a line
            made = make(whole)
            lines = [orjson.dumps(dict(record), option=orjson.OPT_SERIALIZE_NUMPY) + b"\n" for record in made]
            file.truncate(len(whole))
            file.write(b"".join(lines))
            file.flush()
            os.fsync(file.fileno())
        return made

    def _records(self, data: bytes) -> Records:
        records = []
        for number, line in enumerate(data.splitlines(), start=1):
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
