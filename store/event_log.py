"""The log of changes beside the loaded networks: appended to, flushed to the disk, never rewritten.

One line is one batch: ``1 <crc32 of the rest> <its length> <JSON list of events>``. A batch counts once its line is
whole; a line that a crash cut off is ignored by readers and cut away by the next writer.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from io import BytesIO, FileIO
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import orjson

from contracts.errors import NotReadyError, unwritten
from graph.delta.tables import Event
from store.durable import flush

__all__ = ["EventLog", "Sorted"]

_FORMAT = b"1"


class Sorted(NamedTuple):
    """Events by whether the log knows their ids.

    Parameters
    ----------
    new
        Indices of events the log does not have, each id once.
    known
        Indices of events that are in the log already, or earlier in the same batch.
    changed
        Indices of events whose id stands for another event.
    """

    new: list[int]
    known: list[int]
    changed: list[int]


class EventLog:
    """Events in the order in which they were recorded; places in the log are byte offsets, which never change.

    Parameters
    ----------
    path
        The file, made by the first `append`.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._text = path, str(path)
        self._ids: dict[str, bytes] = {}
        self._ids_to = 0

    def size(self) -> int:
        """Return the file's size in bytes, a cut-off line at its end included; 0 without a file."""
        try:
            return os.stat(self._text).st_size  # noqa: PTH116 (asked for every request: a text is faster than a Path)
        except FileNotFoundError:
            return 0

    def read(self, start: int = 0) -> tuple[list[Event], int]:
        """Return the events recorded from a place on, and the place after the last.

        Raises
        ------
        NotReadyError
            If a line is damaged that no crash can have cut off.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                data = file.read()
        except FileNotFoundError:
            return [], start
        events: list[Event] = []
        end = start
        for line in BytesIO(data):
            batch = _batch(line)
            if batch is None:
                if line.endswith(b"\n"):
                    raise NotReadyError(f"{self.path}: damaged at byte {end}; restore the file from a copy")
                break
            events += batch
            end += len(line)
        return events, end

    @contextmanager
    def turn(self) -> Iterator[FileIO]:
        """Wait for one's turn and yield the file, open for `append`; nobody else writes meanwhile."""
        new = not self.path.exists()
        with FileIO(self.path, "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # let go by the system when the process dies
            if new:
                flush(self.path.parent)
            yield file

    def sort(self, events: Sequence[Event]) -> Sorted:
        """Sort events by whether the log knows their ids; call it in one's `turn`."""
        fresh, self._ids_to = self.read(self._ids_to)
        self._ids |= {event["event_id"]: _digest(event) for event in fresh}
        found = Sorted([], [], [])
        batch: dict[str, bytes] = {}
        for index, event in enumerate(events):
            digest = _digest(event)
            before = self._ids.get(event["event_id"]) or batch.setdefault(event["event_id"], digest)
            if before != digest:
                found.changed.append(index)
            elif before is digest:
                found.new.append(index)
            else:
                found.known.append(index)
        return found

    def append(self, file: FileIO, events: list[Event]) -> int:
        """Record a batch, whole or not at all, and return the place after it once it is on the disk.

        Parameters
        ----------
        file
            What `turn` yielded.
        events
            The batch; ids that the log does not have.

        Raises
        ------
        NoRoomError, InputError
            If the disk takes no more, or the file cannot be written; nothing has changed then.
        """
        _, end = self.read(self._ids_to)
        self._cut(file, end)
        body = orjson.dumps(events)
        left = memoryview(b"%s %08x %d %s\n" % (_FORMAT, crc32(body), len(body), body))
        try:
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError as error:
            os.ftruncate(file.fileno(), end)
            raise unwritten(self.path, error) from None
        return os.fstat(file.fileno()).st_size

    def _cut(self, file: FileIO, end: int) -> None:
        """Cut away what a crash left of a line; it was never acknowledged."""
        if os.fstat(file.fileno()).st_size > end:
            os.ftruncate(file.fileno(), end)
            os.fsync(file.fileno())


def _batch(line: bytes) -> list[Event] | None:
    """Return a line's events, None if it is not whole."""
    parts = line.removesuffix(b"\n").split(b" ", 3)
    if not line.endswith(b"\n") or len(parts) != 4 or parts[0] != _FORMAT:
        return None
    _, check, length, body = parts
    if length != b"%d" % len(body) or check != b"%08x" % crc32(body):
        return None
    events: list[Event] = orjson.loads(body)
    return events


def _digest(event: Event) -> bytes:
    return blake2b(orjson.dumps(event, option=orjson.OPT_SORT_KEYS), digest_size=12).digest()
