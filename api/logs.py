"""What the server and the worker write to standard error: lines for people, or one JSON object a line for machines."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import orjson

__all__ = ["JsonLines", "log_to", "trace_of", "within_request"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_REQUEST: ContextVar[dict[str, str]] = ContextVar("request", default={})  # noqa: B039 (replaced, never changed)


@contextmanager
def within_request(request_id: str, trace_id: str | None = None) -> Iterator[None]:
    """Let every line logged within carry the request's id, and its trace's if the caller sent one."""
    told = {"request_id": request_id} | ({"trace_id": trace_id} if trace_id else {})
    token = _REQUEST.set(told)
    try:
        yield
    finally:
        _REQUEST.reset(token)


def trace_of(traceparent: str | None) -> str | None:
    """Return the trace's id of a W3C ``traceparent``; None without a well-formed one.

    Examples
    --------
    >>> trace_of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    '0af7651916cd43dd8448eb211c80319c'
    >>> trace_of("00-xyz")
    """
    found = _TRACE.fullmatch(traceparent or "")
    return found[1] if found else None


class JsonLines(logging.Formatter):
    """One JSON object a line: when, how bad, who, what, the request, every ``extra`` of the call (``causes``, …)."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= _REQUEST.get()
        told |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(told, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def log_to(stream: TextIO, form: Literal["text", "json"]) -> None:
    """Send the log to a stream; ``json`` tells every request, ``text`` warnings and errors only."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter("%(levelname)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO if form == "json" else logging.WARNING)
    for noisy in ("alembic", "httpx", "httpx2", "mlflow", "numba"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
