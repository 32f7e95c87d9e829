"""Our networkx backend and networkx itself, on random graphs of every kind."""

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import backend


@st.composite
def graphs(draw: st.DrawFn) -> nx.Graph:
    """Directed or not, with parallel edges, loops, isolated nodes and weights, or without."""
    graph = draw(st.sampled_from([nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph]))()
    n = draw(st.integers(1, 9))
    graph.add_nodes_from(f"n{i}" for i in range(n))
    node, weight = st.integers(0, n - 1), st.sampled_from([None, 0.5, 1, 3.0])
    for a, b, value in draw(st.lists(st.tuples(node, node, weight), max_size=25)):
        graph.add_edge(f"n{a}", f"n{b}", **({} if value is None else {"weight": value}))
    return graph


@settings(max_examples=60, deadline=None)
@given(graph=graphs(), wanted=st.dictionaries(st.integers(0, 8), st.floats(0.5, 3), min_size=1))
def test_scores_agree(graph: nx.Graph, wanted: dict[int, float]) -> None:
    """PageRank with and without starting points and weights; degree centralities."""
    ours = backend.convert_from_nx(graph)
    start = {f"n{i % len(graph)}": value for i, value in wanted.items()}
    for options in ({}, {"personalization": start}, {"weight": None, "alpha": 0.5}, {"dangling": start}):
        expected = nx.pagerank(graph, tol=1e-9, max_iter=1000, **options)
        assert backend.pagerank(ours, tol=1e-9, max_iter=1000, **options) == pytest.approx(expected, abs=1e-6)
    assert backend.degree_centrality(ours) == pytest.approx(nx.degree_centrality(graph))
    if graph.is_directed():
        assert backend.in_degree_centrality(ours) == pytest.approx(nx.in_degree_centrality(graph))
        assert backend.out_degree_centrality(ours) == pytest.approx(nx.out_degree_centrality(graph))


@settings(max_examples=60, deadline=None)
@given(graph=graphs(), cutoff=st.sampled_from([None, 0, 1, 2]))
def test_ways_agree(graph: nx.Graph, cutoff: int | None) -> None:
    """Distances, predecessors and components are the same; paths are as short, and paths of the graph."""
    ours = backend.convert_from_nx(graph)
    lengths = dict(nx.single_source_shortest_path_length(graph, "n0", cutoff))
    assert backend.single_source_shortest_path_length(ours, "n0", cutoff) == lengths
    to = dict(nx.single_target_shortest_path_length(graph, "n0", cutoff))
    assert backend.single_target_shortest_path_length(ours, "n0", cutoff) == to
    for paths, expected, end in (
        (backend.single_source_shortest_path(ours, "n0", cutoff), lengths, 0),
        (backend.single_target_shortest_path(ours, "n0", cutoff), to, -1),
    ):
        assert {node: len(path) - 1 for node, path in paths.items()} == expected
        assert all(path[end] == "n0" and nx.is_path(graph, path) for path in paths.values())
    theirs = nx.predecessor(graph, "n0", cutoff=cutoff)
    found = backend.predecessor(ours, "n0", cutoff=cutoff)
    assert {node: set(before) for node, before in found.items()} == {n: set(before) for n, before in theirs.items()}
    parts = nx.weakly_connected_components if graph.is_directed() else nx.connected_components
    assert list(getattr(backend, parts.__name__)(ours)) == list(parts(graph))


@settings(max_examples=60, deadline=None)
@given(graph=graphs(), radius=st.integers(0, 3), center=st.booleans(), undirected=st.booleans())
def test_parts_around_a_node_agree(graph: nx.Graph, radius: int, center: bool, undirected: bool) -> None:
    """Ego graphs have the same nodes and edges; a path between two nodes exists for both or for none."""
    ours = backend.convert_from_nx(graph)
    around = backend.ego_graph(ours, "n0", radius, center, undirected)
    expected = nx.ego_graph(graph, "n0", radius, center, undirected)
    assert nx.utils.graphs_equal(backend.convert_to_nx(around), expected)
    for node in graph:
        if nx.has_path(graph, "n0", node):
            path = backend.bidirectional_shortest_path(ours, "n0", node)
            assert nx.is_path(graph, path)
            assert len(path) == len(nx.bidirectional_shortest_path(graph, "n0", node))
        else:
            with pytest.raises(nx.NetworkXNoPath):
                backend.bidirectional_shortest_path(ours, "n0", node)
