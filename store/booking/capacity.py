"""What suppliers offer and what buyers may take on credit: set from outside, read for decisions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Table, and_, case, func, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from store.audit import write_noted
from store.booking.statements import ROOMS
from store.database import Database
from store.schema import CAPACITIES, CREDITS

__all__ = ["Capacity", "Credit", "Room", "add_missing", "list_capacities", "promised", "put_capacities", "rooms"]

_C, _K = CAPACITIES.c, CREDITS.c
_PLACE, _PAIR = (_C.supplier_id, _C.good, _C.bucket), (_K.buyer_id, _K.supplier_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Capacity:
    """Pieces that a supplier offers of a good in a bucket (empty = no bucket: what lies in stock)."""

    supplier_id: str
    good: str
    bucket: str
    offered: int
    tenant: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Credit:
    """Fen that a buyer may take from a supplier before it pays."""

    buyer_id: str
    supplier_id: str
    limit_fen: int
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """What is left of the capacities and credit lines asked for; those not there are left out."""

    pieces: dict[tuple[str, str, str], int]
    credit_fen: dict[str, int]


def put_capacities(
    database: Database, capacities: Sequence[Capacity], lines: Sequence[Credit] = (), *, now_ms: int
) -> dict[str, int]:
    """Set what is offered, all or nothing; what is promised stays promised.

    Returns
    -------
    dict
        ``capacities, credits`` set, and ``short_pieces, short_fen``: what is promised beyond what is offered now.
    """
    # In the order of their keys: two that set the same rows never wait in a circle.
    goods = [asdict(row) for row in sorted(capacities, key=lambda row: (row.supplier_id, row.good, row.bucket))]
    pairs = [asdict(row) for row in sorted(lines, key=lambda row: (row.buyer_id, row.supplier_id))]

    def work(connection: Connection) -> dict[str, int]:
        for row in goods:
            _set(connection, CAPACITIES, row, ("offered", "reserved", "total"), now_ms)
        for row in pairs:
            _set(connection, CREDITS, row, ("limit_fen", "used_fen", "fence_fen"), now_ms)
        short = {
            "short_pieces": _short(connection, CAPACITIES, "reserved", "offered"),
            "short_fen": _short(connection, CREDITS, "used_fen", "limit_fen"),
        }
        return {"capacities": len(goods), "credits": len(pairs), **short}

    return write_noted(database, work)


def add_missing(
    database: Database, capacities: Iterable[Capacity], lines: Iterable[Credit] = (), *, now_ms: int
) -> None:
    """Add capacities and credit lines that are not there yet; leave the others as they are; write if one is new."""
    goods = {(row.supplier_id, row.good, row.bucket): row for row in capacities}
    pairs = {(row.buyer_id, row.supplier_id): row for row in lines}
    offered = select(*_PLACE).where(tuple_(*_PLACE).in_(goods))
    lent = select(*_PAIR).where(tuple_(*_PAIR).in_(pairs))
    there = database.read(
        lambda connection: {*map(tuple, connection.execute(offered)), *map(tuple, connection.execute(lent))}
    )
    # In the order of their keys: two that add the same rows never wait in a circle.
    new_goods = [
        {**asdict(row), "reserved": 0, "total": row.offered, "updated_at_ms": now_ms}
        for place, row in sorted(goods.items())
        if place not in there
    ]
    new_pairs = [
        {**asdict(row), "used_fen": 0, "fence_fen": row.limit_fen, "updated_at_ms": now_ms}
        for pair, row in sorted(pairs.items())
        if pair not in there
    ]

    def work(connection: Connection) -> None:
        for table, rows in ((CAPACITIES, new_goods), (CREDITS, new_pairs)):
            if rows:
                connection.execute(_dialect(connection).insert(table).on_conflict_do_nothing(), rows)

    if new_goods or new_pairs:
        database.write(work)


def rooms(database: Database, buyer_id: str, places: Sequence[tuple[str, str, str]]) -> Room:
    """Return what is left of capacities (supplier, good, bucket), and of the buyer's credit with their suppliers."""
    asked = {"buyer_id": buyer_id, "places": orjson.dumps(places).decode()}
    statement = ROOMS[database.embedded]
    rows = database.read(lambda connection: connection.exec_driver_sql(statement, asked).all())
    pieces = {(row[0], row[1], row[2]): row[3] for row in rows if row[3] is not None}
    return Room(pieces, {row[0]: row[4] for row in rows if row[4] is not None})


def promised(database: Database, bucket: str) -> dict[tuple[str, str], int]:
    """Return the pieces promised of a bucket and of stock, by supplier and good."""
    wanted = select(_C.supplier_id, _C.good, func.sum(_C.reserved)).where(_C.bucket.in_(("", bucket)), _C.reserved > 0)
    wanted = wanted.group_by(_C.supplier_id, _C.good)
    rows = database.read(lambda connection: connection.execute(wanted).all(), whole=True)
    return {(row[0], row[1]): int(row[2]) for row in rows}


def list_capacities(
    database: Database,
    *,
    tenant: str | None,
    party: str | None = None,
    supplier_id: str | None,
    after: tuple[str, ...] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return capacities in the order of their keys, those after a key.

    Parameters
    ----------
    tenant
        Whose suppliers'; None = everybody's.
    party
        The one of them that asks; None = all of the tenant's.
    after
        (supplier_id, good, bucket) of the last row of the page before.
    """
    keys = (_C.supplier_id, _C.good, _C.bucket)
    wanted = select(*keys, _C.offered, _C.reserved, _C.updated_at_ms).order_by(*keys).limit(limit)
    if tenant is not None:
        wanted = wanted.where(_C.tenant == tenant)
    for supplier in (party, supplier_id):
        if supplier is not None:
            wanted = wanted.where(_C.supplier_id == supplier)
    if after is not None:
        wanted = wanted.where(_beyond(keys, after))
    return database.read(lambda connection: [dict(row) for row in connection.execute(wanted).mappings()])


def _beyond(keys: Sequence[Any], after: tuple[str, ...]) -> Any:
    """Return the condition that a row's key comes after another."""
    return or_(*(
        and_(*(key == value for key, value in zip(keys[:n], after[:n], strict=True)), keys[n] > after[n])
        for n in range(len(keys))
    ))  # fmt: skip


def _set(connection: Connection, table: Table, row: dict[str, Any], names: tuple[str, str, str], now_ms: int) -> None:
    """Set one row's offer; its fence follows, but not below what is promised."""
    offered, promised, fence = names
    value, keys = row[offered], [column.name for column in table.primary_key.columns]
    here = and_(*(table.c[key] == row[key] for key in keys))
    raised = case((table.c[promised] > value, table.c[promised]), else_=value)
    new = {offered: value, fence: raised, "tenant": row["tenant"], "updated_at_ms": now_ms}
    added = {**row, promised: 0, fence: value, "updated_at_ms": now_ms}
    connection.execute(_dialect(connection).insert(table).values(added).on_conflict_do_nothing())
    connection.execute(update(table).where(here).values(new))


def _short(connection: Connection, table: Table, promised: str, offered: str) -> int:
    over = table.c[promised] - table.c[offered]
    return int(connection.scalar(select(func.coalesce(func.sum(over), 0)).where(over > 0)) or 0)


def _dialect(connection: Connection) -> Any:
    return sqlite if connection.dialect.name == "sqlite" else postgresql
