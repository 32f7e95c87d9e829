"""What the routes about forecasts share: the reader of kept ones, and answers that a client may keep and ask about."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import orjson
from fastapi import Depends, Header, Request
from starlette.responses import Response, StreamingResponse

from api.http.etags import holds, tag_headers
from api.http.responses import JsonResponse, to_rows
from api.http.sight import SightDep

if TYPE_CHECKING:
    from services.read_forecasts import ForecastReader, ForecastView

__all__ = ["MOST_HELD", "NDJSON", "IfNoneMatch", "ReaderDep", "Readers", "cached", "ndjson", "tag_of", "written"]

MOST_HELD = 500  # characters of `If-None-Match`
NDJSON = "application/x-ndjson"
_PER_CHUNK = 200
_MOST_WRITTEN, _LONGEST_WRITTEN = 1_000, 64 * 1024  # answers kept of a forecast, and how long each may be
_MOST_READERS = 16  # homes whose forecasts are kept in memory

Readers: TypeAlias = OrderedDict[Path, "ForecastReader"]

IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match", max_length=MOST_HELD, description="`ETag` of the answer you hold; 304 if it is right."
    ),
]


def _reader(request: Request, sight: SightDep) -> ForecastReader:
    from services.read_forecasts import ForecastReader

    readers: Readers = request.app.state.forecast_readers
    reader = readers.get(sight.home) or readers.setdefault(sight.home, ForecastReader(sight.home))
    while len(readers) > _MOST_READERS:
        readers.popitem(last=False)
    return reader


ReaderDep = Annotated[Any, Depends(_reader)]


def tag_of(request: Request, *parts: object) -> str:
    """Return the entity tag of an answer: what it was made from and what was asked."""
    scope = request.scope  # not its URL: a path may hold a question mark of its own
    told = repr((scope["path"], scope["query_string"], request.headers.get("accept"), parts))
    return f'"{hashlib.blake2b(told.encode(), digest_size=12).hexdigest()}"'


def written(view: ForecastView, tag: str, body: Callable[[], dict[str, Any]]) -> Callable[[], Response]:
    """Return what gives the answer of a tag: as it was written before, or written now and kept with its view."""

    def answer() -> Response:
        known = view.written.get(tag)
        if known is not None:
            return Response(known, media_type="application/json")
        made = JsonResponse(body())
        if len(view.written) < _MOST_WRITTEN and len(made.body) <= _LONGEST_WRITTEN:
            view.written[tag] = bytes(made.body)
        return made

    return answer


def cached(body: Any, tag: str, asked: str | None, *, seconds: int = 0) -> Response:
    """Answer with a tag, or with 304 if the client holds just that.

    Parameters
    ----------
    body
        The answer, or a function that makes it.
    seconds
        How long it stays right without asking; 0 = ask each time.
    """
    headers = tag_headers(tag, seconds=seconds)
    if holds(asked or "", tag):
        return Response(status_code=304, headers=headers)
    made = body() if callable(body) else body
    if isinstance(made, Response):
        made.headers.update(headers)
        return made
    return JsonResponse(made, headers=headers)


def ndjson(view: ForecastView, identifiers: list[str], read: Any) -> StreamingResponse:
    """Stream one line per series: ``unique_id``, its overrides and its rows."""
    for name in identifiers[:1]:
        read(name)  # what cannot be read is told before the first byte is sent

    def lines() -> Iterator[bytes]:
        for start in range(0, len(identifiers), _PER_CHUNK):
            part = identifiers[start : start + _PER_CHUNK]
            yield b"".join(
                orjson.dumps(
                    {
                        "unique_id": name,
                        "model_version": view.meta.get("model_version"),
                        "overrides": list(view.overrides.get(name, ())),
                        "rows": to_rows(read(name)),
                    },
                    option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE,
                )
                for name in part
            )

    return StreamingResponse(lines(), media_type=NDJSON)
