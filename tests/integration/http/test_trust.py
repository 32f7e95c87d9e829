"""Trust over HTTP: scores, paths, and what a tenant may read of them."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from store.home import TABLES, Home

RAW = {
    "parties": [
        {"id": "b", "kind": "brand", "tenant": "b"},
        {"id": "d", "kind": "distributor", "tenant": "d"},
        {"id": "e", "kind": "distributor", "tenant": "e"},
        {"id": "f", "kind": "factory", "tenant": "f"},
        {"id": "x/1", "kind": "workshop"},
        {"id": "x2", "kind": "workshop"},
    ],
    "relations": [
        {"src": "b", "dst": "d", "kind": "distributes"},
        {"src": "f", "dst": "b", "kind": "supplies"},
        {"src": "b", "dst": "x2", "kind": "vouches", "first_at": "2026-01-01"},
        {"src": "x/1", "dst": "x2", "kind": "vouches"},
        {"src": "x2", "dst": "x/1", "kind": "vouches"},
    ],
    "judgements": [
        {"src": "b", "dst": "d", "weight": 2, "at": "2026-01-05"},
        {"src": "d", "dst": "f", "weight": 1, "at": "2026-01-06"},
        {"src": "d", "dst": "e", "weight": 1, "at": "2026-01-06"},
        {"src": "e", "dst": "f", "weight": -1, "at": "2026-01-07"},
    ],
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a server over six parties of four tenants."""
    root: Path = tmp_path_factory.mktemp("trust")
    Home(root).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in RAW.items()})
    with TestClient(create_app(Settings(home=root, workers=1)), raise_server_exceptions=False) as client:
        yield client


def test_a_pair_is_explained(client: TestClient):
    """b trusts d, who trusts f, and e, who does not."""
    card = client.get("/v1/trust", params={"from": "b", "to": "f"}).json()
    assert (card["own"], card["through"], card["hidden_share"]) == (0, "d", 0)
    paths = {tuple(path["parties"]): path["trusts"] for path in card["paths"]}
    assert paths == {("b", "d", "f"): True, ("b", "d", "e", "f"): False}
    assert sum(path["share"] for path in card["paths"]) == pytest.approx(1)
    assert 0 < card["walked"] < 1


def test_a_tenant_asks_for_its_own_parties_and_reads_no_judgement_among_others(client: TestClient):
    """Of the paths from b to f it reads none: both end in what others say about each other."""
    as_b = {"Evenflow-Tenant": "b"}
    card = client.get("/v1/trust", params={"from": "b", "to": "f"}, headers=as_b).json()
    assert card["paths"] == []
    assert card["hidden_share"] == pytest.approx(1)
    assert card["score"] == client.get("/v1/trust", params={"from": "b", "to": "f"}).json()["score"]
    for query in ({"from": "d", "to": "f"}, {"from": "b", "to": "e"}):
        assert client.get("/v1/trust", params=query, headers=as_b).status_code == 404


def test_a_party_has_its_score_its_vouchers_and_its_circle(client: TestClient):
    """Ids with slashes, too."""
    card = client.get("/v1/parties/x2/trust").json()
    assert (card["vouched_by"], card["vouches_for"], card["circle"]) == (["b", "x/1"], ["x/1"], ["x/1"])
    assert client.get("/v1/parties/x/1/trust").json()["circle"] == ["x2"]
    f = client.get("/v1/parties/f/trust", params={"seeds": ["b"]}).json()
    assert (f["trusted_by"], f["distrusted_by"]) == (1, 1)
    assert f["paths"][0]["parties"][0] == "b"


def test_unknown_ids_are_named(client: TestClient):
    """404 as everywhere; a party without the word trust behind it is still a card."""
    for address in ("/v1/parties/nobody/trust", "/v1/trust?from=b&to=nobody", "/v1/parties/f/trust?seeds=nobody"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "nobody" in answer.json()["detail"]
    assert client.get("/v1/parties/x/1").json()["id"] == "x/1"


def test_a_tenant_names_seeds_of_its_own_only(client: TestClient):
    """Scores from d's eyes would tell b whom d trusts; from its own they are there."""
    as_b = {"Evenflow-Tenant": "b"}
    assert client.get("/v1/parties/f/trust?seeds=d", headers=as_b).status_code == 404
    assert client.get("/v1/parties/f/trust?seeds=b", headers=as_b).status_code == 200
