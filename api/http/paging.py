"""Long lists in pages, by an opaque cursor that knows which version of the list it walks."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

import orjson
from fastapi import Query
from pydantic import BaseModel, Field

from api.http.problems import StaleCursorError
from contracts.errors import InputError

__all__ = ["CursorQuery", "LimitQuery", "Page", "page_bounds"]

LimitQuery = Annotated[int, Query(ge=1, le=1000, description="Rows of a page.", examples=[100])]
CursorQuery = Annotated[
    str | None, Query(max_length=200, description="`next_cursor` of the page before; none for the first.")
]


class Page(BaseModel):
    """Some rows of a list."""

    version: str = Field(description="Version of the network (or the job) that the rows belong to.")
    total: int = Field(description="Rows of the whole list.")
    rows: list[dict[str, Any]] = Field(description="The rows of this page.")
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; null on the last.")


def page_bounds(cursor: str | None, limit: int, *, version: str, total: int) -> tuple[slice, str | None]:
    """Return which rows a page holds, and the next page's cursor.

    Raises
    ------
    InputError
        If the cursor is none of ours.
    StaleCursorError
        If it walks another version of the list.

    Examples
    --------
    >>> rows, following = page_bounds(None, 2, version="v1", total=3)
    >>> rows, page_bounds(following, 2, version="v1", total=3)
    (slice(0, 2, None), (slice(2, 4, None), None))
    """
    start = _start(cursor, version) if cursor else 0
    end = start + limit
    return slice(start, end), _encode(version, end) if end < total else None


def _encode(version: str, start: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([version, start])).decode().rstrip("=")


def _start(cursor: str, version: str) -> int:
    try:
        found, start = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, TypeError):
        raise InputError("cursor", "a `next_cursor` of an earlier page", cursor) from None
    if not isinstance(start, int) or isinstance(start, bool) or start < 0:
        raise InputError("cursor", "a `next_cursor` of an earlier page", cursor)
    if found != version:
        raise StaleCursorError(f"the cursor walks version {found}, current is {version}")
    return start
