"""Shortest paths for the networkx backend, by number of links.

Each function has the signature, the results and the errors of the networkx function of its name; of several shortest
paths it may choose another one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import networkx as nx
import numpy as np

from graph.array_graph import (
    ArrayGraph,
    NetworkArrays,
    arrays_of,
    distances,
    earlier_nodes,
    label_dict,
    position_of,
)
from graph.arrays import Array
from graph.network import SupplyNetwork

__all__ = [
    "all_pairs_shortest_path",
    "bidirectional_shortest_path",
    "predecessor",
    "single_source_shortest_path",
    "single_source_shortest_path_length",
    "single_target_shortest_path",
    "single_target_shortest_path_length",
]

Ours = ArrayGraph | SupplyNetwork


def single_source_shortest_path_length(G: Ours, source: Hashable, cutoff: float | None = None) -> dict[Any, int]:
    """`networkx.single_source_shortest_path_length`."""
    arrays = arrays_of(G)
    found, away = distances(arrays.links(), position_of(arrays, source), _bound(cutoff))
    return label_dict(arrays.labels_at(found), away)


def single_target_shortest_path_length(G: Ours, target: Hashable, cutoff: float | None = None) -> dict[Any, int]:
    """`networkx.single_target_shortest_path_length`."""
    arrays = arrays_of(G)
    start = position_of(arrays, target, "Target {} is not in G")
    found, away = distances(_backwards(arrays), start, _bound(cutoff))
    return label_dict(arrays.labels_at(found), away)


def single_source_shortest_path(G: Ours, source: Hashable, cutoff: float | None = None) -> dict[Any, list[Any]]:
    """`networkx.single_source_shortest_path`."""
    arrays = arrays_of(G)
    return _paths(arrays, arrays.links(), position_of(arrays, source, "Source {} not in G"), cutoff)


def single_target_shortest_path(G: Ours, target: Hashable, cutoff: float | None = None) -> dict[Any, list[Any]]:
    """`networkx.single_target_shortest_path`."""
    arrays = arrays_of(G)
    paths = _paths(arrays, _backwards(arrays), position_of(arrays, target, "Target {} not in G"), cutoff)
    return {source: path[::-1] for source, path in paths.items()}


def all_pairs_shortest_path(G: Ours, cutoff: float | None = None) -> Iterator[tuple[Any, dict[Any, list[Any]]]]:
    """`networkx.all_pairs_shortest_path`."""
    arrays = arrays_of(G)
    links = arrays.links()
    for position, label in enumerate(arrays.labels):
        yield label, _paths(arrays, links, position, cutoff)


def bidirectional_shortest_path(G: Ours, source: Hashable, target: Hashable) -> list[Any]:
    """`networkx.bidirectional_shortest_path`."""
    arrays, links = arrays_of(G), arrays_of(G).links()
    start, end = position_of(arrays, source), position_of(arrays, target, "Target {} is not in G")
    found, away = distances(links, start, target=end)
    at = np.flatnonzero(found == end)
    if not len(at):
        raise nx.NetworkXNoPath(f"No path between {source} and {target}.")
    parent = _parents(links, found, away)
    steps = [int(at[0])]
    while steps[-1]:
        steps.append(int(parent[steps[-1]]))
    return list(arrays.labels_at(found[steps[::-1]]))


def predecessor(
    G: Ours,
    source: Hashable,
    target: Hashable | None = None,
    cutoff: float | None = None,
    return_seen: bool | None = None,  # noqa: FBT001 (networkx's signature)
) -> Any:
    """`networkx.predecessor`."""
    arrays, links = arrays_of(G), arrays_of(G).links()
    found, away = distances(links, position_of(arrays, source, "Source {} not in G"), cutoff or np.inf)
    labels = arrays.labels_at(found)
    before: dict[Any, list[Any]] = {label: [] for label in labels}
    for earlier, later in zip(*(places.tolist() for places in earlier_nodes(links, found, away)), strict=True):
        before[labels[later]].append(labels[earlier])
    seen = label_dict(labels, away)
    if target is None:
        return (before, seen) if return_seen else before
    return (before.get(target, []), seen.get(target, -1)) if return_seen else before.get(target, [])


def _bound(cutoff: float | None) -> float:
    return np.inf if cutoff is None else cutoff


def _backwards(arrays: ArrayGraph | NetworkArrays) -> list[Any]:
    return [matrix.T for matrix in arrays.links_by_end()]  # columns turned are rows: nothing is computed


def _parents(links: list[Any], found: Array, away: Array) -> Array:
    """Return the place in `found` that each node is reached from first, shape (found,)."""
    earlier, later = earlier_nodes(links, found, away)
    parent = np.zeros(len(found), dtype=np.int64)
    parent[later[::-1]] = earlier[::-1]  # the first of each node is written last
    return parent


def _paths(arrays: ArrayGraph | NetworkArrays, links: list[Any], start: int, cutoff: float | None) -> dict[Any, Any]:
    found, away = distances(links, start, _bound(cutoff))
    labels = arrays.labels_at(found)
    paths = [[labels[0]]]
    for label, parent in zip(labels[1:], _parents(links, found, away)[1:].tolist(), strict=True):
        paths.append([*paths[parent], label])
    return dict(zip(labels, paths, strict=True))
