"""Douyin: a video's figures by day (``item/like``, ``comment``, ``share``, ``play``) or so far (``item/base``).

Counts may be texts. A day's figures are out at 10:00 on the next. Account figures (``user/like``…) have the same shape;
the user's map gives them a style under the account's name. Source: developer.open-douyin.com.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.connectors.payload import Call, Records, Row, cell, listed, part, require_answer
from services.connectors.publication import published, seen_now

__all__ = ["read"]

_KINDS = {"like": "like", "comment": "comment", "share": "share", "play": "view"}


def read(payload: Any, call: Call) -> Records:
    """Return the signals of one answer."""
    data = require_answer(part(require_answer(payload), "data"), "error_code")
    name = call.content_id or cell(call.request, "item_id") or call.account_id
    known = {"content_id": name, "external_id": name, "unit": "events"}
    rows: list[Row] = []
    if isinstance(data.get("result"), Mapping):
        rows += _counts(part(data, "result"), ("total_",), {**seen_now(call), **known})
    else:
        for day in listed(data, "result_list"):
            dated = {**published(cell(day, "date"), call), **known, "cumulative": False}
            rows += _counts(day, ("", "new_"), dated)
    return Records(signals=rows)


def _counts(record: Mapping[str, Any], prefixes: tuple[str, ...], known: Row) -> list[Row]:
    found = []
    for field, kind in _KINDS.items():
        count = cell(record, *(f"{prefix}{field}" for prefix in prefixes))
        if count is not None:
            found.append({**known, "kind": kind, "count": count})
    return found
