"""A server and a worker as their users run them, for measurements: processes of their own, ended afterwards."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

__all__ = ["Caller", "Running", "running"]

_EVENFLOW = str(Path(sys.executable).with_name("evenflow"))


class Caller:
    """One connection to a server; not shared between threads."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)

    def post(self, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return status and body of an answer; a connection that the server closed meanwhile is opened again."""
        try:
            return self._answered(path, body)
        except (ConnectionError, http.client.RemoteDisconnected):
            self._connection.close()
            return self._answered(path, body)

    def _answered(self, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        self._connection.request("POST", path, orjson.dumps(dict(body)), {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        return response.status, orjson.loads(response.read())


@dataclass(frozen=True)
class Running:
    """A server's address and the two processes."""

    url: str
    server: subprocess.Popen[str]
    worker: subprocess.Popen[str]

    def held(self) -> dict[str, dict[str, int]]:
        """Return resident KiB, open files and threads of both processes."""
        return {name: _held(process.pid) for name, process in (("server", self.server), ("worker", self.worker))}


@contextmanager
def running(home: Path, database_url: str | None) -> Iterator[Running]:
    """Start a server and a worker on a home; end both."""
    environment = {**os.environ, "EVENFLOW_ACCESS": "open"}
    if database_url is not None:
        environment["EVENFLOW_DATABASE_URL"] = database_url
    started: list[subprocess.Popen[str]] = []
    try:
        for arguments in (["serve", "--port", "0", "--json"], ["worker"]):
            command = [_EVENFLOW, *arguments, "--home", str(home)]
            out = subprocess.PIPE if arguments[0] == "serve" else None
            started.append(subprocess.Popen(command, stdout=out, text=True, env=environment))
        assert started[0].stdout is not None
        yield Running(json.loads(started[0].stdout.readline())["url"], started[0], started[1])
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
        time.sleep(0.1)


def _held(pid: int) -> dict[str, int]:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return {"rss_kib": int(lines["VmRSS"].split()[0]), "files": files, "threads": int(lines["Threads"])}
