"""The network whose forecast and plan a key is told of: its tenant's own one, or what concerns it of the shared one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
from fastapi import Depends

from api.http.house import HouseDep, Loaded
from services.own_rows import Owners, resource_owners, series_owners
from services.viewer import Viewer
from store.snapshot import Snapshot

if TYPE_CHECKING:
    from services.read_forecasts import ForecastView

__all__ = ["Sight", "SightDep"]


@dataclass(frozen=True)
class Sight:
    """A loaded network and whose eyes look at its forecast and plan.

    Parameters
    ----------
    home
        Where the network, its forecasts and their overrides are.
    viewer
        Whom the rows must concern; a viewer without a tenant sees them all.
    """

    home: Path
    loaded: Loaded
    viewer: Viewer

    def forecast(self, view: ForecastView) -> ForecastView:
        """Return a forecast with the series of the viewer's own stores only; nodes sum up others', so they are left."""
        names = self._own(series_owners)
        return view if names is None else view.only(names)

    def plan(self, name: str) -> pd.DataFrame:
        """Return a table of the plan (``plan``, ``load``) with the rows of the viewer's own resources only.

        Raises
        ------
        NotReadyError
            If it was not computed.
        """
        frame, names = self.loaded.frame(name), self._own(resource_owners)
        return frame if names is None else frame[frame["resource"].astype(str).isin(names)].reset_index(drop=True)

    def knows(self, column: str, wanted: str) -> bool:
        """Return whether an item or a resource is one of a network that is wholly the viewer's to see."""
        routes = self.loaded.snapshot.table("routes")
        return self.viewer.tenant is None and bool((routes[column].astype(str) == wanted).any())

    def _own(self, owners: Callable[[Snapshot], Owners]) -> frozenset[str] | None:
        if self.viewer.tenant is None:
            return None
        return self.loaded.once(owners).of(self.viewer)


def _sight(house: HouseDep) -> Sight:
    own = house.own_network()
    if own is None:
        return Sight(house.net.home.root, house.net.current(), house.principal.viewer)
    return Sight(own.home.root, own.current(), Viewer())


SightDep = Annotated[Sight, Depends(_sight)]
