"""Bills of materials: what a started piece takes, and that nothing contains itself."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import sparse

from contracts.errors import TableError
from planning.problem import Modes

__all__ = ["component_usage", "require_acyclic", "with_components", "without_cycles"]


def require_acyclic(bom: pd.DataFrame, *, source: str = "bom") -> None:
    """Raise if an item is, through any number of levels, a component of itself; names the cycle.

    Raises
    ------
    TableError
        Naming the items of one cycle in order.
    """
    cycle = _cycle(bom)
    if cycle:
        raise TableError(source, "component", "no item inside itself", " -> ".join(cycle))


def without_cycles(bom: pd.DataFrame) -> tuple[pd.DataFrame, list[list[str]]]:
    """Leave out rows until no item is a component of itself.

    Returns
    -------
    acyclic, cycles
        The rows without those that lie on a cycle, and the items of each cycle found, in order.

    Examples
    --------
    >>> bom = pd.DataFrame({"parent": ["a", "b", "tee"], "component": ["b", "a", "cloth"], "quantity": 1})
    >>> acyclic, cycles = without_cycles(bom)
    >>> acyclic["parent"].tolist(), sorted(set(cycles[0]))
    (['tee'], ['a', 'b'])
    """
    cycles: list[list[str]] = []
    while cycle := _cycle(bom):
        cycles.append(cycle)
        around = set(pairwise(cycle)) | {(component, parent) for parent, component in pairwise(cycle)}
        rows = zip(bom["parent"], bom["component"], strict=True)
        bom = bom[[pair not in around for pair in rows]]
    return bom.reset_index(drop=True), cycles


def _cycle(bom: pd.DataFrame) -> list[str]:
    """Return the items of a cycle in order, the first one again at its end; empty if there is none."""
    parents: dict[str, list[str]] = bom.groupby("parent")["component"].apply(list).to_dict()
    try:
        TopologicalSorter(parents).prepare()
    except CycleError as error:
        return [str(item) for item in error.args[1][::-1]]
    return []


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
