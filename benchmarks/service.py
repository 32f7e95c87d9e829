"""Measure the service: `python -m benchmarks.service --json`.

Reservations: threads of one process hold a piece each through `services.reserve`, on SQLite and on a PostgreSQL server
that is started for it; both flush every commit to this machine's disk, whose time is measured beside them.
HTTP: a server's CPU a request, beside a bare FastAPI ping's (`benchmarks.service_http`).
Processes: what one, two and four of them share (`benchmarks.service_processes`).

Notifications: one webhook with a receiver on this machine, and one client that polls.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson

from benchmarks.notifications import notifications
from benchmarks.postgres import postgres_programs
from benchmarks.reservations import postgresql, sqlite
from benchmarks.service_http import http
from benchmarks.service_processes import processes

__all__ = ["main"]


def flush_ms(times: int = 100) -> float:
    """Return the median time in which this disk makes 8 KiB of a file that is there durable, in milliseconds."""
    seconds = []
    with tempfile.NamedTemporaryFile() as file:  # a file without a name need not survive: its flush costs nothing
        file.write(bytes(8192 * times))
        os.fsync(file.fileno())
        for n in range(times):
            os.pwrite(file.fileno(), bytes([n % 255 + 1]) * 8192, 8192 * n)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            seconds.append(time.perf_counter() - began)
    return float(np.median(seconds) * 1000)


def reservations(*, small: bool) -> dict[str, Any]:
    """Return the figures of reservations; PostgreSQL's are None where it is not installed."""
    made: dict[str, Any] = {"flush_ms": flush_ms()}
    made["sqlite"] = sqlite(each=5) if small else sqlite()
    if postgres_programs() is None:
        return made | {"postgresql": None}
    made["postgresql"] = postgresql(each=10) if small else postgresql()
    return made


def main(arguments: list[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object (always done)")
    parser.add_argument("--small", action="store_true", help="a few holds only, to see that it runs")
    parser.add_argument("--part", choices=["reservations", "notifications", "http", "processes"], help="only this part")
    chosen = parser.parse_args(arguments)
    parts: dict[str, Callable[..., dict[str, Any]]] = {
        "reservations": reservations,
        "notifications": notifications,
        "http": http,
        "processes": processes,
    }
    made = {name: part(small=chosen.small) for name, part in parts.items() if chosen.part in (None, name)}
    print(orjson.dumps(made, option=orjson.OPT_INDENT_2).decode())


if __name__ == "__main__":
    main()
