"""A pytest plugin: what networkx's tests need around the functions under test, taken from networkx itself.

Their set-up and their comparisons call other networkx functions (relabelling, isomorphism, counting components). Our
backend does not have those, so the tests would stop there; here they run networkx's own code, whose inner calls still
come to us.
"""

import networkx as nx

from graph import backend
from graph.array_graph import ArrayGraph

HELPERS = (
    "all_pairs_shortest_path_length",
    "convert_node_labels_to_integers",
    "disjoint_union",
    "disjoint_union_all",
    "is_connected",
    "is_isomorphic",
    "is_weakly_connected",
    "node_connected_component",
    "number_connected_components",
    "number_weakly_connected_components",
    "relabel_nodes",
    "shortest_path_length",
    "to_scipy_sparse_array",
    "union",
    "union_all",
)


def _plain(value):
    if isinstance(value, list):
        return list(map(_plain, value))
    return value.source if isinstance(value, ArrayGraph) else value


def _helper(name):
    function = getattr(nx, name).orig_func

    def run(*args, **kwargs):
        result = function(*map(_plain, args), **{key: _plain(value) for key, value in kwargs.items()})
        return ArrayGraph(result) if isinstance(result, nx.Graph) else result

    return run


for helper in HELPERS:
    setattr(backend, helper, _helper(helper))
