"""Matches of one order a line: lines in as one body, an answer out line by line."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.http.lines import NDJSON, json_of, rows_in

__all__ = ["LINES_OUT", "MatchLines", "answer_lines", "in_lines"]

LINES_OUT = "One order a line (order_id, matches, alternatives, unserved, reason), then one line with the rest."


class MatchLines(APIRoute):
    """A route that reads lines as the body of a match."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def handle_lines(request: Request) -> Response:
            kind = request.headers.get("content-type", "")
            return await handle(await _as_body(request) if kind.startswith(NDJSON) else request)

        return handle_lines


def in_lines(request: Request) -> bool:
    """Whether a request came as lines, and is answered so."""
    return bool(getattr(request.state, "in_lines", False))


def answer_lines(order_ids: Sequence[str], answer: dict[str, Any]) -> Iterator[bytes]:
    """Yield one line per order, then one with everything that is not of one order."""
    served = _by_order(answer["matches"])
    others = None if answer["alternatives"] is None else _by_order(answer["alternatives"])
    for order in order_ids:
        rows = served.get(order, [])
        left = next((row for row in rows if row["supplier_id"] is None), None)
        line = {
            "order_id": order,
            "matches": [row for row in rows if row is not left],
            "alternatives": None if others is None else others.get(order, []),
            "unserved": 0 if left is None else left["pieces"],
            "reason": None if left is None else left["reason"],
        }
        yield _line(line)
    yield _line({name: answer[name] for name in answer if name not in ("matches", "alternatives")})


def _by_order(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["order_id"], []).append(row)
    return found


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE, default=str)


async def _as_body(request: Request) -> Request:
    """Return the request with its lines as one JSON body."""
    body = json_of(_gathered(await rows_in(request)))
    headers = [(key, value) for key, value in request.scope["headers"] if key != b"content-type"]
    state = {**request.scope.get("state", {}), "in_lines": True}
    scope = {**request.scope, "state": state, "headers": [*headers, (b"content-type", b"application/json")]}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)


def _gathered(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return options, orders and the orders' own candidates as one body; what is wrong with it is told later."""
    body = rows.pop(0) if rows and "order_id" not in rows[0] else {}
    for row in rows:
        if (found := row.pop("candidates", None)) is not None:
            found = found if isinstance(found, list) else [found]
            own = [{"order_id": row.get("order_id"), **one} if isinstance(one, dict) else one for one in found]
            given = body.get("candidates", [])
            body["candidates"] = given + own if isinstance(given, list) else given
    if "suppliers" in body and not any("process_step" in row for row in rows):
        body.setdefault("candidates", [])
    return body | {"orders": rows}
