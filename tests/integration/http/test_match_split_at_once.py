"""A batch of one order that several candidates serve together: what is told without a solver is what a solver finds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from services import match_at_once as module
from store.home import TABLES, Home
from tests.integration.http.test_match_at_once import assert_same, matched

N = 7


def net(seed: int) -> dict[str, list[dict]]:
    """Suppliers with little room, some with a smallest lot, some whose credit is short or just enough."""
    rng = np.random.default_rng(seed)
    makers = [f"f{k}" for k in range(N)]
    places = rng.uniform([25.0, 110.0], [35.0, 122.0], (N, 2)).round(3).tolist()
    parties = [
        {"id": name, "kind": "factory", "lat": lat, "lon": lon} for name, (lat, lon) in zip(makers, places, strict=True)
    ]
    offers = [
        {"supplier_id": name, "sku_id": "red", "capacity": int(rng.integers(0, 15)), "lead_time_days": 3,
         "unit_cost_fen": int(rng.integers(300, 900)), "minimum_order": int(rng.choice([1, 1, 1, 4]))}
        for name in makers
    ]  # fmt: skip
    terms = [
        {"buyer_id": "s1", "supplier_id": name, "limit_fen": int(rng.choice([3_000, 9_000, 10**7])), "terms_days": 30}
        for name in makers[:3]
    ]
    return {
        "parties": [*parties, {"id": "s1", "kind": "store", "lat": 31.2, "lon": 121.5}],
        "relations": [{"src": name, "dst": "s1", "kind": "supplies", "weight": 1.0} for name in makers],
        "products": [{"sku_id": "red", "category": "shirts", "price_fen": 900}],
        "supply": offers,
        "terms": terms,
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_split_is_what_the_solver_finds(tmp_path: Path, monkeypatch, seed):
    """Pieces, money, prices, margins, objective and bound; which of equals is the rival is left open."""
    Home(tmp_path).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in net(seed).items()})
    straight = watched(monkeypatch)
    shared = 0
    with TestClient(create_app(Settings(home=tmp_path, workers=1)), raise_server_exceptions=False) as client:
        order = {"order_id": "o", "sku_id": "red", "pieces": 1, "buyer_id": "s1"}
        client.post("/v1/matches/route", json={"order": order | {"placed_at": "2026-03-01T09:00:00+08:00"}})
        for pieces in (7, 16, 30):
            straight.clear()
            soon = matched(client, {"sku_id": "red", "pieces": pieces}, "application/json")
            if straight != [True]:
                continue
            usual = matched(client, {"sku_id": "red", "pieces": pieces}, "application/json; charset=utf-8")
            assert_same(usual, soon, f"seed {seed}, {pieces} pieces")
            assert (soon["summary"]["gap"], soon["summary"]["status"]) == (0.0, "optimal")
            shared += len(soon["matches"]) > 1
    assert shared >= 1


def watched(monkeypatch) -> list[bool]:
    """Whether each order was matched without a solver."""
    seen: list[bool] = []
    at_once = module.match_at_once

    def watch(*given, **options):
        found = at_once(*given, **options)
        seen.append(found is not None)
        return found

    monkeypatch.setattr(module, "match_at_once", watch)
    return seen
