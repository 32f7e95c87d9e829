"""Which series and which resources of a loaded network concern a viewer: those of its own stores and factories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from graph.arrays import Array
from graph.network import SupplyNetwork
from services.viewer import Viewer
from store.snapshot import Snapshot

__all__ = ["Owners", "resource_owners", "series_owners"]


@dataclass(frozen=True, eq=False)
class Owners:
    """Names and the parties they belong to, a row per pair.

    Parameters
    ----------
    names
        Names of series or resources.
    parties
        Positions in the network, int64, as long as `names`; -1 for a party that is not there.
    """

    network: SupplyNetwork
    names: pd.Index
    parties: Array

    def of(self, viewer: Viewer) -> frozenset[str]:
        """Return the names whose every owner is the viewer's own.

        Examples
        --------
        >>> parties = pd.DataFrame({"id": ["A", "B"], "kind": "store", "tenant": ["a", "b"]})
        >>> net = SupplyNetwork.build(parties, pd.DataFrame({"src": ["A"], "dst": ["B"], "kind": ["supplies"]}))
        >>> owners = Owners(net, pd.Index(["x", "shared", "shared", "lost"]), np.array([0, 0, 1, -1]))
        >>> sorted(owners.of(Viewer("a"))), sorted(owners.of(Viewer("b")))
        (['x'], [])
        """
        own = (self.parties >= 0) & viewer.owns(self.network, self.parties)
        return frozenset(self.names[own].astype(str)) - frozenset(self.names[~own].astype(str))


def series_owners(snapshot: Snapshot) -> Owners:
    """Return the stores whose sales each series is made of (``sales.store_id``); without that column nobody's."""
    return _owners(snapshot, snapshot.table("sales"), "unique_id", "store_id")


def resource_owners(snapshot: Snapshot) -> Owners:
    """Return the suppliers of each resource of the plan (``supply.resource``)."""
    return _owners(snapshot, snapshot.table("supply"), "resource", "supplier_id")


def _owners(snapshot: Snapshot, table: pd.DataFrame, name: str, party: str) -> Owners:
    network = snapshot.network()
    if name not in table or party not in table:
        return Owners(network, pd.Index([], dtype="str"), np.empty(0, dtype=np.int64))
    pairs = table[[name, party]].drop_duplicates()
    pairs = pairs[pairs[name].notna()]
    parties = network.parties.ids.positions(pairs[party].fillna("").astype("str"))
    return Owners(network, pd.Index(pairs[name]), np.asarray(parties, dtype=np.int64))
