"""The same relations in the libraries people use for graphs: building, memory and personalised PageRank.

Everybody starts from the same columns in memory: ids of parties in the form a library takes (Python's texts, Arrow's
dictionaries), ends as row numbers, kinds and weights. Everybody ranks from the same parties with the same damping,
and stops at the same precision: changes that sum to less than `PRECISION`. Scores are kept beside the market, so that
they can be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.graph_market import KINDS, coded_frame, ends_of, names_of
from benchmarks.meter import peak_mb, release, resident_mb, timed

__all__ = ["measure_igraph", "measure_networkx", "measure_ours", "measure_rustworkx", "seeds"]

DAMPING, PRECISION = 0.85, 1e-6


def seeds(parties: int) -> np.ndarray:
    """Return the rows of the parties that walks start from: a hundred factories."""
    return np.unique(np.linspace(0, max(parties // 200, 2) - 1, 100).astype(int))


def measure_ours(folder: Path) -> dict[str, float]:
    """Measure the supply net; PageRank once as arrays and once as networkx's function, which returns a dict."""
    from graph import backend
    from graph.array_graph import NetworkArrays
    from graph.network import SupplyNetwork
    from graph.pagerank import pagerank

    nodes, ends = _nodes(folder), ends_of(folder)
    ids = nodes["id"].to_numpy(object)
    few = {name: array[:1000] for name, array in ends.items()}
    starting, _ = timed(lambda: SupplyNetwork.build(*_frames(nodes, few)))
    found, net = _built(lambda: SupplyNetwork.build(*_frames(nodes, ends)))
    at = net.parties.ids.positions(pd.Series(ids))
    start = np.zeros(len(ids))
    start[at[seeds(len(ids))]] = 1
    ranking, scores = timed(
        lambda: pagerank(
            NetworkArrays(net).links_by_end("weight"), start, damping=DAMPING, tolerance=PRECISION, max_iterations=500
        )
    )
    wanted = dict.fromkeys(ids[seeds(len(ids))].tolist(), 1.0)
    asking, _ = timed(lambda: backend.pagerank(net, DAMPING, wanted, max_iter=500, tol=PRECISION / len(ids)))
    np.save(folder / "scores_ours.npy", scores[at])
    return found | {
        "parties": net.n_parties,
        "relations": net.n_relations,
        "pagerank_cpu_seconds": ranking,
        "pagerank_dict_cpu_seconds": asking,
        "compiler_cpu_seconds": starting,
    }


def measure_networkx(folder: Path) -> dict[str, float]:
    """Measure networkx: a directed multigraph keyed by relation kind."""
    import networkx as nx

    nodes = _nodes(folder)
    ids, ends = nodes["id"].to_numpy(object), ends_of(folder)

    def build() -> nx.MultiDiGraph:
        graph = nx.MultiDiGraph()
        graph.add_nodes_from((row.pop("id"), row) for row in nodes.to_dict("records"))
        kinds = np.array(KINDS, dtype=object)[ends["kind"]]
        rows = zip(ids[ends["src"]], ids[ends["dst"]], kinds, ends["weight"].tolist(), strict=True)
        graph.add_edges_from((src, dst, kind, {"weight": weight}) for src, dst, kind, weight in rows)
        return graph

    found, graph = _built(build)
    wanted = dict.fromkeys(ids[seeds(len(ids))].tolist(), 1.0)
    ranking, scores = timed(
        lambda: nx.pagerank(graph, DAMPING, wanted, max_iter=500, tol=PRECISION / len(ids), backend="networkx")
    )
    np.save(folder / "scores_networkx.npy", np.array([scores[name] for name in ids]))
    return found | _sizes(graph.number_of_nodes(), graph.number_of_edges()) | {"pagerank_cpu_seconds": ranking}


def measure_rustworkx(folder: Path) -> dict[str, float]:
    """Measure rustworkx: the weights are the edges' data, so the kinds are left out."""
    import rustworkx as rx

    ids, ends = _ids(folder), ends_of(folder)

    def build() -> Any:
        graph = rx.PyDiGraph(node_count_hint=len(ids), edge_count_hint=len(ends["src"]))
        graph.add_nodes_from(ids.tolist())
        graph.add_edges_from(list(zip(*(ends[name].tolist() for name in ("src", "dst", "weight")), strict=True)))
        return graph

    found, graph = _built(build)
    wanted = dict.fromkeys(seeds(len(ids)).tolist(), 1.0)
    ranking, scores = timed(
        lambda: rx.pagerank(
            graph, alpha=DAMPING, weight_fn=float, personalization=wanted, tol=PRECISION / len(ids), max_iter=500
        )
    )
    np.save(folder / "scores_rustworkx.npy", np.array([scores[row] for row in range(len(ids))]))
    return found | _sizes(graph.num_nodes(), graph.num_edges()) | {"pagerank_cpu_seconds": ranking}


def measure_igraph(folder: Path) -> dict[str, float]:
    """Measure igraph: its PageRank solves by PRPACK, whose precision cannot be set (1e-10)."""
    import igraph

    ids, ends = _ids(folder), ends_of(folder)

    def build() -> Any:
        graph = igraph.Graph(n=len(ids), edges=np.stack([ends["src"], ends["dst"]], axis=1), directed=True)
        graph.vs["name"] = ids.tolist()
        graph.es["kind"] = ends["kind"].tolist()
        graph.es["weight"] = ends["weight"].tolist()
        return graph

    found, graph = _built(build)
    start = seeds(len(ids)).tolist()
    ranking, scores = timed(
        lambda: graph.personalized_pagerank(damping=DAMPING, weights="weight", reset_vertices=start)
    )
    np.save(folder / "scores_igraph.npy", np.array(scores))
    return found | _sizes(graph.vcount(), graph.ecount()) | {"pagerank_cpu_seconds": ranking}


def _built(build: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    release()
    before = resident_mb()
    seconds, graph = timed(build)
    peak = peak_mb()
    release()
    return {
        "build_cpu_seconds": seconds,
        "added_mb": resident_mb() - before,
        "added_peak_mb": peak - before,
    }, graph


def _sizes(parties: int, relations: int) -> dict[str, float]:
    return {"parties": parties, "relations": relations}


def _nodes(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "parties.parquet", columns=["id", "kind", "region"])


def _ids(folder: Path) -> np.ndarray:
    ids: np.ndarray = _nodes(folder)["id"].to_numpy(object)
    return ids


def _frames(nodes: pd.DataFrame, ends: dict[str, np.ndarray]) -> tuple[pd.DataFrame, pd.DataFrame]:
    return nodes, coded_frame(ends, names_of(nodes["id"]))
