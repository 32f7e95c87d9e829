"""Around every request: who asks, an id, limits, safe headers, a line in the audit and a count."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.access import ACCESS
from api.http.gate import Gate
from api.http.metrics import Metrics
from api.http.problems import problem_body, respond, respond_to, respond_to_bug
from api.http.sign_in import Door
from api.http.snapshot_age import listen_for_age
from api.logs import trace_of, within_request
from contracts.errors import EvenflowError
from contracts.spans import span
from services.access import ANYONE
from store.eyes import as_tenant
from store.notes import AuditLine, Note, noting

__all__ = ["Guard"]

_log = logging.getLogger("evenflow.requests")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_WITH_BODY = ("POST", "PUT", "PATCH")
_LINES = ("/v1/matches", "/v1/relations", "/v1/signals", "/v1/scores", "/v1/outcomes", "/v1/facts", "/v1/settlements")
_TAKEN = dict.fromkeys(_LINES, ("application/json", "application/x-ndjson"))
_NEEDS_NO_ROOM = ("/healthz", "/readyz", "/metrics", "/v1/events")
_STRICT = "default-src 'none'; frame-ancestors 'none'"
# Swagger UI sets styles inline; the console's framework compiles its templates in the browser and talks by WebSocket.
_DOCS = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
_CONSOLE = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; worker-src 'self' blob:; "
    "frame-ancestors 'none'"
)
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_LEAST_BYTES_A_SECOND = 1000  # of a body that takes longer than a part of it may
_OURS = frozenset(name for name, _ in _HEADERS) | {b"x-request-id"}


class Guard:
    """ASGI middleware.

    Parameters
    ----------
    gate
        Tells who asks, before the body is read.
    audit
        Takes a request's note and the status of its answer, before a write is answered.
    door
        Lets into the console whoever signed in.
    max_body_bytes
        Largest body read; a larger one is refused with 413, declared or streamed.
    body_seconds
        How long each part of a body may be waited for; all of it no longer than that and a second for each kilobyte.
    most_at_once
        Requests answered at the same time; one more is told 503 at once, so that those accepted are answered.
    most_connections
        Connections at the same time, which the application's ``state.connections`` counts where a server does; beyond
        them every request is told 503, and its connection ends.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        gate: Gate,
        audit: Callable[..., None],
        door: Door,
        metrics: Metrics,
        max_body_bytes: int,
        body_seconds: float,
        most_at_once: int,
        most_connections: int,
    ) -> None:
        self._app, self._gate, self._audit, self._door, self._metrics = app, gate, audit, door, metrics
        self._max_body_bytes, self._body_seconds = max_body_bytes, body_seconds
        self._room, self._most_connections = most_at_once, most_connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            if await self._lets_in(scope, receive, send):
                await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status: int | None = None
        withheld = False
        asked = Headers(scope=scope).get("x-request-id", "")
        request_id = asked if _REQUEST_ID.fullmatch(asked) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        listen_for_age(scope["state"])

        async def send_safely(message: Message) -> None:
            nonlocal status, withheld
            if withheld:
                return
            if message["type"] == "http.response.start":
                status = message["status"]
                withheld = await self._withheld(scope, status, send_safely) if status < 500 else False
                if withheld:
                    return
                _add_headers(message, scope, request_id)
            await send(message)

        try:
            await self._traced(scope, receive, send_safely, lambda: status or 500)
        except ClientDisconnect:
            status = status or 499  # nobody waits for an answer
        except Exception as error:
            if status is not None:
                raise  # too late for another answer
            await respond_to_bug(Request(scope), error)(scope, receive, send_safely)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.answered(scope["method"], _route(scope), status or 500, seconds)
            _tell(scope, status or 500, seconds)

    async def _traced(self, scope: Scope, receive: Receive, send: Send, status: Callable[[], int]) -> None:
        """Pass a request on, within a span of its caller's trace and the lines of its log."""
        request_id, caller = scope["state"]["request_id"], Headers(scope=scope).get("traceparent")
        told = {"http.request.method": scope["method"], "evenflow.request_id": request_id}
        with (
            within_request(request_id, trace_of(caller)),
            self._metrics.at_work(),
            span(scope["method"], told, caller=caller) as note,
        ):
            await self._make_room(scope, receive, send)
            route = _route(scope)
            note(f"{scope['method']} {route}", {"http.route": route, "http.response.status_code": status()})

    async def _lets_in(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Return whether a socket of the console may be opened; the server's own start and end always come through."""
        if scope["type"] == "lifespan":
            return True
        try:
            self._gate.hosts.check(scope)
        except EvenflowError:
            await self._door.refuse(scope, receive, send)
            return False
        return await self._door.lets_in(scope, receive, send)

    async def _make_room(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if there is room; who looks whether the server lives, or waits for events, needs none."""
        if scope["path"] in _NEEDS_NO_ROOM:
            await self._admit(scope, receive, send)
        elif self._crowded(scope):
            told = _overloaded(scope, "as many connections as may be are open", {"Connection": "close"})
            await told(scope, receive, send)
        elif self._room == 0:
            await _overloaded(scope, "as many requests as may be are being answered")(scope, receive, send)
        else:
            self._room -= 1
            try:
                await self._admit(scope, receive, send)
            finally:
                self._room += 1

    def _crowded(self, scope: Scope) -> bool:
        """Return whether too many connections are open; whoever has one is told, so that clients come back later."""
        open_now: Callable[[], int] | None = getattr(getattr(scope.get("app"), "state", None), "connections", None)
        return open_now is not None and open_now() > self._most_connections

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            principal = scope["state"]["principal"] = await self._gate.admit(scope)
        except EvenflowError as error:
            await respond_to(Request(scope), error)(scope, receive, send)
            return
        note = scope["state"]["note"] = Note(partial(_audit_line, scope))
        with as_tenant(principal.tenant), noting(note):
            await self._pass(scope, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/console") and not await self._door.lets_in(scope, receive, send):
            return  # answered
        if scope["method"] not in _WITH_BODY:
            await self._app(scope, receive, send)
        elif (refusal := self._refusal(Headers(scope=scope), scope["path"])) is not None:
            await respond(Request(scope), refusal)(scope, receive, send)
        else:
            body = scope["state"]["body"] = _Counted(receive, self._max_body_bytes, self._body_seconds)
            await self._app(scope, body, send)

    async def _withheld(self, scope: Scope, status: int, send: Send) -> bool:
        """Put a write into the audit; if that fails, answer so instead: what is not in there is not acknowledged."""
        try:
            await self._note(scope, status)
        except EvenflowError as error:
            await respond_to(Request(scope), error)(scope, _nothing, send)
            return True
        return False

    async def _note(self, scope: Scope, status: int) -> None:
        note = scope["state"].get("note")
        nameless = scope["state"].get("principal") is ANYONE and status >= 400  # would let anybody fill the disk
        if note is not None and note.kept != status and _audited(scope) and not nameless:
            await run_in_threadpool(self._audit, note, status)

    def _refusal(self, headers: Headers, path: str) -> dict[str, Any] | None:
        declared = headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > self._max_body_bytes:
            return problem_body("body-too-large", f"{declared} bytes; at most {self._max_body_bytes} are read")
        if not path.startswith("/v1/"):
            return None  # a form of a page
        kind = headers.get("content-type", "")
        taken = _TAKEN.get(path, ("application/json",))
        if kind.partition(";")[0].strip().lower() not in taken:
            expected = " or ".join(taken)
            return problem_body("unsupported-media-type", f"expected {expected}, got {kind or 'no Content-Type'}")
        return None


def _overloaded(scope: Scope, why: str, headers: Mapping[str, str] | None = None) -> ASGIApp:
    return respond(Request(scope), problem_body("overloaded", why), headers={"Retry-After": "1", **(headers or {})})


def _audited(scope: Scope) -> bool:
    access = ACCESS.get(getattr(scope.get("route"), "name", ""))
    return access is not None and access.writes


def _audit_line(scope: Scope, status: int | None) -> AuditLine | None:
    """Return a request's line; None if requests of its kind are not audited."""
    if not _audited(scope):
        return None
    route, state = scope["route"], scope["state"]
    body, principal = state.get("body"), state["principal"]
    return AuditLine(
        at_ms=time.time_ns() // 1_000_000,
        principal=principal.name,
        role=principal.role,
        tenant=principal.tenant or "",
        party=principal.party,
        method=scope["method"],
        route=route.path,
        path=scope["path"].replace("\0", "%00"),  # a character that no database keeps
        status=status or route.status_code or 200,
        request_id=state["request_id"],
        body_hash=sha256(b"").hexdigest() if body is None else body.digest(),
    )


def _tell(scope: Scope, status: int, seconds: float) -> None:
    """Log an answered request; its path's template, never its query, which may name people."""
    if not _log.isEnabledFor(logging.INFO):
        return
    principal = scope["state"].get("principal")
    told = {"method": scope["method"], "route": _route(scope), "status": status, "seconds": round(seconds, 6)}
    told |= {"request_id": scope["state"]["request_id"], "principal": principal.name if principal else None}
    _log.info("answered", extra=told)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


class _Counted:
    """A body that is refused once it proves longer than allowed, or its next part does not come."""

    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self._receive, self._left, self._limit, self._seconds = receive, limit, limit, seconds
        self._whole, self._hash = False, sha256()
        self._ends = time.monotonic() + seconds

    def digest(self) -> str:
        """Return the SHA-256 of what was read so far."""
        return self._hash.hexdigest()

    async def __call__(self) -> Message:
        if self._whole:
            return await self._receive()  # waits for the client to go away
        patience = min(self._seconds, self._ends - time.monotonic())
        try:
            async with asyncio.timeout(patience):
                message = await self._receive()
        except TimeoutError:
            patience = 0.0
        if patience <= 0:
            raise HTTPException(408, f"the body came too slowly, or no part of it for {self._seconds:g} seconds")
        self._whole = not message.get("more_body", False)
        part = message.get("body", b"")
        self._hash.update(part)
        self._left -= len(part)
        self._ends += len(part) / _LEAST_BYTES_A_SECOND
        if self._left < 0:
            raise HTTPException(413, f"the body is longer than {self._limit} bytes")
        return message


def _route(scope: Scope) -> str:
    template = getattr(scope.get("route"), "path", None)
    if template is not None:
        return str(template)
    return "/console" if scope["path"].startswith("/console") else "other"


def _add_headers(message: Message, scope: Scope, request_id: str) -> None:
    path, age = scope["path"], scope["state"].get("snapshot_age_seconds")
    headers = [(name, value) for name, value in message.get("headers", ()) if name not in _OURS]
    names = {name for name, _ in headers}
    headers += [(b"x-request-id", request_id.encode()), *_HEADERS]
    if age is not None:
        headers.append((b"snapshot-age-seconds", b"%d" % age))
    policy = b"content-security-policy"
    if path.startswith(("/console", "/docs")):
        headers = [pair for pair in headers if pair[0] != policy]
        headers.append((policy, (_CONSOLE if path.startswith("/console") else _DOCS).encode()))
    else:
        if policy not in names:  # a page to print says itself what it needs
            headers.append((policy, _STRICT.encode()))
        if b"cache-control" not in names:
            headers.append((b"cache-control", b"no-store"))
    message["headers"] = headers
