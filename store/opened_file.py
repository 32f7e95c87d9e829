"""A file that stays open while somebody deletes or replaces it: whatever is written to it then is lost."""

from __future__ import annotations

import os
from pathlib import Path

from contracts.errors import UnavailableError

__all__ = ["OpenedFile"]


class OpenedFile:
    """What a path named when it was opened.

    Parameters
    ----------
    path
        Of the file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "a"
    ...     file.touch()
    ...     opened = OpenedFile(file)
    ...     opened.note()
    ...     opened.same()
    True
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: tuple[int, int] | None = None

    def note(self) -> None:
        """Remember what the path names now; call it once that is open."""
        self._known = self._look()

    def same(self) -> bool:
        """Return whether the path still names what was opened; a look takes two microseconds.

        Raises
        ------
        UnavailableError
            If it names nothing any more.
        """
        return self._look() == self._known

    def require(self) -> None:
        """Refuse to acknowledge what was written if the path names something else by now, or nothing.

        Raises
        ------
        UnavailableError
            What was written is in the file that was there, wherever that is.
        """
        try:
            kept = self.same()
        except UnavailableError:
            kept = False
        if not kept:
            raise UnavailableError(
                "the database's file was deleted, moved or replaced during the write: whether it is kept is not known; "
                "repeat it with the same key once the file is there again"
            )

    def _look(self) -> tuple[int, int]:
        try:
            found = os.stat(self.path)  # noqa: PTH116 (asked before every read and write: half the time of a Path's)
        except OSError as error:
            raise UnavailableError(
                f"the database's file was deleted or moved while it was open ({error.strerror}): nothing is kept until "
                "it is put back, or the server is started anew"
            ) from None
        return found.st_dev, found.st_ino
