"""A server over a net small enough to check by eye, and one over nothing."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from store.home import TABLES, Home

RAW = {
    "parties": [
        {"id": "f1", "kind": "factory", "name": "Factory one", "region": "Ningbo", "lat": 29.9, "lon": 121.5},
        {"id": "f2", "kind": "factory", "name": "Factory two", "region": "Foshan", "lat": 23.0, "lon": 113.1},
        {"id": "s1", "kind": "store", "name": "Store one", "region": "Hangzhou", "lat": 30.3, "lon": 120.2},
        {"id": "s/2", "kind": "store", "name": "Store with a slash", "region": "Foshan", "lat": 23.0, "lon": 113.1},
    ],
    "relations": [
        {"src": "f1", "dst": "s1", "kind": "supplies", "weight": 3.0},
        {"src": "f2", "dst": "s1", "kind": "supplies", "weight": 1.0},
        {"src": "f2", "dst": "s/2", "kind": "supplies", "weight": 2.0},
    ],
    "products": [{"sku_id": "soap", "category": "household", "unit_cost_fen": 500, "price_fen": 900, "weight_kg": 0.1}],
    "supply": [
        {"supplier_id": "f1", "sku_id": "soap", "capacity": 100, "unit_cost_fen": 480, "lead_time_days": 3},
        {"supplier_id": "f2", "sku_id": "soap", "capacity": 100, "unit_cost_fen": 520, "lead_time_days": 2},
    ],
    "sales": [
        {"unique_id": "soap@s1", "ds": f"2026-{month:02d}-{day:02d}", "y": 4 + day % 7}
        for month in (1, 2)
        for day in range(1, 29)
    ],
}
DAYS = pd.date_range("2026-03-01", periods=3)
RESULTS = {
    "forecast": pd.DataFrame(
        {
            "unique_id": ["soap@s1"] * 3 + ["soap@s/2"] * 3,
            "ds": [*DAYS, *DAYS],
            "mean": [5.0, 6.0, 7.0, 1.0, 2.0, 3.0],
            "q0.1": [3.0, 4.0, 5.0, 0.0, 1.0, 1.0],
            "q0.9": [8.0, 9.0, 10.0, 2.0, 4.0, 5.0],
        }
    ),
    "plan": pd.DataFrame(
        {
            "order_id": [f"p{n}" for n in range(5)],
            "item": ["soap", "soap", "cream", "cream", "cream"],
            "resource": ["line-1", "line-2", "line-1", "line-1", "line-2"],
            "pieces": [10, 20, 30, 40, 50],
            "start": pd.date_range("2026-03-02", periods=5),
            "state": ["firm", "proposed", "proposed", "proposed", "proposed"],
        }
    ),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with the small net and results on it."""
    root = tmp_path_factory.mktemp("home")
    place = Home(root)
    place.publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in RAW.items()})
    for name, frame in RESULTS.items():
        place.current().write_result(name, frame)
    return root


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient]:
    """A client of a server over the small net."""
    with TestClient(create_app(Settings(home=home, workers=1, max_body_mb=1)), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[TestClient]:
    """A client of a server over an empty home folder."""
    with TestClient(create_app(Settings(home=tmp_path, workers=1)), raise_server_exceptions=False) as client:
        yield client
