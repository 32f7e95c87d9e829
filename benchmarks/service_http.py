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
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import pandas as pd
from fastapi import FastAPI

__all__ = ["Server", "http", "lines_rate", "market_home", "measured", "orders_of", "ping", "served"]

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

    def pids(self) -> list[int]:
        """Return its process and those that it started."""
        return [self.pid, *map(int, Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split())]

    def cpu_seconds(self) -> float:
        """Return what its processes have used so far."""
        stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.pids()]
        return sum(int(fields[11]) + int(fields[12]) for fields in stats) / _TICKS

    def request(self, path: str, body: bytes | None = None, *, kind: str = "application/json") -> bytes:
        """Return a request's bytes: POST with a body of a kind, else GET."""
        lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"Authorization: Bearer {self.key}"] if self.key else []
        lines += [] if body is None else [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def http(*, small: bool = False) -> dict[str, Any]:
    """Return CPU milliseconds a request and latencies: the ping, one order routed, one matched, a kept forecast."""
    times = 200 if small else 4_000
    with tempfile.TemporaryDirectory() as folder, _ping_server() as bare, ExitStack() as stack:
        files, home = market_home(Path(folder), "small" if small else "default")
        server = stack.enter_context(served(home))
        orders = orders_of(files, 1_000)
        made: dict[str, Any] = {"load_average": os.getloadavg()[0]}
        made["ping"] = measured(bare, [bare.request("/ping")], times)
        routes = [server.request("/v1/matches/route", orjson.dumps({"order": one, "top": 10})) for one in orders]
        made["route"] = measured(server, routes, times)
        whole = [server.request("/v1/matches", orjson.dumps({"orders": [one], "top": 10})) for one in orders]
        single = [orjson.dumps({"orders": [one | {"pieces": 1}], "top": 10}) for one in orders]
        made["match"] = measured(server, whole, times // 20)  # a solver where the best candidate has not the room
        made["match_one_piece"] = measured(server, [server.request("/v1/matches", body) for body in single], times)
        series = [server.request(f"/v1/forecasts/s{n}?horizon=14") for n in range(50)]
        made["forecast"] = measured(server, series, times // 4)
        made["forecast_again"] = _forecast_again(server, times // 4)
        made["lines"] = lines_rate(server, orders_of(files, 100_000), times=4 if small else 40)
    made["route_over_ping"] = made["route"]["cpu_ms"] / made["ping"]["cpu_ms"]
    return made


def _forecast_again(server: Server, times: int) -> dict[str, Any]:
    """Post tables that were forecast before: 28 days of one series."""
    days = pd.date_range("2026-03-01", periods=28).strftime("%Y-%m-%d")
    sales = [{"unique_id": "s", "ds": day, "y": float(n % 7)} for n, day in enumerate(days)]
    request = server.request("/v1/forecasts", orjson.dumps({"sales": sales, "horizon": 7}))
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(request)
        told = orjson.loads(_answer(connection).partition(b"\r\n\r\n")[2])
        while told["state"] in ("queued", "running"):
            time.sleep(0.2)
            connection.sendall(server.request(f"/v1/jobs/{told['id']}"))
            told = orjson.loads(_answer(connection).partition(b"\r\n\r\n")[2])
    return measured(server, [request], times)


def lines_rate(server: Server, orders: Sequence[dict[str, Any]], *, times: int) -> dict[str, Any]:
    """Return orders matched a second: all orders of the market in one request of lines, told in brief, two at once."""
    body = b"\n".join([b'{"alternatives": false, "top": 10}', *map(orjson.dumps, orders)])
    request = server.request("/v1/matches", body, kind="application/x-ndjson")
    asked = measured(server, [request], times, clients=2)
    told = {"orders": len(orders), "orders_per_second": asked["per_second"] * len(orders)}
    return told | {"cpu_us_per_order": 1000 * asked["cpu_ms"] / len(orders), "p50_ms": asked["p50_ms"]}


def measured(server: Server, requests: Sequence[bytes], times: int, *, clients: int = 8) -> dict[str, Any]:
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
        last = data[-8:]
        while not last.endswith(b"\r\n0\r\n\r\n"):
            last = (last + connection.recv(1 << 20))[-8:]
        return data[:end]
    at = head.find(b"content-length:")
    left = (int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0) - (len(data) - end - 4)
    while left > 0:
        part = connection.recv(1 << 20)
        data += part
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


def market_home(folder: Path, scale: str) -> tuple[Path, Path]:
    """Load a simulated market with a forecast; return the folder of its files and the home."""
    from services.demo_market import make_market, scale_of, write_market
    from services.load_network import load_network
    from store.home import Home

    files, home = folder / "files", folder / "home"
    files.mkdir()
    write_market(make_market(scale_of(scale)), files)
    load_network(files, home=Home(home))
    Home(home).current().write_result("forecast", _forecast())
    return files, home


@contextmanager
def served(home: Path, processes: int = 1) -> Iterator[Server]:
    """Serve a home as a user does, with keys, by so many processes."""
    from services.keys import create_key
    from store.database import Database
    from store.engines import default_url

    database = Database.open(default_url(home))
    key = create_key(database, name="bench", role="admin", now_ms=time.time_ns() // 1_000_000).secret
    database.close()
    environment = {**os.environ, "EVENFLOW_ACCESS": "keys", "EVENFLOW_REQUESTS_PER_SECOND": "1000000"}
    options = ["--home", str(home), "--port", "0", "--processes", str(processes), "--json"]
    command = [sys.executable, "-c", "from api.cli.entry import run; run()", "serve", *options]
    with _process(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = orjson.loads(process.stdout.readline())
        yield Server(int(told["url"].rpartition(":")[2]), process.pid, key)


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


def orders_of(files: Path, n: int) -> list[dict[str, Any]]:
    """Return orders of a market, as requests name them."""
    table = pd.read_parquet(files / "orders.parquet")[["order_id", "sku_id", "pieces", "buyer_id", "ship_to"]]
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
