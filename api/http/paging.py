"""Long lists in pages, by an opaque cursor that knows which list it walks, and which version of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Annotated, Any

import orjson
from fastapi import Query
from pydantic import BaseModel, Field

from api.http.problems import StaleCursorError
from contracts.errors import InputError

__all__ = ["CursorQuery", "LimitQuery", "Page", "key_after", "key_cursor", "page_bounds"]

LimitQuery = Annotated[int, Query(ge=1, le=1000, description="Rows of a page.", examples=[100])]
CursorQuery = Annotated[
    str | None, Query(max_length=2000, description="`next_cursor` of the page before; none for the first.")
]


class Page(BaseModel):
    """Some rows of a list."""

    version: str = Field(description="Version of the network (or the job) that the rows belong to.")
    total: int = Field(description="Rows of the whole list.")
    rows: list[dict[str, Any]] = Field(description="The rows of this page.")
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; null on the last.")


def page_bounds(
    cursor: str | None, limit: int, *, version: str, total: int, query: tuple[object, ...] = ()
) -> tuple[slice, str | None]:
    """Return which rows a page holds, and the next page's cursor.

    Parameters
    ----------
    version
        Version of what is listed.
    query
        Everything else that decides which rows the list has: its name, its parameters, the tenant.

    Raises
    ------
    InputError
        If the cursor is none of ours.
    StaleCursorError
        If it walks another list, or another version of it.

    Examples
    --------
    >>> rows, following = page_bounds(None, 2, version="v1", total=3)
    >>> rows, page_bounds(following, 2, version="v1", total=3)
    (slice(0, 2, None), (slice(2, 4, None), None))
    """
    walked = _walked(version, query)
    start = _start(cursor, walked) if cursor else 0
    end = start + limit
    return slice(start, end), _encode(walked, end) if end < total else None


def key_cursor(query: tuple[object, ...], keys: tuple[str, ...]) -> str:
    """Return the cursor of a list that grows while it is walked: it names the last row of a page, not its number.

    Parameters
    ----------
    query
        Everything that decides which rows the list has.
    keys
        By which the list is sorted, of the last row of the page.
    """
    return base64.urlsafe_b64encode(orjson.dumps([_walked("keys", query), *keys])).decode().rstrip("=")


def key_after(cursor: str | None, query: tuple[object, ...], *, n_keys: int) -> tuple[str, ...] | None:
    """Return the keys of the last row of the page before; None for the first page.

    Raises
    ------
    InputError
        If the cursor is none of ours.
    StaleCursorError
        If it walks another list.
    """
    if not cursor:
        return None
    found = _decoded(cursor)
    if len(found) != n_keys + 1 or not all(isinstance(part, str) for part in found):
        raise InputError("cursor", "a `next_cursor` of an earlier page", cursor)
    if found[0] != _walked("keys", query):
        raise StaleCursorError("the cursor walks another list: the parameters are not those of the page before")
    return tuple(found[1:])


def _pair(found: list[Any], cursor: str) -> list[Any]:
    if len(found) != 2:
        raise InputError("cursor", "a `next_cursor` of an earlier page", cursor)
    return found


def _decoded(cursor: str) -> list[Any]:
    try:
        found = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, TypeError):
        found = None
    if not isinstance(found, list):
        raise InputError("cursor", "a `next_cursor` of an earlier page", cursor)
    return found


def _walked(version: str, query: tuple[object, ...]) -> str:
    """Return a short name of a list: ids in the query may be long, a cursor may not."""
    return f"{version}/{hashlib.sha256(repr(query).encode()).hexdigest()[:16]}" if query else version


def _encode(walked: str, start: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([walked, start])).decode().rstrip("=")


def _start(cursor: str, walked: str) -> int:
    found, start = _pair(_decoded(cursor), cursor)
    if not isinstance(start, int) or isinstance(start, bool) or start < 0:
        raise InputError("cursor", "a `next_cursor` of an earlier page", cursor)
    if found != walked:
        raise StaleCursorError(f"the cursor walks {found}, asked for is {walked}: another version or other parameters")
    return start
