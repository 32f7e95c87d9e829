"""Around every request: an id, limits, safe headers and a count."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.metrics import Metrics
from api.http.problems import problem_body, respond, respond_to_bug

__all__ = ["Guard"]

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_WITH_BODY = ("POST", "PUT", "PATCH")
_LINES = ("/v1/matches", "/v1/relations", "/v1/signals", "/v1/scores", "/v1/outcomes")
_TAKEN = dict.fromkeys(_LINES, ("application/json", "application/x-ndjson"))
_STRICT = "default-src 'none'; frame-ancestors 'none'"
# Swagger UI sets styles inline; the console's framework compiles its templates in the browser and talks by WebSocket.
_DOCS = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
_CONSOLE = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; worker-src 'self' blob:; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """ASGI middleware.

    Parameters
    ----------
    max_body_bytes
        Largest body read; a larger one is refused with 413, declared or streamed.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, max_body_bytes: int) -> None:
        self._app, self._metrics, self._max_body_bytes = app, metrics, max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status: int | None = None
        asked = Headers(scope=scope).get("x-request-id", "")
        request_id = asked if _REQUEST_ID.fullmatch(asked) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableHeaders(scope=message), scope["path"], request_id)
            await send(message)

        try:
            await self._admit(scope, receive, send_safely)
        except Exception as error:
            if status is not None:
                raise  # too late for another answer
            await respond_to_bug(Request(scope), error)(scope, receive, send_safely)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.answered(scope["method"], _route(scope), status or 500, seconds)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in _WITH_BODY or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Headers(scope=scope), scope["path"])
        if refusal is None:
            await self._app(scope, _Counted(receive, self._max_body_bytes), send)
        else:
            await respond(Request(scope), refusal)(scope, receive, send)

    def _refusal(self, headers: Headers, path: str) -> dict[str, Any] | None:
        declared = headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > self._max_body_bytes:
            return problem_body("body-too-large", f"{declared} bytes; at most {self._max_body_bytes} are read")
        kind = headers.get("content-type", "")
        taken = _TAKEN.get(path, ("application/json",))
        if kind.partition(";")[0].strip().lower() not in taken:
            expected = " or ".join(taken)
            return problem_body("unsupported-media-type", f"expected {expected}, got {kind or 'no Content-Type'}")
        return None


class _Counted:
    """A body that is refused once it proves longer than allowed."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._left, self._limit = receive, limit, limit

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413, f"the body is longer than {self._limit} bytes")
        return message


def _route(scope: Scope) -> str:
    template = getattr(scope.get("route"), "path", None)
    if template is not None:
        return str(template)
    return "/console" if scope["path"].startswith("/console") else "other"


def _add_headers(headers: MutableHeaders, path: str, request_id: str) -> None:
    headers["X-Request-ID"] = request_id
    for name, value in _HEADERS.items():
        headers[name] = value
    if path.startswith("/console"):
        headers["Content-Security-Policy"] = _CONSOLE
    elif path.startswith("/docs"):
        headers["Content-Security-Policy"] = _DOCS
    else:
        headers.setdefault("Content-Security-Policy", _STRICT)  # a page to print says itself what it needs
        headers.setdefault("Cache-Control", "no-store")
