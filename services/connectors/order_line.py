"""A line of an order as rows: the line itself, and what it says of its style as signals.

Orders are pushed when something happens to them, so without a time of fetching a payment is known when it was made, and
everything else (who sold it, a cancellation, a return) when the order was last changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from services.connectors.payload import Call, Records, Row

__all__ = ["OrderLine", "records_of"]


@dataclass(frozen=True, kw_only=True)
class OrderLine:
    """A line as a platform tells it; moments and money in its own spelling, None for what it does not tell."""

    order_id: Any
    line_id: Any
    external_id: Any
    pieces: Any
    state: str | None
    ordered_at: Any
    changed_at: Any
    paid_at: Any = None
    style_id: Any = None
    sku_id: Any = None
    amount_fen: Any = None
    amount_yuan: Any = None
    returned: Any = None
    preorder: bool = False
    unit: str = "pieces"
    kol_id: Any = None
    store_id: Any = None


def records_of(lines: list[OrderLine], call: Call) -> Records:
    """Return the lines and their signals."""
    found = Records()
    for line in lines:
        found.orders.append(_line(line, call))
        found.signals.extend(_signals(line, call))
    return found


def _line(line: OrderLine, call: Call) -> Row:
    told = {name: value for name, value in vars(line).items() if name not in ("changed_at", "unit")}
    return {**told, "account_id": call.account_id, "observed_at": _seen(line, call)}


def _signals(line: OrderLine, call: Call) -> Iterator[Row]:
    if line.paid_at is None:
        return
    seen = _seen(line, call)
    named = {
        "content_id": f"{line.order_id}/{line.line_id}",
        "external_id": line.external_id,
        "style_id": line.style_id,
        "sku_id": line.sku_id,
        "store_id": line.store_id,
        "account_id": call.account_id,
        "unit": line.unit,
        "cumulative": False,
    }
    kind = "preorder" if line.preorder else "order"
    money = {"amount_fen": line.amount_fen, "amount_yuan": line.amount_yuan}
    sold = {**named, **money, "kind": kind, "signal_time": line.paid_at, "count": line.pieces}
    if call.observed_at is None:
        yield {**sold, "kol_id": None, "observed_at": line.paid_at}
    if call.observed_at is not None or line.kol_id is not None:
        yield {**sold, "kol_id": line.kol_id, "observed_at": seen}
    later = {**named, "kol_id": line.kol_id, "signal_time": line.changed_at, "observed_at": seen}
    if line.state == "cancelled":
        yield {**later, "kind": "cancel", "count": line.pieces}
    elif line.returned not in (None, 0, "0"):
        yield {**later, "kind": "refund", "count": line.returned, "cumulative": True}


def _seen(line: OrderLine, call: Call) -> Any:
    if call.observed_at is not None:
        return call.observed_at
    return line.changed_at if line.changed_at is not None else line.paid_at or line.ordered_at
