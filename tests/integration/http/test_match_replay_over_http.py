"""Policies and what-ifs compared over HTTP: of tables, and of the loaded network's own orders."""

import time

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.http.match_examples import MATCH_REPLAY_EXAMPLES
from api.settings import Settings
from store.home import TABLES, Home
from tests.integration.http.conftest import RAW

BODY = MATCH_REPLAY_EXAMPLES["what if a factory is down"]["value"]


def finished(client, response):
    assert response.status_code == 202, response.text
    deadline = time.monotonic() + 120
    while (job := client.get(response.headers["location"]).json())["state"] in ("queued", "running"):
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    return job


def test_the_loaded_networks_orders_are_replayed(tmp_path):
    """With an empty body; a what-if takes a factory down by the name of what it has."""
    orders = [
        {
            "order_id": name,
            "sku_id": "soap",
            "pieces": 80,
            "buyer_id": buyer,
            "due_date": "2026-03-20",
            "placed_at": "2026-03-01T09:00:00+08:00",
        }
        for name, buyer in (("o1", "s1"), ("o2", "s/2"))
    ]
    tables = {name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in (RAW | {"orders": orders}).items()}
    Home(tmp_path).publish(tables)
    with TestClient(create_app(Settings(home=tmp_path, workers=1))) as client:
        body = {"policies": ["batch", "nearest"], "variants": {"down": {"capacities": {"f1: soap": 0}}}}
        job = finished(client, client.post("/v1/matches/replay", json=body))
    assert job["state"] == "succeeded", job
    found = job["summary"]["policies"]
    assert found["batch"]["fill"] == 1
    assert found["down"]["fill"] == 100 / 160
    assert found["nearest"]["regret"] >= 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"suppliers": None}, "together"),
        ({"policies": ["fastest"]}, "policies"),
        ({"variants": {"x": {"floor": 1.5}}}, "floor"),
        ({"variants": {"x": {"policy": "online", "floor": 0.5}}}, "floor"),
        ({"variants": {"x": {"capacities": {"factory-a": -1}}}}, "factory-a"),
    ],
)
def test_a_wrong_replay_is_refused_at_once(client, change, told):
    """A problem that names the place, before any job starts."""
    body = {key: value for key, value in (BODY | change).items() if value is not None}
    answer = client.post("/v1/matches/replay", json=body)
    assert answer.status_code == 422
    assert told in answer.text


def test_a_network_without_orders_cannot_be_replayed(client):
    """The job fails and says what is missing."""
    job = finished(client, client.post("/v1/matches/replay", json={}))
    assert job["state"] == "failed"
    assert "no orders" in job["problem"]["detail"]
