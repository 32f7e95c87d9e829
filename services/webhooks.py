"""Who is told of events: webhooks made, listed and removed, their deliveries looked at and sent again."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from contracts.errors import InputError, UnknownIdError
from services.events import newest_position
from services.post_webhook import Targets, check_url
from services.viewer import Viewer
from store.booking.rows import moment_text
from store.database import Database
from store.webhooks import (
    Delivery,
    Webhook,
    add_webhook,
    change_dead,
    change_delivery,
    deliveries_of,
    end_webhook,
    find_webhook,
    webhooks_of,
)

__all__ = [
    "create_webhook",
    "delivery_row",
    "list_deliveries",
    "list_webhooks",
    "remove_webhook",
    "resend",
    "resend_dead",
    "webhook_row",
]

_MOST = 50  # webhooks of one tenant or party
_SECRET_BYTES = 32


def create_webhook(
    database: Database, viewer: Viewer, url: str, topics: Sequence[str], *, targets: Targets, now_ms: int
) -> Webhook:
    """Send a viewer's events to an address from now on; the answer holds the secret that signs them.

    Parameters
    ----------
    topics
        Topics, or what stands before a dot of them (``reservation``); none = all.
    targets
        See `services.post_webhook.check_url`.

    Raises
    ------
    InputError
        If the address is none or leads where it must not, a topic is none, or there are too many webhooks already.
    """
    check_url(url, targets)
    for topic in topics:
        if not topic or not all(part.isidentifier() for part in topic.split(".")):
            raise InputError("topics", "words with dots between, such as reservation.held", topic)
    webhook = Webhook(
        id=f"wh-{now_ms:012x}{secrets.token_hex(6)}",
        tenant=viewer.tenant or "",
        party=viewer.party,
        url=url,
        topics=" ".join(sorted(set(topics))),
        secret=f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}",
        read_to=newest_position(database),
        created_at_ms=now_ms,
    )

    def keep(connection: Connection) -> None:
        if len(webhooks_of(connection, tenant=webhook.tenant, party=webhook.party)) >= _MOST:
            raise InputError("webhooks", f"at most {_MOST} at a time", _MOST + 1)
        add_webhook(connection, webhook)

    database.write(keep)
    return webhook


def list_webhooks(database: Database, viewer: Viewer) -> list[Webhook]:
    """Return the webhooks that a viewer made or may look after, the oldest first; all of them for the operator."""
    return database.read(lambda connection: webhooks_of(connection, tenant=viewer.tenant, party=viewer.party))


def remove_webhook(database: Database, viewer: Viewer, webhook_id: str, *, now_ms: int) -> Webhook:
    """Send nothing there any more.

    Raises
    ------
    UnknownIdError
        If there is none of that id, or it is not the viewer's.
    """

    def end(connection: Connection) -> Webhook:
        found = _own(connection, viewer, webhook_id)
        end_webhook(connection, webhook_id, now_ms=now_ms, because="removed")
        return found

    return database.write(end)


def list_deliveries(
    database: Database, viewer: Viewer, webhook_id: str, *, state: str | None, before: int | None, limit: int
) -> list[Delivery]:
    """Return what became of the events of a webhook, the newest first; raises as `remove_webhook`."""

    def look(connection: Connection) -> list[Delivery]:
        _own(connection, viewer, webhook_id)
        return deliveries_of(connection, webhook_id, state=state, before=before, limit=limit)

    return database.read(look)


def resend(database: Database, viewer: Viewer, webhook_id: str, position: int, *, now_ms: int) -> None:
    """Send an event again, whatever became of it, with as many attempts as a new one.

    Raises
    ------
    UnknownIdError
        If there is no such webhook or delivery, or it is not the viewer's.
    """

    def again(connection: Connection) -> None:
        _own(connection, viewer, webhook_id)
        if not change_delivery(connection, webhook_id, position, **_fresh(now_ms)):
            raise UnknownIdError("delivery", str(position), where=webhook_id)

    database.write(again)


def resend_dead(database: Database, viewer: Viewer, webhook_id: str, *, now_ms: int) -> int:
    """Send again all that is dead, in its order for each subject; return how many. Raises as `remove_webhook`."""

    def again(connection: Connection) -> int:
        _own(connection, viewer, webhook_id)
        return change_dead(connection, webhook_id, **_fresh(now_ms))

    return database.write(again)


def _fresh(now_ms: int) -> dict[str, Any]:
    """Return what a delivery says that is to be sent as if it were new."""
    told = {"state": "waiting", "attempts": 0, "answer": "to be sent again"}
    return {**told, "next_at_ms": now_ms, "updated_at_ms": now_ms}


def webhook_row(webhook: Webhook) -> dict[str, Any]:
    """Return what may be told of a webhook: never its secret."""
    return {
        "id": webhook.id,
        "url": webhook.url,
        "topics": webhook.topics.split(),
        "tenant": webhook.tenant or None,
        "party": webhook.party,
        "created_at": moment_text(webhook.created_at_ms),
    }


def delivery_row(delivery: Delivery) -> dict[str, Any]:
    """Return what is told of a delivery."""
    return {
        "number": delivery.position,
        "event_id": f"evt-{delivery.position}",
        "subject": delivery.subject,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "answer": delivery.answer,
        "next_at": moment_text(delivery.next_at_ms) if delivery.state == "waiting" else None,
        "updated_at": moment_text(delivery.updated_at_ms),
    }


def _own(connection: Connection, viewer: Viewer, webhook_id: str) -> Webhook:
    found = find_webhook(connection, webhook_id)
    whose = viewer.tenant is None or (
        found is not None and found.tenant == viewer.tenant and viewer.party in (None, found.party)
    )
    if found is None or found.ended_at_ms is not None or not whose:
        raise UnknownIdError("webhook", webhook_id)
    return found
