"""Density over HTTP: areas in pages, a store's catchment, a tenant's own figures."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from store.home import TABLES, Home

HERE, THERE = {"lat": 31.2, "lon": 121.4}, {"lat": 31.4, "lon": 121.6}
RAW = {
    "parties": [
        {"id": "s/1", "kind": "store", "tenant": "a", "region": "East", **HERE},
        {"id": "s2", "kind": "store", "tenant": "b", "region": "East", "lat": 31.201, "lon": 121.4},
        {"id": "s3", "kind": "store", "region": "West", **THERE},
        {"id": "k", "kind": "community", "tenant": "a", "region": "West", **THERE},
    ],
    "products": [{"sku_id": "soap"}],
    "orders": [
        {"order_id": "o1", "sku_id": "soap", "pieces": 5, "buyer_id": "s/1", "ship_to": "k"},
        {"order_id": "o2", "sku_id": "soap", "pieces": 5, "buyer_id": "s/1", "ship_to": "s/1"},
        {"order_id": "o3", "sku_id": "soap", "pieces": 5, "buyer_id": "s2", "ship_to": "s2"},
    ],
    "areas": [
        {"households": 500, "customers": 50, **HERE},
        {"households": 400, "customers": 0, "lat": 31.3, "lon": 121.5},
    ],
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a server over two tenants' stores."""
    root: Path = tmp_path_factory.mktemp("density")
    Home(root).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in RAW.items()})
    with TestClient(create_app(Settings(home=root, workers=1)), raise_server_exceptions=False) as client:
        yield client


def test_areas_come_in_pages(client: TestClient):
    """Four cells; white space first; a coarser cell holds those inside it."""
    page = client.get("/v1/density", params={"limit": 3}).json()
    assert (page["total"], len(page["rows"])) == (4, 3)
    rest = client.get("/v1/density", params={"limit": 3, "cursor": page["next_cursor"]}).json()
    rows = page["rows"] + rest["rows"]
    assert sum(row["parties"] for row in rows) == 4
    assert [row["white_space"] for row in rows] == [True, False, False, False]
    white = client.get("/v1/density", params={"white_space": True}).json()["rows"]
    assert [row["expected_sales"] for row in white] == [pytest.approx(40)]
    above = client.get("/v1/density", params={"resolution": 4}).json()["rows"][0]["area"]
    assert client.get("/v1/density", params={"area": above}).json()["total"] >= 1
    regions = client.get("/v1/density", params={"by": "region", "area": "West"})
    assert regions.status_code == 422  # the areas loaded have no regions
    assert "region" in regions.json()["detail"]


def test_a_cursor_walks_the_areas_it_came_from(client: TestClient):
    """Of another resolution, kind of area or filter it is refused."""
    cursor = client.get("/v1/density", params={"limit": 1}).json()["next_cursor"]
    for other in ({"resolution": 7}, {"white_space": True}):
        answer = client.get("/v1/density", params={"cursor": cursor, **other})
        assert (answer.status_code, answer.json()["type"]) == (410, "/problems/stale-cursor")
    assert client.get("/v1/density", params={"cursor": cursor}, headers={"Evenflow-Tenant": "a"}).status_code == 410
    assert client.get("/v1/density", params={"cursor": cursor, "resolution": 8}).status_code == 200


def test_a_tenant_counts_its_own_and_public_parties_and_its_own_orders(client: TestClient):
    """b's store and orders are none of a's business; people are public."""
    answer = client.get("/v1/density", headers={"Evenflow-Tenant": "a"}).json()
    assert sum(row["parties"] for row in answer["rows"]) == 3
    assert answer["summary"]["orders"] == 2
    assert sum(row["households"] for row in answer["rows"]) == 900


def test_a_store_has_its_catchment_its_orders_from_outside_and_its_neighbours(client: TestClient):
    """One of two orders goes 29 km away; to its own tenant only public rivals are named."""
    card = client.get("/v1/parties/s/1/density").json()
    assert (card["orders"], card["outside"], card["outside_share"]) == (2, 1, 0.5)
    assert card["catchment"] == {"radius_km": 3.0}
    assert card["area"]["penetration"] == pytest.approx(0.1)
    assert [near["id"] for near in card["neighbours"]] == ["s2", "s3"]
    assert card["neighbours"][0]["km"] == pytest.approx(0.111, abs=0.001)
    own = client.get("/v1/parties/s/1/density", headers={"Evenflow-Tenant": "a"}).json()
    assert [near["id"] for near in own["neighbours"]] == ["s3"]
    assert client.get("/v1/parties/s2/density", headers={"Evenflow-Tenant": "a"}).status_code == 404
    assert client.get("/v1/parties/s3/density").json()["orders"] == 0
