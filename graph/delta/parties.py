"""Parties with changes laid over them: positions and codes stay what they were, new ones follow at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from graph.arrays import Array, Ints
from graph.ids import IdColumn
from graph.parties import Parties
from graph.tables import PARTY_KINDS

__all__ = ["GrownIds", "grown_parties", "words_of"]

_NUMBERS = ("lat", "lon", "capacity_per_day", "lead_time_days")
_CODED = (("region", "regions"), ("tenant", "tenants"))


@dataclass(frozen=True, eq=False)
class GrownIds(IdColumn):
    """Ids in the order in which they came: those of a sorted column first, with the positions they have there.

    Parameters
    ----------
    base
        The column underneath; not grown itself.
    added
        Further ids, in the order in which they came.
    place
        Position of each of `added`.
    """

    base: IdColumn
    added: tuple[str, ...]
    place: Mapping[str, int]

    @classmethod
    def on(cls, base: IdColumn, added: Sequence[str]) -> IdColumn:
        """Return the base with further ids; itself if there are none."""
        if not added:
            return base
        place = {text: len(base) + index for index, text in enumerate(added)}
        return cls(base.texts, base, tuple(added), place)

    def __len__(self) -> int:
        return len(self.base) + len(self.added)

    def position(self, identifier: str, *, kind: str = "party") -> int:
        """Return an id's position; raises as the column underneath."""
        at = self.place.get(identifier)
        return self.base.position(identifier, kind=kind) if at is None else at

    def positions(self, ids: pd.Series) -> Ints:
        """Return the position of each id, -1 where unknown or empty."""
        found = self.base.positions(ids)
        unknown = np.flatnonzero(found < 0)
        if len(unknown):
            found = found.copy()
            found[unknown] = [self.place.get(text, -1) for text in ids.iloc[unknown].tolist()]
        return found

    def text(self, position: int) -> str:
        """Return the id at a position."""
        return self.base.text(position) if position < len(self.base) else self.added[position - len(self.base)]

    def arrow_at(self, positions: Array) -> pa.LargeStringArray:
        """Return the ids at many positions as an Arrow array; -1 gives an empty text."""
        distinct, where = np.unique(positions, return_inverse=True)
        words = pa.array([self.text(p) if p >= 0 else "" for p in distinct.tolist()], pa.large_string())
        return words.take(pa.array(where))

    def all_texts(self) -> pd.Series:
        """Return every id, in the order of positions."""
        return pd.concat([self.base.all_texts(), pd.Series(self.added, dtype="str")], ignore_index=True)


def grown_parties(base: Parties, added: Sequence[str], given: Mapping[int, Mapping[str, Any]]) -> Parties:
    """Return the parties with further ones and with changed attributes.

    Parameters
    ----------
    base
        The parties underneath; never touched.
    added
        Ids of further parties, in the order of their positions from ``len(base)`` on.
    given
        By position, the attributes (`graph.tables.PARTIES`) that were given; ``kind`` is there for each further party.
    """
    if not given:
        return base
    own: dict[str, Any] = {"ids": GrownIds.on(base.ids, added)}
    own["kind"] = _column(base.kind, len(added), {p: PARTY_KINDS.index(v) for p, v in _values(given, "kind")}, 0)
    for column, vocabulary in _CODED:
        values = dict(_values(given, column))
        names = _with_words(getattr(base, vocabulary), values.values())
        codes = {p: names.position(text, kind=column) for p, text in values.items()}
        own |= {vocabulary: names, column: _column(getattr(base, column), len(added), codes, -1)}
    own["numbers"] = {
        name: _column(base.numbers[name], len(added), dict(_values(given, name)), np.nan) for name in _NUMBERS
    }
    return replace(base, **own, **_categories(base, len(added), given))


def words_of(text: str) -> list[str]:
    """Return the words of a list written as texts joined by |, each once, sorted.

    Examples
    --------
    >>> words_of("shoes | shirts|shoes")
    ['shirts', 'shoes']
    """
    return sorted({word.strip() for word in text.split("|")} - {""})


def _values(given: Mapping[int, Mapping[str, Any]], name: str) -> list[tuple[int, Any]]:
    return [(position, attributes[name]) for position, attributes in given.items() if name in attributes]


def _column(base: Array, n_added: int, values: Mapping[int, Any], empty: float) -> Array:
    """Return the column with cells at its end and some cells changed; itself if nothing changes."""
    if not n_added and not values:
        return base
    column = np.concatenate((base, np.full(n_added, empty, dtype=base.dtype)))
    column[list(values)] = list(values.values())
    return column


def _with_words(base: IdColumn, words: Any) -> IdColumn:
    distinct = list(dict.fromkeys(words))
    known = base.positions(pd.Series(distinct, dtype="str"))
    return GrownIds.on(base, [word for word, at in zip(distinct, known.tolist(), strict=True) if at < 0])


def _categories(base: Parties, n_added: int, given: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    lists = {position: words_of(text) for position, text in _values(given, "categories")}
    if not n_added and not lists:
        return {}
    names = _with_words(base.categories, [word for words in lists.values() for word in words])
    coded = {position: names.positions(pd.Series(words, dtype="str")) for position, words in lists.items()}
    lengths = np.concatenate((np.diff(base.category_start), np.zeros(n_added, dtype=np.int32)))
    parts, done, n = [], 0, len(base)
    for position in sorted(p for p in coded if p < n):
        parts += [base.category[done : base.category_start[position]], coded[position]]
        done = int(base.category_start[position + 1])
    parts += [base.category[done:], *(coded[position] for position in sorted(p for p in coded if p >= n))]
    lengths[list(coded)] = [len(codes) for codes in coded.values()]
    start = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    category: npt.NDArray[np.int32] = np.concatenate(parts).astype(np.int32)
    return {"categories": names, "category_start": start, "category": category}
