"""WeCom: how alive a guide's customer groups are, and how a guide deals with customers.

Neither is about a style: both are activity of the guide (``negative_feedback_cnt``, customers who deleted or blocked
them, tells of fatigue). Where the user's map gives the guide a style, say during its launch, the groups' messages are
that style's signals, too. ``*_total`` and ``*_has_msg`` are as of the day, ``new_*`` of the period.
Source: developer.work.weixin.qq.com/document/path/96358 and 96359.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from forecast.signal_times import parse_times
from services.connectors.payload import Call, Records, Row, cell, listed, moment, part, require_answer
from services.connectors.publication import published

__all__ = ["read_groups", "read_members"]

_AS_OF = ("chat_total", "chat_has_msg", "member_total", "member_has_msg", "msg_total")
_GROUPS = ("new_chat_cnt", "new_member_cnt", *_AS_OF)
_MEMBER = (
    "chat_cnt", "message_cnt", "reply_percentage", "avg_reply_time",
    "negative_feedback_cnt", "new_apply_cnt", "new_contact_cnt",
)  # fmt: skip
_SIGNALS = {"msg_total": "events", "member_has_msg": "users"}


def read_groups(payload: Any, call: Call) -> Records:
    """Return what one answer of ``groupchat/statistic`` (by owner) or ``statistic_group_by_day`` tells."""
    found = Records()
    for item in listed(require_answer(payload, "errcode"), "items"):
        guide = cell(item, "owner") or call.kol_id or _only(part(call.request, "owner_filter"), "userid_list")
        day = moment(item, "stat_time") or moment(call.request, "day_end_time") or _before(call.fetched_at)
        known = {**published(day, call), "kol_id": guide}
        data = part(item, "data")
        found.activity.extend(_measures(data, _GROUPS, known))
        found.signals.extend(_messages(data, {**known, "external_id": guide, "if_mapped": True}))
    return found


def read_members(payload: Any, call: Call) -> Records:
    """Return what one answer of ``get_user_behavior_data`` tells; asked for one member, as several are added up."""
    guide = call.kol_id or _only(call.request, "userid")
    rows: list[Row] = []
    for record in listed(require_answer(payload, "errcode"), "behavior_data"):
        rows += _measures(record, _MEMBER, {**published(moment(record, "stat_time"), call), "kol_id": guide})
    return Records(activity=rows)


def _measures(record: Mapping[str, Any], names: tuple[str, ...], known: Row) -> Iterator[Row]:
    for name in names:
        value = cell(record, name)
        if value is not None:
            yield {**known, "measure": name, "value": value, "cumulative": name in _AS_OF}


def _messages(data: Mapping[str, Any], known: Row) -> Iterator[Row]:
    for name, unit in _SIGNALS.items():
        count = cell(data, name)
        if count is not None:
            yield {**known, "kind": "comment", "unit": unit, "count": count, "cumulative": True}


def _only(record: Mapping[str, Any], name: str) -> str | None:
    """Return a list's only member."""
    found = record.get(name)
    return str(found[0]) if isinstance(found, list) and len(found) == 1 and isinstance(found[0], str) else None


def _before(fetched_at: Any) -> Any:
    """Return the day before: what is asked for without days is yesterday's."""
    return parse_times(pd.Series([fetched_at], dtype=object)).iloc[0].normalize() - pd.Timedelta(days=1)
