"""Measure the flow from end to end: `python -m benchmarks.flow --json`.

A server and a worker run beside the sender on this machine's cores. The wave: orders of communities, most within
the hour, which is compressed to `--seconds`; beside them somebody asks for matches. Afterwards nothing may be
lost or oversold. Before, one changed sale is followed to its forecast, and that to the plan. `--parts soak --minutes N`
sends 50 orders a second and looks at what the processes hold before and after.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from sqlalchemy import func, select

from benchmarks.flow_house import Caller, Running, running
from benchmarks.flow_world import publish_world, wave_orders
from benchmarks.postgres import Cluster, postgres_programs
from store.database import Database
from store.engines import default_url
from store.outbox import OutboxRow, read_outbox, settled_to
from store.schema import CAPACITIES, RESERVATIONS

__all__ = ["main"]

_THREADS = 8
_PATIENCE = 600
_PROBE = {"order_id": "probe", "sku_id": "sku-0", "pieces": 2, "buyer_id": "community-0"}


def wave(running_: Running, database: Database, orders: int, communities: int, seconds: float) -> dict[str, Any]:
    """Send a wave, compressed to so many seconds; return what became of it and how long it took."""
    _warm_up(running_.url, database)
    after = settled_to(database)
    sent, stop = wave_orders(orders, communities), threading.Event()
    probe, matched = _probe(running_.url, stop)
    posted = _send(running_.url, [(share * seconds, fact) for share, fact in sent])
    rows = _waited(database, after, lambda found: _routed(found) >= orders and _priced(found), orders)
    stop.set()
    probe.join()
    return {
        "orders": orders,
        "seconds": seconds,
        "accepted": len(posted),
        "accept_ms": _quantiles(posted),
        "routed": _routed(rows),
        "match_ms": _quantiles(matched),
        "matches": len(matched),
        "order_to_prices_s": _quantiles(_to_prices(rows)),
        "price_versions": len([row for row in rows if row.topic == "prices.published"]),
        "refused": len([row for row in rows if row.topic == "order.routed" and row.payload["status"] == "refused"]),
        "route_wait_s": _quantiles([(row.created_at_ms - row.payload["accepted_at_ms"]) / 1000 for row in rows
                                    if row.topic == "order.routed"]),
    } | _books(database)  # fmt: skip


def _warm_up(url: str, database: Database) -> None:
    """Let server and worker do once what they will do often, as they have by the hour of a wave."""
    caller, after = Caller(url), settled_to(database)
    caller.post("/v1/matches/route", {"order": _PROBE})
    first = _PROBE | {"key": "first", "kind": "order", "order_id": "first", "occurred_at": _now()}
    caller.post("/v1/facts", first)
    _waited(database, after, lambda found: _routed(found) >= 1 and _priced(found), 1)


def changed_sale(url: str, database: Database, times: int) -> dict[str, Any]:
    """Tell of a sale, and wait for the forecast of its item and the plan; the first time learns the models."""
    caller = Caller(url)
    to_forecast: list[float] = []
    to_plan: list[float] = []
    for number in range(times):
        after, began = settled_to(database), time.time()
        fact = {"key": f"sale-{began}-{number}", "kind": "sale", "unique_id": f"sku-{number}", "ds": "2026-05-04"}
        caller.post("/v1/facts", {**fact, "pieces": 40, "occurred_at": _now()})
        rows = _waited(database, after, lambda found: any(row.topic == "plan.revised" for row in found), 1)
        at = {row.topic: row.created_at_ms / 1000 for row in reversed(rows)}
        to_forecast.append(at["forecast.refreshed"] - began)
        to_plan.append(at["plan.revised"] - at["forecast.refreshed"])
    return {
        "first_forecast_s": to_forecast[0],
        "forecast_s": _quantiles(to_forecast[1:]),
        "first_plan_s": to_plan[0],
        "plan_s": _quantiles(to_plan[1:]),
    }


def soak(running_: Running, database: Database, seconds: float, communities: int, per_second: int) -> dict[str, Any]:
    """Send orders steadily; return what the processes hold after a tenth of the time and at the end."""
    facts = [(n / per_second, fact | {"key": f"soak-{n}", "order_id": f"soak-{n}"})
             for n, (_, fact) in enumerate(wave_orders(int(seconds * per_second), communities, seed=1))]  # fmt: skip
    after, tenth = settled_to(database), len(facts) // 10
    _send(running_.url, facts[:tenth])
    early = running_.held()
    _send(running_.url, [(at - facts[tenth][0], fact) for at, fact in facts[tenth:]])
    late = running_.held()
    rows = _waited(database, after, lambda found: _routed(found) >= len(facts), len(facts))
    waits = [(row.created_at_ms - row.payload["accepted_at_ms"]) / 1000 for row in rows if row.topic == "order.routed"]
    grown = {name: {what: late[name][what] / early[name][what] - 1 for what in early[name]} for name in early}
    half = len(waits) // 2
    lag = {"first_half_s": _quantiles(waits[:half]), "second_half_s": _quantiles(waits[half:])}
    return {"seconds": seconds, "per_second": per_second, "early": early, "late": late, "grown": grown, "lag": lag}


def _send(url: str, facts: Sequence[tuple[float, dict[str, Any]]]) -> list[float]:
    """Send facts one by one at their seconds, over several connections; return how long each took, in ms."""
    began, lock = time.monotonic(), threading.Lock()
    told: list[float] = []
    queue: Iterator[tuple[float, dict[str, Any]]] = iter(facts)

    def run() -> None:
        caller = Caller(url)
        while True:
            with lock:
                entry = next(queue, None)
            if entry is None:
                return
            time.sleep(max(began + entry[0] - time.monotonic(), 0))
            start = time.perf_counter()
            status, body = caller.post("/v1/facts", entry[1] | {"occurred_at": _now()})
            if status != 200:
                raise RuntimeError(f"a fact was answered {status}: {body}")
            told.append((time.perf_counter() - start) * 1000)

    threads = [threading.Thread(target=run) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def _probe(url: str, stop: threading.Event) -> tuple[threading.Thread, list[float]]:
    """Ask for a match five times a second until stopped."""
    matched: list[float] = []

    def run() -> None:
        caller = Caller(url)
        while not stop.wait(0.2):
            start = time.perf_counter()
            caller.post("/v1/matches/route", {"order": _PROBE})
            matched.append((time.perf_counter() - start) * 1000)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, matched


def _waited(
    database: Database, after: int, enough: Callable[[list[OutboxRow]], bool], expected: int
) -> list[OutboxRow]:
    until, rows = time.monotonic() + _PATIENCE, list[OutboxRow]()
    while True:
        to = settled_to(database)
        rows += read_outbox(database, after=rows[-1].position if rows else after, to=to, limit=50_000)
        if enough(rows):
            return rows
        if time.monotonic() > until:
            raise TimeoutError(f"{_routed(rows)} of {expected} in {_PATIENCE} s")
        time.sleep(0.1)


def _routed(rows: Sequence[OutboxRow]) -> int:
    return len({row.subject for row in rows if row.topic == "order.routed"})


def _priced(rows: Sequence[OutboxRow]) -> bool:
    last = max((row.position for row in rows if row.topic == "order.routed"), default=0)
    return any(row.topic == "prices.published" and row.payload["to_position"] >= last for row in rows)


def _to_prices(rows: Sequence[OutboxRow]) -> list[float]:
    """Return, by order, the seconds from its acceptance to the first prices made after it was routed."""
    made = [(row.payload["to_position"], row.created_at_ms) for row in rows if row.topic == "prices.published"]
    routed = [row for row in rows if row.topic == "order.routed"]
    return [
        (next(at for to, at in made if to >= row.position) - row.payload["accepted_at_ms"]) / 1000 for row in routed
    ]


def _books(database: Database) -> dict[str, int]:
    over = CAPACITIES.c.reserved - CAPACITIES.c.offered
    taken, orders = RESERVATIONS.c.taken_pieces > 0, RESERVATIONS.c.order_id
    asked = {
        "oversold_pieces": select(func.coalesce(func.sum(over), 0)).where(over > 0),
        "standing": select(func.count()).where(taken),
        "standing_orders": select(func.count(orders.distinct())).where(taken),
    }
    found = database.read(lambda connection: [connection.scalar(query) for query in asked.values()])
    return {name: int(value or 0) for name, value in zip(asked, found, strict=True)}


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    if not len(values):
        return {}
    p50, p95, p99, most = np.quantile(values, [0.5, 0.95, 0.99, 1.0]).round(3).tolist()
    return {"p50": p50, "p95": p95, "p99": p99, "max": most}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@contextmanager
def _database(kind: str, home: Path) -> Iterator[tuple[str | None, Database]]:
    cluster = Cluster() if kind == "postgresql" else None
    url = None if cluster is None else cluster.new_database()
    database = Database.open(default_url(home) if url is None else url)
    try:
        database.upgrade()
        yield url, database
    finally:
        database.close()
        if cluster is not None:
            cluster.remove()


def measure(kind: str, chosen: argparse.Namespace) -> dict[str, Any] | None:
    """Return the figures on one kind of database; None where PostgreSQL is not installed."""
    if kind == "postgresql" and postgres_programs() is None:
        return None
    with (
        tempfile.TemporaryDirectory(prefix="evenflow-flow-") as folder,
        _database(kind, Path(folder)) as (url, database),
    ):
        home = Path(folder)
        publish_world(home, communities=chosen.communities, styles=chosen.styles, pieces=_pieces(chosen))
        with running(home, url) as house:
            made: dict[str, Any] = {}
            if "sale" in chosen.parts:
                made["changed_sale"] = changed_sale(house.url, database, chosen.sales)
            if "wave" in chosen.parts:
                made["wave"] = wave(house, database, chosen.orders, chosen.communities, chosen.seconds)
            if "soak" in chosen.parts:
                made["soak"] = soak(house, database, 60 * chosen.minutes, chosen.communities, chosen.per_second)
    return made


def _pieces(chosen: argparse.Namespace) -> int:
    """Return what factories offer: a third more than all orders ask for."""
    soaked = 60 * chosen.minutes * chosen.per_second if "soak" in chosen.parts else 0
    return int(4 * (chosen.orders * ("wave" in chosen.parts) + soaked))


def main(arguments: list[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object (always done)")
    parser.add_argument("--databases", nargs="*", default=["sqlite", "postgresql"], help="which kinds")
    parser.add_argument("--parts", nargs="*", default=["sale", "wave"], help="sale, wave, soak")
    parser.add_argument("--orders", type=int, default=150_000, help="orders of the wave")
    parser.add_argument("--communities", type=int, default=4_000, help="communities that order")
    parser.add_argument("--seconds", type=float, default=3600.0, help="what the wave's hour is compressed to")
    parser.add_argument("--styles", type=int, default=1_000, help="styles that are sold and planned")
    parser.add_argument("--sales", type=int, default=6, help="changed sales to follow")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long the soak goes on")
    parser.add_argument("--per-second", type=int, default=50, help="orders a second of the soak")
    chosen = parser.parse_args(arguments)
    made = {}
    for kind in chosen.databases:
        made[kind] = measure(kind, chosen)
        print(orjson.dumps({kind: made[kind]}).decode(), file=sys.stderr)  # a run of hours tells what it has
    print(orjson.dumps({"flow": made, "options": vars(chosen)}, option=orjson.OPT_INDENT_2).decode())


if __name__ == "__main__":
    main()
