"""What happened, as CloudEvents 1.0: for those who poll, and as the bodies of webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from contracts.errors import EvenflowError
from services.viewer import Viewer
from store.booking.lookup import suppliers_of
from store.database import Database
from store.outbox import OutboxRow, read_outbox, settled_to
from store.retention import forgotten_to

__all__ = [
    "EventsGoneError",
    "cloud_event",
    "events_after",
    "is_told",
    "newest_position",
    "oldest_position",
    "topics_match",
]

_PARTIES = ("buyer_id", "supplier_id", "party_id")
_MOST_LOOKED_AT = 2000  # rows of one answer: a reader of few events moves on nevertheless


class EventsGoneError(EvenflowError):
    """Events after a cursor are not kept any more: who asks has missed some."""


def cloud_event(event: OutboxRow) -> dict[str, Any]:
    """Return an event in its envelope (CloudEvents 1.0, JSON format).

    `id` names it for ever: whoever gets it twice drops the second. `sequence` grows with every event, so a receiver can
    tell which of two on the same `subject` is the later one.
    """
    at = datetime.fromtimestamp(event.created_at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return {
        "specversion": "1.0",
        "id": f"evt-{event.position}",
        "source": "/evenflow",
        "type": f"evenflow.{event.topic}",
        "subject": event.subject,
        "time": at.replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "sequence": f"{event.position:020d}",
        "data": event.payload,
    }


def topics_match(topic: str, wanted: Sequence[str]) -> bool:
    """Return whether a topic is one of those wanted, or below one; none wanted = all.

    Examples
    --------
    >>> topics_match("reservation.held", ["reservation"]), topics_match("reservation.held", ["reserv"])
    (True, False)
    """
    return not wanted or any(topic == name or topic.startswith(f"{name}.") for name in wanted)


def is_told(event: OutboxRow, viewer: Viewer, suppliers: Mapping[str, str]) -> bool:
    """Return whether a viewer may know of an event: its tenant made it, or supplies what it is about.

    Parameters
    ----------
    suppliers
        Tenant of the supplier by the id of a reservation.
    """
    if viewer.tenant is None:
        return True
    supplies = suppliers.get(event.subject) == viewer.tenant and event.topic.startswith("reservation.")
    if event.tenant != viewer.tenant and not supplies:
        return False
    if viewer.party is None:
        return True
    mine = _PARTIES if event.tenant == viewer.tenant else ("supplier_id",)
    return any(event.payload.get(name) == viewer.party for name in mine)


def events_after(
    database: Database, viewer: Viewer, *, after: int, limit: int, topics: Sequence[str] = ()
) -> tuple[list[OutboxRow], int]:
    """Return events that a viewer may know of, in their order, and the position up to which was looked.

    Parameters
    ----------
    after
        Position of the last one seen; 0 from the first.
    topics
        Only these topics or those below them; none = all.

    Raises
    ------
    EventsGoneError
        If events after that position were there and are not kept any more.
    UnavailableError
        If the database does not answer.
    """
    found, looked = _after(database, viewer, after, limit, topics)
    if after < oldest_position(database):  # asked last: what is forgotten while it is read is not missed silently
        raise EventsGoneError("events after this cursor are not kept any more: some were missed")
    return found, looked


def _after(
    database: Database, viewer: Viewer, after: int, limit: int, topics: Sequence[str]
) -> tuple[list[OutboxRow], int]:
    end = settled_to(database)
    found: list[OutboxRow] = []
    looked = after
    for _ in range(max(_MOST_LOOKED_AT // limit, 1)):
        rows = read_outbox(database, after=looked, to=end, limit=limit)
        if not rows:
            return found, max(looked, end)
        suppliers = suppliers_of(database, _reservations(rows)) if viewer.tenant is not None else {}
        for row in rows:
            looked = row.position
            if topics_match(row.topic, topics) and is_told(row, viewer, suppliers):
                found.append(row)
                if len(found) == limit:
                    return found, looked
    return found, looked


def _reservations(rows: Sequence[OutboxRow]) -> set[str]:
    return {row.subject for row in rows if row.topic.startswith("reservation.")}


def newest_position(database: Database) -> int:
    """Return the position after which everything is still to come."""
    return settled_to(database)


def oldest_position(database: Database) -> int:
    """Return the position after which every event is still kept."""
    return database.read(forgotten_to, whole=True)
