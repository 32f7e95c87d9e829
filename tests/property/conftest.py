"""A server over a small net whose long work is accepted, not computed."""

from collections.abc import Iterator

import pandas as pd
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from store.home import TABLES, Home

RAW = {
    "parties": [
        {"id": "f1", "kind": "factory", "name": "Factory one", "region": "Ningbo", "lat": 29.9, "lon": 121.5},
        {"id": "f2", "kind": "factory", "name": "Factory two", "region": "Foshan", "lat": 23.0, "lon": 113.1},
        {"id": "s1", "kind": "store", "name": "Store one", "region": "Hangzhou", "lat": 30.3, "lon": 120.2},
    ],
    "relations": [
        {"src": "f1", "dst": "s1", "kind": "supplies", "weight": 3.0},
        {"src": "f2", "dst": "s1", "kind": "supplies", "weight": 1.0},
    ],
    "products": [{"sku_id": "soap", "category": "household", "unit_cost_fen": 500, "price_fen": 900, "weight_kg": 0.1}],
    "supply": [
        {"supplier_id": "f1", "sku_id": "soap", "capacity": 100, "unit_cost_fen": 480, "lead_time_days": 3},
        {"supplier_id": "f2", "sku_id": "soap", "capacity": 100, "unit_cost_fen": 520, "lead_time_days": 2},
    ],
    "sales": [{"unique_id": "soap@s1", "ds": f"2026-01-{day:02d}", "y": 4 + day % 7} for day in range(1, 29)],
}


@pytest.fixture(scope="module")
def loaded_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """The application over the small net; what a job would compute is left out, as it outlives every answer."""
    home = tmp_path_factory.mktemp("home")
    Home(home).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in RAW.items()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.jobs.compute", lambda *_, **__: {"state": "succeeded", "summary": {}, "tables": {}})
        yield create_app(Settings(home=home, workers=1, max_body_mb=1))


@pytest.fixture(scope="module")
def loaded(loaded_app: FastAPI) -> Iterator[TestClient]:
    """A client of that application, started."""
    with TestClient(loaded_app, raise_server_exceptions=False) as client:
        yield client
