"""Relations as frames → checked, sorted integer arrays, one set per kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.arrays import Array, Ints, counting_order
from graph.ids import IdColumn
from graph.tables import RELATION_KINDS

__all__ = ["ALWAYS", "FAULTS", "NEVER", "UNKNOWN_DAY", "Relations"]

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
_MISSING_DAY = {"first_at": UNKNOWN_DAY, "last_at": UNKNOWN_DAY, "valid_from": ALWAYS, "valid_to": NEVER}
_INTEGERS = {"count": np.int32, "amount_fen": np.int64}


@dataclass(frozen=True, eq=False)
class Relations:
    """Relations by row of the frame they came in; all arrays have shape (m,).

    Parameters
    ----------
    src, dst
        Positions of the parties, -1 where unknown.
    kind
        int8 codes into `graph.tables.RELATION_KINDS`, -1 where unknown.
    columns
        ``weight`` (float32, 1 where empty) and those of ``first_at, last_at, valid_from, valid_to`` (int32 days),
        ``count`` (int32) and ``amount_fen`` (int64) that were given.
    fault
        int8 codes into `FAULTS`, 0 where the row is usable. Of rows that repeat a relation the most recent, then
        the heaviest stays, whatever the order of the rows.
    order
        The usable rows, sorted by (kind, src, dst, validity).
    """

    src: Ints
    dst: Ints
    kind: npt.NDArray[np.int8]
    columns: dict[str, Array]
    fault: npt.NDArray[np.int8]
    order: Ints

    @classmethod
    def of(cls, frame: pd.DataFrame, ids: IdColumn) -> Relations:
        """Encode a frame with the columns of `graph.tables.RELATIONS`; nothing is dropped, faults are marked."""
        src, dst = _ends(frame, ids)
        kind = _kinds(frame["kind"])
        columns = _columns(frame)
        fault = _row_faults(src, dst, kind, columns)
        parts = [np.empty(0, dtype=np.int32)]
        for code in np.flatnonzero(np.bincount(kind + 1, minlength=1)[1:]):
            rows = np.flatnonzero((kind == code) & (fault == 0)).astype(np.int32)
            rows, repeated = _sorted_once(rows, len(ids), src, dst, columns)
            fault[repeated] = 7
            parts.append(rows)
        return cls(src, dst, kind, columns, fault, np.concatenate(parts))

    def rejected(self) -> dict[str, int]:
        """Count the unusable rows by the code of their fault."""
        counts = np.bincount(self.fault, minlength=len(FAULTS))
        return {FAULTS[code].partition(":")[0]: int(counts[code]) for code in range(1, len(FAULTS)) if counts[code]}

    def by_kind(self) -> Iterator[tuple[str, Ints]]:
        """Yield each relation kind that occurs, with its usable rows sorted by (src, dst)."""
        bounds = np.searchsorted(self.kind[self.order], np.arange(len(RELATION_KINDS) + 1))
        for code, name in enumerate(RELATION_KINDS):
            if bounds[code] < bounds[code + 1]:
                yield name, self.order[bounds[code] : bounds[code + 1]]


def _ends(frame: pd.DataFrame, ids: IdColumn) -> tuple[Ints, Ints]:
    src, dst = frame["src"], frame["dst"]
    if isinstance(src.dtype, pd.CategoricalDtype) and isinstance(dst.dtype, pd.CategoricalDtype):
        categories = ids.positions_of_categories(src)
        same = dst.cat.categories.equals(src.cat.categories)
        others = categories if same else ids.positions_of_categories(dst)
        return ids.positions_of_codes(src, categories), ids.positions_of_codes(dst, others)
    return ids.positions(src), ids.positions(dst)


def _kinds(texts: pd.Series) -> npt.NDArray[np.int8]:
    coded = texts if isinstance(texts.dtype, pd.CategoricalDtype) else texts.astype("category")
    known = pd.Index(RELATION_KINDS).get_indexer(coded.cat.categories.astype("str"))
    codes: npt.NDArray[np.int8] = np.append(known, -1).astype(np.int8)[coded.cat.codes.to_numpy()]
    return codes


def _columns(frame: pd.DataFrame) -> dict[str, Array]:
    columns: dict[str, Array] = {"weight": np.ones(len(frame), dtype=np.float32)}
    if "weight" in frame:
        columns["weight"] = frame["weight"].to_numpy(dtype=np.float32, na_value=1.0)
        columns["weight"] = np.where(np.isnan(columns["weight"]), np.float32(1), columns["weight"])
    for name, missing in _MISSING_DAY.items():
        if name in frame and frame[name].notna().any():
            columns[name] = _days(frame[name], missing)
    for name, kind in _INTEGERS.items():
        if name in frame and frame[name].notna().any():
            columns[name] = frame[name].fillna(0).to_numpy(dtype=kind)
    return columns


def _days(dates: pd.Series, missing: np.int32) -> Ints:
    days = pd.to_datetime(dates).to_numpy(dtype="datetime64[D]")
    return np.where(np.isnat(days), missing, days.astype(np.int64)).astype(np.int32)


def _row_faults(src: Ints, dst: Ints, kind: Array, columns: dict[str, Array]) -> npt.NDArray[np.int8]:
    weight = columns["weight"]
    fault = np.zeros(len(src), dtype=np.int8)
    # The last mark wins: the most basic fault is the one told.
    fault[~(np.isfinite(weight) & (weight >= 0))] = 6
    fault[_reversed(columns)] = 5
    fault[src == dst] = 4
    fault[dst < 0] = 3
    fault[src < 0] = 2
    fault[kind < 0] = 1
    return fault


def _reversed(columns: dict[str, Array]) -> npt.NDArray[np.bool_]:
    wrong = np.zeros(len(columns["weight"]), dtype=bool)
    if {"first_at", "last_at"} <= columns.keys():
        last = columns["last_at"]
        wrong |= (last < columns["first_at"]) & (last != UNKNOWN_DAY)
    if {"valid_from", "valid_to"} <= columns.keys():
        wrong |= columns["valid_to"] <= columns["valid_from"]
    return wrong


def _sorted_once(rows: Ints, n: int, src: Ints, dst: Ints, columns: dict[str, Array]) -> tuple[Ints, Ints]:
    """Return rows of one kind sorted by (src, dst, validity), and those of them that repeat another."""
    validity = [columns[name] for name in ("valid_to", "valid_from") if name in columns]
    for key in validity:
        rows = rows[np.argsort(key[rows], kind="stable")]
    for key in (dst, src):
        rows = rows[counting_order(key[rows], n)]
    same = np.ones(max(len(rows) - 1, 0), dtype=bool)
    for key in (src, dst, *validity):
        ordered = key[rows]
        same &= ordered[1:] == ordered[:-1]
    if not same.any():
        return rows, rows[:0]
    repeated = _all_but_best(rows, same, columns)
    return rows[~repeated], rows[repeated]


def _all_but_best(rows: Ints, same: npt.NDArray[np.bool_], columns: dict[str, Array]) -> npt.NDArray[np.bool_]:
    """Return the mask of the rows that repeat the one before or after them, but for the best of each run."""
    again = np.append(False, same)
    crowded = np.flatnonzero(again | np.append(same, False))
    group, members = np.cumsum(~again[crowded]), rows[crowded]
    ranks = [
        columns[name][members] for name in ("first_at", "amount_fen", "count", "weight", "last_at") if name in columns
    ]
    by_rank = np.lexsort((*ranks, group))
    best = np.append(np.diff(group[by_rank]) > 0, True)
    repeated = np.zeros(len(rows), dtype=bool)
    repeated[crowded[by_rank[~best]]] = True
    return repeated
