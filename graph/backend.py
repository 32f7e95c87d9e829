"""A networkx backend: `nx.pagerank(net)` and others run on our arrays.

Each function has the signature, the results and the errors of the networkx function of its name; see there. A
`SupplyNetwork` is a directed multigraph whose nodes are party ids.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components as label_components

from contracts.errors import EvenflowError
from graph.array_graph import ArrayGraph, NetworkArrays, arrays_of, distances, label_dict, position_of
from graph.arrays import Array
from graph.backend_paths import (
    all_pairs_shortest_path,
    bidirectional_shortest_path,
    predecessor,
    single_source_shortest_path,
    single_source_shortest_path_length,
    single_target_shortest_path,
    single_target_shortest_path_length,
)
from graph.interop import induced, to_networkx
from graph.network import SupplyNetwork
from graph.pagerank import pagerank as ranks

__all__ = [
    "all_pairs_shortest_path",
    "bidirectional_shortest_path",
    "can_run",
    "connected_components",
    "convert_from_nx",
    "convert_to_nx",
    "degree_centrality",
    "ego_graph",
    "in_degree_centrality",
    "out_degree_centrality",
    "pagerank",
    "predecessor",
    "single_source_shortest_path",
    "single_source_shortest_path_length",
    "single_target_shortest_path",
    "single_target_shortest_path_length",
    "weakly_connected_components",
]

Ours = ArrayGraph | SupplyNetwork


def convert_from_nx(graph: nx.Graph, **options: Any) -> ArrayGraph:
    """Take a networkx graph; its attributes are read where they are."""
    del options
    return ArrayGraph(graph)


def convert_to_nx(result: Any, *, name: str | None = None) -> Any:
    """Give back a networkx graph for one of ours, anything else as it is."""
    del name
    if isinstance(result, ArrayGraph):
        return result.source
    if isinstance(result, SupplyNetwork):
        return to_networkx(result, max_nodes=max(result.n_parties, 1))
    return result


def can_run(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether we can: ego graphs by weighted distance stay with networkx."""
    distance = kwargs.get("distance", args[5] if len(args) > 5 else None)
    return name != "ego_graph" or distance is None


def pagerank(  # noqa: PLR0917 (networkx's signature)
    G: Ours,
    alpha: float = 0.85,
    personalization: Mapping[Any, float] | None = None,
    max_iter: int = 100,
    tol: float = 1.0e-6,
    nstart: Mapping[Any, float] | None = None,
    weight: str | None = "weight",
    dangling: Mapping[Any, float] | None = None,
) -> dict[Any, float]:
    """`networkx.pagerank`."""
    arrays = arrays_of(G)
    if not len(arrays):
        return {}
    start = _vector(arrays, personalization)
    if start is not None and start.sum() == 0:
        raise ZeroDivisionError
    try:
        found = ranks(
            arrays.links_by_end(weight),
            start,
            stuck_start=_vector(arrays, dangling),
            first=_vector(arrays, nstart),
            damping=alpha,
            tolerance=len(arrays) * tol,
            max_iterations=max_iter,
        )
    except EvenflowError:
        raise nx.PowerIterationFailedConvergence(max_iter) from None
    return label_dict(arrays.labels, found)


def degree_centrality(G: Ours) -> dict[Any, float]:
    """`networkx.degree_centrality`."""
    arrays = arrays_of(G)
    return _centrality(arrays, arrays.degrees())


def in_degree_centrality(G: Ours) -> dict[Any, float]:
    """`networkx.in_degree_centrality`."""
    arrays = arrays_of(G)
    return _centrality(arrays, _counts(arrays, axis=0))


def out_degree_centrality(G: Ours) -> dict[Any, float]:
    """`networkx.out_degree_centrality`."""
    arrays = arrays_of(G)
    return _centrality(arrays, _counts(arrays, axis=1))


def connected_components(G: Ours) -> Iterator[set[Any]]:
    """`networkx.connected_components`."""
    return _components(arrays_of(G))


def weakly_connected_components(G: Ours) -> Iterator[set[Any]]:
    """`networkx.weakly_connected_components`."""
    return _components(arrays_of(G))


def ego_graph(  # noqa: PLR0917 (networkx's signature)
    G: Ours,
    n: Hashable,
    radius: float = 1,
    center: bool = True,  # noqa: FBT001, FBT002
    undirected: bool = False,  # noqa: FBT001, FBT002
    distance: None = None,
) -> ArrayGraph | nx.MultiDiGraph:
    """`networkx.ego_graph`, without `distance`; of a supply net as a networkx graph."""
    del distance
    arrays = arrays_of(G)
    start = position_of(arrays, n)
    links = arrays.links()
    found, _ = distances([*links, *(matrix.T.tocsr() for matrix in links)] if undirected else links, start, radius)
    if not center:
        found = found[found != start]
    if isinstance(arrays, NetworkArrays):
        return induced(arrays.network, found.astype(np.int32))
    return ArrayGraph(arrays.within(found))


def _vector(arrays: ArrayGraph | NetworkArrays, values: Mapping[Any, float] | None) -> npt.NDArray[np.float64] | None:
    if values is None:
        return None
    vector = np.zeros(len(arrays))
    for label, value in values.items():
        if (position := arrays.position(label)) is not None:
            vector[position] = value
    return vector


def _centrality(arrays: ArrayGraph | NetworkArrays, counts: Array) -> dict[Any, float]:
    if len(arrays) <= 1:
        return dict.fromkeys(arrays.labels, 1)
    return label_dict(arrays.labels, counts * (1.0 / (len(arrays) - 1.0)))


def _counts(arrays: ArrayGraph | NetworkArrays, *, axis: int) -> Array:
    counts: Array = np.sum([np.asarray(matrix.sum(axis=axis)).ravel() for matrix in arrays.links()], axis=0)
    return counts


def _components(arrays: ArrayGraph | NetworkArrays) -> Iterator[set[Any]]:
    if not len(arrays):
        return
    glued = csr_array(sum(arrays.links()[1:], start=arrays.links()[0]))
    _, component = label_components(glued, directed=True, connection="weak")
    order = np.argsort(component, kind="stable")
    bounds = np.flatnonzero(np.diff(component[order])) + 1
    parts = np.split(order, bounds)
    for part in sorted(parts, key=lambda members: int(members[0])):
        yield set(arrays.labels_at(part))
