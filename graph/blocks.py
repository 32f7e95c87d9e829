"""One relation kind as compressed sparse rows, readable from both ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from graph.arrays import Array, Ints, expand, starts_of
from graph.relations import ALWAYS, NEVER, UNKNOWN_DAY

__all__ = ["MISSING", "Block", "Ends", "Ties"]

MISSING: Mapping[str, np.generic] = {
    "weight": np.float32(1),
    "count": np.int32(0),
    "amount_fen": np.int64(0),
    "first_at": UNKNOWN_DAY,
    "last_at": UNKNOWN_DAY,
    "valid_from": ALWAYS,
    "valid_to": NEVER,
}
"""What each attribute of a relation is where it was not given, in the type it is kept in."""


class Ends(NamedTuple):
    """Relations of some parties, one row each; all arrays have the same shape, `which` ascends.

    Parameters
    ----------
    which
        Index into the parties asked for.
    party
        Position of the party at the other end.
    relation
        The relation, as `Ties.values` takes it.
    """

    which: Array
    party: Array
    relation: Array


class Ties(Protocol):
    """The relations of one kind, however they are kept: what may be asked about many parties at once.

    A relation is named by an integer that holds as long as the object; parties are named by their positions.
    """

    @property
    def n_relations(self) -> int:
        """How many relations there are."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the relations' attributes; ``weight`` is always among them."""

    def out_of(self, parties: Array) -> Ends:
        """Return the relations that start at each party, by the party they lead to."""

    def into(self, parties: Array) -> Ends:
        """Return the relations that lead to each party, by the party they start at."""

    def around(self, parties: Array) -> Array:
        """Return the parties at the other end of every relation of some parties, with repeats, in no order."""

    def n_out(self, parties: Array) -> Array:
        """Return how many relations start at each party."""

    def n_into(self, parties: Array) -> Array:
        """Return how many relations lead to each party."""

    def find(self, src: Array, dst: Array) -> npt.NDArray[np.int64]:
        """Return each pair's relation, -1 where there is none (the last of parallel ones)."""

    def values(self, name: str, relations: Array) -> Array:
        """Return an attribute (of `names`) of some relations."""

    def on_day(self, day: int) -> Ties:
        """Return the relations that hold on a day (days since 1970-01-01)."""

    def merged(self) -> Block:
        """Return all of it as one block of arrays: for algorithms on the whole net."""


@dataclass(frozen=True, eq=False)
class Block:
    """Relations of one kind among n parties, m of them.

    Relations are sorted by (src, dst); a relation's *position* is its place in that order.

    Parameters
    ----------
    out_start, out_dst
        Shapes (n + 1,) and (m,): party i leads to ``out_dst[out_start[i]:out_start[i + 1]]``.
    in_start, in_src, in_edge
        Shapes (n + 1,), (m,), (m,): the same from the other end; `in_edge` holds the relations' positions.
    columns
        Attributes by name, shape (m,), by position; ``weight`` (float32) is always there.
    """

    out_start: Ints
    out_dst: Ints
    in_start: Ints
    in_src: Ints
    in_edge: Ints
    columns: Mapping[str, Array] = field(default_factory=dict)

    @classmethod
    def of(cls, n: int, src: Ints, dst: Ints, columns: Mapping[str, Array]) -> Block:
        """Build from relations already sorted by (src, dst)."""
        return cls.of_starts(starts_of(src, n), dst, columns)

    @classmethod
    def of_starts(cls, start: Ints, dst: Ints, columns: Mapping[str, Array]) -> Block:
        """Build from sorted relations of which it is known where each source's run starts, shape (n + 1,)."""
        from graph.row_sort import turned  # compiled: only who builds waits for the compiler

        return cls(start, dst, *turned(start, dst, len(start) - 1), dict(columns))

    @property
    def n_relations(self) -> int:
        """How many relations there are."""
        return len(self.out_dst)

    @property
    def weight(self) -> npt.NDArray[np.float32]:
        """Tie strength per relation, by position."""
        return self.columns["weight"]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the relations' attributes."""
        return tuple(self.columns)

    def out_of(self, parties: Array) -> Ends:
        """Return the relations that start at each party, by the party they lead to."""
        which, relation = expand(self.out_start, parties)
        return Ends(which, self.out_dst[relation], relation)

    def into(self, parties: Array) -> Ends:
        """Return the relations that lead to each party, by the party they start at."""
        which, place = expand(self.in_start, parties)
        return Ends(which, self.in_src[place], self.in_edge[place])

    def around(self, parties: Array) -> Array:
        """Return the parties at the other end of every relation of some parties, with repeats, in no order."""
        out, into = expand(self.out_start, parties)[1], expand(self.in_start, parties)[1]
        return np.concatenate((self.out_dst[out], self.in_src[into]))

    def n_out(self, parties: Array) -> Array:
        """Return how many relations start at each party."""
        counts: Array = self.out_start[np.asarray(parties) + 1] - self.out_start[parties]
        return counts

    def n_into(self, parties: Array) -> Array:
        """Return how many relations lead to each party."""
        counts: Array = self.in_start[np.asarray(parties) + 1] - self.in_start[parties]
        return counts

    def values(self, name: str, relations: Array) -> Array:
        """Return an attribute of some relations; what stands for "not given" if none of them has it."""
        if name not in self.columns:
            return np.full(len(relations), MISSING[name])
        return self.columns[name][relations]

    def on_day(self, day: int) -> Block:
        """Return the block of the relations that hold on a day (days since 1970-01-01)."""
        holds = self.holds(day)
        return self if holds.all() else self.where(holds)

    def holds(self, day: int) -> npt.NDArray[np.bool_]:
        """Return the mask of the relations that hold on a day."""
        holds = np.ones(self.n_relations, dtype=bool)
        if "valid_from" in self.columns:
            holds &= self.columns["valid_from"] <= day
        if "valid_to" in self.columns:
            holds &= day < self.columns["valid_to"]
        return holds

    def merged(self) -> Block:
        """Return the block itself."""
        return self

    def src(self) -> Ints:
        """Return where each relation starts, by position."""
        return np.repeat(np.arange(len(self.out_start) - 1, dtype=np.int32), np.diff(self.out_start))

    def where(self, keep: npt.NDArray[np.bool_]) -> Block:
        """Return the block of the relations kept (mask by position)."""
        before = np.concatenate(([0], np.cumsum(keep))).astype(np.int32)
        keep_in = keep[self.in_edge]
        before_in = np.concatenate(([0], np.cumsum(keep_in))).astype(np.int32)
        return Block(
            before[self.out_start],
            self.out_dst[keep],
            before_in[self.in_start],
            self.in_src[keep_in],
            before[self.in_edge[keep_in]],
            {name: column[keep] for name, column in self.columns.items()},
        )

    def find(self, src: Array, dst: Array) -> npt.NDArray[np.int64]:
        """Return the position of each pair's relation, -1 where there is none (the last of parallel ones)."""
        at = self._bound(src, dst, np.less_equal) - 1
        if not self.n_relations:
            return np.full(len(at), -1)
        found = (at >= self.out_start[src]) & (self.out_dst[np.maximum(at, 0)] == dst)
        return np.where(found, at, -1)

    def parallel(self, src: Array, dst: Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the positions (first, end) of each pair's relations; there are several if they differ in validity."""
        return self._bound(src, dst, np.less), self._bound(src, dst, np.less_equal)

    def _bound(self, src: Array, dst: Array, before: np.ufunc) -> npt.NDArray[np.int64]:
        """Search each source's row for `dst`, all pairs at once: the first relation whose end is not `before` it."""
        low = self.out_start[src].astype(np.int64)
        high = self.out_start[np.asarray(src) + 1].astype(np.int64)
        while (open_ := low < high).any():
            middle = (low + high) >> 1
            right = open_ & before(self.out_dst[np.minimum(middle, len(self.out_dst) - 1)], dst)
            low = np.where(right, middle + 1, low)
            high = np.where(open_ & ~right, middle, high)
        return low

    def arrays(self) -> dict[str, Array]:
        """Return the block's arrays by name, as `from_arrays` takes them."""
        own = {name: getattr(self, name) for name in ("out_start", "out_dst", "in_start", "in_src", "in_edge")}
        return own | {f"column.{name}": column for name, column in self.columns.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Block:
        """Return the block that `arrays` came from."""
        columns = {name.removeprefix("column."): a for name, a in arrays.items() if name.startswith("column.")}
        own = {name: a for name, a in arrays.items() if not name.startswith("column.")}
        return cls(**own, columns=columns)
