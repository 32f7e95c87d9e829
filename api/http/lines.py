"""Bodies of one JSON object a line, read as if they were one JSON body."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from contracts.errors import InputError

__all__ = ["NDJSON", "json_of", "lines_body", "lines_route", "rows_in"]

NDJSON = "application/x-ndjson"


def lines_route(name: str) -> type[APIRoute]:
    """Return a route class that reads lines as ``{name: [...]}``."""

    class _Lines(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handle_lines(request: Request) -> Response:
                kind = request.headers.get("content-type", "")
                return await handle(await _as_json(request, name) if kind.startswith(NDJSON) else request)

            return handle_lines

    return _Lines


def lines_body(what: str) -> dict[str, Any]:
    """Return what the OpenAPI document says of such a body."""
    schema = {"type": "string", "format": "binary", "description": what}
    return {"requestBody": {"content": {NDJSON: {"schema": schema}}}}


async def rows_in(request: Request) -> list[dict[str, Any]]:
    """Return the rows of a body of lines.

    Raises
    ------
    HTTPException
        400, if a line is no JSON object.
    """
    from services.relate import rows_of_lines

    try:
        return rows_of_lines((await request.body()).splitlines(), "the body")
    except InputError as error:
        raise HTTPException(400, str(error)) from None


def json_of(value: dict[str, Any]) -> bytes:
    """Return what was read from lines as one JSON body.

    Raises
    ------
    HTTPException
        400, if it is nested deeper than a body may be.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise HTTPException(400, "the body: expected values at most 250 levels deep, got deeper ones") from None


async def _as_json(request: Request, name: str) -> Request:
    body = json_of({name: await rows_in(request)})
    headers = [(key, value) for key, value in request.scope["headers"] if key != b"content-type"]
    scope = {**request.scope, "headers": [*headers, (b"content-type", b"application/json")]}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)
