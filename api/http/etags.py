"""Entity tags: whoever holds an answer asks whether it is still right, and is told 304 if nothing changed.

An answer of `GET /v1/…` whose route gave it no tag of its own gets one from its bytes. It is made all the same: what is
saved is the way to the client, and the client's work. Routes that know from what an answer is made tag it themselves
(`api.http.forecast_store.cached`) and save the making, too.
"""

from __future__ import annotations

import hashlib
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["ETags", "describe_tags", "holds", "tag_headers"]

_ASKED = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "title": "If-None-Match"},
    "description": "`ETag` of the answer you hold; 304 if it is right.",
}
_SAME = {"description": "The answer you hold is right."}
_TAG = {"description": "Names this very answer: send it as `If-None-Match`.", "schema": {"type": "string"}}


class ETags:
    """ASGI middleware, next to the routes: what is answered before them tags itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tag what is read."""
        read = scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith("/v1/")
        await self._app(scope, receive, _Tagging(send, Headers(scope=scope)) if read else send)


class _Tagging:
    """Keeps the start of an answer back until its body is there; a body in parts is sent on as it comes."""

    def __init__(self, send: Send, asked: Headers) -> None:
        self._send, self._asked = send, asked
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _untagged(message):
            self._start = message
            return
        start, self._start = self._start, None
        if start is None:
            await self._send(message)
            return
        if not message.get("more_body", False):
            start, message = _tagged(start, message, self._asked.get("if-none-match", ""))
        await self._send(start)
        await self._send(message)


def tag_headers(tag: str, *, seconds: int = 0) -> dict[str, str]:
    """Return the headers of an answer that a client may keep, but asks about each time once `seconds` are over.

    Who asks is part of the question: a client with several keys, or eyes, keeps one answer for each.
    """
    keep = f"private, max-age={seconds}" if seconds else "private, no-cache"
    return {"ETag": tag, "Cache-Control": keep, "Vary": "Accept, Authorization, Evenflow-Tenant"}


def holds(asked: str, tag: str) -> bool:
    """Return whether one of the tags in `If-None-Match` is the answer's.

    Examples
    --------
    >>> holds('"a", W/"b"', '"b"'), holds("*", '"b"'), holds('"a"', '"b"')
    (True, True, False)
    """
    held = [part.strip().removeprefix("W/") for part in asked.split(",")]
    return tag in held or "*" in held


def describe_tags(app: FastAPI) -> None:
    """Say in the OpenAPI which operations take `If-None-Match`."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        for path, methods in document["paths"].items():
            if path.startswith("/v1/") and "get" in methods:
                _describe(methods["get"])
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _describe(operation: dict[str, Any]) -> None:
    parameters = operation.setdefault("parameters", [])
    if all(one["name"] != _ASKED["name"] for one in parameters):
        parameters.append(_ASKED)
    operation["responses"].setdefault("304", _SAME)
    operation["responses"]["200"].setdefault("headers", {}).setdefault("ETag", _TAG)


def _untagged(start: Message) -> bool:
    return start["status"] == 200 and all(name != b"etag" for name, _ in start["headers"])


def _tagged(start: Message, body: Message, asked: str) -> tuple[Message, Message]:
    """Return an answer with its tag; without what its client holds already."""
    tag = f'"{hashlib.blake2b(body.get("body", b""), digest_size=12).hexdigest()}"'
    headers = [(name.lower().encode(), value.encode()) for name, value in tag_headers(tag).items()]
    if holds(asked, tag):
        return {**start, "status": 304, "headers": headers}, {"type": body["type"], "body": b""}
    told = {name for name, _ in headers}
    kept = [one for one in start["headers"] if one[0] not in told]
    return {**start, "headers": [*kept, *headers]}, body
