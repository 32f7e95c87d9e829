"""Relations as frames → checked, sorted integer arrays, one set per kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.arrays import Array, Ints
from graph.id_lookup import IdLookup
from graph.ids import IdColumn
from graph.tables import RELATION_KINDS

__all__ = ["ALWAYS", "FAULTS", "NEVER", "UNKNOWN_DAY", "Relations", "Rows"]

# Days since 1970-01-01; the ends of int32 stand for "not given".
UNKNOWN_DAY = ALWAYS = np.int32(-(2**31))
NEVER = np.int32(2**31 - 1)

FAULTS = (
    "",
    "unknown_kind: no relation kind of that name",
    "unknown_src: src is not in parties",
    "unknown_dst: dst is not in parties",
    "self_loop: src and dst are the same party",
    "reversed_dates: last_at before first_at, or valid_to not after valid_from",
    "bad_weight: weight is negative or not a number",
    "repeated: the same src, dst, kind and validity again",
)
_REPEATED = 7
_MISSING_DAY = {"first_at": UNKNOWN_DAY, "last_at": UNKNOWN_DAY, "valid_from": ALWAYS, "valid_to": NEVER}
# What stands for a cell that was not given, by column.
_MISSING: dict[str, np.generic] = {
    "weight": np.float32(1),
    **_MISSING_DAY,
    "count": np.int32(0),
    "amount_fen": np.int64(0),
}
# Of rows that repeat a relation the largest in these, the last named first, stays.
_RANKS = ("first_at", "amount_fen", "count", "weight", "last_at")
_PIECE = 1 << 20
# Parts are joined once they have so many rows: each array of such a part takes more than 32 MB.
_WHOLE = 9 << 20


class Rows(NamedTuple):
    """Usable relations of one kind, sorted by (src, dst, validity).

    Parameters
    ----------
    start, dst
        Shapes (n + 1,) and (m,): party i leads to ``dst[start[i]:start[i + 1]]``.
    columns
        Shape (m,) each: ``weight`` (float32, 1 where empty) and those of ``first_at, last_at, valid_from, valid_to``
        (int32 days), ``count`` (int32) and ``amount_fen`` (int64) that were given.
    """

    start: Ints
    dst: Ints
    columns: dict[str, Array]


@dataclass(frozen=True, eq=False)
class Relations:
    """Relations that were read, checked and sorted.

    Parameters
    ----------
    fault
        Shape (rows,): int8 codes into `FAULTS` by row, 0 where it is usable. Of rows that repeat a relation the most
        recent, then the heaviest stays, whatever the order of the rows.
    by_kind
        The usable ones of each kind that occurs.
    """

    fault: npt.NDArray[np.int8]
    by_kind: Mapping[str, Rows]

    @classmethod
    def of(
        cls,
        frames: pd.DataFrame | Iterable[pd.DataFrame],
        ids: IdColumn,
        *,
        listed: tuple[pd.Index, Ints] | None = None,
    ) -> Relations:
        """Read frames with the columns of `graph.tables.RELATIONS`; nothing is dropped in silence, faults are marked.

        Frames are read one after the other in pieces of a million rows, of which only integers are kept: a stream of
        frames is never in memory as a whole. `listed` is as `graph.id_lookup.IdLookup` takes it.
        """
        parts, kinds, faults = _read(frames, IdLookup(ids, listed))
        fault = np.concatenate([np.empty(0, dtype=np.int8), *faults])
        del faults
        largest_first = sorted((code for code in parts if parts[code].ends), key=lambda code: -parts[code].n)
        by_kind: dict[int, Rows] = {}
        for code in largest_first:
            by_kind[code], repeated = _sorted_once(parts.pop(code), len(ids))
            if len(repeated):
                fault[np.flatnonzero((np.concatenate(kinds) == code) & (fault == 0))[repeated]] = _REPEATED
        return cls(fault, {RELATION_KINDS[code]: by_kind[code] for code in sorted(by_kind)})

    def rejected(self) -> dict[str, int]:
        """Count the unusable rows by the code of their fault."""
        counts = [int(np.count_nonzero(self.fault == code)) for code in range(len(FAULTS))]
        return {FAULTS[code].partition(":")[0]: counts[code] for code in range(1, len(FAULTS)) if counts[code]}


def _read(
    frames: pd.DataFrame | Iterable[pd.DataFrame], lookup: IdLookup
) -> tuple[dict[int, _Parts], list[npt.NDArray[np.int8]], list[npt.NDArray[np.int8]]]:
    """Return the usable rows of each kind, and the kind and the fault of every row, piece by piece."""
    kinds, faults = [], []
    parts = {code: _Parts() for code in range(len(RELATION_KINDS))}
    for frame in [frames] if isinstance(frames, pd.DataFrame) else frames:
        for first in range(0, len(frame), _PIECE):
            piece = _Piece.of(frame.iloc[first : first + _PIECE], lookup)
            kinds.append(piece.kind)
            faults.append(piece.fault)
            for code in np.flatnonzero(np.bincount(piece.kind[piece.fault == 0])).tolist():
                parts[code].add(piece, code)
    return parts, kinds, faults


class _Piece(NamedTuple):
    """Rows of a frame as integers: positions and kinds are -1 where unknown."""

    src: Ints
    dst: Ints
    kind: npt.NDArray[np.int8]
    columns: dict[str, Array]
    fault: npt.NDArray[np.int8]

    @classmethod
    def of(cls, frame: pd.DataFrame, lookup: IdLookup) -> _Piece:
        src, dst = lookup.positions(frame["src"]), lookup.positions(frame["dst"])
        kind, columns = _kinds(frame["kind"]), dict(_columns(frame))
        return cls(src, dst, kind, columns, _row_faults(src, dst, kind, columns))


@dataclass
class _Parts:
    """What has been read of one kind."""

    ends: list[tuple[Ints, Ints]] = field(default_factory=list)
    columns: list[dict[str, Array]] = field(default_factory=list)
    n: int = 0
    whole: int = 0

    def add(self, piece: _Piece, code: int) -> None:
        """Keep the usable rows of a kind; all of a piece without copying it."""
        usable = (piece.kind == code) & (piece.fault == 0)
        rows = slice(None) if usable.all() else np.flatnonzero(usable)
        self.ends.append((piece.src[rows], piece.dst[rows]))
        self.columns.append({name: column[rows] for name, column in piece.columns.items()})
        self.n += len(self.ends[-1][0])
        if sum(len(src) for src, _ in self.ends[self.whole :]) >= _WHOLE:
            self._join()

    def _join(self) -> None:
        """Make one part of the last ones: an allocator gives memory back of large arrays only."""
        small = self.ends[self.whole :]
        lengths = [len(src) for src, _ in small]
        names = [name for name in _MISSING if any(name in part for part in self.columns[self.whole :])]
        columns = {name: self.take(name, lengths, self.whole) for name in names}
        src, dst = (np.concatenate(end) for end in zip(*small, strict=True))
        self.ends[self.whole :], self.columns[self.whole :] = [(src, dst)], [columns]
        self.whole += 1

    def take(self, name: str, lengths: list[int], first: int = 0) -> Array:
        """Return a whole column, from one of its parts on, and let go of those."""
        given = [part.pop(name, None) for part in self.columns[first:]]
        return np.concatenate(
            [np.full(n, _MISSING[name]) if part is None else part for part, n in zip(given, lengths, strict=True)]
        )


def _kinds(texts: pd.Series) -> npt.NDArray[np.int8]:
    coded = texts if isinstance(texts.dtype, pd.CategoricalDtype) else texts.astype("category")
    known = pd.Index(RELATION_KINDS).get_indexer(coded.cat.categories.astype("str"))
    codes: npt.NDArray[np.int8] = np.append(known, -1).astype(np.int8)[coded.cat.codes.to_numpy()]
    return codes


def _columns(frame: pd.DataFrame) -> Iterator[tuple[str, Array]]:
    """Yield the columns of which anything was given."""
    for name, missing in _MISSING.items():
        if name not in frame or not frame[name].notna().any():
            continue
        if name in _MISSING_DAY:
            yield name, _days(frame[name], missing)
        else:
            yield name, _numbers(frame[name], missing)


def _numbers(cells: pd.Series, missing: np.generic) -> Array:
    if cells.dtype == missing.dtype:  # nothing to convert; NaN is the only cell of a float32 that was not given
        given: Array = cells.to_numpy()
        return np.where(np.isnan(given), missing, given) if np.isnan(given).any() else given
    numbers: Array = cells.astype("Float64").fillna(missing.item()).to_numpy(dtype=missing.dtype)
    return numbers


def _days(dates: pd.Series, missing: np.generic) -> Ints:
    days = pd.to_datetime(dates).to_numpy(dtype="datetime64[D]")
    return np.where(np.isnat(days), missing, days.astype(np.int64)).astype(np.int32)


def _row_faults(src: Ints, dst: Ints, kind: Array, columns: dict[str, Array]) -> npt.NDArray[np.int8]:
    fault = np.zeros(len(src), dtype=np.int8)
    # The last mark wins: the most basic fault is the one told.
    if "weight" in columns:
        fault[~(np.isfinite(columns["weight"]) & (columns["weight"] >= 0))] = 6
    fault[_reversed(columns, len(src))] = 5
    fault[src == dst] = 4
    fault[dst < 0] = 3
    fault[src < 0] = 2
    fault[kind < 0] = 1
    return fault


def _reversed(columns: dict[str, Array], n: int) -> npt.NDArray[np.bool_]:
    wrong = np.zeros(n, dtype=bool)
    if {"first_at", "last_at"} <= columns.keys():
        last = columns["last_at"]
        wrong |= (last < columns["first_at"]) & (last != UNKNOWN_DAY)
    if {"valid_from", "valid_to"} <= columns.keys():
        wrong |= columns["valid_to"] <= columns["valid_from"]
    return wrong


def _sorted_once(parts: _Parts, n: int) -> tuple[Rows, Array]:
    """Sort relations of one kind; also return which of them, in the order they came in, repeat another."""
    from graph.row_sort import grouped  # compiled: only who builds a net waits for the compiler

    lengths = [len(src) for src, _ in parts.ends]
    start, dst, order = grouped(parts.ends, n)
    names = [name for name in _MISSING if name == "weight" or any(name in part for part in parts.columns)]
    columns = {name: parts.take(name, lengths)[order] for name in names}
    again = np.append(False, dst[1:] == dst[:-1])
    again[start[:-1][np.diff(start) > 0]] = False
    if not again.any():
        return Rows(start, dst, columns), order[:0]
    repeated = _arranged(again, columns, order)
    kept = np.ones(len(dst), dtype=bool)
    kept[repeated] = False
    start = (start - np.searchsorted(repeated, start)).astype(np.int32)
    return Rows(start, dst[kept], {name: column[kept] for name, column in columns.items()}), order[repeated]


def _arranged(again: npt.NDArray[np.bool_], columns: dict[str, Array], order: Ints) -> Array:
    """Sort each run of one pair by validity, in place; return the places of all but the best of each validity."""
    places = np.flatnonzero(again | np.append(again[1:], False))
    group = np.cumsum(~again[places])
    validity = [columns[name][places] for name in ("valid_to", "valid_from") if name in columns]
    ranks = [columns[name][places] for name in _RANKS if name in columns]
    sorting = np.lexsort((*ranks, *validity, group))
    for array in (order, *columns.values()):
        array[places] = array[places[sorting]]
    same = np.ones(len(places) - 1, dtype=bool)
    for key in (group, *validity):
        same &= np.diff(key[sorting]) == 0
    return places[:-1][same]
