"""What each principal has left to ask, in memory that forked processes share."""

from __future__ import annotations

import mmap
import struct
from functools import lru_cache
from hashlib import blake2b

__all__ = ["SharedCounts"]

_ROW = struct.Struct("<Qdd")
_ROWS = 1 << 16


class SharedCounts:
    """Two numbers by name; made before the fork, seen by all processes after it.

    A name whose place another one took counts as new. Two processes that count at the same instant may lose one of the
    counts: the limit holds to a fraction of a percent.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _ROW.size * _ROWS)

    def get(self, name: str, usual: tuple[float, float]) -> tuple[float, float]:
        """Return the numbers of a name, the usual ones if there are none."""
        mark, place = _place(name)
        found, left, since = _ROW.unpack_from(self._memory, place)
        return (left, since) if found == mark else usual

    def put(self, name: str, numbers: tuple[float, float]) -> None:
        """Keep the numbers of a name."""
        mark, place = _place(name)
        _ROW.pack_into(self._memory, place, mark, *numbers)


@lru_cache(10_000)
def _place(name: str) -> tuple[int, int]:
    """Return the mark of a name, which is never 0, and its place in the memory."""
    mark = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little") | 1
    return mark, (mark >> 1) % _ROWS * _ROW.size
