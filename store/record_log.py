"""Records of decisions: one line of JSON each, appended, also what takes one back; forgotten only when told to."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from contracts.errors import NotReadyError, unwritten
from store.durable import put

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

    def forget(self, gone: Callable[[dict[str, Any]], bool]) -> int:
        """Leave out the records that are `gone`, in one step, and return how many; nobody appends meanwhile.

        The others are written to a file of their own first, which then takes the place of this one.

        Raises
        ------
        NotReadyError
            If a line before the last is damaged; names it.
        """
        with self._held() as file:
            data = file.read()
            records = self._records(data[: data.rfind(b"\n") + 1])
            kept = [record for record in records if not gone(record)]
            if len(kept) < len(records):

                def fill(path: Path) -> None:
                    path.write_bytes(_lines(kept))

                put(self.path, fill)
        return len(records) - len(kept)

    def _append(self, make: Callable[[bytes], list[Any]]) -> list[Mapping[str, Any]]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritten(self.path.parent, error, "a folder that can be made") from None
        with self._held() as file:
            data = file.read()
            whole = data[: data.rfind(b"\n") + 1]  # a killed process may have left part of a line
            made = make(whole)
            lines = _lines(made)
            file.truncate(len(whole))
            try:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
            except OSError as error:
                file.truncate(len(whole))
                raise unwritten(self.path, error) from None
        return made

    @contextmanager
    def _held(self) -> Iterator[BinaryIO]:
        """Yield the file at its beginning, held by nobody else; the new one if another took its place meanwhile."""
        while True:
            with self.path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if os.fstat(file.fileno()).st_ino != self.path.stat().st_ino:
                    continue
                file.seek(0)
                yield file
                return

    def _records(self, data: bytes) -> Records:
        records = []
        for number, line in enumerate(data.splitlines(), start=1):
            record = _record(line)
            if record is None:
                raise NotReadyError(f"{self.path}, line {number}: expected a record, got damaged text")
            records.append(record)
        return records


def _lines(records: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(dict(one), option=orjson.OPT_SERIALIZE_NUMPY) + b"\n" for one in records)


def _record(line: bytes) -> dict[str, Any] | None:
    """Return what a line holds, None if it is no record."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
