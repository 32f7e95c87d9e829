"""The shortest way from one party to another: who could introduce whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from contracts.errors import InputError
from graph.arrays import Array, Ints
from graph.blocks import Ties
from graph.network import SupplyNetwork

__all__ = ["Step", "introduction", "within"]


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
    network: SupplyNetwork, source: str, target: str, *, kinds: Sequence[str] | None = None, max_hops: int = 6
) -> list[Step] | None:
    """Return a shortest path of relations, taken in either direction; None if there is none within `max_hops`.

    Searched from both ends at once, always from the smaller frontier. Among the parties where the searches meet, the
    one whose weaker tie to either side is strongest is taken; from there each step takes the strongest tie (then the
    smaller id).

    Parameters
    ----------
    network
        The net; pass ``network.as_of(day)`` for the relations of a day.
    source, target
        Ids of the parties.
    kinds
        Relation kinds to use; all by default.
    max_hops
        Longest path looked for, >= 1.

    Raises
    ------
    UnknownIdError
        If there is no such party or relation kind.
    InputError
        If `max_hops` is below 1.
    """
    if max_hops < 1:
        raise InputError("max_hops", "at least 1", max_hops)
    blocks = {kind: network.block(kind) for kind in (kinds if kinds is not None else network.blocks)}
    ends = network.position(source), network.position(target)
    if ends[0] == ends[1]:
        return []
    sides = [_Side(network.n_parties, end) for end in ends]
    meeting = _meet(sides, list(blocks.values()), max_hops)
    if meeting is None:
        return None
    first = _walk_back(sides[0], blocks, meeting)
    second = _walk_back(sides[1], blocks, meeting)
    stations = [*reversed(first), *second[1:]]
    return [_step(network, blocks, a, b) for a, b in pairwise(stations)]


def within(network: SupplyNetwork, party: int, hops: int, *, max_parties: int) -> Ints:
    """Return the positions of the parties within some hops of one, nearest first, at most `max_parties` of them."""
    side = _Side(network.n_parties, party)
    found = [side.frontier]
    for _ in range(hops):
        if sum(map(len, found)) >= max_parties:
            break
        side.grow(list(network.blocks.values()))
        found.append(side.frontier)
    return np.concatenate(found)[:max_parties].astype(np.int32)


class _Side:
    """A breadth-first search from one end."""

    def __init__(self, n: int, start: int) -> None:
        self.level = np.full(n, -1, dtype=np.int16)
        self.level[start] = 0
        self.depth = 0
        self.frontier: Array = np.array([start], dtype=np.int32)

    def grow(self, blocks: Iterable[Ties]) -> None:
        reached = [block.around(self.frontier) for block in blocks]
        new = np.unique(np.concatenate(reached)) if reached else self.frontier[:0]
        new = new[self.level[new] < 0]
        self.depth += 1
        self.level[new] = self.depth
        self.frontier = new


def _meet(sides: list[_Side], blocks: list[Ties], max_hops: int) -> int | None:
    """Grow the searches until they touch; return where, on a shortest path."""
    one, two = sides
    while one.depth + two.depth < max_hops:
        small, other = (one, two) if len(one.frontier) <= len(two.frontier) else (two, one)
        small.grow(blocks)
        touched = small.frontier[other.level[small.frontier] >= 0]
        if len(touched):
            ties = np.minimum(_best_ties(one, blocks, touched), _best_ties(two, blocks, touched))
            return int(touched[np.argmax(ties)])
        if not len(small.frontier):
            return None
    return None


def _best_ties(side: _Side, blocks: list[Ties], parties: Array) -> npt.NDArray[np.float64]:
    """Return each party's strongest tie towards the side's start, infinite at the start itself."""
    best = np.where(side.level[parties] == 0, np.inf, -1.0)
    for block in blocks:
        for which, ends, relations in (block.out_of(parties), block.into(parties)):
            weight = block.values("weight", relations)
            np.maximum.at(best, which, _towards(side, parties[which], ends, weight))
    return best


def _towards(side: _Side, party: Array, end: Array, weight: Array) -> Array:
    return np.where(side.level[end] == side.level[party] - 1, weight, -1.0)


def _walk_back(side: _Side, blocks: dict[str, Ties], at: int) -> list[int]:
    path = [at]
    while side.level[path[-1]] > 0:
        ends, weights = _ties(blocks, path[-1])
        nearer = side.level[ends] == side.level[path[-1]] - 1
        ends, weights = ends[nearer], weights[nearer]
        path.append(int(ends[np.lexsort((ends, -weights))[0]]))
    return path


def _ties(blocks: dict[str, Ties], party: int) -> tuple[Ints, npt.NDArray[np.float32]]:
    ends, weights = [], []
    for block in blocks.values():
        for _, others, relations in (block.out_of(np.array([party])), block.into(np.array([party]))):
            ends.append(others)
            weights.append(block.values("weight", relations))
    return np.concatenate(ends), np.concatenate(weights)


def _step(network: SupplyNetwork, blocks: dict[str, Ties], a: int, b: int) -> Step:
    """Return the strongest relation between two parties that have one."""
    found = []
    for kind, block in blocks.items():
        for forward, src, dst in ((True, a, b), (False, b, a)):
            _, ends, relations = block.out_of(np.array([src]))
            weights = block.values("weight", relations[ends == dst])
            if len(weights):
                found.append((float(weights.max()), forward, kind))
    weight, forward, kind = max(found)
    ids = network.parties.ids
    return Step(source=ids.text(a), target=ids.text(b), relation=kind, forward=forward, weight=weight)
