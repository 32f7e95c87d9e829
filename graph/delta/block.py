"""A block with changes laid over it: the same questions, the same answers as from one built anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from graph.arrays import Array, Ints, counting_order
from graph.blocks import MISSING, Block, Ends
from graph.delta.rows import Pair, Row

__all__ = ["LayeredBlock", "Overlay"]


@dataclass(frozen=True, eq=False)
class Overlay:
    """A few relations that are not in the base, sorted by (src, dst, validity); all arrays have shape (k,).

    Parameters
    ----------
    src, dst
        Positions of the parties.
    columns
        Every attribute of `graph.blocks.MISSING`.
    by_dst
        The order that sorts them by (dst, src, validity).
    """

    src: Ints
    dst: Ints
    columns: Mapping[str, Array]
    by_dst: Array

    @classmethod
    def of(cls, rows: Mapping[Pair, Sequence[Row]]) -> Overlay:
        """Build from each pair's relations in the order of their validity."""
        pairs = sorted(rows)
        src, dst = (np.array([pair[end] for pair in pairs for _ in rows[pair]], dtype=np.int32) for end in (0, 1))
        values = list(zip(*(row for pair in pairs for row in rows[pair]), strict=True)) or [()] * len(MISSING)
        typed = {
            name: np.array(column, dtype=missing.dtype)
            for (name, missing), column in zip(MISSING.items(), values, strict=True)
        }
        return cls(src, dst, typed, np.argsort(dst, kind="stable"))

    def where(self, keep: npt.NDArray[np.bool_]) -> Overlay:
        """Return the overlay of the relations kept."""
        columns = {name: column[keep] for name, column in self.columns.items()}
        dst = self.dst[keep]
        return Overlay(self.src[keep], dst, columns, np.argsort(dst, kind="stable"))


@dataclass(frozen=True, eq=False)
class LayeredBlock:
    """Relations of one kind: those of a base block that still stand, and those of an overlay.

    A relation is named by its position in the base, or by the base's size plus its place in the overlay. All relations
    of a pair lie on the same side, so that parallel ones keep their order.

    Parameters
    ----------
    n
        How many parties there are; those from the base's on are new and have relations in the overlay only.
    base
        The block underneath; never touched.
    dead
        Positions in the base of relations that changes replaced, increasing.
    overlay
        The relations that changes made.
    """

    n: int
    base: Block
    dead: npt.NDArray[np.int64]
    overlay: Overlay

    @property
    def n_relations(self) -> int:
        """How many relations there are."""
        return self.base.n_relations - len(self.dead) + len(self.overlay.src)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the relations' attributes."""
        given = [name for name, column in self.overlay.columns.items() if (column != MISSING[name]).any()]
        return tuple(dict.fromkeys((*self.base.names, *given)))

    def out_of(self, parties: Array) -> Ends:
        """Return the relations that start at each party, by the party they lead to."""
        standing = self._standing(parties, self.base.out_of)
        which, place = _members(self.overlay.src, parties)
        return self._both(standing, Ends(which, self.overlay.dst[place], place))

    def into(self, parties: Array) -> Ends:
        """Return the relations that lead to each party, by the party they start at."""
        standing = self._standing(parties, self.base.into)
        which, place = _members(self._overlay_dst, parties)
        order = self.overlay.by_dst[place]
        return self._both(standing, Ends(which, self.overlay.src[order], order))

    def around(self, parties: Array) -> Array:
        """Return the parties at the other end of every relation of some parties, with repeats, in no order."""
        return np.concatenate((self.out_of(parties).party, self.into(parties).party))

    def n_out(self, parties: Array) -> Array:
        """Return how many relations start at each party."""
        gone, new = _count(self._dead_src, parties), _count(self.overlay.src, parties)
        return self._of_base(parties, self.base.n_out) - gone + new

    def n_into(self, parties: Array) -> Array:
        """Return how many relations lead to each party."""
        gone, new = _count(self._dead_dst, parties), _count(self._overlay_dst, parties)
        return self._of_base(parties, self.base.n_into) - gone + new

    def find(self, src: Array, dst: Array) -> npt.NDArray[np.int64]:
        """Return each pair's relation, -1 where there is none (the last of parallel ones)."""
        src, dst = np.asarray(src), np.asarray(dst)
        known = src < self._n_base
        found = self.base.find(np.where(known, src, 0), np.where(known, dst, -1))
        found[self._is_dead(found)] = -1
        keys = self.overlay.src.astype(np.int64) * self.n + self.overlay.dst
        wanted = src.astype(np.int64) * self.n + dst
        place = np.searchsorted(keys, wanted, side="right") - 1
        hit = np.flatnonzero(place >= 0)
        hit = hit[keys[place[hit]] == wanted[hit]]
        found[hit] = place[hit] + self.base.n_relations
        return found

    def values(self, name: str, relations: Array) -> Array:
        """Return an attribute of some relations."""
        added = relations >= self.base.n_relations
        if not added.any():
            return self.base.values(name, relations)
        values = np.empty(len(relations), dtype=MISSING[name].dtype)
        values[~added] = self.base.values(name, relations[~added])
        values[added] = self.overlay.columns[name][relations[added] - self.base.n_relations]
        return values

    def on_day(self, day: int) -> LayeredBlock:
        """Return the relations that hold on a day (days since 1970-01-01)."""
        columns = self.overlay.columns
        overlay = self.overlay.where((columns["valid_from"] <= day) & (day < columns["valid_to"]))
        holds = self.base.holds(day)
        if holds.all():
            return LayeredBlock(self.n, self.base, self.dead, overlay)
        holds[self.dead] = False
        return LayeredBlock(self.n, self.base.where(holds), self.dead[:0], overlay)

    def merged(self) -> Block:
        """Return all of it as one block of arrays: for algorithms on the whole net."""
        stands = np.ones(self.base.n_relations, dtype=bool)
        stands[self.dead] = False
        src = np.concatenate((self.base.src()[stands], self.overlay.src))
        dst = np.concatenate((self.base.out_dst[stands], self.overlay.dst))
        relations = np.concatenate((np.flatnonzero(stands), self.base.n_relations + np.arange(len(self.overlay.src))))
        order = counting_order(dst, self.n)
        order = order[counting_order(src[order], self.n)]
        columns = {name: self.values(name, relations[order]) for name in self.names}
        return Block.of(self.n, src[order], dst[order], columns)

    @property
    def _n_base(self) -> int:
        return len(self.base.out_start) - 1

    @cached_property
    def _overlay_dst(self) -> Ints:
        return self.overlay.dst[self.overlay.by_dst]

    @cached_property
    def _dead_src(self) -> Array:
        return np.searchsorted(self.base.out_start, self.dead, side="right") - 1  # ascends as `dead` does

    @cached_property
    def _dead_dst(self) -> Array:
        return np.sort(self.base.out_dst[self.dead])

    def _is_dead(self, relations: Array) -> npt.NDArray[np.bool_]:
        if not len(self.dead):
            return np.zeros(len(relations), dtype=bool)
        near = np.minimum(np.searchsorted(self.dead, relations), len(self.dead) - 1)
        dead: npt.NDArray[np.bool_] = self.dead[near] == relations
        return dead

    def _of_base(self, parties: Array, ask: Callable[[Array], Array]) -> Array:
        """Ask the base about each party; 0 for those it does not know."""
        parties = np.asarray(parties)
        known = parties < self._n_base
        return np.where(known, ask(np.where(known, parties, 0)), 0)

    def _standing(self, parties: Array, ask: Callable[[Array], Ends]) -> Ends:
        """Return the base's relations of some parties, without those that changes replaced."""
        parties = np.asarray(parties)
        known = np.flatnonzero(parties < self._n_base)
        which, party, relation = ask(parties[known])
        stands = np.flatnonzero(~self._is_dead(relation))
        return Ends(known[which[stands]], party[stands], relation[stands])

    def _both(self, standing: Ends, added: Ends) -> Ends:
        """Return both sides in the order of a block built anew: by party asked for, then by the other end."""
        if not len(added.which):
            return standing
        both = (
            np.concatenate((standing.which, added.which)),
            np.concatenate((standing.party, added.party)),
            np.concatenate((standing.relation, added.relation + self.base.n_relations)),
        )
        order = np.lexsort((both[1], both[0]))
        return Ends(*(column[order] for column in both))


def _count(ascending: Array, parties: Array) -> Array:
    return np.searchsorted(ascending, parties, side="right") - np.searchsorted(ascending, parties)


def _members(ascending: Array, parties: Array) -> tuple[Array, Array]:
    """Return (index into parties, place) for every place of a sorted column that holds one of the parties."""
    first = np.searchsorted(ascending, parties)
    lengths = np.searchsorted(ascending, parties, side="right") - first
    which = np.repeat(np.arange(len(parties)), lengths)
    before = np.cumsum(lengths) - lengths
    return which, np.arange(len(which)) - before[which] + first[which]
