"""Scorecards of a loaded network: `evenflow load`, the services and the HTTP interface."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.cli.main import app
from api.http.app import create_app
from api.settings import Settings
from services.network_scores import network_cards, supplier_reliability
from store.home import Home

FILES = {
    "parties": """\
id,kind,region,tenant
f1,factory,Ningbo,alpha
f/2,factory,Foshan,beta
f3,factory,Foshan,
s1,store,East,alpha
s2,store,East,beta
s3,store,East,beta
""",
    "relations": "src,dst,kind\nf/2,s1,supplies\n",
    "deliveries": """\
supplier_id,promised_at,delivered_at,delivered_pieces,defective_pieces,delivery_id,buyer_id
f1,2026-02-01,2026-02-01,100,0,lot1,s1
f1,2026-02-03,2026-02-03,100,0,lot2,s2
f/2,2026-02-03,2026-02-09,100,0,lot3,s1
nobody,2026-02-03,2026-02-09,100,0,lot4,s1
f1,2026-02-03,2026-02-05,100,101,lot5,s1
""",
    "evidence": """\
party_id,at,source,kind,aspect,value
f/2,2026-02-10,lab,rating,on_time,0.5
f3,2026-02-10,lab,rating,overall,0.5
nobody,2026-02-10,lab,rating,on_time,0.5
f1,2026-02-10,lab,rating,on_time,
""",
    "ledger": """\
trade_id,buyer_id,supplier_id,at,event,amount_fen,due_at
t1,s1,f1,2026-01-05,invoiced,1000,2026-02-04
t1,s1,f1,2026-02-01,paid,1000,
t2,s2,f1,2026-01-05,invoiced,1000,2026-02-04
t3,s3,f1,2026-02-12,ordered,1000,
""",
    "terms": "buyer_id,supplier_id,limit_fen,terms_days\ns1,f1,100000,30\n",
    "lots": "lot_id,step,party_id,process_step,role,pieces,at\nlot1,1,f1,sew,factory,100,2026-01-20\n",
    "claims": """\
claim_id,lot_id,at,kind,pieces,amount_fen
c1,lot1,2026-02-11,defect,30,3000
c2,lot1,2026-02-11,late,30,3000
""",
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """A home with the files above, and what the loading said."""
    folder = tmp_path_factory.mktemp("net")
    for name, text in FILES.items():
        (folder / f"{name}.csv").write_text(text)
    home = folder / "home"
    done = CliRunner().invoke(app, ["load", str(folder), "--home", str(home), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return home, json.loads(done.stdout)


@pytest.fixture(scope="module")
def client(loaded: tuple[Path, dict[str, object]]) -> Iterator[TestClient]:
    """A client of a server over it."""
    with TestClient(create_app(Settings(home=loaded[0], workers=1))) as client:
        yield client


def test_deliveries_and_evidence_are_loaded_and_bad_rows_told(loaded: tuple[Path, dict[str, object]]) -> None:
    """Two rows of each cannot be used: nobody's, and one that contradicts itself."""
    home, summary = loaded
    assert (summary["deliveries"], summary["evidence"]) == (3, 2)
    assert summary["quarantined"] == {"deliveries": 2, "evidence": 2}
    reasons = pd.read_csv(home.parent / "quarantine" / "deliveries.csv")["reason"].tolist()
    assert reasons[0] == "supplier_id: expected the id of a party, got nobody"
    assert reasons[1] == "defective_pieces: expected not above delivered_pieces (100), got 101"


def test_a_supplier_has_its_card(client: TestClient) -> None:
    """A score with range, parts, reasons and evidence; claims count into its defects; ids may hold slashes."""
    body = client.get("/v1/parties/f/2/scorecard").json()
    assert (body["party_id"], body["as_of"]) == ("f/2", "2026-02-12")
    (card,) = body["cards"]
    assert (card["kind"], card["rank"], card["figures"]["n"]) == ("supplier", 2, 1)
    assert card["low"] < card["value"] < card["high"]
    assert [part["part"] for part in card["parts"]] == ["own", "prior", "third_party"]
    assert sum(part["contribution"] for part in card["parts"]) == pytest.approx(card["value"])
    assert len(card["reasons"]) == 3
    blamed = client.get("/v1/parties/f1/scorecard").json()["cards"][0]["rates"]["defect_ppm"]
    assert blamed["parts"][0]["value"] > 50_000  # of 200 pieces most of the 30 claimed ones


def test_a_buyer_has_its_card(client: TestClient) -> None:
    """s2 has not paid; s3 has only ordered."""
    (card,) = client.get("/v1/parties/s2/scorecard").json()["cards"]
    assert (card["kind"], card["rank"], card["figures"]["open_invoices"]) == ("buyer", 2, 1)
    assert card["rates"]["late_share"]["value"] > 0.4


def test_a_newcomer_has_the_mean_of_all(client: TestClient) -> None:
    """Of both kinds, with no evidence."""
    cards = client.get("/v1/parties/s3/scorecard").json()["cards"]
    assert [(card["kind"], card["evidence_n"], card["rank"]) for card in cards] == [
        ("supplier", 0, None),
        ("buyer", 0, None),
    ]


def test_a_day_before_everything_knows_nothing(client: TestClient) -> None:
    """No value, and it says so."""
    card = client.get("/v1/parties/f1/scorecard", params={"as_of": "2020-01-01"}).json()["cards"][0]
    assert (card["value"], card["reasons"]) == (None, ["no deliveries are known of anybody"])


@pytest.mark.parametrize("day", ["0001-01-01", "1677-09-01", "2262-04-12", "2300-01-01", "9999-12-31"])
def test_far_days_are_answered(client: TestClient, day: str) -> None:
    """Beyond what nanoseconds can tell, of both kinds of cards."""
    for path in ("/v1/parties/s2/scorecard?", "/v1/scorecards?kind=buyer&", "/v1/scorecards?kind=supplier&"):
        answer = client.get(f"{path}as_of={day}")
        assert (answer.status_code, answer.json()["as_of"]) == (200, day), answer.text


def test_cards_are_listed_in_pages(client: TestClient) -> None:
    """The most reliable first; a cursor walks one list only."""
    first = client.get("/v1/scorecards", params={"limit": 1}).json()
    assert (first["total"], first["rows"][0]["supplier_id"]) == (2, "f1")
    second = client.get("/v1/scorecards", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert (second["rows"][0]["supplier_id"], second["next_cursor"]) == ("f/2", None)
    other = client.get("/v1/scorecards", params={"kind": "buyer", "cursor": first["next_cursor"]})
    assert other.status_code == 410
    buyers = client.get("/v1/scorecards", params={"kind": "buyer"}).json()
    assert [row["buyer_id"] for row in buyers["rows"]] == ["s1", "s2"]


def test_a_tenant_sees_cards_of_whom_it_may_know(client: TestClient) -> None:
    """Beta does not deal with f1; alpha deals with f/2. Ranks stay those among all."""
    beta = {"Evenflow-Tenant": "beta"}
    assert client.get("/v1/parties/f1/scorecard", headers=beta).status_code == 404
    rows = client.get("/v1/scorecards", headers=beta).json()["rows"]
    assert [(row["supplier_id"], row["rank"]) for row in rows] == [("f/2", 2)]
    assert client.get("/v1/parties/f/2/scorecard", headers={"Evenflow-Tenant": "alpha"}).status_code == 200
    assert client.get("/v1/scorecards", headers={"Evenflow-Tenant": "nobody"}).json()["total"] == 0


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/parties/nobody/scorecard", 404),
        ("/v1/parties/f1/scorecard?as_of=soon", 422),
        ("/v1/scorecards?kind=carrier", 422),
        ("/v1/scorecards?limit=0", 422),
        ("/v1/scorecards?cursor=x", 422),
    ],
)
def test_wrong_requests_are_problems(client: TestClient, path: str, status: int) -> None:
    """Typed ones."""
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_routes_may_ask_for_reliability(loaded: tuple[Path, dict[str, object]]) -> None:
    """One row per supplier of whom something is known, none for the others."""
    snapshot = Home(loaded[0]).current()
    frame = supplier_reliability(snapshot).set_index("supplier_id")
    assert frame.loc["f1", "otif_low"] > frame.loc["f/2", "otif_low"]
    assert "s1" not in frame.index
    assert frame.notna().all(axis=None)
    assert network_cards(snapshot, "supplier") is network_cards(snapshot, "supplier")
