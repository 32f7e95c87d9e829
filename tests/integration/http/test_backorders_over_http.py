"""Orders that wait: their age, who comes first, no piece offered twice, taken off once held."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from services.backorder_queue import BackorderQueue
from store.home import TABLES, Home
from store.prices import PriceShelf
from tests.integration.http.conftest import RAW

NOW = datetime(2026, 3, 10, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
ORDER = {"order_id": "o/1", "sku_id": "soap", "pieces": 120, "buyer_id": "s1"}


@pytest.fixture
def client(tmp_path: Path):
    """A server over the small net, each store a tenant of its own."""
    raw = RAW | {"parties": [party | {"tenant": party["id"]} for party in RAW["parties"]]}
    Home(tmp_path).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()})
    with TestClient(create_app(Settings(home=tmp_path, workers=1)), raise_server_exceptions=False) as client:
        client.home = tmp_path
        yield client


def add(client, **changes):
    return client.post("/v1/backorders", json={"order": ORDER | changes})


def test_an_order_waits_once_and_leaves_piece_by_piece(client):
    """Sent again it is the same; taken off in parts, then all; who is not there is a 404."""
    first = add(client)
    assert (first.status_code, first.json()["pieces"]) == (201, 120)
    assert add(client).json()["since"] == first.json()["since"]
    assert add(client, pieces=7).status_code == 422
    (row,) = client.get("/v1/backorders", params={"ageing": 0.5}).json()["rows"]
    assert (row["order_id"], row["pieces"], row["buyer_id"]) == ("o/1", 120, "s1")
    assert row["penalty"] == pytest.approx(1 + 0.5 * row["waits_days"])
    assert client.post("/v1/backorders/o/1/done", json={"pieces": 500}).status_code == 422
    assert client.post("/v1/backorders/o/1/done", json={"pieces": 100}).json()["pieces"] == 20
    assert client.post("/v1/backorders/o/1/done", json={}).json()["pieces"] == 0
    assert client.get("/v1/backorders").json()["total"] == 0
    assert client.post("/v1/backorders/o/1/done", json={}).status_code == 404


def test_the_longest_waiting_goes_first_and_no_piece_is_offered_twice(client):
    """Three orders for 260 of 200 pieces: the oldest gets all, the next the rest of the room."""
    queue, snapshot = BackorderQueue(client.home), Home(client.home).current()
    for name, days in (("new", 0), ("old", 9), ("middle", 4)):
        queue.add(ORDER | {"order_id": name, "pieces": 90}, at=NOW - timedelta(days=days))
    told = queue.route(snapshot, PriceShelf(client.home), now=NOW, ageing=0.1)
    assert [(one["order_id"], one["unserved"]) for one in told] == [("old", 0), ("middle", 0), ("new", 70)]
    assert [one["waits_days"] for one in told] == pytest.approx([9, 4, 0])
    assert told[0]["penalty"] == pytest.approx(1.9)
    given = {}
    for one in told:
        for row in one["matches"]:
            given[row["supplier_id"]] = given.get(row["supplier_id"], 0) + row["pieces"]
    assert given == {"f1": 100, "f2": 100}
    answer = client.post("/v1/backorders/route", json={"language": "zh"}).json()
    assert answer["decisions"][0]["order_id"] == "old"
    assert len(queue.waiting()) == 3


def test_waiting_outweighs_a_price_in_the_end(client):
    """At a price of 1.7 an order that gains 1.5 is refused; once it has waited ten days it is served."""
    shelf = PriceShelf(client.home)
    table = pd.DataFrame({"supplier_id": ["f1", "f2"], "good": "soap", "price": 1.7, "capacity": 100})
    shelf.activate(shelf.add(table, {"cause": "manual"}).number)
    queue, snapshot = BackorderQueue(client.home), Home(client.home).current()
    queue.add(ORDER, at=NOW)
    (fresh,) = queue.route(snapshot, shelf, now=NOW)
    assert (fresh["matches"], {row["reason"] for row in fresh["alternatives"]}) == ([], {"outbid"})
    assert fresh["lacking"]["reason"] == "missing_score"
    (aged,) = queue.route(snapshot, shelf, now=NOW + timedelta(days=10))
    assert aged["unserved"] == 0


def test_a_tenant_sees_its_own_orders_only(client):
    """Another's order is neither listed, routed nor taken off; an order for another's buyer is refused."""
    add(client)
    other = {"Evenflow-Tenant": "s/2"}
    assert client.get("/v1/backorders", headers=other).json()["total"] == 0
    assert client.post("/v1/backorders/route", json={}, headers=other).json()["decisions"] == []
    assert client.post("/v1/backorders/o/1/done", json={}, headers=other).status_code == 404
    assert client.post("/v1/backorders", json={"order": ORDER | {"order_id": "x"}}, headers=other).status_code == 422
    assert client.get("/v1/backorders", headers={"Evenflow-Tenant": "s1"}).json()["total"] == 1


@pytest.mark.parametrize(
    ("changes", "told"), [({"sku_id": "gold"}, "sku_id"), ({"buyer_id": "x"}, "buyer_id"), ({"pieces": 0}, "pieces")]
)
def test_what_could_never_be_served_does_not_wait(client, changes, told):
    """Refused by name, and not kept."""
    answer = add(client, **changes)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert client.get("/v1/backorders").json()["total"] == 0
