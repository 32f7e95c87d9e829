"""Taobao: trades (``taobao.trade.fullinfo.get``, ``taobao.trades.sold.get``).

``num`` of a trade means nothing when it has several child orders: each child has its own. Money is in yuan, as text;
``new_presell`` makes it a preorder. Nicknames, receivers and addresses are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.connectors.order_line import OrderLine, records_of
from services.connectors.payload import Call, Records, cell, listed, moment, part, require_answer

__all__ = ["read"]

_STATES = {
    "WAIT_BUYER_PAY": "unpaid",
    "TRADE_NO_CREATE_PAY": "unpaid",
    "PAY_PENDING": "unpaid",
    "WAIT_SELLER_SEND_GOODS": "paid",
    "SELLER_CONSIGNED_PART": "shipped",
    "WAIT_BUYER_CONFIRM_GOODS": "shipped",
    "TRADE_BUYER_SIGNED": "shipped",
    "TRADE_FINISHED": "done",
    "TRADE_CLOSED": "cancelled",
    "TRADE_CLOSED_BY_TAOBAO": "cancelled",
}


def read(payload: Any, call: Call) -> Records:
    """Return the lines and signals of one answer."""
    answer = require_answer(payload)
    require_answer(part(answer, "error_response"), "code")
    if "trades_sold_get_response" in answer:
        trades = listed(answer, "trades_sold_get_response", "trades", "trade")
    else:
        trades = [require_answer(part(answer, "trade_fullinfo_get_response").get("trade", answer.get("trade")))]
    return records_of([line for trade in trades for line in _lines(trade)], call)


def _lines(trade: Mapping[str, Any]) -> list[OrderLine]:
    children = listed(trade, "orders", "order") if "orders" in trade else []
    alone = len(children) < 2
    state = str(cell(trade, "status"))
    ordered, paid = moment(trade, "created"), moment(trade, "pay_time")
    return [
        OrderLine(
            order_id=cell(trade, "tid"),
            line_id=cell(child, "oid", "sku_id") or cell(trade, "tid"),
            external_id=cell(child, "num_iid") or cell(trade, "num_iid"),
            sku_id=cell(child, "outer_sku_id", "sku_id"),
            pieces=cell(child, "num") or (cell(trade, "num") if alone else None),
            amount_yuan=cell(child, "payment") or (cell(trade, "payment") if alone else None),
            state=_STATES.get(state, state),
            ordered_at=ordered,
            changed_at=moment(trade, "modified", "end_time") or paid or ordered,
            paid_at=paid,
            preorder=trade.get("new_presell") in (True, "true"),
        )
        for child in children or [{}]
    ]
