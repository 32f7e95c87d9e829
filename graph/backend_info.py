"""What networkx reads about our backend when it is imported: nothing heavy may be imported here."""

from __future__ import annotations

from typing import Any

__all__ = ["get_info"]

_FUNCTIONS = (
    "all_pairs_shortest_path",
    "bidirectional_shortest_path",
    "connected_components",
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
)


def get_info() -> dict[str, Any]:
    """Return the description that the entry point `networkx.backend_info` promises."""
    return {
        "backend_name": "evenflow",
        "project": "evenflow",
        "package": "graph",
        "short_summary": "Runs on the arrays of a supply net.",
        "functions": {name: {} for name in _FUNCTIONS},
    }
