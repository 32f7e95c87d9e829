"""Signing in to the console: a key or the start-up's ticket becomes a cookie that opens nothing but the console."""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from hashlib import sha256
from html import escape
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from contracts.errors import UnavailableError
from services.access import OPERATOR, Principal
from services.keys import KeyRing

__all__ = ["Door", "cookie_holder", "router"]

router = APIRouter(prefix="/sign-in", include_in_schema=False)  # a page for people, not part of the API

_COOKIE = "evenflow_console"
_SECONDS = 12 * 3600
_MOST_BYTES = 4096
_NEEDED = frozenset(
    ["network:read", "matches:read", "forecasts:read", "orders:read", "plans:read", "plans:write", "exceptions:write"]
)  # what the console shows and does
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
_AWAY = (
    "The database does not answer, so nobody can be recognised just now. Your sign-in stays: load the page again soon."
)
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Evenflow: sign in</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body{{font:16px system-ui,sans-serif;max-width:26rem;margin:18vh auto;padding:0 1rem;color:#1d2733}}
input,button{{font:inherit;width:100%;box-sizing:border-box;padding:.6rem;margin-top:.6rem}}
button{{background:#17594a;color:#fff;border:0;border-radius:.3rem}} .said{{color:#a3231f}}</style></head><body>
<h1>Planner console</h1><p class="said" role="alert">{said}</p>
<form method="post" action="/sign-in"><label>API key (<code>evenflow keys create --name NAME --role planner</code>)
<input name="key" type="password" autocomplete="off" required autofocus></label><button>Sign in</button></form>
</body></html>"""


class Door:
    """Lets into the console whoever signed in.

    Parameters
    ----------
    keys
        Tells whose a key is; None: the server is open, and nobody signs in.
    secret
        Signs the cookies; the same for every process of a home.
    """

    def __init__(self, keys: KeyRing | None, secret: bytes) -> None:
        self._keys, self._secret = keys, secret
        self.ticket = secrets.token_urlsafe(24)
        """Opens the console once, for whoever started the server."""
        self._used = False

    def redeem(self, ticket: str) -> bool:
        """Return whether a ticket is the one of this start, still unused; uses it up."""
        right = not self._used and hmac.compare_digest(ticket.encode(), self.ticket.encode())
        self._used = self._used or right
        return right

    def holder(self, credential: str) -> Principal | None:
        """Return who signs in with a key; None if it may not see the whole house, and plan, as the console does."""
        found = self._keys.principal(credential) if self._keys is not None else OPERATOR
        return found if found is not None and not found.bound and found.scopes >= _NEEDED else None

    def cookie(self, name: str) -> str:
        """Return what a browser of this holder is given to keep."""
        body = f"{name}.{int(time.time()) + _SECONDS}"
        return f"{body}.{self._signature(body)}"

    def knows(self, scope: Scope) -> bool:
        """Return whether a request comes from somebody who signed in and whose key still counts."""
        if self._keys is None:
            return True
        name, expires, signature = _cookie(scope)
        right = hmac.compare_digest(signature.encode(), self._signature(f"{name}.{expires}").encode())
        return right and int(expires) > time.time() and (name == OPERATOR.name or self._keys.still_counts(name))

    async def lets_in(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Return whether `knows` it; answer whoever is not let in."""
        try:
            known = await run_in_threadpool(self.knows, scope)  # the database may be asked
        except UnavailableError:
            await self._tell_away(scope, receive, send)
            return False
        if not known:
            await self.refuse(scope, receive, send)
        return known

    async def _tell_away(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say that nobody can be recognised now; a socket is closed, to be tried again."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1013})
        else:
            await _page(_AWAY, 503)(scope, receive, send)

    async def refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a browser to the sign-in page; close a socket."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4401})
        else:
            await RedirectResponse("/sign-in", 303)(scope, receive, send)

    def _signature(self, body: str) -> str:
        made = hmac.new(self._secret, f"console\x1f{body}".encode(), sha256).digest()
        return base64.urlsafe_b64encode(made).decode().rstrip("=")


def cookie_holder(scope: Scope) -> str:
    """Return the name in the cookie of a request that was let in; the operator's where nobody signs in."""
    return _cookie(scope)[0] or OPERATOR.name


def _cookie(scope: Scope) -> tuple[str, str, str]:
    """Return the name, the moment it expires and the signature in a request's cookie; empty if there is none."""
    cookie = SimpleCookie()
    try:
        cookie.load(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return "", "", ""
    name, _, rest = (cookie[_COOKIE].value if _COOKIE in cookie else "").partition(".")
    expires, _, signature = rest.partition(".")
    return name, expires, signature


@router.get("")
async def show_sign_in(http: Request, ticket: str | None = None) -> Response:
    """Show the form, or let in whoever has the ticket printed at the start."""
    door: Door = http.app.state.door
    if ticket is not None and door.redeem(ticket):
        return _let_in(http, door, OPERATOR)
    return _page("" if ticket is None else "This link was used before or is from an earlier start; sign in with a key.")


@router.post("")
async def sign_in(http: Request) -> Response:
    """Take a key."""
    door: Door = http.app.state.door
    body = b""
    async for part in http.stream():
        body += part
        if len(body) > _MOST_BYTES:
            return _page("That is no key.", 413)
    key = parse_qs(body.decode("utf-8", "replace")).get("key", [""])[-1].strip()
    try:
        holder = await run_in_threadpool(door.holder, key)
    except UnavailableError:
        return _page(_AWAY, 503)
    if holder is None:
        return _page(
            "This key is unknown, has ended, is bound to a tenant, or may not plan: the console shows the whole house.",
            403,
        )
    return _let_in(http, door, holder)


def _let_in(http: Request, door: Door, holder: Principal) -> Response:
    answer = RedirectResponse("/console/", 303)
    secure = http.url.scheme == "https"
    answer.set_cookie(
        _COOKIE,
        door.cookie(holder.name),
        max_age=_SECONDS,
        path="/console",
        httponly=True,
        samesite="strict",
        secure=secure,
    )
    return answer


def _page(said: str, status: int = 200) -> HTMLResponse:
    headers = {"Content-Security-Policy": _POLICY} | ({"Retry-After": "5"} if status == 503 else {})
    return HTMLResponse(_PAGE.format(said=escape(said)), status, headers=headers)
