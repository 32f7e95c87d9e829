"""WeChat official accounts: how articles were read and shared, by the current and by the former interface.

Current (``getarticletotaldetail``): totals of each article by day, up to 30 days. Former (``getarticletotal``: totals,
7 days; ``getarticlesummary``: one day's), no longer kept up, but old exports have its shape. A day's figures are out
the morning after; totals of users are totals of different users, so their differences are new users.
Source: developers.weixin.qq.com/doc (datacube).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.connectors.payload import Call, Records, Row, cell, listed, require_answer
from services.connectors.publication import published

__all__ = ["read"]

# Field: what people did, and what is counted.
_CURRENT = {
    "read_user": ("view", "users"),
    "share_user": ("share", "users"),
    "zaikan_user": ("repost", "users"),
    "like_user": ("like", "users"),
    "comment_count": ("comment", "events"),
    "collection_user": ("favorite", "users"),
}
_FORMER = {
    "int_page_read_user": ("view", "users"),
    "int_page_read_count": ("view", "events"),
    "share_user": ("share", "users"),
    "share_count": ("share", "events"),
    "add_to_fav_user": ("favorite", "users"),
    "add_to_fav_count": ("favorite", "events"),
}
_ALL_SOURCES = 99999999


def read(payload: Any, call: Call) -> Records:
    """Return the signals of one answer."""
    answer = require_answer(payload, "errcode")
    unfinished = answer.get("is_delay") is True
    rows = [row for article in listed(answer, "list") for row in _article(article, call, final=not unfinished)]
    return Records(signals=rows)


def _article(article: Mapping[str, Any], call: Call, *, final: bool) -> Iterator[Row]:
    if cell(article, "user_source") not in (None, _ALL_SOURCES, str(_ALL_SOURCES)):
        return  # a part of the row for all sources
    named = {"content_id": cell(article, "msgid"), "external_id": cell(article, "msgid")}
    for fields, name in ((_CURRENT, "detail_list"), (_FORMER, "details")):
        for day in listed(article, name) if name in article else []:
            yield from _day(day, cell(day, "stat_date"), fields, {**named, "cumulative": True, "is_final": final}, call)
    if "detail_list" not in article and "details" not in article:
        yield from _day(article, cell(article, "ref_date"), _FORMER, {**named, "cumulative": False}, call)


def _day(
    record: Mapping[str, Any], day: Any, fields: Mapping[str, tuple[str, str]], named: Row, call: Call
) -> Iterator[Row]:
    for name, (kind, unit) in fields.items():
        count = cell(record, name)
        if count is not None:
            yield {**named, **published(day, call), "kind": kind, "unit": unit, "count": count}
