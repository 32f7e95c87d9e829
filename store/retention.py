"""What happened long ago, forgotten: rows of the outbox that nobody waits for, deliveries that are over, ended work."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, tuple_, update

from store.database import Database
from store.schema import OUTBOX, PARKED_WORK, STAGES
from store.schema.webhooks import DELIVERIES, WEBHOOKS

__all__ = ["forget_before", "forgotten_to"]

_O, _S, _P, _D, _W = OUTBOX.c, STAGES.c, PARKED_WORK.c, DELIVERIES.c, WEBHOOKS.c
_AT_ONCE = 2_000  # rows of one transaction: who writes meanwhile waits for no more
_MARK = "forgotten"  # the row among the stages that says up to where the outbox was cut


def forgotten_to(connection: Connection) -> int:
    """Return the position up to which rows of the outbox are not kept any more; 0 before any was forgotten."""
    return connection.scalar(select(_S.position).where(_S.name == _MARK)) or 0


def forget_before(database: Database, moment_ms: int, *, readers: Iterable[str], now_ms: int) -> dict[str, int]:
    """Forget what is older than a moment and that nobody needs any more; done twice or by several, it is the same.

    A row of the outbox stays while one of its readers has not come so far, a webhook that counts has not looked at it
    or still has to send it, or work that is parked may be done again from it. The newest row stays always: positions
    are never given twice. A delivery stays while it waits; one that is dead goes like one that was taken.

    Parameters
    ----------
    moment_ms
        Milliseconds since 1970.
    readers
        The stages that read the outbox.

    Returns
    -------
    dict
        How many ``events``, ``deliveries`` and ``parked`` ranges were forgotten.
    """
    names = sorted(readers)
    over = (_D.state != "waiting") | _D.webhook_id.in_(select(_W.id).where(_W.ended_at_ms.is_not(None)))
    deliveries = _forgotten(database, DELIVERIES, (_D.updated_at_ms < moment_ms) & over, "webhook_id", "position")
    newest = select(func.max(PARKED_WORK.alias().c.number)).scalar_subquery()  # its number is not given twice
    ended = (_P.state != "parked") & (_P.updated_at_ms < moment_ms) & (_P.number < newest)
    parked = _forgotten(database, PARKED_WORK, ended, "number")
    events, last = 0, database.read(lambda connection: _last(connection, moment_ms, names), whole=True)
    while made := database.write(lambda connection: _cut(connection, last, now_ms)):
        events += made
    return {"events": events, "deliveries": deliveries, "parked": parked}


def _last(connection: Connection, moment_ms: int, names: list[str]) -> int:
    """Return the position of the last row that may go: everything up to it is old, and read by all."""
    counts = _W.ended_at_ms.is_(None)
    waiting = select(func.min(_D.position) - 1).join(WEBHOOKS, _W.id == _D.webhook_id)
    bounds = (
        select(func.max(_O.position) - 1),
        select(func.min(_O.position) - 1).where(_O.created_at_ms >= moment_ms),
        select(func.min(_S.position)).where(_S.name.in_(names)),
        select(func.min(_P.from_position)).where(_P.state == "parked"),
        select(func.min(_W.read_to)).where(counts),
        waiting.where(counts, _D.state == "waiting"),
    )
    there = [bound for wanted in bounds if (bound := connection.scalar(wanted)) is not None]
    return min(there, default=0)


def _cut(connection: Connection, last: int, now_ms: int) -> int:
    """Forget some rows of the outbox, the first ones, and write down up to where; return how many."""
    positions = connection.scalars(select(_O.position).where(_O.position <= last).order_by(_O.position).limit(_AT_ONCE))
    there = positions.all()
    if not there:
        return 0
    connection.execute(delete(OUTBOX).where(_O.position <= there[-1]))
    mark = update(STAGES).where(_S.name == _MARK, _S.position < there[-1])
    if connection.execute(mark.values(position=there[-1], updated_at_ms=now_ms)).rowcount == 0:
        _mark(connection, there[-1], now_ms)
    return len(there)


def _mark(connection: Connection, position: int, now_ms: int) -> None:
    if connection.scalar(select(_S.name).where(_S.name == _MARK)) is None:
        row = {"tenant": "", "name": _MARK, "position": position, "attempts": 0, "reason": "", "leased_by": ""}
        connection.execute(insert(STAGES), row | {"leased_until_ms": 0, "next_at_ms": 0, "updated_at_ms": now_ms})


def _forgotten(database: Database, table: Table, condition: ColumnElement[bool], *keys: str) -> int:
    """Forget the rows that meet a condition, some at a time, and return how many."""
    key = tuple_(*(table.c[name] for name in keys))

    def some(connection: Connection) -> int:
        these = select(*(table.c[name] for name in keys)).where(condition).limit(_AT_ONCE)
        return connection.execute(delete(table).where(key.in_(these))).rowcount

    total = 0
    while made := database.write(some):
        total += made
    return total
