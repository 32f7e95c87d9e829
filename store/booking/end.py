"""What becomes of a reservation: confirmed, released, rejected, cancelled, or expired by a sweeper."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, and_, bindparam, insert, or_, select, update

from contracts.errors import UnknownIdError
from store.booking.answers import Answer, Write, answered, keep_answer, known_answer
from store.booking.rows import COLUMNS, Reservation
from store.booking.states import Action, StateError, after
from store.database import Database
from store.schema import CAPACITIES, CREDITS, OUTBOX, RESERVATIONS

__all__ = ["end", "sweep", "visible_to"]

_R, _C, _K = RESERVATIONS.c, CAPACITIES.c, CREDITS.c
_ALL = select(*(_R[name] for name in COLUMNS))
_ONE = _ALL.where(_R.id == bindparam("wanted"))
_GIVE_BACK = (
    update(CAPACITIES)
    .where(_C.supplier_id == bindparam("supplier"), _C.good == bindparam("of"), _C.bucket == bindparam("at"))
    .values(reserved=_C.reserved - bindparam("freed"), updated_at_ms=bindparam("now"))
)
_GIVE_BACK_CREDIT = (
    update(CREDITS)
    .where(_K.buyer_id == bindparam("buyer"), _K.supplier_id == bindparam("supplier"))
    .values(used_fen=_K.used_fen - bindparam("freed"), updated_at_ms=bindparam("now"))
)
_MOVE = (
    update(RESERVATIONS)
    .where(_R.id == bindparam("wanted"))
    .values(
        state=bindparam("to"), taken_pieces=bindparam("taken"), reason=bindparam("why"), updated_at_ms=bindparam("now")
    )
)


def visible_to(tenant: str | None, party: str | None = None) -> ColumnElement[bool] | None:
    """Return the condition under which a tenant (its one party) may see a reservation; None: the operator sees all."""
    if tenant is None:
        return None
    return or_(held_by(tenant, party), and_(_R.supplier_tenant == tenant, *_is(_R.supplier_id, party)))


def held_by(tenant: str, party: str | None = None) -> ColumnElement[bool]:
    """Return the condition under which a reservation is a tenant's, bought by its one party if it asks as that."""
    return and_(_R.tenant == tenant, *_is(_R.buyer_id, party))


def _is(column: ColumnElement[str], party: str | None) -> list[ColumnElement[bool]]:
    return [] if party is None else [column == party]


def end(
    database: Database,
    write: Write,
    reservation_id: str,
    action: Action,
    *,
    tenant: str | None,
    party: str | None = None,
    pieces: int | None = None,
    reason: str = "",
) -> Answer:
    """Take a reservation to its next state, giving back what it no longer takes; all or nothing.

    Parameters
    ----------
    tenant
        Who asks; None = the operator. The supplier's tenant may only reject.
    party
        The one party of the tenant that asks, as buyer or supplier; None = all of them.
    pieces
        How many are confirmed; None = all that are held.

    Returns
    -------
    Answer
        200 with the reservation, or 409 with ``detail``: it is not in a state from which this can be done. Both are
        what the key stands for from then on.

    Raises
    ------
    UnknownIdError
        If there is no such reservation, or it is not the tenant's.
    InputError
        If more pieces are confirmed than are held.
    KeyReusedError
        If the key stands for another request.
    """

    def work(connection: Connection) -> Answer:
        known = known_answer(connection, write)
        if known is not None:
            return known
        found = _locked(connection, reservation_id, _may(action, tenant, party))
        try:
            state, taken = after(found, action, pieces=pieces, now_ms=write.now_ms)
        except StateError as error:
            answer = Answer(409, {"detail": str(error)})
        else:
            moved = _move(connection, found, state=state, taken=taken, reason=reason, now_ms=write.now_ms)
            given_back = {"given_back_pieces": found.taken_pieces - taken}
            answer = Answer(200, {"status": state, "reason": reason or None, "reservation": moved.told(), **given_back})
        keep_answer(connection, write, answer)
        return answer

    return answered(database, write, work)


def sweep(database: Database, now_ms: int, *, most: int = 200) -> int:
    """Expire holds that are due, and return how many; any number of processes may sweep at once.

    Parameters
    ----------
    most
        Of one transaction. Holds that another sweeper is at are left to it.
    """
    due = _ALL.where(_R.state == "held", _R.expires_at_ms <= now_ms).order_by(_R.expires_at_ms).limit(most)
    if not database.read(lambda connection: connection.execute(due.limit(1)).first(), whole=True):
        return 0

    def work(connection: Connection) -> int:
        rows = [Reservation(**row) for row in connection.execute(due.with_for_update(skip_locked=True)).mappings()]
        # Capacities in one order, then credits in one order: two that change the same rows never wait in a circle.
        for found in sorted(rows, key=lambda row: (row.supplier_id, row.good, row.bucket)):
            _free(connection, found, pieces=found.taken_pieces, now_ms=now_ms)
        for found in sorted(rows, key=lambda row: (row.buyer_id, row.supplier_id)):
            _free_credit(connection, found, pieces=found.taken_pieces, now_ms=now_ms)
        for found in rows:
            _record(connection, found, state="expired", taken=0, reason="due", now_ms=now_ms)
        return len(rows)

    return database.write(work)


def _may(action: Action, tenant: str | None, party: str | None) -> ColumnElement[bool] | None:
    if tenant is None or action == "reject":
        return visible_to(tenant, party)
    return held_by(tenant, party)


def _locked(connection: Connection, reservation_id: str, seen: ColumnElement[bool] | None) -> Reservation:
    wanted = _ONE if seen is None else _ONE.where(seen)
    row = connection.execute(wanted.with_for_update(), {"wanted": reservation_id}).mappings().first()
    if row is None:
        raise UnknownIdError("reservation", reservation_id)
    return Reservation(**row)


def _move(
    connection: Connection, found: Reservation, *, state: str, taken: int, reason: str, now_ms: int
) -> Reservation:
    freed = found.taken_pieces - taken
    if freed:
        _free(connection, found, pieces=freed, now_ms=now_ms)
        _free_credit(connection, found, pieces=freed, now_ms=now_ms)
    return _record(connection, found, state=state, taken=taken, reason=reason, now_ms=now_ms)


def _free(connection: Connection, found: Reservation, *, pieces: int, now_ms: int) -> None:
    place = {"supplier": found.supplier_id, "of": found.good, "at": found.bucket}
    connection.execute(_GIVE_BACK, {**place, "freed": pieces, "now": now_ms})


def _free_credit(connection: Connection, found: Reservation, *, pieces: int, now_ms: int) -> None:
    if found.on_credit:
        pair = {"buyer": found.buyer_id, "supplier": found.supplier_id}
        connection.execute(_GIVE_BACK_CREDIT, {**pair, "freed": pieces * found.unit_price_fen, "now": now_ms})


def _record(
    connection: Connection, found: Reservation, *, state: str, taken: int, reason: str, now_ms: int
) -> Reservation:
    """Write down the new state, and tell others of it."""
    moved = replace(found, state=state, taken_pieces=taken, reason=reason, updated_at_ms=now_ms)
    values: dict[str, Any] = {"wanted": found.id, "to": state, "taken": taken, "why": reason, "now": now_ms}
    connection.execute(_MOVE, values)
    event = {
        "tenant": found.tenant,
        "topic": f"reservation.{state}",
        "subject": found.id,
        "payload": orjson.dumps(moved.told()).decode(),
        "created_at_ms": now_ms,
    }
    connection.execute(insert(OUTBOX), event)
    return moved
