"""What events have made of a net so far: the pairs and parties they touched, nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from graph.blocks import Block
from graph.delta.handover import Handover
from graph.delta.rows import Pair, Row
from graph.delta.tables import Event
from graph.network import SupplyNetwork

__all__ = ["Delta", "Touched", "base_block", "dead_of", "effective_day", "until"]


class Touched(NamedTuple):
    """What became of a pair's relations of one kind: those from `first` to `end` in the base are now `rows`."""

    first: int
    end: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, eq=False)
class Delta:
    """The outcome of events on a net; immutable: applying more of them gives another.

    Parameters
    ----------
    base
        The net as it was built.
    events
        The events applied, in order.
    pairs
        Per relation kind, the pairs whose relations changed.
    added
        Ids of new parties; their positions follow the base's.
    given
        By position, the attributes that events gave.
    left
        Per relation kind and leaver, the handovers.
    """

    base: SupplyNetwork
    events: tuple[Event, ...] = ()
    pairs: Mapping[str, Mapping[Pair, Touched]] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    given: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    left: Mapping[str, Mapping[str, Handover]] = field(default_factory=dict)

    @property
    def n_parties(self) -> int:
        """How many parties there are, the new ones included."""
        return self.base.n_parties + len(self.added)


def effective_day(event: Event) -> str:
    """Return the day from which an event counts, ``""`` if it always did."""
    day: str = event.get("at") or event.get("valid_from") or ""
    return "" if event["event"] == "party" else day


def until(events: Sequence[Event], day: dt.date) -> list[Event]:
    """Return the events that counted by a day, in the order in which they came; parties are there from the start."""
    last = day.isoformat()
    return [event for event in events if effective_day(event) <= last]


def base_block(base: SupplyNetwork, kind: str) -> Block:
    """Return a kind's block of a net that nothing is laid over."""
    return base.block(kind).merged()


def dead_of(touched: Mapping[Pair, Touched]) -> npt.NDArray[np.int64]:
    """Return the base's relations that no longer stand, ascending."""
    runs = [np.arange(one.first, one.end) for one in touched.values() if one.first < one.end]
    return np.sort(np.concatenate(runs)) if runs else np.empty(0, dtype=np.int64)
