"""networkx graphs and supply nets seen alike: labels outside, sparse matrices inside."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from scipy.sparse import csc_array, csr_array

from graph.arrays import Array, expand
from graph.blocks import Block
from graph.network import SupplyNetwork

__all__ = ["ArrayGraph", "NetworkArrays", "arrays_of", "distances", "earlier_nodes", "label_dict", "position_of"]


class ArrayGraph:
    """A networkx graph as arrays, for algorithms that networkx hands to this backend.

    Parameters
    ----------
    source
        The graph; not copied, so it must not change while this is in use.
    """

    __networkx_backend__ = "evenflow"

    def __init__(self, source: nx.Graph) -> None:
        self.source = source
        self.labels: list[Hashable] = list(source)

    def __len__(self) -> int:
        return len(self.labels)

    def is_directed(self) -> bool:
        """Whether edges have a direction."""
        return bool(self.source.is_directed())

    def is_multigraph(self) -> bool:
        """Whether a pair may have several edges."""
        return bool(self.source.is_multigraph())

    @cached_property
    def positions(self) -> dict[Hashable, int]:
        """Position of each node."""
        return {label: position for position, label in enumerate(self.labels)}

    def position(self, label: Hashable) -> int | None:
        """Return a node's position, None if there is no such node."""
        return self.positions.get(label)

    def labels_at(self, positions: Array) -> list[Hashable]:
        """Return the nodes at some positions."""
        return [self.labels[position] for position in positions.tolist()]

    def links(self, weight: str | None = None) -> list[csr_array]:
        """Return matrices whose sum holds the weights of the edges from row to column, 1 each without `weight`."""
        edges = [
            (a, b, 1.0 if weight is None else data.get(weight, 1.0)) for a, b, data in self.source.edges(data=True)
        ]
        if not self.is_directed():
            edges += [(b, a, value) for a, b, value in edges if a != b]
        rows = np.array([self.positions[a] for a, _, _ in edges], dtype=np.int32)
        columns = np.array([self.positions[b] for _, b, _ in edges], dtype=np.int32)
        values = np.array([value for _, _, value in edges], dtype=float)
        return [csr_array((values, (rows, columns)), shape=(len(self), len(self)))]

    def links_by_end(self, weight: str | None = None) -> list[csc_array]:
        """Return the same matrices as `links`, by columns."""
        return [matrix.tocsc() for matrix in self.links(weight)]

    def degrees(self) -> Array:
        """Return how many ends of edges each node has (a loop has two)."""
        return np.array([degree for _, degree in self.source.degree()], dtype=np.int64)

    def within(self, positions: Array) -> nx.Graph:
        """Return the part of the graph among some nodes, as a networkx graph of its own."""
        return self.source.subgraph(self.labels_at(positions)).copy()


class NetworkArrays:
    """A supply net with the same face: labels are party ids, all relation kinds together."""

    def __init__(self, network: SupplyNetwork) -> None:
        self.network = network

    def __len__(self) -> int:
        return self.network.n_parties

    @cached_property
    def labels(self) -> list[str]:
        """The ids by position."""
        texts: list[str] = self.network.parties.ids.all_texts().tolist()
        return texts

    @cached_property
    def _blocks(self) -> list[Block]:
        return [block.merged() for block in self.network.blocks.values()]

    def position(self, label: Hashable) -> int | None:
        """Return a party's position, None if there is no such party."""
        found = int(self.network.parties.ids.positions(pd.Series([label], dtype="str"))[0])
        return found if found >= 0 else None

    def labels_at(self, positions: Array) -> list[str]:
        """Return the ids at some positions."""
        texts: list[str] = self.network.parties.ids.texts_at(positions).tolist()
        return texts

    def links(self, weight: str | None = None) -> list[csr_array]:
        """Return one matrix per relation kind; a column of the blocks as `weight`, 1 each where a kind has none."""
        n = len(self)
        return [
            csr_array((_weights(block, weight), block.out_dst, block.out_start), shape=(n, n)) for block in self._blocks
        ] or [csr_array((n, n))]

    def links_by_end(self, weight: str | None = None) -> list[csc_array]:
        """Return the same matrices as `links`, by columns."""
        n = len(self)
        return [
            csc_array((_weights(block, weight, block.in_edge), block.in_src, block.in_start), shape=(n, n))
            for block in self._blocks
        ] or [csc_array((n, n))]

    def degrees(self) -> Array:
        """Return how many relations start at or lead to each party."""
        starts = [s for block in self._blocks for s in (block.out_start, block.in_start)]
        counts: Array = np.sum([np.diff(start) for start in starts] or [np.zeros(len(self), dtype=np.int64)], axis=0)
        return counts


def _weights(block: Block, weight: str | None, order: Array | None = None) -> Array:
    """Return a column of a block, perhaps in another order; 1 each, as for networkx, where it has no such column."""
    if weight is None or weight not in block.columns:
        return np.ones(block.n_relations)
    return block.columns[weight] if order is None else block.columns[weight][order]


def arrays_of(graph: ArrayGraph | SupplyNetwork) -> ArrayGraph | NetworkArrays:
    """Return the graph's arrays."""
    return NetworkArrays(graph) if isinstance(graph, SupplyNetwork) else graph


def distances(
    links: Sequence[csr_array], source: int, cutoff: float = np.inf, *, target: int | None = None
) -> tuple[Array, Array]:
    """Return the nodes within `cutoff` links of one, nearest first, and how many links away each is.

    With a `target` the search ends once that is reached.
    """
    level = np.full(links[0].shape[0], -1, dtype=np.int32)
    level[source] = 0
    frontiers: list[Array] = [np.array([source])]
    while len(frontiers[-1]) and len(frontiers) <= cutoff and (target is None or level[target] < 0):
        reached = [matrix.indices[expand(matrix.indptr, frontiers[-1])[1]] for matrix in links]
        new = np.unique(np.concatenate(reached))
        new = new[level[new] < 0]
        level[new] = len(frontiers)
        frontiers.append(new)
    found = np.concatenate(frontiers)
    return found, level[found]


def earlier_nodes(links: Sequence[csr_array], found: Array, away: Array) -> tuple[Array, Array]:
    """Return the links on shortest ways: pairs (earlier, later) of places in `found`, sorted by later, then earlier.

    Parameters
    ----------
    links, found, away
        As given to and returned by `distances`.
    """
    place = np.full(links[0].shape[0], -1, dtype=np.int64)
    place[found] = np.arange(len(found))
    codes = []
    for matrix in links:
        earlier, member = expand(matrix.indptr, found)
        later = place[matrix.indices[member]]
        onward = (later >= 0) & (away[later] == away[earlier] + 1)
        codes.append(later[onward] * len(found) + earlier[onward])
    later, earlier = np.divmod(np.unique(np.concatenate(codes)), len(found))
    return earlier, later


def label_dict(labels: Sequence[Any], values: Array) -> dict[Any, Any]:
    """Return plain values by label."""
    return dict(zip(labels, values.tolist(), strict=True))


def position_of(arrays: ArrayGraph | NetworkArrays, label: Hashable, expected: str = "Source {} is not in G") -> int:
    """Return a node's position; raises networkx's error, in networkx's words, if there is no such node."""
    position = arrays.position(label)
    if position is None:
        raise nx.NodeNotFound(expected.format(label))
    return position
