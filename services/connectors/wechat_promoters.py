"""WeChat mini-programs: the orders that promoters brought, and how often their messages were clicked.

A promoter is a party and becomes a keyed hash; the buyer's openid is not read, nor what a page's path tells beside the
style. Source: the promoter interface of WeChat mini-programs (field names of WxJava miniapp/bean/promoter).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.connectors.order_line import OrderLine, records_of
from services.connectors.payload import Call, Records, Row, cell, listed, moment, page, require_answer
from services.connectors.publication import seen_now

__all__ = ["read"]

_CLICKS = {"click_pv": "events", "click_uv": "users"}


def read(payload: Any, call: Call) -> Records:
    """Return the lines and signals of one answer: ``order_list``, or the ``data_list`` of messages."""
    answer = require_answer(payload, "errcode")
    if "data_list" in answer:
        return Records(signals=[row for item in listed(answer, "data_list") for row in _clicks(item, call)])
    return records_of([_line(order) for order in listed(answer, "order_list")], call)


def _line(order: Mapping[str, Any]) -> OrderLine:
    path, style = page(cell(order, "path"))
    refunded = moment(order, "refunded_time")
    paid = moment(order, "paid_time")
    promoter = cell(order, "promoter_openid")
    return OrderLine(
        order_id=cell(order, "out_trade_no", "trade_no"),
        line_id="1",
        external_id=path,
        style_id=style,
        pieces=1,
        unit="events",
        amount_fen=cell(order, "paid_amount"),
        state="paid" if paid else "unpaid",
        returned=1 if refunded else None,
        ordered_at=moment(order, "create_time"),
        changed_at=refunded or paid or moment(order, "create_time"),
        paid_at=paid,
        kol_id=None if promoter is None else str(promoter),
        store_id=cell(order, "retail_id"),
    )


def _clicks(message: Mapping[str, Any], call: Call) -> list[Row]:
    name = cell(message, "msg_id")
    known = {**seen_now(call), "content_id": name, "external_id": name, "kind": "click"}
    return [
        {**known, "unit": unit, "count": count}
        for field, unit in _CLICKS.items()
        if (count := cell(message, field)) is not None
    ]
