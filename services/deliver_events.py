"""Send events to webhooks: at least once, in order for each subject, again with growing pauses, then dead."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection

from contracts.errors import EvenflowError
from services.events import cloud_event, events_after
from services.post_webhook import Reply, Targets, post, signature
from services.reserve import wall_clock_ms
from services.viewer import Viewer
from store.database import Database
from store.outbox import OutboxRow, read_outbox
from store.webhooks import (
    Delivery,
    Webhook,
    add_deliveries,
    change_delivery,
    due_deliveries,
    end_webhook,
    find_webhook,
    lease,
    let_go,
    webhooks_with_work,
)

__all__ = ["ATTEMPTS", "Courier", "deliver_due", "pause_ms"]

ATTEMPTS = 10
"""How often an event is sent before it is dead; the last attempt comes about 17 hours after the first."""

Post = Callable[..., Reply]
_log = logging.getLogger(__name__)
_LEASE_MS = 60_000  # longer than the slowest answer; a dead worker's webhook waits so long
_AT_ONCE = 8  # webhooks served, and messages of one sent, at the same time
_PAGE = 500  # events looked at
_BATCH = 16  # sent and written down before the lease is renewed: far shorter than it, however slow the receiver
_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS = 5_000, 6 * 3_600_000
_GONE = 410
_LESS = (_GONE, 429, 503)


@dataclass(frozen=True)
class Courier:
    """Who delivers.

    Parameters
    ----------
    database
        Where events and webhooks are kept.
    targets
        See `services.post_webhook.check_url`.
    clock
        Milliseconds since 1970; tests bring their own.
    post
        Sends; tests may bring their own.
    name
        Tells it from others: what it leased before the database went away is still its own when that is back.
    """

    database: Database
    targets: Targets = "public"
    clock: Callable[[], int] = wall_clock_ms
    post: Post = post
    name: str = field(default_factory=lambda: secrets.token_hex(8))


def deliver_due(courier: Courier, *, seconds: float = 20.0) -> int:
    """Make the deliveries of new events, send what is due, and return how many were taken by their receivers.

    Any number of workers may do so at once: each webhook is served by one at a time. What a worker that died had sent
    but not written down is sent again under the same id.

    Parameters
    ----------
    seconds
        How long to go on while there is something due.

    Raises
    ------
    UnavailableError
        If the database does not answer.
    """
    if not courier.database.made:
        return 0
    webhooks = courier.database.read(partial(webhooks_with_work, now_ms=courier.clock()), whole=True)
    if not webhooks:
        return 0
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(min(_AT_ONCE, len(webhooks)), thread_name_prefix="courier") as pool:
        return sum(pool.map(partial(_serve, courier, end), webhooks))


def pause_ms(attempts: int) -> int:
    """Return how long to wait after so many attempts: 5 s, 20 s, 80 s … up to 6 hours.

    Examples
    --------
    >>> [pause_ms(attempts) // 1000 for attempts in (1, 2, 3, 9)]
    [5, 20, 80, 21600]
    """
    return min(int(_FIRST_PAUSE_MS * 4 ** (attempts - 1)), _LONGEST_PAUSE_MS)


def _serve(courier: Courier, end: float, webhook: Webhook) -> int:
    """Serve one webhook while it takes what it is sent; another one's trouble is not its own."""
    if not _leased(courier, webhook):
        return 0
    try:
        _make_deliveries(courier, webhook.id)
        return _send_due(courier, webhook, end)
    except EvenflowError as error:
        _log.warning("webhook %s: %s", webhook.id, error)
        return 0
    finally:
        courier.database.write(lambda connection: let_go(connection, webhook.id, who=courier.name))


def _leased(courier: Courier, webhook: Webhook) -> bool:
    now_ms = courier.clock()
    until_ms = now_ms + _LEASE_MS
    return courier.database.write(lambda c: lease(c, webhook.id, who=courier.name, now_ms=now_ms, until_ms=until_ms))


def _make_deliveries(courier: Courier, webhook_id: str) -> None:
    """Make a delivery for each event since the last look that the webhook is told of."""
    database = courier.database
    while (webhook := database.read(lambda connection: find_webhook(connection, webhook_id), whole=True)) is not None:
        viewer = Viewer(webhook.tenant or None, webhook.party)
        events, looked = events_after(
            database, viewer, after=webhook.read_to, limit=_PAGE, topics=webhook.topics.split()
        )
        if looked == webhook.read_to:
            return
        found = [(event.position, event.subject) for event in events]
        made = partial(add_deliveries, webhook=webhook, events=found, read_to=looked, now_ms=courier.clock())
        database.write(made)


def _send_due(courier: Courier, webhook: Webhook, end: float) -> int:
    """Send what is due, one first and, if the receiver is well, others beside one another; return how many it took."""
    taken = 0
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="courier") as pool:
        while time.monotonic() < end and _leased(courier, webhook):
            due = partial(due_deliveries, webhook_id=webhook.id, now_ms=courier.clock(), limit=_BATCH)
            batch = courier.database.read(due, whole=True)
            if not batch:
                return taken
            for part in (batch[:1], batch[1:]):
                replies = list(pool.map(partial(_send, courier, webhook), part))
                _settle(courier, webhook, part, replies)
                taken += sum(map(_took, replies))
                if any(map(_is_away, replies)):
                    return taken
    return taken


def _send(courier: Courier, webhook: Webhook, delivery: Delivery) -> Reply:
    event = _event(courier.database, delivery.position)
    if event is None:
        return Reply(None, "the event is not kept any more")
    envelope, seconds = cloud_event(event), courier.clock() // 1000
    body = orjson.dumps(envelope)
    headers = {
        "Content-Type": "application/cloudevents+json",
        "User-Agent": "evenflow",
        "webhook-id": envelope["id"],
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(webhook.secret, envelope["id"], seconds, body),
    }
    return courier.post(webhook.url, headers, body, targets=courier.targets)


def _event(database: Database, position: int) -> OutboxRow | None:
    found = read_outbox(database, after=position - 1, to=position)
    return found[0] if found else None


def _settle(courier: Courier, webhook: Webhook, sent: Sequence[Delivery], replies: Sequence[Reply]) -> None:
    """Write down what became of deliveries; whoever answers 410 is told of nothing any more."""
    now_ms = courier.clock()

    def note(connection: Connection) -> None:
        for delivery, reply in zip(sent, replies, strict=True):
            values = _outcome(delivery, reply, now_ms)
            change_delivery(connection, webhook.id, delivery.position, **values)
        if any(reply.status == _GONE for reply in replies):
            end_webhook(connection, webhook.id, now_ms=now_ms, because="the receiver answered 410 Gone")

    courier.database.write(note)
    for delivery, reply in zip(sent, replies, strict=True):
        if not _took(reply):
            told = {"webhook": webhook.id, "causes": [f"evt-{delivery.position}"], "attempts": delivery.attempts + 1}
            _log.warning("not delivered: %s", reply.told, extra=told)


def _outcome(delivery: Delivery, reply: Reply, now_ms: int) -> dict[str, Any]:
    attempts = delivery.attempts + 1
    pause = max(pause_ms(attempts), 1000 * min(reply.retry_after_seconds or 0, 86_400))
    state = "delivered" if _took(reply) else "dead" if attempts >= ATTEMPTS else "waiting"
    next_at_ms = now_ms + (pause if state == "waiting" else 0)
    moments = {"next_at_ms": next_at_ms, "updated_at_ms": now_ms}
    return {"state": state, "attempts": attempts, "answer": reply.told, **moments}


def _took(reply: Reply) -> bool:
    return reply.status is not None and 200 <= reply.status < 300


def _is_away(reply: Reply) -> bool:
    """Return whether to ask no more for now: nobody answered, or wants less."""
    return reply.status is None or reply.status in _LESS
