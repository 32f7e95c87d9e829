"""A receiver of webhooks on this machine: checks each signature, drops what it has already, fails now and then."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_TOLERANCE_SECONDS = 300


@dataclass
class Receiver:
    """What came, and what of it took effect: an event once, by its `webhook-id`.

    Parameters
    ----------
    chance
        Decides which messages are answered 500, half of them after they took effect.
    failing
        Share of those.
    """

    chance: random.Random
    failing: float = 0.03
    secret: str = ""
    messages: int = 0
    failed: int = 0
    effective: dict[str, dict[str, Any]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        receiver, self._lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.take(dict(self.headers), body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *told: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/in"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Let a message take effect unless it did before; return the status of the answer."""
        with self._lock:
            self.messages += 1
            fault = _fault(self.secret, headers, body)
            if fault:
                self.wrong.append(fault)
                return 400
            luck = self.chance.random()
            if luck < self.failing / 2:
                self.failed += 1
                return 500
            self.effective.setdefault(headers["webhook-id"], json.loads(body))
            self.failed += luck < self.failing
            return 500 if luck < self.failing else 204

    def close(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()

    def require_order(self) -> None:
        """Raise AssertionError if a later event of a subject took effect before an earlier one."""
        last: dict[str, str] = {}
        for event in self.effective.values():
            assert last.get(event["subject"], "") < event["sequence"], event
            last[event["subject"]] = event["sequence"]


def _fault(secret: str, headers: dict[str, str], body: bytes) -> str:
    """Return what is wrong with a message, as https://www.standardwebhooks.com has a receiver find out; or nothing."""
    name, seconds = headers["webhook-id"], headers["webhook-timestamp"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    told = hmac.new(key, f"{name}.{seconds}.".encode() + body, hashlib.sha256).digest()
    if not hmac.compare_digest(f"v1,{base64.b64encode(told).decode()}", headers["webhook-signature"]):
        return f"{name}: signature"
    if abs(time.time() - int(seconds)) > _TOLERANCE_SECONDS:
        return f"{name}: {seconds} is long ago"
    return "" if json.loads(body)["id"] == name else f"{name}: another id in the body"
