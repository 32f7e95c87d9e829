"""What `benchmarks.service` measures of reservations: holds a second, and how long the slowest of them take."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.postgres import Cluster
from services.hold_decision import Candidate, Order
from services.reserve import Desk, HoldTerms, hold_at
from services.viewer import Viewer
from store.booking.capacity import Capacity, put_capacities
from store.database import Database

__all__ = ["holds", "postgresql", "sqlite"]

_SUPPLIERS = 200


def holds(database: Database, *, clients: int, each: int, suppliers: int, name: str) -> dict[str, Any]:
    """Let clients (threads of one process) hold a piece each, again and again.

    Parameters
    ----------
    suppliers
        Over how many capacities the holds are spread; 1 = all at one hot row.
    name
        Of the run: its keys and suppliers are its own.

    Returns
    -------
    dict
        ``holds_per_second``, ``p50_ms, p99_ms, max_ms`` of a hold, ``cpu_ms`` of this process per hold, counts.
    """
    desk, viewer, terms = Desk(database), Viewer(), HoldTerms()
    rows = [Capacity(supplier_id=f"{name}-{n}", good="k", bucket="", offered=clients * each) for n in range(suppliers)]
    put_capacities(database, rows, now_ms=desk.clock())
    seconds = np.zeros((clients, each))
    held = [0] * clients

    def work(client: int) -> None:
        for n in range(each):
            supplier = f"{name}-{(client * each + n) * 7919 % suppliers}"
            order = Order(order_id=f"o{client}-{n}", buyer_id=f"b{client}", sku_id="k", pieces=1)
            began = time.perf_counter()
            with desk.write(viewer, f"{name}-{client}-{n}", {"supplier": supplier}) as write:
                answer = hold_at(desk, write, order, Candidate(supplier_id=supplier, good="k"), terms)
            seconds[client, n] = time.perf_counter() - began
            held[client] += answer.status == 201

    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    wall, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert sum(held) == clients * each
    p50, p99 = np.quantile(seconds, [0.5, 0.99]) * 1000
    return {
        "clients": clients,
        "holds": clients * each,
        "holds_per_second": clients * each / wall,
        "p50_ms": float(p50),
        "p99_ms": float(p99),
        "max_ms": float(seconds.max() * 1000),
        "cpu_ms": cpu / (clients * each) * 1000,
    }


def sqlite(*, clients: int = 64, each: int = 150) -> dict[str, Any]:
    """Return the figures of a SQLite file on this disk, every commit flushed."""
    with tempfile.TemporaryDirectory(prefix="evenflow-") as folder:
        database = Database.open(f"sqlite:///{Path(folder) / 'evenflow.db'}")
        holds(database, clients=4, each=25, suppliers=_SUPPLIERS, name="warm")
        made = {
            "spread": holds(database, clients=clients, each=each, suppliers=_SUPPLIERS, name="spread"),
            "hot": holds(database, clients=clients, each=each, suppliers=1, name="hot"),
        }
        database.close()
    return made


def postgresql(*, clients: int = 8, each: int = 500) -> dict[str, Any]:
    """Return the figures of a PostgreSQL server of our own on this disk, every commit flushed."""
    cluster = Cluster()
    try:
        database = Database.open(cluster.new_database())
        database.upgrade()
        holds(database, clients=clients, each=30, suppliers=_SUPPLIERS, name="warm")
        made = {
            "spread": holds(database, clients=clients, each=each, suppliers=_SUPPLIERS, name="spread"),
            "hot": holds(database, clients=clients, each=each, suppliers=1, name="hot"),
        }
        database.close()
    finally:
        cluster.remove()
    return made
