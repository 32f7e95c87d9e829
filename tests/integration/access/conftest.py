"""A server that asks for keys, over a net of two tenants who must not know of each other, and keys for both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from api.http.app import create_app
from api.settings import Settings
from services.keys import create_key
from store.database import Database
from store.home import TABLES, Home


class Client:
    """The server's one client, with a key of its own on each request."""

    def __init__(self, client: TestClient, key: str) -> None:
        self._client, self.headers = client, {"Authorization": f"Bearer {key}"}

    def request(self, method: str, path: str, *, headers: dict | None = None, **options: object) -> Response:
        """Ask; `headers` come on top."""
        return self._client.request(method, path, headers=self.headers | (headers or {}), **options)

    def get(self, path: str, **options: object) -> Response:
        """Ask with GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: object) -> Response:
        """Ask with POST."""
        return self.request("POST", path, **options)

    def delete(self, path: str, **options: object) -> Response:
        """Ask with DELETE."""
        return self.request("DELETE", path, **options)


Asking = Callable[..., Client]

# Each tenant has a brand, a distributor and a store that deal with one another only; the mill is public.
PARTIES = [
    {"id": f"{tenant}-{kind}", "kind": kind, "region": "North", "tenant": tenant, "lat": 30.0, "lon": 120.0}
    for tenant in ("alpha", "beta")
    for kind in ("brand", "distributor", "store")
]
RAW = {
    "parties": [*PARTIES, {"id": "mill", "kind": "factory", "region": "North", "lat": 30.1, "lon": 120.1}],
    "relations": [
        {"src": f"{tenant}-{src}", "dst": f"{tenant}-{dst}", "kind": kind, "weight": 2.0}
        for tenant in ("alpha", "beta")
        for src, dst, kind in (("brand", "distributor", "supplies"), ("distributor", "store", "distributes"))
    ],
    "products": [{"sku_id": "soap", "category": "household", "unit_cost_fen": 500, "price_fen": 900, "weight_kg": 0.1}],
    "supply": [
        {"supplier_id": f"{tenant}-brand", "sku_id": "soap", "capacity": 100, "unit_cost_fen": 480, "lead_time_days": 3,
         "resource": f"{tenant}-line"}
        for tenant in ("alpha", "beta")
    ],
    "sales": [
        {"unique_id": f"soap@{tenant}-store", "ds": f"2026-02-{day:02d}", "y": day, "store_id": f"{tenant}-store"}
        for tenant in ("alpha", "beta")
        for day in range(1, 29)
    ],
    "orders": [
        {"order_id": f"{tenant}-order", "sku_id": "soap", "pieces": 5, "buyer_id": f"{tenant}-store"}
        for tenant in ("alpha", "beta")
    ],
    "ledger": [
        {"trade_id": f"{tenant}-trade", "buyer_id": f"{tenant}-store", "supplier_id": f"{tenant}-distributor",
         "at": "2026-02-01", "event": "invoiced", "amount_fen": 1000}
        for tenant in ("alpha", "beta")
    ],
    "lots": [
        {"lot_id": f"{tenant}-lot", "step": 1, "party_id": f"{tenant}-brand", "process_step": "sew", "role": "factory",
         "pieces": 10, "at": "2026-01-10"}
        for tenant in ("alpha", "beta")
    ],
    "claims": [
        {"claim_id": f"{tenant}-claim", "lot_id": f"{tenant}-lot", "at": "2026-02-01", "kind": "defect", "pieces": 5,
         "amount_fen": 2000, "buyer_id": f"{tenant}-store"}
        for tenant in ("alpha", "beta")
    ],
}  # fmt: skip
FORECAST = [
    {"unique_id": f"soap@{tenant}-store", "ds": "2026-03-01", "mean": 5.0, "q0.5": 4.0} for tenant in ("alpha", "beta")
]
PLAN = [
    {"order_id": f"{tenant}-made", "item": "soap", "resource": f"{tenant}-line", "pieces": 9, "state": "planned"}
    for tenant in ("alpha", "beta")
]
HOURS = {"hours": 1.0, "capacity": 3.0, "idle": 2.0, "overtime": 0.0, "bucket": "2026-03-02"}
LOAD = [{"resource": f"{tenant}-line"} | HOURS for tenant in ("alpha", "beta")]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a server over the net, closed to whoever has no key."""
    home = tmp_path_factory.mktemp("home")
    Home(home).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in RAW.items()})
    for name, rows in (("forecast", FORECAST), ("plan", PLAN), ("load", LOAD)):
        frame = pd.DataFrame(rows)
        Home(home).current().write_result(
            name, frame.assign(ds=pd.to_datetime(frame["ds"])) if "ds" in frame else frame
        )
    return Settings(home=home, workers=1, access="keys", requests_per_second=1000)


@pytest.fixture(scope="module")
def database(settings: Settings) -> Iterator[Database]:
    """Where the keys are."""
    database = Database.open(settings.database())
    yield database
    database.close()


@pytest.fixture(scope="module")
def application(settings: Settings) -> Iterator[TestClient]:
    """The server, asked without a key."""
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def asking(application: TestClient, database: Database) -> Asking:
    """Return a client with a new key of the given terms; the same terms have the same key."""
    known: dict[str, Client] = {}

    def ask(role: str = "admin", **terms: object) -> Client:
        name = repr((role, sorted(terms.items())))
        if name not in known:
            made = create_key(database, name="test", role=role, now_ms=time.time_ns() // 1_000_000, **terms)
            known[name] = Client(application, made.secret)
        return known[name]

    return ask


@pytest.fixture
def folder(settings: Settings) -> Path:
    """The home of the server."""
    return settings.home
