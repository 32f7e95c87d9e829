"""Reading reservations and the decisions behind them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from contracts.errors import UnknownIdError
from store.booking.end import held_by, visible_to
from store.booking.hold import KeptDecision
from store.booking.rows import COLUMNS, Reservation
from store.database import Database
from store.schema import DECISIONS, RESERVATIONS

__all__ = ["find_decision", "find_reservation", "list_reservations", "suppliers_of"]

_R, _D = RESERVATIONS.c, DECISIONS.c
_ALL = select(*(_R[name] for name in COLUMNS))


def find_reservation(
    database: Database, reservation_id: str, *, tenant: str | None, party: str | None = None
) -> Reservation:
    """Return a reservation.

    Raises
    ------
    UnknownIdError
        If there is none, or the tenant (its one party, if given) neither holds nor supplies it.
    """
    seen = visible_to(tenant, party)
    wanted = _ALL.where(_R.id == reservation_id)
    wanted = wanted if seen is None else wanted.where(seen)
    row = database.read(lambda connection: connection.execute(wanted).mappings().first(), whole=tenant is None)
    if row is None:
        raise UnknownIdError("reservation", reservation_id)
    return Reservation(**row)


def list_reservations(
    database: Database,
    *,
    tenant: str | None,
    party: str | None = None,
    state: str | None = None,
    supplier_id: str | None = None,
    order_id: str | None = None,
    before: str | None = None,
    limit: int,
) -> list[Reservation]:
    """Return reservations that a tenant, or its one party, may see, the newest first.

    Parameters
    ----------
    before
        Id of the last one of the page before.
    """
    wanted = _ALL.order_by(_R.id.desc()).limit(limit)
    seen = visible_to(tenant, party)
    wanted = wanted if seen is None else wanted.where(seen)
    for name, value in (("state", state), ("supplier_id", supplier_id), ("order_id", order_id)):
        wanted = wanted if value is None else wanted.where(_R[name] == value)
    wanted = wanted if before is None else wanted.where(_R.id < before)
    rows = database.read(lambda connection: connection.execute(wanted).mappings().all())
    return [Reservation(**row) for row in rows]


def find_decision(
    database: Database, decision_id: str, *, tenant: str | None, party: str | None = None
) -> KeptDecision:
    """Return a decision by its id, or by that of a reservation it led to.

    Raises
    ------
    UnknownIdError
        If there is none, or it is not the tenant's (its one party's, if given: what was decided for it as buyer).
    """
    made = select(_R.decision_id).where(_R.id == decision_id).scalar_subquery()
    wanted = select(_D.id, _D.inputs, _D.outcome).where((_D.id == decision_id) | (_D.id == made))
    wanted = wanted if tenant is None else wanted.where(_D.tenant == tenant)
    if tenant is not None and party is not None:
        wanted = wanted.where(_D.id.in_(select(_R.decision_id).where(held_by(tenant, party))))
    row = database.read(lambda connection: connection.execute(wanted).first(), whole=tenant is None)
    if row is None:
        raise UnknownIdError("decision", decision_id)
    return KeptDecision(*row)


def suppliers_of(database: Database, reservation_ids: Collection[str]) -> dict[str, str]:
    """Return the supplier's tenant of each reservation, whoever's they are; the caller decides who is told."""
    if not reservation_ids:
        return {}
    wanted = select(_R.id, _R.supplier_tenant).where(_R.id.in_(reservation_ids))
    rows = database.read(lambda connection: connection.execute(wanted).all(), whole=True)
    return {row.id: row.supplier_tenant for row in rows}
