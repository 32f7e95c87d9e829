"""Whose eyes look at the net: the hook at which every answer about parties is scoped to a tenant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError, UnknownIdError
from graph.arrays import Array
from graph.network import SupplyNetwork

__all__ = ["Viewer"]

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Viewer:
    """Who asks. A viewer of a tenant sees its own parties, public ones, and who its own parties deal with directly.

    Between two parties (a relation, a credit position, a claim) it sees what one of its own is an end of, and what is
    public at both ends: a brand sees its distributors, but not their customers.

    Parameters
    ----------
    tenant
        The tenant named in ``parties.tenant``; None sees everything (the operator).
    party
        The one party that is the viewer's own, of the tenant; None: all parties of the tenant are.

    Examples
    --------
    >>> kinds = ["brand", "distributor", "store"]
    >>> parties = pd.DataFrame({"id": ["B", "D", "S"], "kind": kinds, "tenant": ["b", "d", "s"]})
    >>> relations = pd.DataFrame({"src": ["B", "D"], "dst": ["D", "S"], "kind": ["supplies", "distributes"]})
    >>> net = SupplyNetwork.build(parties, relations)
    >>> [Viewer("b").sees(net, net.position(party)) for party in "BDS"]
    [True, True, False]
    """

    tenant: str | None = None
    party: str | None = None

    def owns(self, network: SupplyNetwork, positions: Array) -> Mask:
        """Return which of the parties (positions, any shape) are the viewer's own."""
        if self.tenant is None:
            return np.ones(np.shape(positions), dtype=bool)
        own: Mask = network.parties.tenant[positions] == self._code(network)
        if self.party is not None:
            own = own & (np.asarray(positions) == self._place(network))
        return own

    def sees_between(self, network: SupplyNetwork, src: Array, dst: Array) -> Mask:
        """Return which data between pairs of parties the viewer may read."""
        tenant = network.parties.tenant
        public: Mask = (tenant[src] < 0) & (tenant[dst] < 0)
        return self.owns(network, src) | self.owns(network, dst) | public

    def sees(self, network: SupplyNetwork, position: int) -> bool:
        """Return whether the viewer may know of a party at all."""
        own = self.owns(network, np.array([position]))[0]
        return bool(own or network.parties.tenant[position] < 0 or self._deals_with(network, position))

    def seen(self, network: SupplyNetwork) -> Mask:
        """Return which of all parties the viewer may know of, shape (parties,)."""
        own = self.owns(network, np.arange(network.n_parties))
        if self.tenant is None:
            return own
        seen: Mask = own | (network.parties.tenant[:] < 0)
        for block in network.blocks.values():
            seen[block.around(np.flatnonzero(own))] = True
        return seen

    def position(self, network: SupplyNetwork, party_id: str) -> int:
        """Return a party's position.

        Raises
        ------
        UnknownIdError
            If there is no such party, or the viewer may not know of it: the answer does not tell which.
        """
        at = network.position(party_id)
        if not self.sees(network, at):
            raise UnknownIdError("party", party_id)
        return at

    def own_position(self, network: SupplyNetwork, party_id: str) -> int:
        """Return the position of one of the viewer's own parties; raises UnknownIdError otherwise."""
        at = network.position(party_id)
        if not self.owns(network, np.array([at]))[0]:
            raise UnknownIdError("party", party_id)
        return at

    def require_operator(self) -> None:
        """Refuse what is the operator's to a tenant.

        Raises
        ------
        InputError
            Naming the header.
        """
        if self.tenant is not None:
            raise InputError("Evenflow-Tenant", "nothing: this is the operator's", self.tenant)

    def _deals_with(self, network: SupplyNetwork, position: int) -> bool:
        around = (block.around(np.array([position])) for block in network.blocks.values())
        return any(self.owns(network, positions).any() for positions in around)

    def _code(self, network: SupplyNetwork) -> int:
        """Return the tenant's code; one that no party has owns nothing."""
        code = int(network.parties.tenants.positions(pd.Series([self.tenant or ""], dtype="str"))[0])
        return code if code >= 0 else -2

    def _place(self, network: SupplyNetwork) -> int:
        """Return the position of the viewer's one party; one that is not in the network owns nothing."""
        try:
            return network.position(self.party or "")
        except UnknownIdError:
            return -1
