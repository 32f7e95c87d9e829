"""Prices over HTTP: made from orders behind a replay, versioned, activated; orders routed by them one at a time."""

from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from services import network_router
from services.keys import create_key
from services.network_router import route_at_once
from services.network_routes import route_on
from services.refresh_prices import record_left, refresh_prices
from store.home import TABLES, Home
from store.prices import PriceShelf
from tests.integration.http.conftest import RAW

PLACED = "2026-03-01T09:00:00+08:00"
LIKED = {"sku_id": "soap", "buyer_id": "s1", "placed_at": PLACED}
ORDERS = [{"order_id": f"o{n}", "pieces": 10, **LIKED} for n in range(40)]


@contextmanager
def server(folder: Path):
    """Serve the small net, whose orders ask for twice what there is."""
    raw = RAW | {"orders": ORDERS}
    raw["parties"] = [party | {"tenant": party["id"]} for party in RAW["parties"]]
    Home(folder).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()})
    with TestClient(create_app(Settings(home=folder, workers=1)), raise_server_exceptions=False) as client:
        client.home = folder
        yield client


@pytest.fixture
def priced(tmp_path: Path):
    """A server that may be given prices."""
    with server(tmp_path) as client:
        yield client


@pytest.fixture(scope="module")
def unpriced(tmp_path_factory: pytest.TempPathFactory):
    """A server to which no prices are published."""
    with server(tmp_path_factory.mktemp("unpriced")) as client:
        yield client


def route(client, **body):
    order = {"order_id": "o", "pieces": 30, **LIKED, **body.pop("order", {})}
    answer = client.post("/v1/matches/route", json={"order": order, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def refreshed(client, events=(), **options):
    """Do what the job does, without a process: the document's example runs the job itself."""
    snapshot, shelf = Home(client.home).current(), PriceShelf(client.home)
    record_left(snapshot, shelf, list(events))
    return refresh_prices(snapshot, shelf, at="2026-03-01T00:00:00Z", **options).summary


def test_without_prices_it_is_the_batch_of_one(unpriced):
    """Scores, costs and choice of a single order are those of `route_on`, candidate by candidate."""
    told = route(unpriced, order={"pieces": 120})
    row = {"order_id": "o", "pieces": 120, **LIKED}
    batch = route_on(Home(unpriced.home).current(), pd.DataFrame([row])).alternatives.set_index("supplier_id")
    assert told["price_version"] == 0
    assert [(m["supplier_id"], m["pieces"]) for m in told["matches"]] == [("f1", 100), ("f2", 20)]
    for row in told["alternatives"]:
        same = batch.loc[row["supplier_id"]]
        assert row["score"] == pytest.approx(same["score"])
        assert [row[name] for name in ("goods_fen", "operating_fen", "channel_fen", "cost_fen", "path")] == [
            same[name] for name in ("goods_fen", "operating_fen", "channel_fen", "cost_fen", "path")
        ]
        assert row["promised_date"] == str(same["promised_date"].date())
        assert row["pieces"] == same["served_pieces"]
    assert route(unpriced, order={"pieces": 120}) == told


def test_prices_are_made_kept_and_told(priced):
    """A refresh over twice the demand prices every piece; the page tells value, version, cause and replay."""
    assert priced.get("/v1/prices").json() | {"version": 0, "rows": []} == priced.get("/v1/prices").json()
    summary = refreshed(priced)
    assert summary["version"] == 1
    page = priced.get("/v1/prices", params={"language": "zh"}).json()
    assert page["serves"] == summary["serves"] is True
    assert [row["supplier_id"] for row in page["rows"]] == ["f1", "f2"]
    assert all(row["price"] > 1 and row["supplier_id"] in row["words"] for row in page["rows"])
    assert page["new_objective"] >= page["old_objective"]
    told = route(priced)
    assert told["price_version"] == 1
    assert told["alternatives"][0]["price"] == pytest.approx(page["rows"][0]["price"])
    assert priced.get("/v1/prices", params={"supplier_id": "nobody"}).status_code == 404


def test_versions_are_activated_and_rolled_back(priced):
    """An earlier version serves again when asked; the history says which does."""
    refreshed(priced)
    refreshed(priced, cause="wave", share=3.0)
    assert priced.post("/v1/prices/versions/2/activate", json={}).json()["serves"]
    assert route(priced)["price_version"] == 2
    assert priced.post("/v1/prices/versions/1/activate", json={}).json()["cause"] == "nightly"
    assert route(priced)["price_version"] == 1
    listed = priced.get("/v1/prices/versions").json()["versions"]
    assert [(one["version"], one["serves"], one["cause"]) for one in listed] == [
        (2, False, "wave"),
        (1, True, "nightly"),
    ]
    assert priced.get("/v1/prices/versions/2").json()["total"] == 2
    assert priced.post("/v1/prices/versions/9/activate", json={}).status_code == 404
    assert priced.get("/v1/prices/versions/9").status_code == 404


def test_a_supplier_that_is_down_gets_nothing_at_once_and_is_back(priced):
    """Before any price is made; a cut takes room; back means all of it again."""
    event = {"event": "supplier_down", "supplier_id": "f1"}
    refreshed(priced, cause="supplier_down", events=[event])
    reasons = {row["supplier_id"]: row["reason"] for row in route(priced)["alternatives"]}
    assert reasons["f1"] == "supplier_down"
    cut = {"event": "capacity_cut", "supplier_id": "f1", "left_share": 0.2}
    refreshed(priced, cause="capacity_cut", events=[cut])
    assert {row["supplier_id"]: row["room"] for row in route(priced)["alternatives"]} == {"f1": 20, "f2": 100}
    assert priced.get("/v1/prices").json()["left_now"] == {"f1": 0.2}
    refreshed(priced, cause="supplier_back", events=[{"event": "supplier_back", "supplier_id": "f1"}])
    assert {row["room"] for row in route(priced)["alternatives"]} == {100}


def test_a_rejection_is_routed_around_in_one_call(unpriced):
    """The rejecter keeps its row and the reason; what would have served the rest is told."""
    told = route(unpriced, order={"pieces": 120}, rejected_by=["f1"], language="en")
    assert [(m["supplier_id"], m["pieces"]) for m in told["matches"]] == [("f2", 100)]
    assert {row["supplier_id"]: row["reason"] for row in told["alternatives"]} == {"f1": "rejected", "f2": "chosen"}
    assert told["unserved"] == 20
    assert told["lacking"] == {
        "reason": "missing_capacity",
        "supplier_id": "f2",
        "pieces": 20,
        "words": "20 pieces unserved: 20 more at f2 would have served them.",
    }
    assert "rejected" in told["alternatives"][1]["words"]


def test_a_rejecter_that_nobody_knows_is_refused(unpriced):
    """A mistyped name would send the order back to whom refused it."""
    asked = {"order": {"order_id": "o", "pieces": 30, **LIKED}, "rejected_by": ["f1", "f9"]}
    refused = unpriced.post("/v1/matches/route", json=asked)
    assert refused.status_code == 422
    assert refused.json()["detail"] == "rejected_by: expected ids of parties of the loaded network, got f9"


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"due_date": "2026-03-02"}, "late"),
        ({"max_price_fen": 100}, "over_price"),
    ],
)
def test_hard_limits_have_their_code(unpriced, order, code):
    """Nobody can be there in a day, nor sell at a fifth of the cost; the reason is told for the pieces left, too."""
    told = route(unpriced, order=order, language="zh")
    assert {row["reason"] for row in told["alternatives"]} == {code}
    assert (told["unserved"], told["lacking"]["reason"]) == (30, code)


def test_a_tenant_sees_its_own_and_those_it_deals_with(priced):
    """s/2 deals with f2 only; it may not ask for another's buyer."""
    refreshed(priced)
    tenant = {"Evenflow-Tenant": "s/2"}
    page, whole = (priced.get("/v1/prices", headers=headers).json() for headers in (tenant, {}))
    assert [row["supplier_id"] for row in page["rows"]] == ["f2"]
    assert (page["orders"], page["pieces"], page["new_objective"]) == (None, None, None)  # of everybody's day
    assert whole["orders"] == len(ORDERS)
    order = {"order_id": "o", "pieces": 30, **LIKED}
    answer = priced.post("/v1/matches/route", json={"order": order}, headers=tenant)
    assert answer.status_code == 422
    own = priced.post("/v1/matches/route", json={"order": order | {"buyer_id": "s/2"}}, headers=tenant).json()
    assert [row["supplier_id"] for row in own["alternatives"]] == ["f2"]


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ({"sku_id": "gold"}, "sku_id"),
        ({"buyer_id": "nobody"}, "buyer_id"),
        ({"ship_to": "nowhere"}, "ship_to"),
        ({"pieces": 0}, "pieces"),
        ({"pieces": -1}, "pieces"),
        ({"pieces": 2.5}, "pieces"),
        ({"due_date": "soon"}, "due_date"),
        ({"due_date": "2026-02-31"}, "due_date"),
        ({"placed_at": "yesterday"}, "placed_at"),
        ({"unmatched_penalty": -1}, "unmatched_penalty"),
        ({"unmatched_penalty": "much"}, "unmatched_penalty"),
    ],
)
def test_a_wrong_order_is_refused_by_name(unpriced, order, told):
    """A problem that names the field."""
    body = {"order": {"order_id": "o", "pieces": 30, **LIKED} | order}
    answer = unpriced.post("/v1/matches/route", json=body)
    assert answer.status_code == 422, answer.text
    assert told in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"cause": "boredom"}, "cause"),
        ({"share": 0}, "share"),
        ({"events": [{"event": "supplier_down", "supplier_id": "nobody"}]}, "nobody"),
        ({"events": [{"event": "capacity_cut", "supplier_id": "f1"}]}, "left_share"),
        ({"events": [{"event": "capacity_cut", "supplier_id": "f1", "left_share": 1}]}, "left_share"),
        ({"orders": []}, "orders"),
    ],
)
def test_a_wrong_refresh_is_refused_at_once(unpriced, body, told):
    """No job starts, and no supplier is taken down."""
    answer = unpriced.post("/v1/prices/refresh", json=body)
    assert answer.status_code == 422, answer.text
    assert told in answer.text
    assert unpriced.get("/v1/prices").json()["left_now"] == {}


def test_a_batch_knows_who_is_down_and_which_prices_decided(priced):
    """All orders at once make their own prices; at the published ones each is decided as if it came alone."""
    refreshed(priced, cause="supplier_down", events=[{"event": "supplier_down", "supplier_id": "f1"}])
    orders = [{"order_id": f"o{n}", "pieces": 60, **LIKED} for n in range(2)]
    own = priced.post("/v1/matches", json={"orders": orders, "language": "en"}).json()
    assert own["price_version"] is None
    assert {row["supplier_id"] for row in own["matches"]} == {"f2", None}
    assert {row["reason"] for row in own["alternatives"] if row["supplier_id"] == "f1"} == {"supplier_down"}
    assert "f1 is down." in {row["words"] for row in own["told"]}
    published = priced.post("/v1/matches", json={"orders": orders[:1], "at_prices": "published"}).json()
    alone = route(priced, order={"pieces": 60})
    assert published["price_version"] == alone["price_version"] == 1
    assert [row["pieces"] for row in published["matches"]] == [row["pieces"] for row in alone["matches"]]
    prices = {row["supplier_id"]: row["price"] for row in published["prices"]}
    assert prices["f2"] == alone["alternatives"][0]["price"]
    refreshed(priced, cause="supplier_back", events=[{"event": "supplier_back", "supplier_id": "f1"}])
    again = priced.post("/v1/matches", json={"orders": orders}).json()
    assert {row["supplier_id"] for row in again["matches"]} == {"f1", "f2"}


def test_a_batch_before_any_prices_says_so(unpriced):
    """Version 0: capacity costs nothing."""
    answer = unpriced.post("/v1/matches", json={"orders": ORDERS[:1], "at_prices": "published"}).json()
    assert answer["price_version"] == 0
    assert {row["price"] for row in answer["prices"]} == {0.0}


@pytest.fixture
def straight(monkeypatch):
    """What was answered straight: True, or False where something had to be read or indexed before."""
    seen = []

    def watched(*given, **options):
        seen.append(None)
        told = route_at_once(*given, **options)
        seen[-1] = told is not None
        return told

    monkeypatch.setattr(network_router, "route_at_once", watched)
    return seen


def test_what_is_indexed_already_is_answered_straight_and_the_same(priced, straight):
    """The first order waits for the index, the next doesn't; changes and new prices count from the next order on."""
    first, second = route(priced, language="en"), route(priced, language="en")
    assert (first, straight) == (second, [True])
    refreshed(priced)
    priced.post("/v1/prices/versions/1/activate", json={})
    assert [route(priced)["price_version"] for _ in range(2)] == [1, 1]
    assert straight == [True, False, True]
    event = {"event_id": "e", "event": "relation", "src": "f2", "dst": "s1", "kind": "supplies", "weight": 9.0}
    assert priced.post("/v1/relations", json={"events": [event]}).json()["applied"] == 1
    later = [route(priced) for _ in range(2)]
    assert straight == [True, False, True, False, True]
    assert later[0] == later[1]
    assert [row["tie_strength"] for row in later[0]["alternatives"] if row["supplier_id"] == "f2"] == [9.0]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"{", (400, 422), ""),
        (b'{"order": {"order_id": "o", "pieces": "many", "sku_id": "soap", "buyer_id": "s1"}}', (422,), "pieces"),
        (b'{"order": {"order_id": "o", "pieces": 1, "sku_id": "no", "buyer_id": "s1"}}', (422,), "sku_id"),
        (b'{"order": {"order_id": "o", "pieces": 1, "sku_id": "soap", "buyer_id": "s1"}, "top": 0}', (422,), "top"),
    ],
)
def test_what_is_wrong_is_told_by_the_route(priced, body, status, told):
    """As if nothing were answered straight."""
    route(priced)
    answer = priced.post("/v1/matches/route", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in status
    assert told in answer.text


def test_a_key_without_the_scope_is_refused_straight_or_not(tmp_path, priced, straight):
    """One check serves both ways."""
    del priced
    app = create_app(Settings(home=tmp_path, workers=1, access="keys"))
    with TestClient(app, raise_server_exceptions=False) as client:
        for scopes, status in ((["network:read"], 403), (["matches:read"], 200)):
            made = create_key(app.state.house.database, name="k", role="router", scopes=scopes, now_ms=0)
            order = {"order_id": "o", "pieces": 1, **LIKED}
            for _ in range(2):
                headers = {"Authorization": f"Bearer {made.secret}"}
                answer = client.post("/v1/matches/route", json={"order": order}, headers=headers)
                assert answer.status_code == status, answer.text
    assert straight == [True]
