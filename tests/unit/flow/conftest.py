"""A net small enough to work by hand, a clock that tells what it is told, and a worker."""

from dataclasses import dataclass, field
from itertools import count

import pandas as pd
import pytest

from services.flow.intake import take_facts
from services.flow.passes import World
from services.flow.worker import Worker
from services.ingest import Inlet
from services.reserve import Desk
from store.database import Database
from store.home import TABLES, Home

DAYS = pd.date_range("2026-01-05", periods=56)
START_MS = 1_772_500_000_000  # 2026-03-03
RAW = {
    "parties": [
        {"id": "f1", "kind": "factory", "tenant": "maker"},
        {"id": "f2", "kind": "factory", "tenant": "maker"},
        {"id": "s1", "kind": "store", "tenant": "shop"},
    ],
    "relations": [{"src": "f1", "dst": "s1", "kind": "supplies", "weight": 2.0}],
    "products": [{"sku_id": "soap", "price_fen": 900, "unit_cost_fen": 500}, {"sku_id": "tea", "price_fen": 700}],
    "supply": [
        {"supplier_id": "f1", "sku_id": "soap", "capacity": 100, "unit_cost_fen": 480, "lead_time_days": 3},
        {"supplier_id": "f2", "sku_id": "soap", "capacity": 50, "unit_cost_fen": 520, "lead_time_days": 2},
        {"supplier_id": "f1", "resource": "line", "capacity": 40.0, "overtime": 4.0},
    ],
    "routes": [
        {"item": name, "route": "main", "step": 1, "resource": "line", "hours_per_unit": 0.2}
        for name in ("soap", "tea")
    ],
    "sales": [
        {"unique_id": f"{sku}@s1", "ds": day, "y": 4.0 + n % 7, "sku_id": sku}
        for sku in ("soap", "tea")
        for n, day in enumerate(DAYS)
    ],
}


@dataclass
class Clock:
    """Milliseconds since 1970, as told."""

    now_ms: int = START_MS

    def __call__(self):
        return self.now_ms


@dataclass
class Flow:
    """A worker, its clock, and facts sent to it."""

    worker: Worker
    clock: Clock
    keys: count = field(default_factory=count)

    @property
    def world(self):
        return self.worker.world

    def send(self, *rows):
        return take_facts(self.world.database, rows, now_ms=self.clock.now_ms, names=self.world.inlet.names)

    def settle(self):
        """Work until every rest is over and nothing is left."""
        for _ in range(8):
            self.worker.drain()
            self.clock.now_ms += 10_000
        return self


def order(key, pieces=10, **more):
    row = {"key": key, "kind": "order", "order_id": key.split("/")[0], "sku_id": "soap", "buyer_id": "s1"}
    return row | {"pieces": pieces, "occurred_at": "2026-03-02T10:00:00+08:00"} | more


def sale(key, pieces, ds="2026-03-02", unique_id="soap@s1", **more):
    row = {"key": key, "kind": "sale", "unique_id": unique_id, "ds": ds, "pieces": pieces}
    return row | {"occurred_at": f"{ds}T20:00:00+08:00"} | more


def flow_on(root, database):
    """Return a flow over the small net."""
    home = Home(root)
    home.publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in RAW.items()})
    clock = Clock()
    world = World(home=home, desk=Desk(database, clock=clock), inlet=Inlet.of(root, key="k" * 16))
    return Flow(Worker(world=world), clock)


@pytest.fixture
def flow(database, tmp_path):
    """A flow over the small net and each kind of database."""
    return flow_on(tmp_path, database)


@pytest.fixture
def file_flow(tmp_path):
    """A flow over the small net and a file: for what costs a forecast and differs on no database."""
    database = Database.open(f"sqlite:///{tmp_path}/flow.db")
    yield flow_on(tmp_path, database)
    database.close()
