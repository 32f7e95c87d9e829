"""Facts that were accepted: kept once by key, each with its row of the outbox in the same transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from store.audit import write_noted
from store.database import Database
from store.outbox import tell
from store.schema import FACTS

__all__ = [
    "Fact",
    "accept_facts",
    "facts_of_kind",
    "facts_since",
    "families",
    "families_with",
    "find_fact",
    "forget_kol",
    "latest_facts",
    "of_kind",
]

_F = FACTS.c
_MOST_PARAMETERS = 400
_NAMES = ("tenant", "key", "kind", "subject", "root", "sequence", "occurred_at_ms", "accepted_at_ms")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """Something that happened outside, as it was told.

    Parameters
    ----------
    tenant, key
        Who told it, and the teller's own name of it.
    kind
        One of `store.schema.flow.FACT_KINDS`.
    subject
        What it is about: a series, an order, a style, a supplier, a production order.
    root
        Key of the original fact: its own, or the one that it corrects or cancels.
    payload
        What happened, plain values.
    sequence
        Orders corrections of one moment.
    occurred_at_ms, accepted_at_ms
        Milliseconds since 1970.
    """

    tenant: str
    key: str
    kind: str
    subject: str
    root: str
    payload: dict[str, Any]
    sequence: int
    occurred_at_ms: int
    accepted_at_ms: int

    @property
    def id(self) -> str:
        """Its name among causes."""
        return f"fact:{self.key}"

    @property
    def digest(self) -> str:
        """Hash of everything but when it was accepted."""
        told = [self.kind, self.subject, self.root, self.payload, self.sequence, self.occurred_at_ms]
        return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()

    @property
    def order(self) -> tuple[int, int, str]:
        """What decides between corrections: never when they arrived."""
        return self.occurred_at_ms, self.sequence, self.key


def accept_facts(database: Database, facts: Sequence[Fact]) -> list[str]:
    """Keep facts, durable when this returns, and return what became of each: ``accepted``, ``known`` or why refused.

    ``changed``: the key stands for another fact; ``corrects a correction``, ``corrects another kind``: it would never
    count. One whose original has not come yet waits for it.
    """
    for _ in range(3):
        try:
            return write_noted(database, lambda connection: _accept(connection, facts), status=_status)
        except IntegrityError:  # another process accepted one of the keys meanwhile
            continue
    return write_noted(database, lambda connection: _accept(connection, facts), status=_status)


def _status(told: Sequence[str]) -> int | None:
    return 200 if "accepted" in told else None


def _accept(connection: Connection, facts: Sequence[Fact]) -> list[str]:
    there = _there(connection, facts)
    told, new = [], []
    for fact in facts:
        before = there.get((fact.tenant, fact.key))
        if before is not None:
            status = "known" if before.digest == fact.digest else "changed"
        else:
            status = _fits(fact, there.get((fact.tenant, fact.root)))
        if status == "accepted":
            there[fact.tenant, fact.key] = fact
            new.append(fact)
        told.append(status)
    if new:
        connection.execute(insert(FACTS), [_row(fact) for fact in new])
        tell(connection, [_event(fact) for fact in new], now_ms=new[0].accepted_at_ms)
    return told


def _fits(fact: Fact, original: Any) -> str:
    """Return whether a fact is accepted beside the one that it corrects or cancels, or why it would never count."""
    if original is None:
        return "accepted"
    if original.root != original.key:
        return "corrects a correction"
    return "accepted" if fact.kind in (original.kind, "cancellation") else "corrects another kind"


def _there(connection: Connection, facts: Sequence[Fact]) -> dict[tuple[str, str], Any]:
    """Return what is known of some facts and of those that they correct, by tenant and key."""
    keys = sorted({(fact.tenant, key) for fact in facts for key in (fact.key, fact.root)})
    found: dict[tuple[str, str], Any] = {}
    for start in range(0, len(keys), _MOST_PARAMETERS):
        part = keys[start : start + _MOST_PARAMETERS]
        wanted = select(_F.tenant, _F.key, _F.digest, _F.root, _F.kind).where(tuple_(_F.tenant, _F.key).in_(part))
        found |= {(row.tenant, row.key): row for row in connection.execute(wanted)}
    return found


def _row(fact: Fact) -> dict[str, Any]:
    payload = orjson.dumps(fact.payload, option=orjson.OPT_SORT_KEYS).decode()
    return {name: getattr(fact, name) for name in _NAMES} | {"payload": payload, "digest": fact.digest}


def _event(fact: Fact) -> dict[str, Any]:
    corrects = None if fact.root == fact.key else fact.root
    payload = {
        "id": fact.id,
        "causes": [] if corrects is None else [f"fact:{corrects}"],
        "key": fact.key,
        "kind": fact.kind,
        "root": fact.root,
        "occurred_at_ms": fact.occurred_at_ms,
        "corrects": corrects,
    }
    return {"tenant": fact.tenant, "topic": "fact.accepted", "subject": fact.subject, "payload": payload}


def families(database: Database, roots: Iterable[tuple[str, str]]) -> list[Fact]:
    """Return the facts of some families, named by tenant and root, with all that correct or cancel them."""
    wanted = sorted(set(roots))
    found: list[Fact] = []
    for start in range(0, len(wanted), _MOST_PARAMETERS):
        condition = tuple_(_F.tenant, _F.root).in_(wanted[start : start + _MOST_PARAMETERS])
        found += _read(database, condition)
    return found


def facts_of_kind(database: Database, kind: str, subjects: Iterable[str] | None = None) -> list[Fact]:
    """Return the facts of a kind (about some subjects) and everything that corrects or cancels them."""
    if subjects is None:
        first = _read(database, _F.kind == kind)
    else:
        names, first = sorted(set(subjects)), []
        for start in range(0, len(names), _MOST_PARAMETERS):
            first += _read(database, (_F.kind == kind) & _F.subject.in_(names[start : start + _MOST_PARAMETERS]))
    return of_kind(families(database, ((fact.tenant, fact.root) for fact in first)), kind)


def of_kind(facts: Sequence[Fact], kind: str) -> list[Fact]:
    """Return the facts of families whose original is of a kind, or may be: it has not come, a correction of it has.

    A correction that came before its original may turn out to be of another kind: it must not count for its own.
    """
    originals = {(fact.tenant, fact.root): fact.kind for fact in facts if fact.key == fact.root}
    waiting = {(fact.tenant, fact.root): fact.kind for fact in facts if fact.kind == kind}
    kinds = waiting | originals
    return [fact for fact in facts if kinds.get((fact.tenant, fact.root)) == kind]


def facts_since(database: Database, kinds: Iterable[str], *, since_ms: int) -> list[Fact]:
    """Return the facts of some kinds that happened at a moment or later, in no order."""
    return _read(database, _F.kind.in_(sorted(kinds)) & (_F.occurred_at_ms >= since_ms))


def latest_facts(database: Database, kind: str, *, since_ms: int, most: int) -> tuple[list[Fact], int]:
    """Return the families of the latest facts of a kind accepted since a moment, and how many there are in all."""
    recent = (_F.kind == kind) & (_F.accepted_at_ms >= since_ms)
    last = select(_F.tenant, _F.root).where(recent).order_by(_F.accepted_at_ms.desc(), _F.key).limit(most)
    count = select(func.count()).select_from(FACTS).where(recent)
    rows = database.read(lambda connection: connection.execute(last).all(), whole=True)
    in_all = database.read(lambda connection: connection.scalar(count), whole=True)
    found = families(database, ((row.tenant, row.root) for row in rows))
    return of_kind(found, kind), int(in_all or 0)


def families_with(database: Database, keys: Iterable[tuple[str, str]]) -> list[Fact]:
    """Return the families of some facts, named by tenant and key."""
    wanted, first = sorted(set(keys)), list[Fact]()
    for start in range(0, len(wanted), _MOST_PARAMETERS):
        first += _read(database, tuple_(_F.tenant, _F.key).in_(wanted[start : start + _MOST_PARAMETERS]))
    return families(database, ((fact.tenant, fact.root) for fact in first))


def find_fact(database: Database, key: str, *, tenant: str) -> Fact | None:
    """Return one fact; None if it was never accepted."""
    found = _read(database, (_F.tenant == tenant) & (_F.key == key))
    return found[0] if found else None


def forget_kol(database: Database, names: Iterable[str]) -> int:
    """Take a person's names off the signals that were told, as if they had come without; return how many had one."""
    gone = set(names)

    def work(connection: Connection) -> int:
        told = select(*(_F[name] for name in _NAMES), _F.payload).where(_F.kind == "signal")
        found = [_as_fact(row) for row in connection.execute(told.where(_F.payload.contains("kol_id"))).mappings()]
        mine = [fact for fact in found if fact.payload.get("kol_id") in gone]
        for fact in mine:
            rest = {name: value for name, value in fact.payload.items() if name != "kol_id"}
            row = _row(replace(fact, payload=rest))
            here = (_F.tenant == fact.tenant) & (_F.key == fact.key)
            connection.execute(update(FACTS).where(here).values(payload=row["payload"], digest=row["digest"]))
        return len(mine)

    return database.write(work)


def _read(database: Database, condition: Any) -> list[Fact]:
    wanted = select(*(_F[name] for name in _NAMES), _F.payload).where(condition)
    rows = database.read(lambda connection: connection.execute(wanted).mappings().all(), whole=True)
    return [_as_fact(row) for row in rows]


def _as_fact(row: RowMapping) -> Fact:
    return Fact(**{**row, "payload": orjson.loads(row["payload"])})
