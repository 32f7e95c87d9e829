"""Your ids outside, int32 positions inside: a sorted column of texts that can be memory-mapped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import InputError, UnknownIdError
from contracts.jit import HAVE_NUMBA
from graph.arrays import Array, Ints

__all__ = ["MAX_ID_BYTES", "IdColumn", "as_arrow", "id_faults"]

MAX_ID_BYTES = 120
# Below this share of the column a binary search per id is cheaper than hashing the whole column.
_SEARCH_SHARE = 0.1
# From this many ids on a compiled sort by bytes is faster than a comparison sort.
_RADIX_ROWS = 200_000


@dataclass(frozen=True, eq=False)
class IdColumn:
    """Unique ids sorted by their UTF-8 bytes; an id's position is its rank.

    Because positions are ranks, the order of the rows an id came in never shows.

    Parameters
    ----------
    texts
        Shape (n,), fixed-width bytes, strictly increasing.
    """

    texts: npt.NDArray[np.bytes_]

    @classmethod
    def of(cls, ids: pd.Series, *, what: str = "party") -> IdColumn:
        """Build the column from ids in any order; raises like `ordered`.

        Examples
        --------
        >>> IdColumn.of(pd.Series(["S2", "F1", "S1"])).positions(pd.Series(["S1", "X"])).tolist()
        [1, -1]
        """
        return cls.ordered(ids, what=what)[0]

    @classmethod
    def ordered(cls, ids: pd.Series, *, what: str = "party") -> tuple[IdColumn, npt.NDArray[np.int64]]:
        """Build the column from ids in any order; also return the order that sorts them.

        Raises
        ------
        InputError
            If an id is empty, repeated, longer than 120 bytes or holds a NUL.
        """
        wrong = np.flatnonzero(_unusable(as_arrow(ids)))
        if len(wrong):
            row = int(wrong[0])
            raise InputError(f"{what} id, row {row + 1}", id_faults(ids.iloc[[row]])[0], ids.iloc[row])
        unsorted = _as_bytes(ids)
        if (unsorted[1:] > unsorted[:-1]).all():
            return cls(unsorted), np.arange(len(unsorted))
        order = _byte_order(unsorted)
        texts = unsorted[order]
        twice = np.flatnonzero(texts[1:] == texts[:-1])
        if len(twice):
            raise InputError(f"{what} ids", "each id once", texts[twice[0]].decode())
        return cls(texts), order

    @classmethod
    def vocabulary(cls, values: pd.Series) -> IdColumn:
        """Build the column of the distinct non-empty values."""
        distinct = pd.Series(values.dropna().unique(), dtype="str")
        return cls.of(distinct[distinct != ""].reset_index(drop=True), what="value")

    def __len__(self) -> int:
        return len(self.texts)

    def position(self, identifier: str, *, kind: str = "party") -> int:
        """Return an id's position.

        Raises
        ------
        UnknownIdError
            If the column does not hold it.
        """
        at = self.find(identifier)
        if at < 0:
            raise UnknownIdError(kind, identifier)
        return at

    def find(self, identifier: str) -> int:
        """Return an id's position, -1 if the column does not hold it."""
        text = identifier.encode()
        if not 0 < len(text) <= self.texts.dtype.itemsize or b"\0" in text:
            return -1
        at = int(self.texts.searchsorted(text))
        return at if at < len(self.texts) and self.texts[at] == text else -1

    def positions(self, ids: pd.Series) -> Ints:
        """Return the position of each id, -1 where unknown or empty."""
        if isinstance(ids.dtype, pd.CategoricalDtype):
            known = np.append(self.positions(pd.Series(ids.cat.categories, dtype="str")), np.int32(-1))
            found: Ints = known[ids.cat.codes.to_numpy()]
            return found
        if not len(self):
            return np.full(len(ids), -1, dtype=np.int32)
        if len(ids) <= _SEARCH_SHARE * len(self):
            return self._searched(_as_bytes(ids))
        if len(ids) == len(self) and np.array_equal(_as_bytes(ids), self.texts):
            return np.arange(len(self), dtype=np.int32)  # the column itself, as categories often are
        return self._hashed(ids)

    def text(self, position: int) -> str:
        """Return the id at a position."""
        return bytes(self.texts[position]).decode()

    def texts_at(self, positions: Array) -> npt.NDArray[np.object_]:
        """Return the ids at many positions, as Python texts; -1 gives an empty text."""
        texts: npt.NDArray[np.object_] = self.arrow_at(positions).to_numpy(zero_copy_only=False)
        return texts

    def arrow_at(self, positions: Array) -> pa.LargeStringArray:
        """Return the ids at many positions as an Arrow array; -1 gives an empty text."""
        distinct, where = np.unique(positions, return_inverse=True)
        words = pa.array([self.text(p) if p >= 0 else "" for p in distinct.tolist()], pa.large_string())
        return words.take(pa.array(where))

    def all_texts(self) -> pd.Series:
        """Return every id, in the order of positions."""
        return pd.Series(self._arrow(), dtype="str")

    def _searched(self, queries: npt.NDArray[np.bytes_]) -> Ints:
        # A wider query would make numpy copy the whole column to its width; it cannot match anyway.
        width = self.texts.dtype.itemsize
        fits = np.char.str_len(queries) <= width
        narrow = queries.astype(self.texts.dtype)
        at = np.minimum(np.searchsorted(self.texts, narrow), len(self) - 1)
        found = fits & (self.texts[at] == narrow)
        return np.where(found, at, -1).astype(np.int32)

    def _hashed(self, ids: pd.Series) -> Ints:
        found = pc.index_in(as_arrow(ids), value_set=self._arrow())
        positions: Ints = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int32)
        return positions

    def _arrow(self) -> pa.LargeStringArray:
        fixed = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(self.texts.dtype.itemsize), len(self), [None, pa.py_buffer(np.ascontiguousarray(self.texts))]
        )
        return pc.ascii_rtrim(fixed.cast(pa.large_binary()).cast(pa.large_string()), characters="\0")


def id_faults(ids: pd.Series) -> npt.NDArray[np.object_]:
    """Return per id what was expected of it, or an empty text if it is fine."""
    texts = as_arrow(ids)
    length = pc.binary_length(texts).to_numpy(zero_copy_only=False)
    faults = np.full(len(ids), "", dtype=object)
    faults[length == 0] = "an id"
    faults[length > MAX_ID_BYTES] = f"at most {MAX_ID_BYTES} bytes"
    faults[pc.match_substring(texts, "\0").to_numpy(zero_copy_only=False)] = "no NUL character"
    return faults


def _unusable(texts: pa.LargeStringArray) -> npt.NDArray[np.bool_]:
    length = pc.binary_length(texts).to_numpy(zero_copy_only=False)
    wrong: npt.NDArray[np.bool_] = pc.match_substring(texts, "\0").to_numpy(zero_copy_only=False)
    wrong |= (length == 0) | (length > MAX_ID_BYTES)
    return wrong


def _byte_order(texts: npt.NDArray[np.bytes_]) -> npt.NDArray[np.int64]:
    """Return the order that sorts texts, comparing eight bytes at a time from the first one that is not alike."""
    letters = texts.view(np.uint8).reshape(len(texts), -1)
    width = letters.shape[1]
    first = next((i for i in range(width) if (letters[:, i] != letters[0, i]).any()), width - 1)
    words = -(-(width - first) // 8)
    padded = np.zeros((len(texts), words * 8), dtype=np.uint8)
    padded[:, : width - first] = letters[:, first:]
    keys = np.ascontiguousarray(padded.view(">u8").T, dtype=np.uint64)
    del padded
    if len(texts) < _RADIX_ROWS or not HAVE_NUMBA:
        return np.argsort(keys[0]) if words == 1 else np.lexsort(keys[::-1])
    from graph.row_sort import word_order  # compiled: small tables do not wait for the compiler

    order = word_order(keys[-1])
    for key in keys[-2::-1]:
        order = order[word_order(key[order])]
    return order.astype(np.int64)


def as_arrow(ids: pd.Series) -> pa.LargeStringArray:
    """Return texts as one Arrow array, empty where they are missing."""
    array = pa.array(ids, type=pa.large_string(), from_pandas=True)
    whole = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return pc.fill_null(whole, "")


def _as_bytes(ids: pd.Series) -> npt.NDArray[np.bytes_]:
    texts = as_arrow(ids)
    width = max(1, pc.max(pc.binary_length(texts)).as_py() or 0)
    padded = pc.ascii_rpad(texts, width, padding="\0")
    data = padded.buffers()[2]
    if data is None or not len(ids):
        return np.empty(0, dtype=f"S{width}")
    return np.frombuffer(data, dtype=f"S{width}", count=len(ids), offset=padded.offset * width)
