"""Weibo: the counters of posts at the moment they are asked for (``statuses/count`` and ``statuses/show``).

The author of a post is a party (a KOL, or the brand's own account): only their number is taken, to be hashed.
Source: open.weibo.com/wiki/2/statuses/count and show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.errors import InputError
from services.connectors.payload import Call, Records, Row, cell, part, require_answer
from services.connectors.publication import seen_now

__all__ = ["read"]

_FIELDS = {
    "repost": ("reposts_count", "reposts"),
    "comment": ("comments_count", "comments"),
    "like": ("attitudes_count", "attitudes"),
}


def read(payload: Any, call: Call) -> Records:
    """Return the signals of one answer."""
    rows: list[Row] = []
    for post in payload if isinstance(payload, list) else [payload]:
        rows += _counts(require_answer(post, "error_code"), call)
    return Records(signals=rows)


def _counts(post: Mapping[str, Any], call: Call) -> list[Row]:
    name = cell(post, "id", "mid", "idstr")
    author = cell(part(post, "user"), "id", "idstr")
    known = {**seen_now(call), "content_id": name, "external_id": name, "unit": "events"}
    known["kol_id"] = call.kol_id if author is None or call.account_id is not None else str(author)
    rows = [
        {**known, "kind": kind, "count": count}
        for kind, names in _FIELDS.items()
        if (count := cell(post, *names)) is not None
    ]
    if name is None and not rows:  # a deleted post has its id and no counts
        raise InputError("the payload", "a post with its id and counts", "neither")
    return rows
