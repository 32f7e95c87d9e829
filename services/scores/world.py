"""What scores are looked up in: one loaded network, on a day, in the eyes of whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from services.viewer import Viewer
from store.snapshot import Snapshot

if TYPE_CHECKING:
    from services.launch_estimates import LaunchDesk

__all__ = ["World"]

_TIMEZONE = "Asia/Shanghai"


@dataclass(frozen=True, kw_only=True)
class World:
    """Where a score's inputs come from.

    Parameters
    ----------
    snapshot
        The loaded network.
    viewer
        Who asks: what it may not know of is unknown.
    as_of
        The moment, with a time zone: what happened after it is not looked at. None = each kind's latest.
    launches
        Makes the desk of launch estimates when it is needed.
    keep
        Whether what is estimated on the way may be kept.
    """

    snapshot: Snapshot
    viewer: Viewer
    as_of: pd.Timestamp | None
    launches: Callable[[], LaunchDesk]
    keep: bool = True

    @property
    def day(self) -> pd.Timestamp | None:
        """The day asked for (midnight, without time zone), if any was."""
        if self.as_of is None:
            return None
        return self.as_of.tz_convert(_TIMEZONE).tz_localize(None).normalize()

    @property
    def today(self) -> pd.Timestamp:
        """The day asked for, else today."""
        day = self.day
        return pd.Timestamp.now(tz=_TIMEZONE).tz_localize(None).normalize() if day is None else day

    def position(self, party_id: str) -> int:
        """Return a party's position; raises UnknownIdError if there is none that the viewer may know of."""
        return self.viewer.position(self.snapshot.network(), party_id)

    def sees_pair(self, position: int, other_id: str) -> bool:
        """Return whether the viewer may know what is between a party and another one, or a name that is no party."""
        network = self.snapshot.network()
        other = network.parties.ids.positions(pd.Series([other_id], dtype="str"))
        if other[0] < 0:
            return bool(self.viewer.owns(network, np.array([position]))[0])
        return bool(self.viewer.sees_between(network, np.array([position]), other)[0])
