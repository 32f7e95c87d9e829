"""Matches after changes: offers are indexed once, and every answer knows the relations and parties recorded since."""

from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from services.network_supply import book_of
from store.home import TABLES, Home

RAW = {
    "parties": [
        {"id": "f1", "kind": "factory", "categories": "shirts", "lead_time_days": 2},
        {"id": "f2", "kind": "factory"},
        {"id": "w1", "kind": "workshop", "lead_time_days": 3},
        {"id": "s1", "kind": "store"},
        {"id": "s2", "kind": "store"},
    ],
    "relations": [{"src": "f2", "dst": "s1", "kind": "supplies", "weight": 1.0}],
    "products": [
        {"sku_id": "red", "category": "shirts", "unit_cost_fen": 500, "price_fen": 900},
        {"sku_id": "blue", "category": "shirts", "unit_cost_fen": 500, "price_fen": 900},
    ],
    "routes": [{"item": "blue", "route": "usual", "step": 1, "resource": "sewing", "hours_per_unit": 0.1}],
    "supply": [
        {"supplier_id": "f2", "sku_id": "red", "capacity": 100, "unit_cost_fen": 480, "lead_time_days": 3},
        {"supplier_id": "w1", "resource": "sewing", "capacity": 70},
    ],
}
DAY = pd.Timestamp("2026-03-02")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Two factories, a workshop and two stores; nobody sews for a factory yet."""
    home = Home(tmp_path)
    home.publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in RAW.items()})
    return home


@pytest.fixture
def client(home: Home) -> TestClient:
    """A server over it."""
    return TestClient(create_app(Settings(home=home.root)), raise_server_exceptions=False)


def record(client, *events):
    answer = client.post("/v1/relations", json={"events": [{"event_id": f"e-{n}", **e} for n, e in enumerate(events)]})
    assert answer.json()["applied"] == len(events), answer.text


def match(client, **order):
    return client.post("/v1/matches", json={"orders": [{"order_id": "o", "pieces": 5, **order}]})


def test_a_new_relation_makes_a_stranger_a_partner(client):
    """The path and the tie are those recorded a moment ago."""
    before = match(client, sku_id="red", buyer_id="s2").json()["alternatives"][0]
    record(client, {"event": "relation", "src": "f2", "dst": "s2", "kind": "supplies", "weight": 4.0})
    after = match(client, sku_id="red", buyer_id="s2").json()["alternatives"][0]
    assert (before["path"], before["tie_strength"]) == ("", 0.0)
    assert (after["path"], after["tie_strength"]) == ("f2 > s2", 4.0)
    assert after["score"] > before["score"]


def test_a_new_party_may_buy_at_once(client):
    """Unknown before, matched after."""
    assert match(client, sku_id="red", buyer_id="s3").status_code == 422
    record(client, {"event": "party", "id": "s3", "kind": "store"})
    assert match(client, sku_id="red", buyer_id="s3").json()["matches"][0]["supplier_id"] == "f2"


def test_a_workshop_found_today_makes_the_factory_an_offer(client):
    """f1 trades shirts but sews none: once w1 supplies it, they make blue ones together."""
    assert match(client, sku_id="blue", buyer_id="s1").json()["matches"][0]["reason"] == "no_candidates"
    record(client, {"event": "relation", "src": "w1", "dst": "f1", "kind": "supplies"})
    found = match(client, sku_id="blue", buyer_id="s1").json()["alternatives"]
    assert [(row["supplier_id"], row["basis"], row["workshops"]) for row in found] == [("f1", "workshop", "w1")]


def test_offers_are_indexed_once_and_again_when_who_makes_what_changes(home):
    """A trade between others keeps the index, with the new net; a new supplier of a maker does not."""
    first = book_of(home.current(), DAY)
    assert book_of(home.current(), DAY) is first
    home.record([{"event": "relation", "event_id": "a", "src": "s1", "dst": "s2", "kind": "refers"}])
    second = book_of(home.current(), DAY)
    home.record([{"event": "relation", "event_id": "b", "src": "s2", "dst": "s1", "kind": "refers"}])
    third = book_of(home.current(), DAY)
    assert third.offers is second.offers
    assert third.network is home.current().network()
    home.record([{"event": "relation", "event_id": "c", "src": "w1", "dst": "f1", "kind": "supplies"}])
    assert len(book_of(home.current(), DAY).offers.rows) == len(third.offers.rows) + 1
