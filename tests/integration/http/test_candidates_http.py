"""Candidates, neighbours and introductions over HTTP, as a user and as a tenant see them."""

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from store.home import TABLES, Home

# Brand b's factory F supplies distributor D (tenant d), which serves the stores S and T; G is a public stranger.
RAW = {
    "parties": [
        {"id": "F", "kind": "factory", "region": "South", "tenant": "b"},
        {"id": "D", "kind": "distributor", "region": "North", "tenant": "d"},
        {"id": "S", "kind": "store", "region": "North", "tenant": "s"},
        {"id": "T", "kind": "store", "region": "North", "tenant": "t"},
        {"id": "G", "kind": "factory", "region": "South"},
        {"id": "C", "kind": "carrier"},
        {"id": "H/1", "kind": "warehouse", "region": "North"},
    ],
    "relations": [
        {"src": "F", "dst": "D", "kind": "supplies", "weight": 4.0, "valid_to": "2026-06-01"},
        {"src": "D", "dst": "S", "kind": "distributes", "weight": 3.0},
        {"src": "D", "dst": "T", "kind": "distributes", "weight": 2.0},
        {"src": "G", "dst": "F", "kind": "vouches", "weight": 1.0},
        {"src": "H/1", "dst": "D", "kind": "serves", "weight": 1.0},
    ],
    "products": [{"sku_id": "soap", "category": "household", "unit_cost_fen": 500, "weight_kg": 2.0}],
    "supply": [
        {"supplier_id": "F", "sku_id": "soap", "capacity": 90, "lead_time_days": 5},
        {"supplier_id": "G", "sku_id": "soap", "capacity": 90, "lead_time_days": 3},
    ],
    "stock": [{"place_id": "H/1", "sku_id": "soap", "owner_id": "F", "pieces": 40}],
    "lanes": [{"carrier_id": "C", "to_region": "North", "transit_days": 2, "fen_per_kg": 10, "max_kg": 100}],
    "exclusives": [{"holder_id": "D", "region": "North", "category": "household"}],
}
ORDER = {"order_id": "o", "sku_id": "soap", "pieces": 10, "buyer_id": "S", "due_date": "2026-03-10"}
PLACED = {"placed_at": "2026-03-02T09:00:00+08:00"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a server over that net."""
    root = tmp_path_factory.mktemp("home")
    Home(root).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in RAW.items()})
    with TestClient(create_app(Settings(home=root, workers=1)), raise_server_exceptions=False) as client:
        yield client


def _candidates(client: TestClient, tenant: str | None = None, **body: object) -> dict:
    headers = {} if tenant is None else {"Evenflow-Tenant": tenant}
    answer = client.post("/v1/candidates", json={"orders": [ORDER | PLACED], **body}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_order_gets_its_candidates(client):
    """From stock by the carrier in two days, from capacity in seven; the stranger would violate D's territory."""
    answer = _candidates(client)
    told = ("supplier_id", "basis", "from_id", "carrier_id", "lead_time_days", "path", "reason", "violated_id")
    assert [[row[name] for name in told] for row in answer["candidates"]] == [
        ["F", "stock", "H/1", "C", 2, "F > D > S", "", ""],
        ["F", "sku", "F", "C", 7, "F > D > S", "", ""],
        ["G", "sku", "G", "C", 5, "", "exclusive", "D"],
    ]
    assert answer["candidates"][0]["freight_fen"] == 200
    assert answer["summary"]["eligible_by_basis"] == {"stock": 1, "sku": 1}
    assert answer["summary"]["today"] == "2026-03-02"


def test_a_relation_that_ended_leads_nowhere(client):
    """F supplied D until June: in July it is a stranger to D's store, whom nobody could introduce."""
    order = ORDER | {"placed_at": "2026-07-01T09:00:00+08:00", "due_date": None, "buyer_id": "D"}
    body = {"orders": [order], "introductions": True}
    rows = client.post("/v1/candidates", json=body).json()["candidates"]
    assert {(row["supplier_id"], row["hops"], row["path"]) for row in rows} == {("F", 0, ""), ("G", 0, "")}
    assert {row["introduction"] for row in rows} == {""}
    earlier = order | {"placed_at": "2026-05-31T09:00:00+08:00"}
    rows = client.post("/v1/candidates", json=body | {"orders": [earlier]}).json()["candidates"]
    assert {(row["supplier_id"], row["path"]) for row in rows} == {("F", "F > D"), ("G", "")}


def test_filters_and_top_leave_candidates_out(client):
    """Only goods on hand; without a supplier who rejected; the first only."""
    assert [row["basis"] for row in _candidates(client, filters={"stock_only": True})["candidates"]] == ["stock"]
    assert [row["supplier_id"] for row in _candidates(client, filters={"without": ["F"]})["candidates"]] == ["G"]
    assert len(_candidates(client, top=1)["candidates"]) == 1


def test_strangers_come_with_an_introduction(client):
    """T asks for its own place in the South, which nobody holds: G vouches for F, who supplies D, who serves T."""
    order = ORDER | PLACED | {"buyer_id": "T", "ship_to": "G", "due_date": None}
    lanes_only_north = client.post("/v1/candidates", json={"orders": [order], "introductions": True}).json()
    assert {row["reason"] for row in lanes_only_north["candidates"]} == {"no_delivery"}
    own = ORDER | PLACED | {"buyer_id": "D"}
    answer = client.post("/v1/candidates", json={"orders": [own], "introductions": True}).json()
    row = next(row for row in answer["candidates"] if row["supplier_id"] == "G")
    assert (row["introduction"], row["introduction_strength"]) == ("D < F < G", 1.0)


def test_a_tenant_sees_its_own_side_only(client):
    """Store S does not see F, D's supplier; nobody asks for another's store, as if it were unknown."""
    rows = _candidates(client, tenant="s")["candidates"]
    assert [row["supplier_id"] for row in rows] == ["G"]
    answer = client.post("/v1/candidates", json={"orders": [ORDER]}, headers={"Evenflow-Tenant": "d"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["expected"] == "the id of a known party"
    own = client.post(
        "/v1/candidates", json={"orders": [ORDER | {"buyer_id": "D"}]}, headers={"Evenflow-Tenant": "d"}
    ).json()
    assert {row["supplier_id"] for row in own["candidates"]} == {"F", "G"}


def _refusal(client: TestClient, path: str, tenant: str, *orders: dict) -> tuple[int, dict]:
    answer = client.post(path, json={"orders": list(orders)}, headers={"Evenflow-Tenant": tenant})
    fault = answer.json().get("errors", [{}])[0]
    return answer.status_code, {name: text for name, text in fault.items() if name != "got"}


@pytest.mark.parametrize("path", ["/v1/candidates", "/v1/matches"])
def test_a_hidden_party_reads_like_an_unknown_one(client, path):
    """S knows D, not its other customer T: neither as a buyer nor as a place of delivery does T differ from nobody."""
    own = ORDER | PLACED
    for column, told in (("buyer_id", "the id of a known party"), ("ship_to", "the id of a known party or a region")):
        hidden = _refusal(client, path, "s", own | {column: "T"})
        assert hidden == _refusal(client, path, "s", own | {column: "nobody"})
        assert (hidden[0], hidden[1]["expected"], hidden[1]["pointer"]) == (422, told, f"/orders/0/{column}")
    first = [own | {"order_id": "p", "ship_to": "nobody"}, own | {"ship_to": "T"}]
    assert _refusal(client, path, "s", *first) == _refusal(client, path, "s", *first[::-1])
    for place in ("D", "North", "", None):
        assert _refusal(client, path, "s", own | {"ship_to": place})[0] == 200


def test_a_tenant_is_matched_with_whom_it_may_know_of(client):
    """Store S does not learn of F, D's supplier, from its matches; the operator is told of it."""
    body = {"orders": [ORDER | PLACED]}
    everything = client.post("/v1/matches", json=body).json()
    assert {row["supplier_id"] for row in everything["alternatives"]} == {"F", "G"}
    answer = client.post("/v1/matches", json=body, headers={"Evenflow-Tenant": "s"})
    assert answer.json()["summary"]["candidates"] == 1
    assert [row["supplier_id"] for row in answer.json()["alternatives"]] == ["G"]
    assert '"F"' not in answer.text
    assert "F >" not in answer.text


def test_stock_in_hidden_places_is_told_apart_but_not_named(tmp_path):
    """G holds stock in two warehouses of others: S may take what lies in both, and learns of neither."""
    places = [{"id": f"W{n}", "kind": "warehouse", "region": "North", "tenant": "w"} for n in (1, 2)]
    stock = [{"place_id": f"W{n}", "sku_id": "soap", "owner_id": "G", "pieces": 6} for n in (1, 2)]
    raw = RAW | {"parties": RAW["parties"] + places, "stock": stock, "supply": RAW["supply"][:1]}
    del raw["exclusives"]
    Home(tmp_path).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()})
    with TestClient(create_app(Settings(home=tmp_path, workers=1))) as client:
        body = {"orders": [ORDER | PLACED]}
        answer = client.post("/v1/matches", json=body, headers={"Evenflow-Tenant": "s"})
        assert answer.json()["summary"]["matched_pieces"] == 10
        assert {row["from_id"] for row in answer.json()["matches"]} == {""}
        assert "W1" not in answer.text
        assert "W2" not in answer.text
        assert client.post("/v1/matches", json=body).json()["summary"]["matched_pieces"] == 10


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"orders": []}, "/orders"),
        ({"orders": [ORDER], "top": 0}, "/top"),
        ({"orders": [ORDER], "filters": {"kinds": ["shop"]}}, "/filters/kinds/0"),
        ({"orders": [ORDER | {"pieces": 0}]}, "/orders/0/pieces"),
        ({"orders": [ORDER | {"sku_id": "gold"}]}, "/orders/0/sku_id"),
        ({"orders": [ORDER | {"buyer_id": "X"}]}, "/orders/0/buyer_id"),
        ({"orders": [ORDER], "filters": {"max_distance_km": -1}}, "/filters/max_distance_km"),
    ],
)
def test_wrong_questions_say_where(client, body, pointer):
    """A problem that points at the field."""
    answer = client.post("/v1/candidates", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_neighbours_come_in_pages(client):
    """The strongest first; a kind, a direction and a day narrow the list."""
    first = client.get("/v1/parties/D/neighbours?limit=2").json()
    assert [row["id"] for row in first["rows"]] == ["F", "S"]
    assert first["total"] == 4
    rest = client.get(f"/v1/parties/D/neighbours?limit=2&cursor={first['next_cursor']}").json()
    assert ([row["id"] for row in rest["rows"]], rest["next_cursor"]) == (["T", "H/1"], None)
    supplied = client.get("/v1/parties/D/neighbours?kind=supplies&direction=in&as_of=2026-05-31").json()
    assert [row["id"] for row in supplied["rows"]] == ["F"]
    assert client.get("/v1/parties/D/neighbours?kind=supplies&as_of=2026-06-01").json()["rows"] == []
    assert (supplied["rows"][0]["valid_from"], supplied["rows"][0]["valid_to"]) == (None, "2026-06-01")
    assert [row["id"] for row in client.get("/v1/parties/H/1/neighbours").json()["rows"]] == ["D"]


@pytest.mark.parametrize(
    "other",
    [
        "/v1/parties/F/neighbours?limit=1",
        "/v1/parties/D/neighbours?limit=1&direction=in",
        "/v1/parties/D/neighbours?limit=1&kind=distributes",
        "/v1/parties/D/neighbours?limit=1&as_of=2026-03-02",
        "/v1/density?limit=1",
    ],
)
def test_a_cursor_walks_the_list_it_came_from(client, other):
    """With another party, other parameters or another list it is refused; with another page size it goes on."""
    cursor = client.get("/v1/parties/D/neighbours?limit=1").json()["next_cursor"]
    answer = client.get(f"{other}&cursor={cursor}")
    assert (answer.status_code, answer.json()["type"]) == (410, "/problems/stale-cursor")
    same = f"/v1/parties/D/neighbours?cursor={cursor}"
    assert [row["id"] for row in client.get(f"{same}&limit=2").json()["rows"]] == ["S", "T"]
    assert client.get(same, headers={"Evenflow-Tenant": "d"}).status_code == 410


def test_a_tenants_party_card_tells_of_its_own_relations_only(client):
    """S buys from D: it sees D and its relation with D, not who else D deals with; D and the operator see all."""
    card = client.get("/v1/parties/D", headers={"Evenflow-Tenant": "s"}).json()
    assert [row["id"] for row in card["neighbours"]] == ["S"]
    assert sum(sum(ways.values()) for ways in card["relations"].values()) == 1
    for headers in ({}, {"Evenflow-Tenant": "d"}):
        card = client.get("/v1/parties/D", headers=headers).json()
        assert {row["id"] for row in card["neighbours"]} == {"F", "H/1", "S", "T"}
        assert sum(sum(ways.values()) for ways in card["relations"].values()) == 4
    assert client.get("/v1/parties/T", headers={"Evenflow-Tenant": "s"}).status_code == 404


def test_a_tenants_neighbours_are_those_it_deals_with(client):
    """S knows D, and of D's relations only its own."""
    answer = client.get("/v1/parties/D/neighbours", headers={"Evenflow-Tenant": "s"}).json()
    assert [row["id"] for row in answer["rows"]] == ["S"]
    assert client.get("/v1/parties/T/neighbours", headers={"Evenflow-Tenant": "s"}).status_code == 404


def test_a_path_or_why_there_is_none(client):
    """Found, too far, ended, the same party; unknown parties are a 404, wrong options a 422."""
    found = client.get("/v1/parties/S/path?to=G&as_of=2026-03-02").json()
    assert (found["path"], found["hops"], found["strength"]) == ("S < D < F < G", 3, 1.0)
    assert [step["relation"] for step in found["steps"]] == ["distributes", "supplies", "vouches"]
    near = client.get("/v1/parties/S/path?to=G&max_hops=2&as_of=2026-03-02").json()
    assert (near["found"], near["steps"]) == (False, [])
    assert near["reason"] == "no path of at most 2 relations that you may know of"
    assert not client.get("/v1/parties/S/path?to=G&as_of=2026-06-01").json()["found"]
    today = client.get("/v1/parties/S/path?to=G").json()  # F supplied D until June 2026
    assert (today["found"], today["as_of"]) == (False, dt.datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat())
    assert not client.get("/v1/parties/S/path?to=G&as_of=2026-03-02&kind=distributes&kind=supplies").json()["found"]
    assert client.get("/v1/parties/S/path?to=S").json()["reason"] == "they are the same party"
    assert client.get("/v1/parties/S/path?to=X").status_code == 404
    assert client.get("/v1/parties/S/path?to=G&max_hops=0").status_code == 422


def test_a_tenants_path_leads_over_what_it_may_know(client):
    """S is public to nobody: its way to G would lead over D's supplier, so there is none to tell."""
    answer = client.get("/v1/parties/S/path?to=G&as_of=2026-03-02", headers={"Evenflow-Tenant": "s"}).json()
    assert (answer["found"], answer["path"]) == (False, "")
