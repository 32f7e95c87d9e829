"""A server, two workers and a database as their users run them: processes to be killed and started again."""

from __future__ import annotations

import http.client
import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.postgres import Cluster

EVENFLOW = str(Path(sys.executable).with_name("evenflow"))
PSEUDONYM_KEY = "k" * 16
_LATER = (409, 429, 503)  # a client asks again
_SECONDS_TO_START = 120


class House:
    """The processes on one home and database; `url` is the server's at the moment.

    Parameters
    ----------
    home
        With a network in it; the processes' logs go beside it.
    database_url
        Of the transactions.
    cluster
        The PostgreSQL that may be killed, too.
    """

    def __init__(self, home: Path, database_url: str, cluster: Cluster | None = None) -> None:
        self._home, self._cluster, self.url = home, cluster, ""
        self._environment = os.environ | {
            "EVENFLOW_ACCESS": "open",
            "EVENFLOW_DATABASE_URL": database_url,
            "EVENFLOW_PSEUDONYM_KEY": PSEUDONYM_KEY,
            "EVENFLOW_WEBHOOK_TARGETS": "private",
        }
        self.processes: dict[str, subprocess.Popen[str]] = {}
        for name in ("server", "worker 1", "worker 2"):
            self._start(name)
        self._await_server()

    @property
    def parts(self) -> list[str]:
        """What can be killed."""
        return [*self.processes, *(["database"] if self._cluster else [])]

    def kill(self, part: str) -> None:
        """Kill a part without warning (SIGKILL) and start it again; whatever had ended by itself is told."""
        for name, process in self.processes.items():
            assert process.poll() is None, (
                f"{name} ended with {process.returncode}: {self._log(name).read_text()[-3000:]}"
            )
        if part == "database":
            assert self._cluster is not None
            self._cluster.kill()
            self._cluster.start()
            return
        self._end(self.processes[part])
        self._start(part)
        if part == "server":
            self._await_server()

    def stop(self) -> dict[str, int]:
        """Ask every process to end, and return what each ended with."""
        for process in self.processes.values():
            process.terminate()
        return {name: process.wait(120) for name, process in self.processes.items()}

    def abandon(self) -> None:
        """Kill everything."""
        for process in self.processes.values():
            self._end(process)

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _log(self, name: str) -> Path:
        return self._home.with_name(f"{name.replace(' ', '-')}.log")

    def _start(self, name: str) -> None:
        arguments = ["serve", "--port", "0", "--json"] if name == "server" else ["worker", "--lease-seconds", "2"]
        command = [EVENFLOW, *arguments, "--home", str(self._home)]
        out = subprocess.PIPE if name == "server" else subprocess.DEVNULL
        with self._log(name).open("a") as log:
            self.processes[name] = subprocess.Popen(command, stdout=out, stderr=log, text=True, env=self._environment)

    def _await_server(self) -> None:
        out = self.processes["server"].stdout
        assert out is not None
        line = out.readline()
        assert line, f"the server did not start: {self._log('server').read_text()[-3000:]}"
        self.url = json.loads(line)["url"]
        until = time.monotonic() + _SECONDS_TO_START
        while time.monotonic() < until:
            try:
                if asked(self.url, "GET", "/healthz")[0] == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.05)
        raise AssertionError("the server does not answer")


def asked(
    url: str, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] = {}
) -> tuple[int, Any]:
    """Return status and answer of one request on a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if data[:1] in (b"{", b"[") else None
    finally:
        connection.close()


class Senders:
    """Clients that post what is put before them and repeat, under the same key, what was not answered.

    Parameters
    ----------
    house
        Whose server is sent to.
    seed
        Of the pauses, and of how much goes into one request.
    """

    def __init__(self, house: House, *, seed: int, count: int = 2) -> None:
        self._house, self._work = house, queue.Queue[Sequence[dict[str, Any]] | str | None]()
        self.repeated, self.accepted, self.faults = 0, 0, list[Any]()
        self._threads = [threading.Thread(target=self._run, args=(random.Random(seed + n),)) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def tell(self, rows: Sequence[dict[str, Any]], chance: random.Random) -> None:
        """Send facts, between one and twelve in a request."""
        start = 0
        while start < len(rows):
            size = chance.choice((1, 1, 3, 12))
            self._work.put(rows[start : start + size])
            start += size

    def order(self, key: str) -> None:
        """Hold two pieces at once and confirm them, as a program does that wants its answer in the call."""
        self._work.put(key)

    def wait(self) -> None:
        """Wait until everything so far is answered."""
        self._work.join()

    def finish(self) -> None:
        """Wait until everything is answered, and end."""
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join()
        assert self.faults == []

    def _run(self, chance: random.Random) -> None:
        while (work := self._work.get()) is not None:
            if isinstance(work, str):
                self._ordered(work)
            else:
                self._told(work, lines=chance.random() < 0.5)
            self._work.task_done()
            time.sleep(chance.uniform(0, 0.15))

    def _told(self, rows: Sequence[dict[str, Any]], *, lines: bool) -> None:
        if len(rows) > 1 and lines:
            body, kind = "\n".join(map(json.dumps, rows)), "application/x-ndjson"
        else:
            body, kind = json.dumps(rows[0] if len(rows) == 1 else {"facts": rows}), "application/json"
        answer = self._until_answered("/v1/facts", body, {"Content-Type": kind})
        self.accepted += (answer or {}).get("accepted", 0)

    def _ordered(self, key: str) -> None:
        body = {"order_id": key, "sku_id": "soap", "pieces": 2, "buyer_id": "s1", "ttl_seconds": 86_400}
        json_of = {"Content-Type": "application/json"}
        held = self._until_answered("/v1/reservations", json.dumps(body), json_of | {"Idempotency-Key": key})
        if held and held["reservation"]:
            path = f"/v1/reservations/{held['reservation']['id']}/confirm"
            self._until_answered(path, "{}", json_of | {"Idempotency-Key": f"{key}:confirm"})

    def _until_answered(self, path: str, body: str, headers: Mapping[str, str]) -> Any:
        until = time.monotonic() + 300
        while time.monotonic() < until:
            try:
                status, answer = asked(self._house.url, "POST", path, body.encode(), headers)
            except (OSError, ValueError, http.client.HTTPException):
                status, answer = 503, None  # killed: nobody knows whether it happened
            if status in (200, 201):
                return answer
            if status not in _LATER:
                self.faults.append((path, status, answer))
                return None
            self.repeated += 1
            time.sleep(0.1)
        self.faults.append((path, "no answer"))
        return None
