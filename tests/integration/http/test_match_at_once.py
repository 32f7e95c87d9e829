"""A batch of one order is answered straight where its best candidate can serve it; by a solver where it cannot."""

from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from services import match_at_once as module
from store.home import TABLES, Home

NET = {
    "parties": [
        {"id": "f1", "kind": "factory", "lat": 31.0, "lon": 121.0, "region": "east"},
        {"id": "f2", "kind": "factory", "lat": 30.0, "lon": 120.0, "region": "east", "categories": "shirts",
         "capacity_per_day": 40.0},
        {"id": "d1", "kind": "distributor"},
        {"id": "s1", "kind": "store", "lat": 31.2, "lon": 121.5, "region": "east"},
    ],
    "relations": [
        {"src": "f1", "dst": "d1", "kind": "supplies", "weight": 1.0},
        {"src": "d1", "dst": "s1", "kind": "distributes", "weight": 2.0},
    ],
    "products": [
        {"sku_id": "red", "category": "shirts", "unit_cost_fen": 500, "price_fen": 900, "weight_kg": 0.3},
        {"sku_id": "blue", "category": "shirts", "price_fen": 900},
    ],
    "supply": [
        {"supplier_id": "f1", "sku_id": "red", "capacity": 100, "unit_cost_fen": 480, "lead_time_days": 3},
        {"supplier_id": "d1", "sku_id": "red", "capacity": 20, "unit_cost_fen": 520, "lead_time_days": 1,
         "minimum_order": 5},
        {"supplier_id": "f1", "sku_id": "blue", "capacity": 9, "lead_time_days": 4},
    ],
    "stock": [{"place_id": "d1", "sku_id": "red", "pieces": 7}],
    "terms": [{"buyer_id": "s1", "supplier_id": "d1", "limit_fen": 4000, "terms_days": 30, "annual_rate": 0.1}],
}  # fmt: skip
ORDERS = [
    {"sku_id": "red", "pieces": 3},
    {"sku_id": "red", "pieces": 6, "due_date": "2026-03-03"},
    {"sku_id": "red", "pieces": 12, "max_price_fen": 600},
    {"sku_id": "red", "pieces": 90, "unmatched_penalty": 0.0},
    {"sku_id": "red", "pieces": 100},
    {"sku_id": "red", "pieces": 130},
    {"sku_id": "blue", "pieces": 2},
    {"sku_id": "blue", "pieces": 20, "unmatched_penalty": 0.1},
]
TOLERANCE = {"rel": 1e-6, "abs": 1e-6}  # the flow rounds scores to whole numbers of steps
WHOLE = {"seconds", "cpu_seconds", "peak_mb", "method"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory):
    """A server over a net with a middleman, stock, a category made on request and a short line of credit."""
    home: Path = tmp_path_factory.mktemp("home")
    Home(home).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in NET.items()})
    with TestClient(create_app(Settings(home=home, workers=1)), raise_server_exceptions=False) as client:
        yield client


def matched(client, order, content_type, **options):
    """Return the answer but for what it took; a content type with parameters goes the usual way."""
    whole = {"order_id": "o", "buyer_id": "s1", "placed_at": "2026-03-01T09:00:00+08:00", **order}
    body = client.build_request("POST", "/v1/matches", json={"orders": [whole], **options}).content
    answer = client.post("/v1/matches", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["Snapshot-Age-Seconds"]) >= 0
    told = answer.json()
    return told | {"summary": {name: value for name, value in told["summary"].items() if name not in WHOLE}}


def test_it_is_what_the_solver_finds(client, monkeypatch):
    """Candidate by candidate; at least these are straight, and those that need a solver are not."""
    straight = []

    def watched(*given, **options):
        found = module_answer(*given, **options)
        straight.append(found is not None)
        return found

    module_answer = module.match_at_once
    monkeypatch.setattr(module, "match_at_once", watched)
    client.post("/v1/matches/route", json={"order": {"order_id": "o", "buyer_id": "s1", **ORDERS[0],
                                                     "placed_at": "2026-03-01T09:00:00+08:00"}})  # fmt: skip
    for top in (1, 20):
        for order in ORDERS:
            soon = matched(client, order, "application/json", top=top)
            usual = matched(client, order, "application/json; charset=utf-8", top=top)
            assert_same(usual, soon, f"{order} top {top}")
    assert any(straight)
    assert not all(straight)


def assert_same(usual, soon, where):
    """Numbers are near, all else is equal, but for the rival (either of equals) and a status that rounding decides."""
    if isinstance(usual, dict):
        assert set(usual) == set(soon), where
        for name in set(usual) - {"runner_up", "status"}:
            assert_same(usual[name], soon[name], f"{where} {name}")
    elif isinstance(usual, list):
        assert len(usual) == len(soon), where
        for row, (one, other) in enumerate(zip(usual, soon, strict=True)):
            assert_same(one, other, f"{where} {row}")
    elif isinstance(usual, float):
        assert soon == pytest.approx(usual, **TOLERANCE), where
    else:
        assert usual == soon, where


@pytest.mark.parametrize("path", ["/v1/matches", "/v1/matches/route"])
def test_a_body_that_proves_too_long_is_refused_as_everywhere(tmp_path, path):
    """Nothing declares its length: it is read part by part until it is too much."""
    settings = Settings(home=tmp_path, workers=1, max_body_mb=1)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        parts = (b" " * 2**19 for _ in range(3))
        answer = client.post(path, content=parts, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (413, "body-too-large")
