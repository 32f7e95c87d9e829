"""Long lists in pages, by an opaque cursor that knows which list it walks, and which version of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple, TypeVar

import orjson
from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

from api.http.access import principal_of
from api.http.problems import StaleCursorError
from api.http.responses import json_bytes
from contracts.errors import InputError

__all__ = [
    "CursorQuery",
    "LimitQuery",
    "Page",
    "Part",
    "PartDep",
    "Parted",
    "digest",
    "key_after",
    "key_cursor",
    "page_bounds",
    "position_after",
]

T = TypeVar("T")
_MOST_DIGITS = 18  # of a 64-bit number, whatever its digits

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
    cursor: str | None, limit: int, *, version: str, total: int, query: tuple[object, ...]
) -> tuple[slice, str | None]:
    """Return which rows a page holds, and the next page's cursor.

    Parameters
    ----------
    version
        Version of what is listed.
    query
        Everything else that decides which rows the list has: its name, its filters, who asks.

    Raises
    ------
    InputError
        If the cursor is none of ours.
    StaleCursorError
        If it walks another list, or another version of it.

    Examples
    --------
    >>> rows, following = page_bounds(None, 2, version="v1", total=3, query=("plan", "north"))
    >>> rows, page_bounds(following, 2, version="v1", total=3, query=("plan", "north"))
    (slice(0, 2, None), (slice(2, 4, None), None))
    """
    walked = _walked(version, query)
    start = _start(cursor, walked) if cursor else 0
    end = start + limit
    return slice(start, end), _encode(walked, end) if end < total else None


class Parted(BaseModel):
    """A list that may be told in parts."""

    next_cursor: str | None = Field(None, description="Pass it as `cursor` for the next part; null on the last.")


class Part(NamedTuple):
    """Which part of a list is asked for, and by whom."""

    limit: int
    cursor: str | None
    who: str

    def of(self, rows: Sequence[T], key: Callable[[T], object], *query: object) -> tuple[Sequence[T], str | None]:
        """Return the part, and the cursor of the next one.

        Parameters
        ----------
        rows
            The whole list; it may grow at either end from one part to the next.
        key
            Returns what tells a row from all others, the same each time.
        query
            Everything else that decides which rows the list has: its name, its filters.

        Raises
        ------
        InputError, StaleCursorError
            As of `key_after`, and if the last row of the part before is gone.
        """
        asked = (*query, self.who)
        last = key_after(self.cursor, asked, n_keys=1)
        start = 0 if last is None else _after(rows, key, last[0])
        end = start + self.limit
        return rows[start:end], key_cursor(asked, (str(key(rows[end - 1])),)) if end < len(rows) else None


async def _part(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most rows of a part.", examples=[100])] = 1000,
    cursor: CursorQuery = None,
) -> Part:
    return Part(limit, cursor, principal_of(request).folder)


PartDep = Annotated[Part, Depends(_part)]


def digest(row: dict[str, Any]) -> str:
    """Return what tells a row of a log from the others where it has no name of its own."""
    return hashlib.blake2b(json_bytes(row), digest_size=12).hexdigest()


def _after(rows: Sequence[T], key: Callable[[T], object], last: str) -> int:
    """Return the place after the row of a key."""
    for at in range(len(rows) - 1, -1, -1):
        if str(key(rows[at])) == last:
            return at + 1
    raise StaleCursorError("the row that the cursor names is gone: start again without it")


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


def position_after(cursor: str | None, query: tuple[object, ...]) -> int | None:
    """Return the position of the last row of the page before, in a list that is sorted by it; None for the first page.

    Raises
    ------
    InputError, StaleCursorError
        As of `key_after`, and if it is no position that a database can hold.
    """
    keys = key_after(cursor, query, n_keys=1)
    if keys is not None and not (keys[0].isdecimal() and len(keys[0]) <= _MOST_DIGITS):
        raise InputError("cursor", "a `next_cursor` of an earlier page", keys[0])
    return None if keys is None else int(keys[0])


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
    return f"{version}/{hashlib.sha256(repr(query).encode()).hexdigest()[:16]}"


def _encode(walked: str, start: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([walked, start])).decode().rstrip("=")


def _start(cursor: str, walked: str) -> int:
    found, start = _pair(_decoded(cursor), cursor)
    if not isinstance(start, int) or isinstance(start, bool) or start < 0:
        raise InputError("cursor", "a `next_cursor` of an earlier page", cursor)
    if found != walked:
        raise StaleCursorError(f"the cursor walks {found}, asked for is {walked}: another version or other parameters")
    return start
