"""The ledger in the database: events booked once, entries only added, statements drawn from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, text

from settlement.tables import ENTRIES
from store.audit import write_noted
from store.database import Database
from store.schema import SETTLEMENT_ENTRIES, SETTLEMENT_EVENTS, SETTLEMENT_RULES

__all__ = ["Booking", "Earned", "book", "kept_rules", "party_entries", "party_sums", "sale_entries"]

_AT_ONCE = 400
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:ledger, 0))")
_ZONE = "Asia/Shanghai"
_ENTRY, _EVENT, _RULES = SETTLEMENT_ENTRIES.c, SETTLEMENT_EVENTS.c, SETTLEMENT_RULES.c


@dataclass(frozen=True, kw_only=True)
class Booking:
    """What is to be booked, before it is known what was.

    Parameters
    ----------
    tenant
        Whose ledger; empty = the operator's.
    sale_ids, return_ids
        Sales and returns that are named.
    rules_hash, rules_body
        The agreement.
    now_ms
        The moment.
    tenants
        Returns the tenants of parties.
    """

    tenant: str
    sale_ids: Sequence[str]
    return_ids: Sequence[str]
    rules_hash: str
    rules_body: str
    now_ms: int
    tenants: Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Earned:
    """Which entries of a party are asked for.

    Parameters
    ----------
    party_id
        The party.
    tenant
        Whose party it must have been when they were booked; None: whoever's.
    since_ms, until_ms
        Period, the end excluded; None: open.
    """

    party_id: str
    tenant: str | None
    since_ms: int | None = None
    until_ms: int | None = None

    def where(self) -> list[ColumnElement[bool]]:
        """Return the conditions."""
        found = [_ENTRY.party_id == self.party_id]
        if self.tenant is not None:
            found.append(_ENTRY.party_tenant == self.tenant)
        if self.since_ms is not None:
            found.append(_ENTRY.at_ms >= self.since_ms)
        if self.until_ms is not None:
            found.append(_ENTRY.at_ms < self.until_ms)
        return found


def book(database: Database, booking: Booking, settle: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Book what `settle` makes of the ledger so far, in one transaction: all of it or nothing.

    Batches of one ledger are booked one after the other: two that overlap would else both find a piece still sold, or
    wait for each other in a circle.

    Parameters
    ----------
    settle
        Takes the entries of the named sales so far (`settlement.tables.ENTRIES`), returns the new ones.
    """

    def work(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(_ALONE, {"ledger": f"settlement {booking.tenant}"})
        before = _before(connection, booking)
        entries = settle(before)
        if len(entries):
            _keep(connection, booking, entries, before)

    write_noted(database, work)


def party_entries(database: Database, earned: Earned, *, after: int, limit: int) -> list[dict[str, Any]]:
    """Return entries of a party behind a position, in the order in which they were booked."""
    names = ("position", "sale_id", "event_id", "kind", "at_ms", "role", "party_id", "share_fen", "booked_at_ms")
    query = select(*(_ENTRY[name] for name in names)).where(*earned.where(), _ENTRY.position > after)
    query = query.order_by(_ENTRY.position).limit(limit)
    return [dict(row) for row in database.read(lambda connection: connection.execute(query).mappings().all())]


def party_sums(database: Database, earned: Earned) -> list[dict[str, Any]]:
    """Return ``role, kind, events, share_fen`` of a party's entries."""
    sums = [func.count().label("events"), func.sum(_ENTRY.share_fen).label("share_fen")]
    query = select(_ENTRY.role, _ENTRY.kind, *sums).where(*earned.where())
    query = query.group_by(_ENTRY.role, _ENTRY.kind).order_by(_ENTRY.role, _ENTRY.kind)
    rows = database.read(lambda connection: connection.execute(query).mappings().all())
    return [{**row, "share_fen": int(row["share_fen"])} for row in rows]


def sale_entries(database: Database, sale_id: str, *, tenant: str | None, party: str | None) -> list[dict[str, Any]]:
    """Return the entries of a sale that a reader may see: all to its owner and the operator, else the reader's own."""
    entry, event = SETTLEMENT_ENTRIES, SETTLEMENT_EVENTS
    same = [entry.c[name] == event.c[name] for name in ("tenant", "kind", "event_id")]
    names = ("position", "sale_id", "event_id", "kind", "at_ms", "role", "party_id", "share_fen", "booked_at_ms")
    query = select(*(entry.c[name] for name in names), event.c.rules_hash, event.c.pieces)
    query = query.join(event, same[0] & same[1] & same[2]).where(entry.c.sale_id == sale_id)
    if tenant is not None:
        owns, earns = event.c.owner_tenant == tenant, entry.c.party_tenant == tenant
        if party is not None:
            owns, earns = owns & (event.c.owner_id == party), earns & (entry.c.party_id == party)
        query = query.where(or_(owns, earns))
    query = query.order_by(entry.c.position)
    # An earner's tenant sees neither the event nor the other entries: so the fence of the database is left open here.
    return [dict(row) for row in database.read(lambda c: c.execute(query).mappings().all(), whole=True)]


def kept_rules(database: Database, tenant: str | None) -> list[dict[str, Any]]:
    """Return the agreements of a tenant, the newest first; all of them for None."""
    query = select(_RULES.rules_hash, _RULES.body, _RULES.created_at_ms)
    if tenant is not None:
        query = query.where(_RULES.tenant == tenant)
    query = query.order_by(_RULES.created_at_ms.desc(), _RULES.rules_hash)
    return [dict(row) for row in database.read(lambda connection: connection.execute(query).mappings().all())]


def _before(connection: Connection, booking: Booking) -> pd.DataFrame:
    """Return the entries so far of the sales that are named, also by a return; nobody else books them meanwhile."""
    sales = set(booking.sale_ids)
    for some in _batches(booking.return_ids):
        named = select(_EVENT.sale_id).where(
            _EVENT.tenant == booking.tenant, _EVENT.kind != "sale", _EVENT.event_id.in_(some)
        )
        sales |= set(connection.scalars(named))
    columns = [_EVENT[name] for name in ("sale_id", "event_id", "kind", "at_ms", "pieces", "digest")]
    events: list[Any] = []
    entries: list[Any] = []
    for some in _batches(sorted(sales)):
        mine = [_EVENT.tenant == booking.tenant, _EVENT.sale_id.in_(some)]
        events += connection.execute(select(*columns).where(*mine)).mappings().all()
        shares = [_ENTRY[name] for name in ("position", "event_id", "kind", "role", "party_id", "share_fen")]
        wanted = select(*shares).where(_ENTRY.tenant == booking.tenant, _ENTRY.sale_id.in_(some))
        entries += connection.execute(wanted).mappings().all()
    empty = ENTRIES.check(pd.DataFrame({name: [] for name in ENTRIES.required}))
    if not entries:
        return empty
    whole = pd.DataFrame(entries).merge(pd.DataFrame(events), on=["kind", "event_id"]).sort_values("position")
    whole["at"] = pd.to_datetime(whole["at_ms"], unit="ms", utc=True).dt.tz_convert(_ZONE)
    whole["entry"] = np.arange(1, len(whole) + 1)
    return ENTRIES.check(whole[empty.columns])


def _keep(connection: Connection, booking: Booking, entries: pd.DataFrame, before: pd.DataFrame) -> None:
    known = select(_RULES.rules_hash).where(_RULES.tenant == booking.tenant, _RULES.rules_hash == booking.rules_hash)
    stamp = {"tenant": booking.tenant, "booked_at_ms": booking.now_ms}
    if connection.scalar(known) is None:
        agreed = {"rules_hash": booking.rules_hash, "body": booking.rules_body, "created_at_ms": booking.now_ms}
        connection.execute(insert(SETTLEMENT_RULES), {"tenant": booking.tenant, **agreed})
    rows = entries.assign(
        at_ms=entries["at"].dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[ms]").astype("int64"),
        party_tenant=list(booking.tenants(entries["party_id"].tolist())),
        **stamp,
    )
    whole = pd.concat([before, entries])
    owners = whole[whole["kind"] == "sale"].drop_duplicates("sale_id", keep="last").set_index("sale_id")["party_id"]
    events = rows.drop_duplicates(["kind", "event_id"]).assign(rules_hash=booking.rules_hash)
    events["owner_id"] = events["sale_id"].map(owners)
    events["owner_tenant"] = list(booking.tenants(events["owner_id"].tolist()))
    for table, made in ((SETTLEMENT_EVENTS, events), (SETTLEMENT_ENTRIES, rows)):
        names = [column.name for column in table.columns if column.name != "position"]
        connection.execute(insert(table), made[names].to_dict("records"))


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield list(ids[start : start + _AT_ONCE])
