"""Holding pieces: one statement on PostgreSQL, the same steps on SQLite, whose writer has nobody beside it.

On PostgreSQL holds of one process that wait for the same capacity share a transaction, as on SQLite all do.

The answer of a hold is known before: it is kept if there was room, and the refusal with its reason if there was not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from contracts.errors import EvenflowError
from store.audit import write_noted
from store.booking import statements as sql
from store.booking.answers import Answer, KeyReusedError, Write, known_answer
from store.booking.rows import COLUMNS, Reservation
from store.database import Database
from store.engines import first_rows
from store.notes import open_note

__all__ = ["Hold", "KeptDecision", "hold"]


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """What chose a supplier, to be kept with the hold: JSON texts."""

    id: str
    inputs: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Hold:
    """One attempt to hold.

    Parameters
    ----------
    reservation
        As it will be if there is room: held, or confirmed at once.
    decision
        What chose its supplier; None for a supplier that was named.
    keep_refusal
        Answer the key with the refusal if there is no room; without it nothing is kept then, for another attempt.
    considered
        What the decision made of each candidate, part of the answer.
    """

    reservation: Reservation
    decision: KeptDecision | None = None
    keep_refusal: bool = True
    considered: Sequence[Mapping[str, Any]] = ()


def hold(database: Database, write: Write, asked: Hold) -> Answer | None:
    """Hold pieces of a capacity, and of the credit of buyer and supplier if they have a line; all or nothing.

    Returns
    -------
    Answer or None
        201 with the reservation; 200 with ``status`` "refused" and the ``reason`` (not_offered, full, no_credit); what
        was answered before if the key is known. None if there was no room and the refusal is not to be kept.

    Raises
    ------
    KeyReusedError
        If the key stands for another request.
    """
    values = _values(write, asked)
    work = _step_by_step if database.embedded else _at_its_turn
    for _ in range(3):
        try:
            code, answer, request_hash = work(database, values)
        except IntegrityError:
            # Another attempt took the credit, or answered the key, between this statement's look and its change.
            known = database.read(lambda connection: known_answer(connection, write))
            if known is not None:
                return known
            continue
        if code == "known" and request_hash != write.request_hash:
            raise KeyReusedError(f"the key {write.key} was used for another request; take a new key for a new request")
        return None if answer is None else Answer(*answer, again=code == "known")
    return None


def _values(write: Write, asked: Hold) -> dict[str, Any]:
    reservation, decision = asked.reservation, asked.decision
    told = reservation.told()
    rest = {"considered": list(asked.considered)}
    held = orjson.dumps({"status": reservation.state, "reason": None, "reservation": told, **rest}).decode()
    refused = orjson.dumps({"status": "refused", "reason": sql.REASON, "reservation": None, **rest}).decode()
    event = orjson.dumps(told).decode()
    return {name: getattr(reservation, name) for name in COLUMNS} | {
        "writer": write.tenant, "key": write.key, "request_hash": write.request_hash, "now_ms": write.now_ms,
        "amount_fen": reservation.pieces * reservation.unit_price_fen,
        "topic": f"reservation.{reservation.state}", "event": event, "held": held, "refused": refused,
        "keep_refusal": int(asked.keep_refusal),
        "decision_inputs": decision and decision.inputs, "decision_outcome": decision and decision.outcome,
    }  # fmt: skip


_Found = tuple[str, tuple[int, dict[str, Any]] | None, str]


def _at_its_turn(database: Database, values: dict[str, Any]) -> _Found:
    note = open_note()
    line = None if note is None else note.line(None)
    noted = {} if line is None else {f"audit_{name}": value for name, value in asdict(line).items()}
    statement = sql.HOLD_NOTED if noted else sql.HOLD
    place = (values["supplier_id"], values["good"], values["bucket"], statement)
    found = database.turns.take(place, values | noted, lambda turn: _turn(database, statement, turn))
    if note is not None and noted:
        note.kept = _status_kept(found)
    return found


def _turn(database: Database, statement: str, turn: Sequence[dict[str, Any]]) -> Sequence[_Found | Exception]:
    """Do the holds that wait for the same capacity: its row is locked once for all, and the disk flushed once."""

    def together(connection: Connection) -> dict[int, _Found]:
        # Credit lines in one order: two turns that take from the same ones never wait in a circle.
        order = sorted(range(len(turn)), key=lambda at: turn[at]["buyer_id"])
        with connection.begin():
            rows = first_rows(connection, statement, [turn[at] for at in order])
        return {at: _found(row) for at, row in zip(order, rows, strict=True)}

    if len(turn) > 1:
        with suppress(IntegrityError):  # one of them broke it: each by itself, then
            found = database.write(together)
            return [found[at] for at in range(len(turn))]
    return [_alone(database, statement, values) for values in turn]


def _alone(database: Database, statement: str, values: dict[str, Any]) -> _Found | Exception:
    try:
        return _found(
            database.write(lambda connection: connection.exec_driver_sql(statement, values).first(), single=True)
        )
    except (IntegrityError, EvenflowError) as error:
        return error


def _step_by_step(database: Database, values: dict[str, Any]) -> _Found:
    return write_noted(database, lambda connection: _steps(connection, values), status=_status_kept)


def _status_kept(found: _Found) -> int | None:
    """Return the status of an answer that was kept now, not before."""
    code, answer, _ = found
    return None if answer is None or code == "known" else answer[0]


def _steps(connection: Connection, values: dict[str, Any]) -> _Found:
    cursor = connection.connection.cursor()  # the driver's own: SQLAlchemy's share of so small statements is large
    known = cursor.execute(sql.KNOWN, values).fetchone()
    if known is not None:
        return _found(("known", *known))
    look = cursor.execute(sql.LOOK, values).fetchone()
    code = "not_offered" if look is None else "no_credit" if look[1] else "held" if look[0] else "full"
    if code == "held":
        _keep(cursor, values | {"on_credit": int(look[1] is not None)})
    elif not values["keep_refusal"]:
        return _found(None)
    status, answer = (201, values["held"]) if code == "held" else (200, values["refused"].replace(sql.REASON, code))
    cursor.execute(sql.KEEP_ANSWER, values | {"status": status, "answer": answer})
    return _found((code, status, answer, values["request_hash"]))


def _keep(cursor: Any, values: dict[str, Any]) -> None:
    cursor.execute(sql.TAKE, values)
    if values["on_credit"]:
        cursor.execute(sql.TAKE_CREDIT, values)
    cursor.execute(sql.KEEP, values)
    cursor.execute(sql.TELL, values)
    if values["decision_id"] is not None:
        cursor.execute(sql.KEEP_DECISION, values)


def _found(row: Any) -> _Found:
    if row is None:
        return "full", None, ""
    return row[0], (row[1], orjson.loads(row[2])), row[3]
