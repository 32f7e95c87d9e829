"""Webhooks in the database: who is told, what is due, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, case, exists, func, insert, or_, select, update

from store.schema import OUTBOX
from store.schema.webhooks import DELIVERIES, WEBHOOKS

__all__ = [
    "Delivery",
    "Unsent",
    "Webhook",
    "add_deliveries",
    "add_webhook",
    "change_dead",
    "change_delivery",
    "deliveries_of",
    "due_deliveries",
    "end_webhook",
    "find_webhook",
    "lease",
    "let_go",
    "tallies",
    "unsent",
    "webhooks_of",
    "webhooks_with_work",
]

_W, _D = WEBHOOKS.c, DELIVERIES.c


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Where events are sent.

    Parameters
    ----------
    tenant, party
        Whose events; empty = the operator, who is told of all. None = every party of the tenant.
    topics
        Prefixes of topics, separated by blanks; empty = all.
    secret
        What its deliveries are signed with.
    read_to
        Position up to which its deliveries are made.
    ended_at_ms
        When it was removed or gave up; None while it counts.
    """

    id: str
    tenant: str
    party: str | None
    url: str
    topics: str
    secret: str
    read_to: int
    leased_by: str = ""
    leased_until_ms: int = 0
    created_at_ms: int
    ended_at_ms: int | None = None
    ended_because: str = ""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One event for one webhook; see `store.schema.webhooks.DELIVERIES`."""

    webhook_id: str
    position: int
    tenant: str
    subject: str
    state: str
    attempts: int
    next_at_ms: int
    answer: str
    updated_at_ms: int


def add_webhook(connection: Connection, webhook: Webhook) -> None:
    """Keep a webhook."""
    connection.execute(insert(WEBHOOKS).values(asdict(webhook)))


def find_webhook(connection: Connection, webhook_id: str) -> Webhook | None:
    """Return a webhook, ended or not."""
    row = connection.execute(select(WEBHOOKS).where(_W.id == webhook_id)).mappings().first()
    return None if row is None else Webhook(**row)


def webhooks_of(connection: Connection, *, tenant: str | None, party: str | None = None) -> list[Webhook]:
    """Return the webhooks that count, the oldest first: of a tenant (its one party), or all."""
    wanted = select(WEBHOOKS).where(_W.ended_at_ms.is_(None)).order_by(_W.created_at_ms, _W.id)
    wanted = wanted if tenant is None else wanted.where(_W.tenant == tenant)
    wanted = wanted if party is None else wanted.where(_W.party == party)
    return [Webhook(**row) for row in connection.execute(wanted).mappings()]


def webhooks_with_work(connection: Connection, *, now_ms: int) -> list[Webhook]:
    """Return the webhooks that count and have events to look at or deliveries that are due, the oldest first."""
    due = exists(select(_D.position).where(_D.webhook_id == _W.id, _D.state == "waiting", _D.next_at_ms <= now_ms))
    newest = select(func.coalesce(func.max(OUTBOX.c.position), 0)).scalar_subquery()
    wanted = select(WEBHOOKS).where(_W.ended_at_ms.is_(None), or_(_W.read_to < newest, due))
    return [Webhook(**row) for row in connection.execute(wanted.order_by(_W.created_at_ms, _W.id)).mappings()]


def end_webhook(connection: Connection, webhook_id: str, *, now_ms: int, because: str) -> None:
    """Tell it of nothing any more."""
    ended = {"ended_at_ms": now_ms, "ended_because": because}
    connection.execute(update(WEBHOOKS).where(_W.id == webhook_id, _W.ended_at_ms.is_(None)).values(ended))


def lease(connection: Connection, webhook_id: str, *, who: str, now_ms: int, until_ms: int) -> bool:
    """Let one worker alone see to a webhook until a moment; its holder may lengthen it. Return whether it may."""
    free = (_W.leased_by == who) | (_W.leased_until_ms <= now_ms)
    wanted = update(WEBHOOKS).where(_W.id == webhook_id, _W.ended_at_ms.is_(None), free)
    return connection.execute(wanted.values(leased_by=who, leased_until_ms=until_ms)).rowcount == 1


def let_go(connection: Connection, webhook_id: str, *, who: str) -> None:
    """Let others see to it."""
    wanted = update(WEBHOOKS).where(_W.id == webhook_id, _W.leased_by == who)
    connection.execute(wanted.values(leased_until_ms=0))


def add_deliveries(
    connection: Connection, webhook: Webhook, events: Iterable[tuple[int, str]], *, read_to: int, now_ms: int
) -> None:
    """Make the deliveries of events (position, subject) and move on; again changes nothing."""
    moved = update(WEBHOOKS).where(_W.id == webhook.id, _W.read_to == webhook.read_to).values(read_to=read_to)
    if connection.execute(moved).rowcount != 1:
        return  # another worker was first
    fresh = {"webhook_id": webhook.id, "tenant": webhook.tenant, "state": "waiting", "attempts": 0, "answer": ""}
    moments = {"next_at_ms": now_ms, "updated_at_ms": now_ms}
    rows = [{**fresh, **moments, "position": position, "subject": subject} for position, subject in events]
    if rows:
        connection.execute(insert(DELIVERIES), rows)


def due_deliveries(connection: Connection, webhook_id: str, *, now_ms: int, limit: int) -> list[Delivery]:
    """Return deliveries that are due, the first of each subject only: what comes later waits for it."""
    earlier = DELIVERIES.alias("earlier")
    behind = exists(
        select(earlier.c.position).where(
            earlier.c.webhook_id == _D.webhook_id,
            earlier.c.state == "waiting",
            earlier.c.subject == _D.subject,
            earlier.c.position < _D.position,
        )
    )
    due = and_(_D.webhook_id == webhook_id, _D.state == "waiting", _D.next_at_ms <= now_ms)
    wanted = select(DELIVERIES).where(due, ~behind).order_by(_D.position).limit(limit)
    return [Delivery(**row) for row in connection.execute(wanted).mappings()]


def deliveries_of(
    connection: Connection, webhook_id: str, *, state: str | None = None, before: int | None = None, limit: int
) -> list[Delivery]:
    """Return a webhook's deliveries, the newest event first."""
    wanted = select(DELIVERIES).where(_D.webhook_id == webhook_id).order_by(_D.position.desc()).limit(limit)
    wanted = wanted if state is None else wanted.where(_D.state == state)
    wanted = wanted if before is None else wanted.where(_D.position < before)
    return [Delivery(**row) for row in connection.execute(wanted).mappings()]


def change_delivery(connection: Connection, webhook_id: str, position: int, **values: Any) -> bool:
    """Write down what became of a delivery; return whether there is such a one."""
    wanted = update(DELIVERIES).where(_D.webhook_id == webhook_id, _D.position == position).values(values)
    return connection.execute(wanted).rowcount == 1


def change_dead(connection: Connection, webhook_id: str, **values: Any) -> int:
    """Write down what becomes of all that is dead; return how many that are."""
    wanted = update(DELIVERIES).where(_D.webhook_id == webhook_id, _D.state == "dead").values(values)
    return connection.execute(wanted).rowcount


class Unsent(NamedTuple):
    """A webhook's events that were not taken: how many wait, since when, how many are dead, the last answer."""

    webhook_id: str
    url: str
    waiting: int
    dead: int
    since_ms: int | None
    answer: str


def unsent(connection: Connection) -> list[Unsent]:
    """Return the webhooks that count and have events that wait or are dead, by their ids."""
    wait = case((_D.state == "waiting", 1), else_=0)
    since = func.min(case((_D.state == "waiting", _D.updated_at_ms)))
    counted = (
        select(_W.id, _W.url, func.sum(wait), func.count() - func.sum(wait), since)
        .join(DELIVERIES, _D.webhook_id == _W.id)
        .where(_W.ended_at_ms.is_(None), _D.state != "delivered")
        .group_by(_W.id, _W.url)
        .order_by(_W.id)
    )
    return [
        Unsent(name, url, int(waiting), int(dead), since_ms, _last_answer(connection, name))
        for name, url, waiting, dead, since_ms in connection.execute(counted).all()
    ]


def _last_answer(connection: Connection, webhook_id: str) -> str:
    tried = (_D.webhook_id == webhook_id) & (_D.state != "delivered") & (_D.answer != "")
    return connection.scalar(select(_D.answer).where(tried).order_by(_D.updated_at_ms.desc()).limit(1)) or ""


def tallies(connection: Connection) -> tuple[int, int, int | None]:
    """Return how many deliveries wait and how many are dead, and since when the oldest waits."""
    counting = select(_D.webhook_id).join(WEBHOOKS, _W.id == _D.webhook_id).where(_W.ended_at_ms.is_(None))
    waiting = counting.where(_D.state == "waiting").with_only_columns(func.count(), func.min(_D.updated_at_ms))
    dead = counting.where(_D.state == "dead").with_only_columns(func.count())
    number, oldest = connection.execute(waiting).one()
    return number, connection.scalar(dead) or 0, oldest
