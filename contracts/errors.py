"""The error tree.

EvenflowError                  anything a caller may want to catch
 ├─ InputError                 the caller's data or options are wrong: says what, where and what was expected
 │   └─ TableError             … in a table: names the file, the column and the first bad row
 ├─ UnknownIdError             an id that nothing here answers to
 ├─ NotReadyError              nothing loaded or trained yet that could answer
 └─ UnavailableError           the database cannot be reached or takes no more now
     └─ NoRoomError            the disk is full: nothing was kept

The doors add their own: services.jobs (JobBusyError, JobDoneError), api.http.problems (StaleCursorError).

"Infeasible" is never an error: it is the status of a result, with reasons.
"""

from __future__ import annotations

import errno

__all__ = [
    "EvenflowError",
    "InputError",
    "NoRoomError",
    "NotReadyError",
    "TableError",
    "UnavailableError",
    "UnknownIdError",
    "unwritten",
]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class EvenflowError(Exception):
    """Base of every error raised on purpose; its text is one line made for the user."""


class InputError(EvenflowError):
    """The caller's data or options are wrong.

    Parameters
    ----------
    where
        What is wrong: an option, a field or a file (``--horizon``, ``orders[3].pieces``).
    expected
        What would have been right.
    got
        What came instead, as the user wrote it.
    """

    def __init__(self, where: str, expected: str, got: object) -> None:
        self.where, self.expected, self.got = where, expected, got
        super().__init__(f"{where}: expected {expected}, got {_shown(got)}")


class TableError(InputError):
    """A table is wrong; names its source, the column and the first bad row (1 = first data row)."""

    def __init__(
        self,
        source: str,
        column: str | None,
        expected: str,
        got: object,
        *,
        row: int | None = None,
        bad_rows: int = 1,
    ) -> None:
        self.source, self.column, self.row, self.bad_rows = source, column, row, bad_rows
        where = source
        if column is not None:
            where += f": column '{column}'"
        if row is not None:
            where += f", row {row}"
        super().__init__(where, expected, got)
        if bad_rows > 1:
            self.args = (f"{self.args[0]} ({bad_rows} such rows)",)


class UnknownIdError(EvenflowError):
    """An id that nothing here answers to."""

    def __init__(self, kind: str, identifier: str, *, where: str | None = None) -> None:
        self.kind, self.identifier, self.where = kind, identifier, where
        prefix = f"{where}: " if where else ""
        super().__init__(f"{prefix}unknown {kind} {_shown(identifier)}")


class NotReadyError(EvenflowError):
    """Nothing loaded or computed yet that could answer; the text says which command makes it."""


class UnavailableError(EvenflowError):
    """The database cannot be reached, has no room or is locked for too long; trying again later may help."""


class NoRoomError(UnavailableError):
    """The disk is full: nothing was kept; the same again may succeed once there is room."""

    retry_after_seconds = 30


def unwritten(path: object, error: OSError, expected: str = "a file that can be written") -> EvenflowError:
    """Return what to raise where a file could not be written, or whatever was `expected` of a path.

    Examples
    --------
    >>> unwritten("a.log", OSError(28, "No space left on device"))
    NoRoomError('a.log: the disk is full; nothing was kept')
    >>> print(unwritten("a.log", OSError(13, "Permission denied")))
    a.log: expected a file that can be written, got Permission denied
    """
    if error.errno in _FULL:
        return NoRoomError(f"{path}: the disk is full; nothing was kept")
    return InputError(str(path), expected, error.strerror or str(error))


def _shown(value: object) -> str:
    text = " ".join(str(value).split()) or "nothing"
    return text if len(text) <= 120 else text[:117] + "..."
