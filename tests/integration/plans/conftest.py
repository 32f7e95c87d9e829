"""A loaded network of two styles on two lines with a weekly forecast, and a server over it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from store.home import TABLES, Home

WEEKS = pd.date_range("2026-03-02", periods=8, freq="7D")
RAW = {
    "parties": [{"id": "f1", "kind": "factory", "name": "Factory"}, {"id": "s1", "kind": "store", "name": "Store"}],
    "products": [
        {"sku_id": name, "category": "top", "unit_cost_fen": 500, "price_fen": 900, "weight_kg": 0.1}
        for name in ("tee", "cap")
    ],
    "routes": [
        {"item": item, "route": "own", "step": 1, "resource": line, "hours_per_unit": 0.5}
        for item, line in (("tee", "line-1"), ("cap", "line-2"))
    ],
    "supply": [
        {"supplier_id": "f1", "sku_id": "tee", "resource": line, "capacity": 60, "overtime": 10, "unit_cost_fen": 1}
        for line in ("line-1", "line-2")
    ],
    "sales": [{"unique_id": f"{name}@s1", "ds": "2026-02-27", "y": 5} for name in ("tee", "cap")],
}
DEMAND = {"tee": [80, 90, 100, 80, 90, 100, 80, 90], "cap": [60, 40, 60, 40, 60, 40, 60, 40]}


def weekly(demand: dict[str, list[int]]) -> pd.DataFrame:
    """Return a weekly forecast with three quantiles."""
    rows = pd.DataFrame(
        [(name, week, float(y)) for name, ys in demand.items() for week, y in zip(WEEKS, ys, strict=True)],
        columns=["unique_id", "ds", "mean"],
    )
    return rows.assign(**{"q0.1": rows["mean"] * 0.8, "q0.5": rows["mean"], "q0.9": rows["mean"] * 1.2})


@pytest.fixture
def forecast_again(home: Path) -> Callable[..., None]:
    """Change the weekly forecast of some items beside the loaded network, as an override or new sales would."""

    def change(**demand: list[int]) -> None:
        Home(home).current().write_result("weekly_forecast", weekly(DEMAND | demand))

    return change


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with the small net and its forecast."""
    place = Home(tmp_path / "home")
    place.publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in RAW.items()})
    place.current().write_result("weekly_forecast", weekly(DEMAND))
    return place.root


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    """A client of a server over it."""
    with TestClient(create_app(Settings(home=home, workers=1)), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def finished(client: TestClient) -> Callable[..., dict]:
    """Post and wait for the job to succeed."""

    def finish(path: str, body: dict) -> dict:
        response = client.post(path, json=body)
        assert response.status_code == 202, response.text
        for _ in range(1200):
            job = client.get(response.headers["location"]).json()
            if job["state"] not in ("queued", "running"):
                assert job["state"] == "succeeded", job
                return job
            time.sleep(0.05)
        pytest.fail("the job did not end")

    return finish
