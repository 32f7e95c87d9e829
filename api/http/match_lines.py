"""Matches of one order a line: lines in as one body, an answer out line by line."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Iterator, Sequence
from itertools import islice
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.http.brief_lines import Orders, orders_in
from api.http.lines import NDJSON, json_of, rows_in

__all__ = [
    "LINES_OUT",
    "MAX_ORDERS",
    "MatchLines",
    "answer_lines",
    "in_chunks",
    "in_lines",
    "last_line",
    "many_orders",
    "refused_lines",
]

LINES_OUT = (
    "One order a line (order_id, matches, alternatives, unserved, reason), then one line with the rest; before them "
    "the lines that were put aside (line, refused)."
)
MAX_ORDERS = 100_000
_LINES_AT_ONCE = 500
_LINE_ENDS = re.compile(rb"[\r\n]")


class MatchLines(APIRoute):
    """A route that reads lines as the body of a match."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def handle_lines(request: Request) -> Response:
            kind = request.headers.get("content-type", "")
            return await handle(await _read(request) if kind.startswith(NDJSON) else request)

        return handle_lines


def in_lines(request: Request) -> bool:
    """Whether a request came as lines, and is answered so."""
    return bool(getattr(request.state, "in_lines", False))


def many_orders(request: Request) -> Orders | None:
    """Return orders that came as lines and are told without alternatives; None if they came in another way."""
    orders: Orders | None = getattr(request.state, "orders", None)
    return orders


def in_chunks(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines some hundred at a time: each that is sent by itself takes longer than it took to make."""
    while chunk := b"".join(islice(lines, _LINES_AT_ONCE)):
        yield chunk


def refused_lines(numbers: Sequence[int], reasons: Sequence[str]) -> Iterator[bytes]:
    """Yield one line per line that could not be used."""
    for number, reason in zip(numbers, reasons, strict=True):
        yield _line({"line": number, "refused": reason})


def answer_lines(order_ids: Sequence[str], answer: dict[str, Any]) -> Iterator[bytes]:
    """Yield one line per order, then `last_line`."""
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
    yield last_line(answer)


def last_line(answer: dict[str, Any]) -> bytes:
    """Return the line with everything that is not of one order."""
    return _line({name: answer[name] for name in answer if name not in ("matches", "alternatives")})


def _by_order(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["order_id"], []).append(row)
    return found


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE, default=str)


async def _read(request: Request) -> Request:
    """Return the request with its lines as one JSON body, in which one order stands for many told in brief."""
    body = await request.body()
    options = _options(_LINE_ENDS.split(body, maxsplit=1)[0])
    if options.get("alternatives") is not False:
        return _with_body(request, json_of(_gathered(await rows_in(request))), in_lines=True)
    orders = await run_in_threadpool(_orders, body)
    if not orders.rows:
        raise HTTPException(400, f"the body: expected at least one order, got {_first_of(orders.refused)}")
    return _with_body(request, json_of(options | {"orders": orders.rows[:1]}), in_lines=True, orders=orders)


def _options(line: bytes) -> dict[str, Any]:
    try:
        first = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return first if isinstance(first, dict) and "order_id" not in first else {}


def _orders(body: bytes) -> Orders:
    """Read the orders of a body, whose first line are options; what is too long is refused before it is taken apart."""
    more = max(body.rstrip().count(end) for end in (b"\n", b"\r"))
    if more > MAX_ORDERS:
        raise HTTPException(400, f"the body: expected at most {MAX_ORDERS} lines of orders, got {more}")
    return orders_in(body.splitlines()[1:], first=2)


def _first_of(refused: dict[int, str]) -> str:
    return next((f"line {number}: {reason}" for number, reason in refused.items()), "none")


def _with_body(request: Request, body: bytes, **state: Any) -> Request:
    """Return the request with a JSON body."""
    headers = [(key, value) for key, value in request.scope["headers"] if key != b"content-type"]
    state = {**request.scope.get("state", {}), **state}
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
