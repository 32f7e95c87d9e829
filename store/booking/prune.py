"""Removing what nobody needs any more: answers of writes long past, and reservations that ended long ago."""

from __future__ import annotations

from sqlalchemy import BigInteger, Connection, and_, bindparam, delete, select, tuple_

from store.database import Database
from store.schema import DECISIONS, IDEMPOTENCY, RESERVATIONS
from store.schema.reservations import OVER

__all__ = ["prune"]

_I, _R, _D = IDEMPOTENCY.c, RESERVATIONS.c, DECISIONS.c
_BEFORE, _MOST = bindparam("before_ms", type_=BigInteger), bindparam("most", type_=BigInteger)
_LATER = RESERVATIONS.alias("later")
_OLD_ANSWERS = select(_I.tenant, _I.key).where(_I.created_at_ms < _BEFORE).order_by(_I.created_at_ms).limit(_MOST)
_OLD_ENDS = (
    select(_R.id, _R.decision_id)
    .where(and_(OVER, _R.updated_at_ms < _BEFORE, ~select(_LATER.c.id).where(_LATER.c.replaces == _R.id).exists()))
    .order_by(_R.updated_at_ms)
    .limit(_MOST)
)


def prune(database: Database, before_ms: int, *, most: int = 500) -> tuple[int, int]:
    """Remove answers given, and reservations that ended, before a moment; any number of processes may at once.

    A reservation goes with its decision, and not before the one that replaced it: what takes capacity keeps the chain
    that led to it.

    Parameters
    ----------
    before_ms
        Milliseconds since 1970.
    most
        Of each, in one transaction. Rows that another process is at are left to it.

    Returns
    -------
    tuple
        How many answers and how many reservations went.
    """
    asked = {"before_ms": before_ms, "most": most}

    def old(connection: Connection) -> bool:
        return any(connection.execute(wanted, asked | {"most": 1}).first() for wanted in (_OLD_ANSWERS, _OLD_ENDS))

    def work(connection: Connection) -> tuple[int, int]:
        keys = connection.execute(_OLD_ANSWERS.with_for_update(skip_locked=True), asked).all()
        ends = connection.execute(_OLD_ENDS.with_for_update(skip_locked=True, of=RESERVATIONS), asked).all()
        if keys:
            connection.execute(delete(IDEMPOTENCY).where(tuple_(_I.tenant, _I.key).in_([tuple(row) for row in keys])))
        if ends:
            connection.execute(delete(RESERVATIONS).where(_R.id.in_([row.id for row in ends])))
            connection.execute(delete(DECISIONS).where(_D.id.in_([row.decision_id for row in ends if row.decision_id])))
        return len(keys), len(ends)

    return database.write(work) if database.read(old, whole=True) else (0, 0)
