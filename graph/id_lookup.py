"""Columns of ids to positions, one after the other, remembering what a look-up needs."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from contracts.jit import HAVE_NUMBA
from graph.arrays import Ints
from graph.ids import IdColumn, as_arrow

if TYPE_CHECKING:
    from graph.id_finder import IdFinder

__all__ = ["IdLookup"]

# Once so many ids were asked for, and this share of all, a hash table over all of them pays.
_FINDER_ROWS, _FINDER_SHARE = 200_000, 0.1


class IdLookup:
    """Finds the positions of many columns: categories once each, texts by a hash table made when it pays."""

    def __init__(self, ids: IdColumn) -> None:
        self._ids, self._asked = ids, 0
        self._finder: IdFinder | None = None
        self._categories: deque[tuple[pd.Index, Ints | None]] = deque(maxlen=2)  # both ends of a relation

    def positions(self, ids: pd.Series) -> Ints:
        """Return the position of each id, -1 where unknown or empty."""
        if not isinstance(ids.dtype, pd.CategoricalDtype):
            return self._texts(ids)
        codes, known = ids.cat.codes.to_numpy(), self._known(ids.cat.categories)
        positions: Ints = codes.astype(np.int32, copy=False) if known is None else known[codes]
        return positions

    def _known(self, categories: pd.Index) -> Ints | None:
        """Return the position of each category and -1 for none; nothing if they are the column itself."""
        for seen, known in self._categories:
            if seen is categories or seen.equals(categories):
                return known
        found = self._texts(pd.Series(categories, dtype="str"))
        whole = np.array_equal(found, np.arange(len(found)))
        self._categories.append((categories, None if whole else np.append(found, np.int32(-1))))
        return self._categories[-1][1]

    def _texts(self, ids: pd.Series) -> Ints:
        self._asked += len(ids)
        few = self._asked <= max(_FINDER_ROWS, _FINDER_SHARE * len(self._ids))
        if self._finder is None and (few or not HAVE_NUMBA):
            return self._ids.positions(ids)
        if self._finder is None:
            from graph.id_finder import IdFinder  # compiled: small tables do not wait for the compiler

            self._finder = IdFinder(self._ids.texts)
        return self._finder.positions(as_arrow(ids))
