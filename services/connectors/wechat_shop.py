"""WeChat Shop: orders with who shared the goods, in the current and in the older shape.

Money is in fen. ``sharer_info.handling_progress`` 0: who shared is still being found out, so a later push of the same
order credits it. The older shape has numbers as numbers, moments as texts and a misspelt ``craete_time``. Buyers,
receivers and addresses are not read. Source: developers.weixin.qq.com/doc/store/API/order/get.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.connectors.order_line import OrderLine, records_of
from services.connectors.payload import Call, Records, cell, listed, moment, part, require_answer

__all__ = ["read"]

_STATES = {"10": "unpaid", "20": "paid", "21": "shipped", "30": "shipped", "100": "done"}
_STATES |= dict.fromkeys(("190", "200", "250"), "cancelled")


def read(payload: Any, call: Call) -> Records:
    """Return the lines and signals of one answer (``order``, or a list of ``orders``)."""
    answer = require_answer(payload, "errcode")
    orders = listed(answer, "orders") if "orders" in answer else [part(answer, "order")]
    return records_of([line for order in orders for line in _lines(order)], call)


def _lines(order: Mapping[str, Any]) -> list[OrderLine]:
    detail = part(order, "order_detail")
    sellers = _sellers(detail)
    ordered = moment(order, "create_time", "craete_time")
    state = str(cell(order, "status"))
    return [
        OrderLine(
            order_id=cell(order, "order_id"),
            line_id=cell(item, "sku_id", "product_id"),
            external_id=cell(item, "product_id"),
            sku_id=cell(item, "sku_code", "sku_id"),
            pieces=cell(item, "sku_cnt"),
            amount_fen=_times(cell(item, "sale_price", "real_price"), cell(item, "sku_cnt")),
            state=_STATES.get(state, state),
            ordered_at=ordered,
            changed_at=moment(order, "update_time") or ordered,
            paid_at=moment(part(detail, "pay_info"), "pay_time"),
            returned=cell(item, "finish_aftersale_sku_cnt"),
            kol_id=sellers.get(str(cell(item, "sku_id"))),
        )
        for item in listed(order, "order_detail", "product_infos")
    ]


def _sellers(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return who sold each sku: who shared it, else who earns a commission on it; nobody while that is found out."""
    if str(cell(part(detail, "sharer_info"), "handling_progress")) == "0":
        return {}
    found: dict[str, Any] = {}
    for name, who in (("commission_infos", "finder_id"), ("sku_sharer_infos", "sharer_openid")):
        for item in listed(detail, name) if name in detail else []:
            found[str(cell(item, "sku_id"))] = cell(item, who)
    return {sku: str(seller) for sku, seller in found.items() if seller is not None}


def _times(price: Any, pieces: Any) -> Any:
    try:
        return round(float(price) * float(pieces))
    except (TypeError, ValueError, OverflowError):
        return None
