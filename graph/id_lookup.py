"""Columns of ids to positions, one after the other, remembering what a look-up needs."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from contracts.jit import HAVE_NUMBA
from graph.arrays import Array, Ints
from graph.ids import IdColumn, as_arrow

if TYPE_CHECKING:
    from graph.id_finder import IdFinder

__all__ = ["IdLookup"]

# Once so many ids were asked for, and this share of all, a hash table over all of them pays.
_FINDER_ROWS, _FINDER_SHARE = 200_000, 0.1


class IdLookup:
    """Finds the positions of many columns: categories once each, texts by a hash table made when it pays.

    Parameters
    ----------
    ids
        The column to look up in.
    listed
        The same ids in another order, and the position of each with a -1 at the end: categories that are these need no
        look-up.
    """

    def __init__(self, ids: IdColumn, listed: tuple[pd.Index, Ints] | None = None) -> None:
        self._ids, self._asked = ids, 0
        self._finder: IdFinder | None = None
        self._listed = [] if listed is None else [listed]
        self._dictionaries: deque[tuple[tuple[int, ...], pa.Array, pd.Index]] = deque(maxlen=2)
        self._categories: deque[tuple[pd.Index, Ints | None]] = deque(maxlen=2)  # both ends of a relation

    def positions(self, ids: pd.Series) -> Ints:
        """Return the position of each id, -1 where unknown or empty."""
        if isinstance(ids.dtype, pd.CategoricalDtype):
            return _at(self._known(ids.cat.categories), ids.cat.codes.to_numpy())
        if isinstance(ids.dtype, pd.ArrowDtype) and pa.types.is_dictionary(ids.dtype.pyarrow_dtype):
            chunks = pa.chunked_array(pa.array(ids)).chunks
            return np.concatenate([np.empty(0, np.int32), *map(self._coded, chunks)])
        return self._texts(ids)

    def _coded(self, chunk: pa.DictionaryArray) -> Ints:
        texts = chunk.dictionary
        place = (len(texts), texts.offset, *(buffer.address for buffer in texts.buffers() if buffer))
        names = next((index for seen, _, index in self._dictionaries if seen == place), None)
        if names is None:
            names = pd.Index(pd.array(texts, dtype="str"))
            self._dictionaries.append((place, texts, names))  # while the texts are kept, nothing else is in their place
        return _at(self._known(names), chunk.indices.fill_null(-1).to_numpy())

    def _known(self, categories: pd.Index) -> Ints | None:
        """Return the position of each category and -1 for none; nothing if they are the column itself."""
        for seen, known in self._categories:
            if seen is categories:
                return known
        alike = next((pair for pair in (*self._categories, *self._listed) if pair[0].equals(categories)), None)
        known = _with_none(self._texts(pd.Series(categories, dtype="str"))) if alike is None else alike[1]
        self._categories.append((categories, known))
        return known

    def _texts(self, ids: pd.Series) -> Ints:
        self._asked += len(ids)
        few = self._asked <= max(_FINDER_ROWS, _FINDER_SHARE * len(self._ids))
        if self._finder is None and (few or not HAVE_NUMBA):
            return self._ids.positions(ids)
        if self._finder is None:
            from graph.id_finder import IdFinder  # compiled: small tables do not wait for the compiler

            self._finder = IdFinder(self._ids.texts)
        return self._finder.positions(as_arrow(ids))


def _at(known: Ints | None, codes: Array) -> Ints:
    positions: Ints = codes.astype(np.int32, copy=False) if known is None else known[codes]
    return positions


def _with_none(found: Ints) -> Ints | None:
    """Return positions by code with -1 for the code -1; nothing if each code is its position."""
    whole = np.array_equal(found, np.arange(len(found)))
    return None if whole else np.append(found, np.int32(-1))
