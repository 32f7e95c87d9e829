"""The best way from one party to another: who could introduce whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from contracts.errors import InputError
from graph.arrays import Array, Ints
from graph.blocks import Ends, Ties
from graph.network import SupplyNetwork

__all__ = ["Step", "Visible", "holding", "introduction", "path_text", "within"]

Visible = Callable[[Array, Array], npt.NDArray[np.bool_]]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One relation on a path, in the direction of travel.

    Parameters
    ----------
    source, target
        Ids of the parties.
    relation
        Its kind.
    forward
        Whether the relation leads from `source` to `target` (else the other way round).
    weight
        Tie strength.
    """

    source: str
    target: str
    relation: str
    forward: bool
    weight: float


def introduction(
    network: SupplyNetwork,
    source: str,
    target: str,
    *,
    kinds: Sequence[str] | None = None,
    max_hops: int = 6,
    day: dt.date | None = None,
    visible: Visible | None = None,
) -> list[Step] | None:
    """Return the best path of relations, taken in either direction; None if there is none within `max_hops`.

    The best path is a shortest one, because everybody on it must be asked a favour; among the shortest it is one whose
    weakest tie is the strongest, because an introduction is worth no more than the least of those who pass it on. (The
    product of the strengths would need them to be probabilities, and would make up for a weak tie by a strong one.)
    Ties are taken in either direction: who supplies, refers or vouches for somebody knows them, and is known.

    Searched from both ends at once, always from the smaller frontier, and every party reached remembers the best way
    back: that is exact, because all shortest paths pass the level at which the searches meet.

    Parameters
    ----------
    network
        The net.
    source, target
        Ids of the parties.
    kinds
        Relation kinds to use; all by default.
    max_hops
        Longest path looked for, >= 1.
    day
        Only relations that hold on this day: the same as asking ``network.as_of(day)``, without making it.
    visible
        Which relations may be used, asked with the positions of their ends (source and target of the relation, shape
        (m,) each); all by default.

    Raises
    ------
    UnknownIdError
        If there is no such party or relation kind.
    InputError
        If `max_hops` is below 1.
    """
    usable = _Usable(visible, None if day is None else (day - dt.date(1970, 1, 1)).days)
    if max_hops < 1:
        raise InputError("max_hops", "at least 1", max_hops)
    blocks = {kind: network.block(kind) for kind in (kinds if kinds is not None else network.blocks)}
    ends = network.position(source), network.position(target)
    if ends[0] == ends[1]:
        return []
    one, two = _Search.start(ends[0]), _Search.start(ends[1])
    while len(one.levels) + len(two.levels) - 2 < max_hops:
        small, other = (one, two) if len(one.frontier) <= len(two.frontier) else (two, one)
        small.grow(blocks, usable)
        if not len(small.frontier):
            return None
        if (met := _meeting(one, two, other)) is not None:
            return _steps(network, list(blocks), one.way_back(met)[::-1], two.way_back(met))
    return None


def path_text(steps: Sequence[Step]) -> str:
    """Return a path as one text.

    Examples
    --------
    >>> a = Step(source="S", target="D", relation="distributes", forward=False, weight=3.0)
    >>> b = Step(source="D", target="F", relation="vouches", forward=True, weight=1.0)
    >>> path_text([a, b])
    'S < D > F'
    """
    return "".join([steps[0].source if steps else "", *(f" {'>' if s.forward else '<'} {s.target}" for s in steps)])


def within(network: SupplyNetwork, party: int, hops: int, *, max_parties: int) -> Ints:
    """Return the positions of the parties within some hops of one, nearest first, at most `max_parties` of them."""
    search = _Search.start(party)
    for _ in range(hops):
        if sum(len(level.party) for level in search.levels) >= max_parties:
            break
        search.grow(network.blocks, _Usable())
    return np.concatenate([level.party for level in search.levels])[:max_parties].astype(np.int32)


def holding(block: Ties, relations: Array, day: int) -> npt.NDArray[np.bool_]:
    """Return which relations of a block hold on a day (days since 1970-01-01)."""
    holds = np.ones(len(relations), dtype=bool)
    if "valid_from" in block.names:
        holds &= block.values("valid_from", relations) <= day
    if "valid_to" in block.names:
        holds &= day < block.values("valid_to", relations)
    return holds


class _Usable(NamedTuple):
    """Which relations may be used: visible ones, of a day (since 1970-01-01); all without."""

    visible: Visible | None = None
    day: int | None = None

    def which(self, block: Ties, ends: Ends, parties: Array, *, backward: bool) -> npt.NDArray[np.bool_] | slice:
        """Return which relations of the parties may be used; `backward` says that they lead to the parties."""
        if self.visible is None and self.day is None:
            return slice(None)
        keep = np.ones(len(ends.which), dtype=bool)
        if self.day is not None:
            keep &= holding(block, ends.relation, self.day)
        if self.visible is not None:
            mine = parties[ends.which]
            keep &= self.visible(*((ends.party, mine) if backward else (mine, ends.party)))
        return keep


class _Level(NamedTuple):
    """Parties reached by so many steps, ascending, and the best way back from each.

    ``strength``: weakest tie on that way; ``back``: row of the party before in the level before; ``way``: kind of the
    relation between them (an index) times 2, plus 1 if it leads away from the start; ``weight`` of that relation.
    """

    party: Array
    strength: Array
    back: Array
    way: Array
    weight: Array


@dataclass
class _Search:
    """A breadth-first search from one end."""

    levels: list[_Level]

    @classmethod
    def start(cls, party: int) -> _Search:
        none = np.array([-1])
        return cls([_Level(np.array([party], np.int32), np.array([np.inf]), none, none, np.array([np.nan]))])

    @property
    def frontier(self) -> Array:
        return self.levels[-1].party

    def grow(self, blocks: Mapping[str, Ties], usable: _Usable) -> None:
        last = self.levels[-1]
        back, party, way, weight = _ties(blocks, last.party, usable)
        new = np.ones(len(party), dtype=bool)
        for level in self.levels[-2:]:
            new &= ~_holds(level.party, party)
        back, party, way, weight = back[new], party[new], way[new], weight[new]
        strength = np.minimum(last.strength[back], weight)
        # Of the ways to a party: the strongest, over the strongest last tie, from the smallest id.
        order = np.lexsort((way, back, -weight, -strength, party))
        first = order[np.append(True, np.diff(party[order]) != 0)[: len(order)]]
        self.levels.append(_Level(party[first], strength[first], back[first], way[first], weight[first]))

    def way_back(self, party: int) -> list[tuple[int, int, float]]:
        """Return (party, way, weight) from a party of the last level to the start, whose way is -1."""
        row, path = int(np.searchsorted(self.frontier, party)), []
        for level in reversed(self.levels):
            path.append((int(level.party[row]), int(level.way[row]), float(level.weight[row])))
            row = int(level.back[row])
        return path


def _holds(level: Array, party: Array) -> npt.NDArray[np.bool_]:
    at = np.minimum(np.searchsorted(level, party), len(level) - 1)
    found: npt.NDArray[np.bool_] = level[at] == party
    return found


def _ties(blocks: Mapping[str, Ties], parties: Array, usable: _Usable) -> tuple[Array, Array, Array, Array]:
    """Return (row of the party, other end, way, weight) of all relations of some parties."""
    parts = [(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float32))]
    for number, block in enumerate(blocks.values()):
        for backward, ends in ((1, block.into(parties)), (0, block.out_of(parties))):
            keep = usable.which(block, ends, parties, backward=bool(backward))
            which, other, relation = (column[keep] for column in ends)
            # From the start's side a relation into the party was taken against its direction.
            way = np.full(len(which), 2 * number + (1 - backward))
            parts.append((which, other, way, block.values("weight", relation)))
    which, other, way, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    return which, other, way, weight.astype(float)


def _meeting(one: _Search, two: _Search, other: _Search) -> int | None:
    """Return where the searches touch on the best path, None if they do not; `other` is the one that stood still."""
    small = two if other is one else one
    met = small.frontier[_holds(other.frontier, small.frontier)]
    if not len(met):
        return None
    ties = [search.levels[-1].strength[np.searchsorted(search.frontier, met)] for search in (one, two)]
    return int(met[np.argmax(np.minimum(*ties))])


def _steps(
    network: SupplyNetwork, kinds: list[str], first: list[tuple[int, int, float]], second: list[tuple[int, int, float]]
) -> list[Step]:
    """Return the steps from the start over the meeting to the target; `first` is the way there, `second` the way on."""
    text = network.parties.ids.text
    steps = []
    for (a, _, _), (b, way, weight) in pairwise(first):
        steps.append(_step(text(a), text(b), kinds[way // 2], forward=bool(way % 2), weight=weight))
    for (a, way, weight), (b, _, _) in pairwise(second):
        steps.append(_step(text(a), text(b), kinds[way // 2], forward=not way % 2, weight=weight))
    return steps


def _step(source: str, target: str, relation: str, *, forward: bool, weight: float) -> Step:
    return Step(source=source, target=target, relation=relation, forward=forward, weight=weight)
