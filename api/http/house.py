"""What the routes share: settings, jobs, the loaded network, metrics."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

import pandas as pd
from fastapi import Depends, Header, Request

from api.http.access import principal_of
from api.http.metrics import Metrics
from api.http.snapshot_age import note_age
from api.settings import Settings
from contracts.errors import NotReadyError
from services.access import OPERATOR, Principal
from services.ingest import Inlet
from services.jobs import JobBoard
from services.keys import KeyRing
from services.reserve import Desk, wall_clock_ms
from services.viewer import Viewer
from store.database import Database
from store.home import Home
from store.prices import PriceShelf
from store.snapshot import Snapshot

__all__ = ["House", "HouseDep", "Houses", "Loaded", "Net", "NetDep", "OwnNetDep", "ViewerDep"]


T = TypeVar("T")
_TENANTS_KEPT = 1000  # houses held open; others are opened again
_MADE_BY = {"plan": "/v1/plans", "load": "/v1/plans"}


class Loaded:
    """One version of the loaded network and what was computed on it, each read once, when first asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot, self.version = snapshot, snapshot.version
        self._results: dict[str, Any] = {}
        self._made: dict[Callable[[Snapshot], Any], Any] = {}
        self._lock = threading.RLock()

    def once(self, make: Callable[[Snapshot], T]) -> T:
        """Return what a function makes of it, made when it is first asked for."""
        with self._lock:
            if make not in self._made:
                self._made[make] = make(self.snapshot)
            made: T = self._made[make]
            return made

    def result(self, name: str) -> Any:
        """Return what was computed on it (a frame or figures), or None."""
        with self._lock:
            if name not in self._results:
                self._results[name] = self.snapshot.result(name)
            return self._results[name]

    def frame(self, name: str) -> pd.DataFrame:
        """Return a computed table.

        Raises
        ------
        NotReadyError
            If it was not computed on this version.
        """
        result = self.result(name)
        if not isinstance(result, pd.DataFrame):
            raise NotReadyError(
                f"no {name} has been computed on this network yet: "
                f"`POST {_MADE_BY.get(name, '/v1/forecasts')}` with the body {{}}, or `evenflow run`"
            )
        return result


class Net:
    """The current version: opened once, and again when another became current or changes or results were written."""

    def __init__(self, home: Home) -> None:
        self.home, self.shelf = home, PriceShelf(home.root)
        self._stamp: tuple[str, int, int] | None = None
        self._loaded: Loaded | None = None
        self._published_ms: int | None = None
        self.stale_because: str | None = None
        """Why the last good version serves instead of the current one; None if the current one does."""
        self.getting_ready = False
        """Whether loops are still being compiled: who asks waits for them in a thread, never where all are answered."""

    def current(self) -> Loaded:
        """Return the current version; if that cannot be read, the last one that could. The answer tells its age.

        Raises
        ------
        NotReadyError
            If nothing is loaded; names the command that loads.
        """
        loaded = self._opened()
        note_age(self.age_seconds(wall_clock_ms()))
        return loaded

    def at_hand(self) -> Snapshot | None:
        """Return what `current` would, which tells its age, too; None if there is something to wait for before."""
        snapshot = None if self.getting_ready else self.home.at_hand()
        if snapshot is not None:
            note_age(self.age_seconds(wall_clock_ms()))
        return snapshot

    def _opened(self) -> Loaded:
        try:
            snapshot = self.home.current()
        except (NotReadyError, OSError) as error:
            if self._loaded is None:
                raise
            self.stale_because = str(error)
            return self._loaded
        self.stale_because = None
        results = snapshot.root / "results"
        stamp = (snapshot.version, snapshot.events_to, results.stat().st_mtime_ns if results.is_dir() else 0)
        if self._loaded is None or stamp != self._stamp:
            self._loaded, self._stamp = Loaded(snapshot), stamp
            self._published_ms = self.home.published_at_ms()
        return self._loaded

    def age_seconds(self, now_ms: int) -> float:
        """Return how long ago the version that serves was published; 0 without one."""
        published_ms = self._published_ms if self.stale_because else self.home.published_at_ms()
        return 0.0 if published_ms is None else max(now_ms - published_ms, 0) / 1000


@dataclass(frozen=True)
class House:
    """One server's parts, as one principal finds them.

    Parameters
    ----------
    settings
        Whose ``home`` is where what this principal sends and makes is kept.
    board
        The queue of long work, shared; each job remembers whose it is.
    net
        The loaded network, shared; what is told of it is a matter of the principal's `viewer`.
    inlet
        Where its signals go.
    keys
        Tells whose an API key is; None: the server is open.
    own
        The network of a tenant of its own, if one is ever loaded into its folder; None: the operator, whose is `net`.
    principal
        Who asks.
    """

    settings: Settings
    board: JobBoard
    net: Net
    metrics: Metrics
    inlet: Inlet
    database: Database
    desk: Desk
    keys: KeyRing | None = None
    own: Net | None = None
    principal: Principal = OPERATOR

    def own_network(self) -> Net | None:
        """Return the network that is the principal's alone: the operator's, a tenant's own one; None: it has none."""
        if self.own is None:
            return self.net
        try:
            self.own.home.current()
        except NotReadyError:
            return None
        return self.own

    def own_current(self) -> Loaded:
        """Return the current version of that network.

        Raises
        ------
        NotReadyError
            If it has none.
        """
        net = self.own_network()
        if net is None:
            raise NotReadyError("no network of your own is loaded: send tables, or let the operator load one for you")
        return net.current()


class Houses:
    """The house of each tenant: what a tenant sends and makes lies in a folder of its own, out of others' reach."""

    def __init__(self, operators: House) -> None:
        self._operators = operators
        self._kept: OrderedDict[str, House] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, principal: Principal) -> House:
        """Return the house as a principal finds it."""
        if not principal.bound:
            return replace(self._operators, principal=principal)
        with self._lock:
            kept = self._kept.get(principal.folder) or self._tenants(principal.folder)
            self._kept[principal.folder] = kept
            self._kept.move_to_end(principal.folder)
            if len(self._kept) > _TENANTS_KEPT:
                self._kept.popitem(last=False)
        return replace(kept, principal=principal)

    def _tenants(self, folder: str) -> House:
        settings = self._operators.settings
        home = settings.home / "tenants" / folder
        inlet = Inlet.of(home, key=settings.secret())
        mine = settings.model_copy(update={"home": home})
        return replace(self._operators, settings=mine, inlet=inlet, own=Net(Home(home)))


async def _house(
    request: Request,
    tenant: Annotated[
        str | None,
        Header(
            alias="Evenflow-Tenant",
            min_length=1,
            max_length=120,
            description="Answer as this tenant's keys are answered; a key bound to another tenant is refused.",
        ),
    ] = None,
) -> House:
    del tenant  # the principal looks at it: this names it in the OpenAPI
    houses: Houses = request.app.state.houses
    return houses.of(principal_of(request))


def _loaded(house: HouseDep) -> Loaded:
    return house.net.current()


def _own_loaded(house: HouseDep) -> Loaded:
    return house.own_current()


async def _viewer(house: HouseDep) -> Viewer:
    return house.principal.viewer


HouseDep = Annotated[House, Depends(_house)]
NetDep = Annotated[Loaded, Depends(_loaded)]
OwnNetDep = Annotated[Loaded, Depends(_own_loaded)]
ViewerDep = Annotated[Viewer, Depends(_viewer)]
