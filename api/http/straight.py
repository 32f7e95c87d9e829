"""Requests answered without a detour: what is asked thousands of times a second and needs nothing but memory.

A framework that looks through routes, injects and validates takes longer than such an answer. Who may ask is looked up
in the same table (`api.http.access`) by the same check. Whatever cannot be answered here at once, for whatever reason
(a body that is wrong, a tenant's eyes, something not indexed yet), is answered by the route of that name as if this
were not there; so the routes say what is right, and this only says it sooner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.access import allow
from contracts.errors import EvenflowError
from services.access import ANYONE, Principal

__all__ = ["Straight", "StraightAgain", "StraightRead", "StraightRoute"]

_JSON = b"application/json"
_Asked = TypeVar("_Asked")
_Told = TypeVar("_Told")


class StraightRoute(NamedTuple):
    """One route that may be answered at once.

    Parameters
    ----------
    path, name
        Its path and its name in `api.http.access.ACCESS`.
    answer
        Takes the body and returns the JSON that answers it, or None: the usual way.
    """

    path: str
    name: str
    answer: Callable[[bytes], bytes | None]


class StraightAgain(NamedTuple):
    """One route whose answer was given before, to the same body.

    Parameters
    ----------
    path, name
        Its path and its name in `api.http.access.ACCESS`.
    told_as
        The name of the route that reads what is told: nothing is made anew, so nothing is kept of the request.
    answer
        Takes the SHA-256 of the body and returns its answer, or None: the usual way.
    """

    path: str
    name: str
    told_as: str
    answer: Callable[[str], Response | None]


class StraightRead(NamedTuple):
    """One route that may be read at once.

    Parameters
    ----------
    path, name
        Its path and its name in `api.http.access.ACCESS`.
    under
        What the paths of such requests begin with.
    answer
        Takes the request and returns its answer, or None: the usual way.
    """

    path: str
    under: str
    name: str
    answer: Callable[[Scope], Response | None]


class Straight:
    """ASGI middleware, inside `api.http.guard.Guard`, before the routes.

    Parameters
    ----------
    routes
        By path; all of them are posted to.
    read
        What is read.
    """

    def __init__(
        self, app: ASGIApp, *, routes: Mapping[str, StraightRoute | StraightAgain], read: StraightRead
    ) -> None:
        self._app, self._routes, self._read = app, routes, read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at once, or pass the request on."""
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith(self._read.under):
            await self._tell(self._read, scope, receive, send)
        else:
            await self._take(scope, receive, send)

    async def _tell(self, read: StraightRead, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is read."""
        answer = _answer(read.name, read.answer, scope, scope) if _own_eyes(scope) else None
        if answer is None:
            await self._app(scope, receive, send)
        else:
            scope["route"] = read
            await answer(scope, receive, send)

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is posted."""
        route = self._routes.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if route is None or not _plain(scope):
            await self._app(scope, receive, send)
            return
        try:
            body, messages = await _body(receive)
        except HTTPException as error:  # too long or too late: the route says so
            await self._app(scope, _failing(error), send)
            return
        if isinstance(route, StraightAgain):
            await self._tell_again(route, scope, _again(messages, receive), send)
            return
        answer = _answer(route.name, route.answer, scope, body)
        if answer is None:
            await self._app(scope, _again(messages, receive), send)
            return
        scope["route"] = route
        length = str(len(answer)).encode()
        headers = [(b"content-type", _JSON), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _tell_again(self, route: StraightAgain, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what was posted before; whoever may not read what is told is answered by the route."""
        answer = _answer(route.name, route.answer, scope, scope["state"]["body"].digest())
        if answer is not None and _answer(route.told_as, lambda told: told, scope, answer) is not None:
            scope["route"] = route._replace(name=route.told_as)
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _plain(scope: Scope) -> bool:
    """Whether it is JSON and nothing else, asked by somebody who sees everything."""
    kind = b""
    for name, value in scope["headers"]:
        if name == b"content-type":
            kind = value
    return kind == _JSON and not scope["query_string"] and _own_eyes(scope)


def _own_eyes(scope: Scope) -> bool:
    """Whether it is asked with the eyes of the key alone, by somebody who sees everything."""
    principal: Principal = scope["state"].get("principal", ANYONE)
    return not principal.bound and all(name != b"evenflow-tenant" for name, _ in scope["headers"])


async def _body(receive: Receive) -> tuple[bytes, list[Message]]:
    """Return the whole body, and the messages it came in."""
    messages: list[Message] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        messages.append(message)
        if not message.get("more_body", False):
            break
    return b"".join(message.get("body", b"") for message in messages), messages


def _answer(name: str, answer: Callable[[_Asked], _Told | None], scope: Scope, asked: _Asked) -> _Told | None:
    try:
        allow(name, scope["state"].get("principal", ANYONE))
        return answer(asked)
    except EvenflowError:  # the route says what is wrong
        return None


def _failing(error: HTTPException) -> Receive:
    """Return what fails as reading the body did."""

    async def fail() -> Message:
        raise error

    return fail


def _again(messages: list[Message], receive: Receive) -> Receive:
    """Return what gives messages that were read already once more, then what comes after them."""
    left = iter(messages)

    async def give() -> Message:
        message = next(left, None)
        return await receive() if message is None else message

    return give
