"""Bodies of one JSON object a line, read as if they were one JSON body."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from contracts.errors import InputError

__all__ = ["NDJSON", "lines_body", "lines_route"]

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
    return {"requestBody": {"content": {NDJSON: {"schema": {"type": "string", "description": what}}}}}


async def _as_json(request: Request, name: str) -> Request:
    from services.relate import rows_of_lines

    try:
        body = orjson.dumps({name: rows_of_lines((await request.body()).splitlines(), "the body")})
    except InputError as error:
        raise HTTPException(400, str(error)) from None
    headers = [(key, value) for key, value in request.scope["headers"] if key != b"content-type"]
    scope = {**request.scope, "headers": [*headers, (b"content-type", b"application/json")]}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)
