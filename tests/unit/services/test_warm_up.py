"""What a server does before its first match."""

from pathlib import Path

import pandas as pd
import pytest

from services.match_at_once import match_at_once
from services.network_routes import route_on
from services.warm_up import warm_up
from store.home import TABLES, Home
from store.prices import PriceShelf

PARTIES = [{"id": "f", "kind": "factory"}, {"id": "s", "kind": "store"}]
SUPPLY = [{"supplier_id": "f", "sku_id": "soap", "capacity": 9, "unit_cost_fen": 100}]


def published(root: Path, **raw) -> Home:
    home = Home(root)
    home.publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()})
    return home


def test_todays_index_is_there_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A match of today indexes nothing any more, and nothing was written."""
    snapshot = published(tmp_path, parties=PARTIES, supply=SUPPLY).current()
    before = sorted(tmp_path.rglob("*"))
    assert warm_up(snapshot)
    monkeypatch.setattr("graph.candidates.supply_book.SupplyBook.of", None)
    order = {"order_id": "o", "sku_id": "soap", "pieces": 2, "buyer_id": "s"}
    assert route_on(snapshot, pd.DataFrame([order])).summary["matched_pieces"] == 2
    assert match_at_once(snapshot, PriceShelf(tmp_path), order)["summary"]["matched_pieces"] == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_a_decision_of_given_candidates_is_compiled_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Also where nothing is offered: whoever asks to hold pieces names the candidates."""
    decided = []
    monkeypatch.setattr("services.warm_up.decide", decided.append)
    warm_up(published(tmp_path, parties=PARTIES).current())
    assert decided[0]["order"]["pieces"] == 1


def test_a_net_that_offers_nothing_is_left_alone(tmp_path: Path):
    """No sku, nothing to match."""
    assert not warm_up(published(tmp_path, parties=PARTIES).current())
