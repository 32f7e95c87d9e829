"""WeChat mini-programs: visits of the program and of its pages, by day.

``getweanalysisappiddailyvisittrend`` counts the whole program (activity of the account),
``getweanalysisappidvisitpage`` its pages; a page's style stands in its path (``pages/item?style=A``) or in the user's
map. Other parameters of a path may name shoppers, and are dropped. Source: developers.weixin.qq.com/miniprogram
(datacube); names of page fields from memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.connectors.payload import Call, Records, Row, cell, listed, page, require_answer
from services.connectors.publication import published

__all__ = ["read"]

_PAGE = {
    "page_visit_pv": ("view", "events"),
    "page_visit_uv": ("view", "users"),
    "page_share_pv": ("share", "events"),
    "page_share_uv": ("share", "users"),
}
_PROGRAM = ("session_cnt", "visit_pv", "visit_uv", "visit_uv_new", "visit_depth", "share_pv", "share_uv")


def read(payload: Any, call: Call) -> Records:
    """Return the pages' signals and the program's activity of one answer."""
    answer = require_answer(payload, "errcode")
    day = cell(answer, "ref_date")
    found = Records()
    for record in listed(answer, "list"):
        of = cell(record, "ref_date") or day or cell(call.request, "begin_date")
        if "page_path" in record:
            found.signals.extend(_page(record, of, call))
        else:
            found.activity.extend(_program(record, of, call))
    return found


def _page(record: Mapping[str, Any], day: Any, call: Call) -> Iterator[Row]:
    path, style = page(cell(record, "page_path"))
    for name, (kind, unit) in _PAGE.items():
        count = cell(record, name)
        if count is not None:
            named = {"content_id": path, "external_id": path, "style_id": style, "kind": kind, "unit": unit}
            yield {**named, **published(day, call), "count": count, "cumulative": False}


def _program(record: Mapping[str, Any], day: Any, call: Call) -> Iterator[Row]:
    for name in _PROGRAM:
        value = cell(record, name)
        if value is not None:
            yield {**published(day, call), "measure": name, "value": value, "cumulative": False}
