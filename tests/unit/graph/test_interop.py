"""To networkx and back."""

import datetime as dt

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError, UnknownIdError
from graph.interop import from_networkx, to_networkx
from graph.network import SupplyNetwork


def test_the_whole_net_keeps_attributes_and_relations(small_net: SupplyNetwork) -> None:
    """Nodes by id, edges keyed by relation kind."""
    graph = to_networkx(small_net)
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (10, 11)
    assert graph.nodes["D1"]["categories"] == ["shirts", "shoes"]
    assert graph.nodes["K1"] == {"kind": "kol", "region": "North", "tenant": "t3", "categories": ["shirts"]}
    edge = graph.edges["F1", "S3", "supplies"]
    assert (edge["weight"], edge["count"], edge["valid_to"]) == (5.0, 9, dt.date(2026, 7, 1))


def test_an_ego_holds_what_is_near(small_net: SupplyNetwork) -> None:
    """One hop around S2, two hops, and no more than asked."""
    assert set(to_networkx(small_net, ego="S2", hops=1)) == {"S2", "D1"}
    assert set(to_networkx(small_net, ego="S2", hops=2)) == {"S2", "D1", "F1", "F2", "S1"}
    assert set(to_networkx(small_net, ego=["S2", "K2"], hops=1)) == {"S2", "D1", "K2", "K1", "S4"}
    assert len(to_networkx(small_net, ego="S2", hops=9, max_nodes=3)) == 3


def test_there_and_back_is_the_same_net(small_net: SupplyNetwork) -> None:
    """Every array, also of relations that were there twice with another validity."""
    again = from_networkx(to_networkx(small_net))
    for kind, block in small_net.blocks.items():
        for name, array in block.arrays().items():
            other = again.blocks[kind].arrays().get(name)
            if other is not None:
                np.testing.assert_array_equal(other, array, err_msg=f"{kind}.{name}")
    for name, array in small_net.parties.arrays().items():
        np.testing.assert_array_equal(again.parties.arrays()[name], array, err_msg=name)


def test_parallel_relations_survive() -> None:
    """A tie that ended and began again is two edges."""
    parties = pd.DataFrame({"id": ["A", "B"], "kind": "store"})
    dates = {"valid_from": [pd.NaT, pd.Timestamp("2026-03-01")], "valid_to": [pd.Timestamp("2026-02-01"), pd.NaT]}
    net = SupplyNetwork.build(parties, pd.DataFrame({"src": "A", "dst": "B", "kind": "refers", **dates}))
    graph = to_networkx(net)
    assert graph.number_of_edges("A", "B") == 2
    assert from_networkx(graph).n_relations == 2


def test_an_undirected_edge_leads_both_ways() -> None:
    """One relation in each direction; node labels become texts."""
    graph = nx.Graph()
    graph.add_nodes_from([1, 2], kind="store")
    graph.add_edge(1, 2, kind="refers", weight=2.0)
    net = from_networkx(graph)
    assert net.neighbours("1")["direction"].tolist() == ["out", "in"]


def test_graphs_that_are_no_supply_net_are_refused(small_net: SupplyNetwork) -> None:
    """Kinds missing on nodes or edges, unknown egos, and nets too large to show whole."""
    graph = nx.DiGraph()
    graph.add_node("A")
    with pytest.raises(InputError, match="node A: kind: expected one of brand"):
        from_networkx(graph)
    graph.add_nodes_from(["A", "B"], kind="store")
    graph.add_edge("A", "B")
    with pytest.raises(InputError, match="edges: kind: expected a relation kind on every edge, got 1 without"):
        from_networkx(graph)
    with pytest.raises(UnknownIdError):
        to_networkx(small_net, ego="X")
    with pytest.raises(InputError, match="max_nodes: expected at least 10 for the whole net, got 9"):
        to_networkx(small_net, max_nodes=9)
