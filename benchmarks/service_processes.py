"""What several server processes share: memory beside one alone, and how much more they answer.

`evenflow serve --processes N` over a simulated market of 100 000 parties. Memory is the proportional set size (Pss) of
the parent and all its processes (`/proc/PID/smaps_rollup`) after every one of them answered: a page that k processes
share counts 1/k for each, so that the sum is what the machine gives.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import orjson

from benchmarks.service_http import Server, lines_rate, market_home, measured, orders_of, served

__all__ = ["processes"]

_KIB_A_MIB = 1024


def processes(*, small: bool = False) -> dict[str, Any]:
    """Return Pss in MiB and answers a second of one process, of two and of four."""
    made: dict[str, Any] = {"parties": 600 if small else 100_000}
    with tempfile.TemporaryDirectory() as folder:
        files, home = market_home(Path(folder), "small" if small else "100000")
        orders = orders_of(files, 1_000)
        for count in (1, 2) if small else (1, 2, 4):
            with served(home, count) as server:
                made[str(count)] = _figures(server, orders, times=40 if small else 2_000)
    return made


def _figures(server: Server, orders: list[dict[str, Any]], *, times: int) -> dict[str, Any]:
    bodies = [orjson.dumps({"order": one, "top": 10}) for one in orders]
    requests = [server.request("/v1/matches/route", body) for body in bodies]
    route = measured(server, requests, times, clients=8)
    lines = lines_rate(server, orders, times=8)
    pss = [_pss_kib(pid) for pid in server.pids()]
    return {
        "pss_mib": sum(pss) / _KIB_A_MIB,
        "pss_mib_each": [one / _KIB_A_MIB for one in pss],
        "route_per_second": route["per_second"],
        "route_cpu_ms": route["cpu_ms"],
        "lines_per_second": lines["orders_per_second"],
    }


def _pss_kib(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
