"""A reservation, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["COLUMNS", "Reservation", "moment_text"]

_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reservation:
    """Pieces of a good that a supplier keeps for a buyer.

    Parameters
    ----------
    tenant
        Who holds it; empty = the operator.
    good, bucket
        The capacity it is taken from (`store.schema.reservations.CAPACITIES`).
    pieces
        What was held, > 0.
    taken_pieces
        What it takes of the capacity now: fewer after a partial confirmation, 0 once it is over.
    unit_price_fen
        What a piece takes of the buyer's credit with the supplier, where there is a credit line.
    state
        See `store.schema.reservations.STATES`.
    decision_id
        The decision that chose the supplier; None for one that was named.
    replaces
        The reservation whose rejection led to this one.
    created_at_ms, expires_at_ms, updated_at_ms
        Milliseconds since 1970.
    """

    id: str
    tenant: str
    order_id: str
    buyer_id: str
    sku_id: str
    supplier_id: str
    good: str
    bucket: str
    pieces: int
    taken_pieces: int
    unit_price_fen: int
    on_credit: int = 0
    state: str = "held"
    reason: str = ""
    decision_id: str | None = None
    replaces: str | None = None
    created_at_ms: int
    expires_at_ms: int
    updated_at_ms: int
    supplier_tenant: str = ""

    def told(self) -> dict[str, Any]:
        """Return it as plain data: moments as texts, and nothing of whose rows they are."""
        moments = {name: moment_text(getattr(self, f"{name}_ms")) for name in _MOMENTS}
        return {name: getattr(self, name) for name in _TOLD} | moments


COLUMNS = tuple(field.name for field in fields(Reservation))
_MOMENTS = ("created_at", "expires_at", "updated_at")
_HIDDEN = ("tenant", "supplier_tenant", "on_credit", *(f"{name}_ms" for name in _MOMENTS))
_TOLD = tuple(name for name in COLUMNS if name not in _HIDDEN)


def moment_text(milliseconds: int) -> str:
    """Return a moment as ISO 8601 text, in China's time.

    Examples
    --------
    >>> moment_text(0)
    '1970-01-01T08:00:00.000+08:00'
    """
    return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(_ZONE).isoformat(timespec="milliseconds")
