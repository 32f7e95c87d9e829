"""The net as a networkx graph and back: for looking at parts of it, never for the hot path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from contracts.errors import InputError
from graph.arrays import Array, Ints
from graph.blocks import Ties
from graph.network import SupplyNetwork
from graph.paths import within
from graph.relations import ALWAYS, NEVER
from graph.tables import PARTY_KINDS

__all__ = ["from_networkx", "induced", "to_networkx"]

_DATES = ("first_at", "last_at", "valid_from", "valid_to")


def to_networkx(
    network: SupplyNetwork,
    *,
    ego: str | Sequence[str] | None = None,
    hops: int = 2,
    max_nodes: int = 10_000,
) -> nx.MultiDiGraph:
    """Return the net, or the part around some parties, as a networkx graph.

    Nodes are ids with the attributes that were given (``kind, region, lat …``); edges are keyed by their relation
    kind and carry ``weight`` and the other columns.

    Parameters
    ----------
    network
        The net.
    ego
        One id or several; the whole net by default.
    hops
        How far from `ego` to go, relations taken in either direction.
    max_nodes
        Most nodes; nearest first around `ego`. A whole net that is larger is refused: networkx needs about 460
        bytes per edge.

    Raises
    ------
    UnknownIdError
        If `ego` is not a party.
    InputError
        If the whole net is asked for and is larger than `max_nodes`.
    """
    if ego is None:
        if network.n_parties > max_nodes:
            raise InputError("max_nodes", f"at least {network.n_parties} for the whole net", max_nodes)
        chosen = np.arange(network.n_parties, dtype=np.int32)
    else:
        egos = [ego] if isinstance(ego, str) else list(ego)
        parts = [within(network, network.position(one), hops, max_parties=max_nodes) for one in egos]
        _, first = np.unique(np.concatenate(parts), return_index=True)
        chosen = np.concatenate(parts)[np.sort(first)][:max_nodes]
    return induced(network, chosen)


def induced(network: SupplyNetwork, chosen: Ints) -> nx.MultiDiGraph:
    """Return the parties at some positions and the relations among them as a networkx graph."""
    graph = nx.MultiDiGraph()
    for position in chosen.tolist():
        graph.add_node(network.parties.ids.text(position), **_attributes(network, position))
    for kind in network.blocks:
        _add_edges(graph, network, kind, chosen)
    return graph


def from_networkx(graph: nx.Graph) -> SupplyNetwork:
    """Return the net of a networkx graph.

    Nodes need a ``kind`` (`graph.tables.PARTY_KINDS`). Edges take their relation kind from the attribute ``kind``,
    else from their key. Other attributes named like the columns of `graph.tables` are kept. Ids become texts. An
    undirected edge becomes one relation in each direction.

    Raises
    ------
    InputError
        If a node's or an edge's kind is missing or unknown.
    """
    nodes = [{**data, "id": str(node)} for node, data in graph.nodes(data=True)]
    edges = [_edge(*ends) for ends in _directed(graph)]
    parties = pd.DataFrame(nodes, columns=None if nodes else ["id", "kind"])
    if "kind" not in parties or not parties["kind"].isin(PARTY_KINDS).all():
        bad = next(row for row in nodes if row.get("kind") not in PARTY_KINDS)
        raise InputError(f"node {bad['id']}: kind", f"one of {', '.join(PARTY_KINDS)}", bad.get("kind"))
    if "categories" in parties:
        parties["categories"] = parties["categories"].map(_joined, na_action="ignore")
    relations = pd.DataFrame(edges) if edges else pd.DataFrame(columns=["src", "dst", "kind"], dtype="str")
    network = SupplyNetwork.build(parties, relations)
    if "unknown_kind" in network.rejected:
        raise InputError("edges: kind", "a relation kind on every edge", f"{network.rejected['unknown_kind']} without")
    return network


def _attributes(network: SupplyNetwork, position: int) -> dict[str, Any]:
    table = network.parties
    found: dict[str, Any] = {"kind": PARTY_KINDS[table.kind[position]]}
    for name, codes, names in (("region", table.region, table.regions), ("tenant", table.tenant, table.tenants)):
        if codes[position] >= 0:
            found[name] = names.text(int(codes[position]))
    found |= {name: float(array[position]) for name, array in table.numbers.items() if np.isfinite(array[position])}
    if categories := table.categories_of(position):
        found["categories"] = categories
    return found


def _add_edges(graph: nx.MultiDiGraph, network: SupplyNetwork, kind: str, chosen: Ints) -> None:
    block, ids = network.blocks[kind], network.parties.ids
    which, ends, relations = block.out_of(chosen)
    inside = np.isin(ends, chosen)
    sources, targets = ids.texts_at(chosen[which[inside]]), ids.texts_at(ends[inside])
    rows = _attribute_rows(block, relations[inside])
    for source, target, row in zip(sources, targets, rows, strict=True):
        graph.add_edge(source, target, key=_free_key(graph, source, target, kind), kind=kind, **row)


def _free_key(graph: nx.MultiDiGraph, source: str, target: str, kind: str) -> str:
    """Return the relation's kind, numbered where the pair has had it before (another validity)."""
    taken = graph.get_edge_data(source, target) or {}
    number = sum(1 for data in taken.values() if data["kind"] == kind)
    return f"{kind} {number + 1}" if number else kind


def _attribute_rows(block: Ties, relations: Array) -> Iterator[dict[str, Any]]:
    """Yield the attributes of each relation; dates that were not given are left out."""
    columns = {name: block.values(name, relations).tolist() for name in block.names}
    for row in zip(*columns.values(), strict=True):
        given = dict(zip(columns, row, strict=True))
        dates = {name: given.pop(name) for name in _DATES if name in given}
        yield given | {n: np.datetime64(day, "D").item() for n, day in dates.items() if day not in (ALWAYS, NEVER)}


def _directed(graph: nx.Graph) -> list[tuple[Any, Any, Any, dict[str, Any]]]:
    edges = (
        list(graph.edges(keys=True, data=True))
        if graph.is_multigraph()
        else [(a, b, None, data) for a, b, data in graph.edges(data=True)]
    )
    return edges if graph.is_directed() else edges + [(b, a, key, data) for a, b, key, data in edges]


def _edge(source: object, target: object, key: object, data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "src": str(source), "dst": str(target), "kind": data.get("kind", key)}


def _joined(categories: object) -> str:
    return categories if isinstance(categories, str) else "|".join(map(str, categories))  # type: ignore[call-overload]
