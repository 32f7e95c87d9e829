"""Estimates of launches made before, told again as long as nothing came that could change them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import UnknownIdError
from forecast.signal_times import TIMEZONE
from services.ingest import Inlet
from services.launch_tables import finals, launch_styles
from store.snapshot import Snapshot

__all__ = ["LaunchMemory", "Looked"]

_MOST = 4096
_DAY = pd.Timedelta(days=1)
_Moments = npt.NDArray[np.int64]
_Key = tuple[str, str, int]


class LaunchMemory:
    """What was told of styles. Everything goes when another network is loaded, or a signal or an order comes in.

    Parameters
    ----------
    inlet
        What came in since the network was loaded.
    """

    def __init__(self, inlet: Inlet) -> None:
        self._inlet = inlet
        self._lock = threading.Lock()
        self._kept: Looked | None = None

    def look(self, snapshot: Snapshot) -> Looked:
        """Return what is remembered of the state that things are in now."""
        facts = self._inlet.facts
        state = (snapshot.root, snapshot.version, snapshot.events_to, facts.signals.stamp(), facts.orders.stamp())
        with self._lock:
            if self._kept is None or self._kept.state != state:
                self._kept = Looked(snapshot, self._inlet, state)
            return self._kept


class Looked:
    """One state of what is known, and what was told of it by style, checkpoint and how much had been known by then."""

    def __init__(self, snapshot: Snapshot, inlet: Inlet, state: tuple[Any, ...]) -> None:
        self.snapshot, self.state, self._inlet = snapshot, state, inlet
        styles = launch_styles(snapshot)
        self._launch_at: dict[str, pd.Timestamp] = dict(zip(styles["style_id"], styles["launch_at"], strict=True))
        self._finals = _sorted([finals(styles)])
        self._moments: dict[str, _Moments] = {}
        self._told: OrderedDict[_Key, dict[str, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def launch_at(self, style_id: str, *, where: str | None = None) -> pd.Timestamp:
        """Return when a style was launched, or will be; raises UnknownIdError if the network does not have it."""
        if style_id not in self._launch_at:
            raise UnknownIdError("style", style_id, where=where)
        return self._launch_at[style_id]

    def finished_by(self, at: pd.Timestamp) -> int:
        """Return how many styles' totals were known at a moment."""
        return _count(self._finals, at)

    def told(
        self, style_id: str, checkpoint: str, at: pd.Timestamp, make: Callable[[], dict[str, Any]], *, keep: bool = True
    ) -> dict[str, Any]:
        """Return what `make` makes, or made when just as much was known of the style and of those it is learnt from."""
        if style_id not in self._moments:
            self._moments[style_id] = np.union1d(_sorted(self._heard(style_id)), self._finals)
        key = style_id, checkpoint, _count(self._moments[style_id], at)
        found = self._told.get(key)
        if found is None:
            found = make()
            if keep:
                self._keep(key, found)
        return dict(found)

    def _keep(self, key: _Key, told: dict[str, Any]) -> None:
        with self._lock:
            while len(self._told) >= _MOST:
                self._told.popitem(last=False)
            self._told[key] = told

    def _heard(self, style_id: str) -> Iterable[pd.Series]:
        """Yield the moments at which something of a style became known: signals, orders, days of sales that ended."""
        facts = self._inlet.facts
        yield self.snapshot.rows("signals", "style_id", style_id)["observed_at"]
        yield facts.signals.read(style_id)["observed_at"]
        orders = facts.orders.read(style_id)
        yield orders["observed_at"]
        yield orders["paid_at"].dt.normalize() + _DAY
        sales = self.snapshot.table("sales")
        if "style_id" in sales:
            yield sales.loc[(sales["style_id"] == style_id).to_numpy(), "ds"].dt.tz_localize(TIMEZONE) + _DAY


def _sorted(moments: Iterable[pd.Series]) -> _Moments:
    """Return moments with time zones in order, in microseconds since 1970."""
    plain = [pd.DatetimeIndex(one.dropna()).tz_convert("UTC").as_unit("us").asi8 for one in moments if len(one)]
    return np.sort(np.concatenate(plain)) if plain else np.zeros(0, np.int64)


def _count(moments: _Moments, at: pd.Timestamp) -> int:
    return int(np.searchsorted(moments, at.value // 1000, side="right"))
