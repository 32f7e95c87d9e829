"""What `benchmarks.service` measures over HTTP: the server's CPU a request, beside a bare FastAPI ping's.

`evenflow serve` runs as a user runs it, with keys, over a simulated market of 3 000 parties; the load comes over
loopback from threads of this process, on the same cores. CPU is the server process's own (`/proc/PID/stat`).
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import pandas as pd
from fastapi import FastAPI

__all__ = ["http", "ping"]

ping = FastAPI()
_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE_SECONDS = 120


@ping.get("/ping")
async def _ping() -> dict[str, bool]:
    return {"ok": True}


class Server(NamedTuple):
    """A running server: where it listens, its process, the key that opens it."""

    port: int
    pid: int
    key: str = ""

    def cpu_seconds(self) -> float:
        """Return what its process has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def request(self, path: str, body: bytes | None = None, *, kind: str = "application/json") -> bytes:
        """Return a request's bytes: POST with a body of a kind, else GET."""
        lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"Authorization: Bearer {self.key}"] if self.key else []
        lines += [] if body is None else [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def http(*, small: bool = False) -> dict[str, Any]:
    """Return CPU milliseconds a request and latencies: the ping, one order routed, one matched, a kept forecast."""
    times = 200 if small else 4_000
    with (
        tempfile.TemporaryDirectory() as folder,
        _ping_server() as bare,
        _evenflow(Path(folder), small=small) as server,
    ):
        orders = _orders(Path(folder), 1_000)
        made: dict[str, Any] = {"load_average": os.getloadavg()[0]}
        made["ping"] = _measured(bare, [bare.request("/ping")], times)
        routes = [server.request("/v1/matches/route", orjson.dumps({"order": one, "top": 10})) for one in orders]
        made["route"] = _measured(server, routes, times)
        whole = [server.request("/v1/matches", orjson.dumps({"orders": [one], "top": 10})) for one in orders]
        single = [orjson.dumps({"orders": [one | {"pieces": 1}], "top": 10}) for one in orders]
        made["match"] = _measured(server, whole, times // 20)  # a solver where the best candidate has not the room
        made["match_one_piece"] = _measured(server, [server.request("/v1/matches", body) for body in single], times)
        series = [server.request(f"/v1/forecasts/s{n}?horizon=14") for n in range(50)]
        made["forecast"] = _measured(server, series, times // 4)
        made["lines"] = _lines(server, _orders(Path(folder), 100_000), times=4 if small else 40)
    made["route_over_ping"] = made["route"]["cpu_ms"] / made["ping"]["cpu_ms"]
    return made


def _lines(server: Server, orders: Sequence[dict[str, Any]], *, times: int) -> dict[str, Any]:
    """Return orders matched a second: all orders of the market in one request of lines, told in brief, two at once."""
    body = b"\n".join([b'{"alternatives": false, "top": 10}', *map(orjson.dumps, orders)])
    request = server.request("/v1/matches", body, kind="application/x-ndjson")
    asked = _measured(server, [request], times, clients=2)
    told = {"orders": len(orders), "orders_per_second": asked["per_second"] * len(orders)}
    return told | {"cpu_us_per_order": 1000 * asked["cpu_ms"] / len(orders), "p50_ms": asked["p50_ms"]}


def _measured(server: Server, requests: Sequence[bytes], times: int, *, clients: int = 8) -> dict[str, Any]:
    """Send requests in turn from several connections at once; a tenth of them first, unmeasured."""
    _load(server, requests, times // 10, clients)
    before, began = server.cpu_seconds(), time.perf_counter()
    seconds = _load(server, requests, times, clients)
    wall, cpu = time.perf_counter() - began, server.cpu_seconds() - before
    return {
        "cpu_ms": 1000 * cpu / len(seconds),
        "p50_ms": float(np.median(seconds) * 1000),
        "p99_ms": float(np.quantile(seconds, 0.99) * 1000),
        "per_second": len(seconds) / wall,
    }


def _load(server: Server, requests: Sequence[bytes], times: int, clients: int) -> np.ndarray:
    """Return the seconds each answer took."""
    seconds: list[list[float]] = [[] for _ in range(clients)]
    faults: list[str] = []

    def work(client: int) -> None:
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for n in range(client, times, clients):
                began = time.perf_counter()
                connection.sendall(requests[n % len(requests)])
                answer = _answer(connection)
                seconds[client].append(time.perf_counter() - began)
                if not answer.startswith(b"HTTP/1.1 2") and not answer.startswith(b"HTTP/1.1 304"):
                    faults.append(answer[:300].decode(errors="replace"))
                    return

    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise RuntimeError(f"expected an answer, got {faults[0]}")
    return np.concatenate([np.array(one) for one in seconds])


def _answer(connection: socket.socket) -> bytes:
    """Read one answer, of a declared length or in chunks."""
    data = connection.recv(1 << 16)
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += connection.recv(1 << 16)
    head = data[:end].lower()
    if b"transfer-encoding: chunked" in head:
        while not data.endswith(b"\r\n0\r\n\r\n"):
            data = data[-8:] + connection.recv(1 << 20) if len(data) > 1 << 20 else data + connection.recv(1 << 20)
        return data
    at = head.find(b"content-length:")
    left = (int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0) - (len(data) - end - 4)
    while left > 0:
        part = connection.recv(1 << 20)
        left -= len(part)
    return data


@contextmanager
def _ping_server() -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--port", str(port), "--log-level", "warning", "--no-access-log"]
    with _process([sys.executable, "-m", "uvicorn", "benchmarks.service_http:ping", *options]) as process:
        _wait(port)
        yield Server(port, process.pid)


@contextmanager
def _evenflow(folder: Path, *, small: bool) -> Iterator[Server]:
    """Serve a simulated market that is loaded into a folder."""
    from services.demo_market import make_market, scale_of, write_market
    from services.load_network import load_network
    from store.home import Home

    files, home = folder / "files", folder / "home"
    files.mkdir()
    write_market(make_market(scale_of("small" if small else "default")), files)
    load_network(files, home=Home(home))
    Home(home).current().write_result("forecast", _forecast())
    environment = {**os.environ, "EVENFLOW_ACCESS": "keys", "EVENFLOW_REQUESTS_PER_SECOND": "1000000"}
    command = [
        sys.executable,
        "-c",
        "from api.cli.entry import run; run()",
        "serve",
        "--home",
        str(home),
        "--port",
        "0",
        "--json",
    ]
    with _process(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = orjson.loads(process.stdout.readline())
        yield Server(int(told["url"].rpartition(":")[2]), process.pid, told["key"])


@contextmanager
def _process(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)


def _wait(port: int) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nobody listens on port {port}")


def _orders(folder: Path, n: int) -> list[dict[str, Any]]:
    """Return orders of the market, as requests name them."""
    table = pd.read_parquet(folder / "files" / "orders.parquet")[
        ["order_id", "sku_id", "pieces", "buyer_id", "ship_to"]
    ]
    rows: list[dict[str, Any]] = orjson.loads(table.head(n).to_json(orient="records"))
    due = str((pd.Timestamp.now() + pd.Timedelta(days=10)).date())
    return [{name: value for name, value in row.items() if value} | {"due_date": due} for row in rows]


def _forecast() -> pd.DataFrame:
    """Return a forecast of 50 series over 28 days, as forecasts are kept."""
    days = pd.date_range("2026-03-01", periods=28)
    mean = np.random.default_rng(0).gamma(2.0, 3.0, 50 * len(days))
    names = np.repeat([f"s{n}" for n in range(50)], len(days))
    columns = {"unique_id": names, "ds": np.tile(days, 50), "mean": mean, "q0.1": mean / 2, "q0.9": mean * 2}
    return pd.DataFrame(columns)
