"""Bills of materials: what a started piece takes, and that nothing contains itself."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import numpy as np
import pandas as pd
from scipy import sparse

from contracts.errors import TableError
from planning.problem import Modes

__all__ = ["component_usage", "require_acyclic", "with_components"]


def require_acyclic(bom: pd.DataFrame, *, source: str = "bom") -> None:
    """Raise if an item is, through any number of levels, a component of itself; names the cycle.

    Raises
    ------
    TableError
        Naming the items of one cycle in order.
    """
    parents: dict[str, list[str]] = bom.groupby("parent")["component"].apply(list).to_dict()
    try:
        TopologicalSorter(parents).prepare()
    except CycleError as error:
        raise TableError(source, "component", "no item inside itself", " -> ".join(error.args[1][::-1])) from None


def with_components(items: set[str], bom: pd.DataFrame) -> set[str]:
    """Return the items and all they are made of.

    Examples
    --------
    >>> bom = pd.DataFrame({"parent": ["bike", "wheel"], "component": ["wheel", "spoke"], "quantity": [2, 36]})
    >>> sorted(with_components({"bike"}, bom))
    ['bike', 'spoke', 'wheel']
    """
    reached, frontier = set(items), set(items)
    while frontier:
        frontier = set(bom.loc[bom["parent"].isin(frontier), "component"]) - reached
        reached |= frontier
    return reached


def component_usage(bom: pd.DataFrame, modes: Modes, items: pd.Index) -> sparse.csr_array:
    """Return pieces of each item taken per piece that a mode starts, shape (P, M)."""
    rows = pd.DataFrame({"parent": items.get_indexer(bom["parent"]), "component": items.get_indexer(bom["component"])})
    rows["quantity"] = bom["quantity"].to_numpy(float)
    made = pd.DataFrame({"parent": modes.item, "mode": np.arange(len(modes.item))})
    used = rows.merge(made, on="parent")
    shape = (len(items), len(modes.item))
    return sparse.csr_array((used["quantity"], (used["component"], used["mode"])), shape=shape)
