"""Which events a viewer of a tenant may record: those about its own parties."""

from __future__ import annotations

import numpy as np
import pandas as pd

from contracts.errors import TableError
from graph.network import SupplyNetwork
from services.viewer import Viewer

__all__ = ["require_own"]


def require_own(frame: pd.DataFrame, viewer: Viewer, network: SupplyNetwork, *, source: str) -> None:
    """Raise unless the viewer may record every event of a batch.

    Of a relation, an end or a trade one side must be its own and the other one visible; of a handover both must be its
    own; a party must be its own, and stay so. An operator (no tenant) may record everything.

    Parameters
    ----------
    frame
        The events, with the types of `graph.delta.tables.EVENTS`.
    viewer
        Who records.
    network
        The net with the changes so far.
    source
        What the rows are called in messages.

    Raises
    ------
    TableError
        Naming the row; of a party that the viewer may not know of it says that it is unknown.
    """
    if viewer.tenant is None:
        return
    new: set[str] = set()
    for row, event in enumerate(frame.to_dict("records"), start=1):
        names = ("id",) if event["event"] == "party" else ("src", "dst")
        column, expected = _fault(event, names, viewer, network, new)
        if column:
            raise TableError(source, column, expected, event.get(column), row=row)
        if event["event"] == "party":
            new.add(str(event.get("id")))


def _fault(
    event: dict[str, object], names: tuple[str, ...], viewer: Viewer, network: SupplyNetwork, new: set[str]
) -> tuple[str, str]:
    """Return the column at fault and what was expected of it; two empty texts if the viewer may record the event."""
    at = dict(
        zip(names, network.parties.ids.positions(pd.Series([event.get(n) for n in names], dtype="str")), strict=True)
    )
    own = {name: str(event.get(name)) in new or _owns(viewer, network, int(place)) for name, place in at.items()}
    for name, place in at.items():
        if not own[name] and (place < 0 or not viewer.sees(network, int(place))) and event["event"] != "party":
            return name, "the id of a party"
    if event["event"] == "party":
        gives = event.get("tenant")
        if at["id"] >= 0 and not own["id"]:
            return "id", "the id of a party of your own, or of a new one"
        stays = own["id"] and (pd.isna(gives) or not gives)
        return ("", "") if stays or gives == viewer.tenant else ("tenant", f"{viewer.tenant}, as the viewer's own")
    if event["event"] == "handover":
        others = [name for name in names if not own[name]]
        return (others[0], "the id of a party of your own") if others else ("", "")
    return ("", "") if any(own.values()) else (names[0], "one side that is your own")


def _owns(viewer: Viewer, network: SupplyNetwork, position: int) -> bool:
    return position >= 0 and bool(viewer.owns(network, np.array([position]))[0])
