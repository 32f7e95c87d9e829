"""What `benchmarks.service` measures of events: told to a webhook and polled, a second."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
from sqlalchemy import insert

from services.deliver_events import Courier, deliver_due
from services.events import cloud_event, events_after
from services.viewer import Viewer
from services.webhooks import create_webhook
from store.database import Database
from store.schema import OUTBOX

__all__ = ["notifications"]

_SUBJECTS = 500
_PAGE = 1000


def notifications(*, small: bool) -> dict[str, Any]:
    """Let a receiver on this machine take events from SQLite, and a client poll them.

    Parameters
    ----------
    small
        50 events instead of 2 000, of 500 subjects.

    Returns
    -------
    dict
        ``events``, ``delivered`` and ``delivered_per_second`` (one webhook), ``polled_per_second``.
    """
    events = 50 if small else 2_000
    with tempfile.TemporaryDirectory() as folder, _receiver() as server:
        database = Database.open(f"sqlite:///{folder}/evenflow.db")
        url = f"http://127.0.0.1:{server.server_port}/"
        create_webhook(database, Viewer(), url, (), targets="private", now_ms=1)
        _tell(database, events)
        began = time.perf_counter()
        delivered = deliver_due(Courier(database, targets="private"), seconds=600)
        seconds = time.perf_counter() - began
        polled = _polled(database)
        database.close()
    rates = {"delivered_per_second": delivered / seconds, "polled_per_second": polled}
    return {"events": events, "delivered": delivered} | rates


def _tell(database: Database, events: int) -> None:
    payload = orjson.dumps({"id": "x", "causes": ["prices-1"], "pieces": 30, "supplier_id": "f1"}).decode()
    rows = [
        {"tenant": "", "topic": "order.routed", "subject": f"s{number % _SUBJECTS}", "payload": payload,
         "created_at_ms": number}
        for number in range(events)
    ]  # fmt: skip
    database.write(lambda connection: connection.execute(insert(OUTBOX), rows))


def _polled(database: Database) -> float:
    began, after, seen = time.perf_counter(), 0, 0
    while True:
        found, after = events_after(database, Viewer(), after=after, limit=_PAGE)
        if not found:
            return seen / (time.perf_counter() - began)
        seen += len([cloud_event(event) for event in found])


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *told: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # the library's 5 are fewer than connect at once


@contextmanager
def _receiver() -> Iterator[ThreadingHTTPServer]:
    with _Server(("127.0.0.1", 0), _Taking) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
