"""Which exceptions concern a viewer: those that touch its own orders, stores, factories or lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from services.found import Found
from services.own_rows import resource_owners, series_owners
from services.viewer import Viewer
from store.snapshot import Snapshot

__all__ = ["concerning"]

_OF_ORDERS, _OF_LINES = ("unfilled order", "late promise"), ("idle", "overtime")


def concerning(found: Iterable[Found], viewer: Viewer, snapshot: Snapshot | None) -> list[Found]:
    """Return the exceptions that a viewer may know of; all of them for the operator.

    Those of its own orders, lines, series, suppliers, and orders that wait; of a plan's order the lines it is moved on
    must all be its own. What is drawn from the whole house (items that are short, prices, work that failed) is the
    operator's.
    """
    if viewer.tenant is None:
        return list(found)
    if snapshot is None:
        return []
    knows = _rules(viewer, snapshot)
    return [one for one in found if one.kind in knows and knows[one.kind](one)]


def _rules(viewer: Viewer, snapshot: Snapshot) -> dict[str, Callable[[Found], bool]]:
    network = snapshot.network()
    mine = np.flatnonzero(viewer.owns(network, np.arange(network.n_parties)))
    parties = frozenset(map(str, network.parties.ids.texts_at(mine)))
    orders = snapshot.table("orders")
    own = frozenset(orders.loc[_named(orders, "buyer_id").isin(parties), "order_id"].astype(str))
    lines, series = resource_owners(snapshot).of(viewer), series_owners(snapshot).of(viewer)
    return {
        **dict.fromkeys(_OF_ORDERS, lambda one: one.subject in own),
        **dict.fromkeys(_OF_LINES, lambda one: one.subject in lines),
        "plan change": lambda one: one.place is not None and set(one.place.split(",")) <= lines,
        "backorder": lambda one: one.place in parties,
        "refused order": lambda one: one.place in parties,
        "capacity cut": lambda one: one.subject in parties,
        "forecast shift": lambda one: one.subject in series,
    }


def _named(table: pd.DataFrame, column: str) -> pd.Series:
    return table[column].astype(str) if column in table else pd.Series("", index=table.index)
