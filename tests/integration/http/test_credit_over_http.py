"""Credit and after-sales of a loaded network, as its tenants see them."""

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from services.load_network import load_network
from store.home import Home

FILES = {
    "parties": """\
id,kind,tenant
F/1,factory,fac
S1,store,one
S2,store,two
W1,workshop,work
C1,carrier,
X,store,xtra
""",
    "relations": """\
src,dst,kind
F/1,S1,supplies
F/1,S2,supplies
W1,F/1,supplies
""",
    "ledger": """\
trade_id,buyer_id,supplier_id,at,event,amount_fen
T1,S1,F/1,2026-01-05,invoiced,60000
T1,S1,F/1,2026-02-02,paid,20000
T2,S2,F/1,2026-01-10,invoiced,10000
T2,S2,F/1,2026-02-10,paid,15000
T3,S1,NOBODY,2026-02-10,paid,15000
T3,S1,F/1,2026-02-10,paid,-1
T1,S1,F/1,2026-02-02,paid,20000
""",
    "terms": """\
buyer_id,supplier_id,limit_fen,terms_days,valid_from,valid_to
S1,F/1,50000,30,,
S2,F/1,50000,30,2026-03-01,2026-02-01
""",
    "lots": """\
lot_id,step,party_id,process_step,role,pieces,at
L1,1,W1,sew,workshop,1000,2026-01-10
L1,2,C1,carry,carrier,1000,2026-01-12
L1,3,F/1,sell,factory,1000,2026-01-13
""",
    "claims": """\
claim_id,lot_id,at,kind,pieces,amount_fen,buyer_id
K/1,L1,2026-02-01,defect,5,2000,S1
K2,L9,2026-02-01,defect,5,2000,S1
""",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A client of a server over the files, and what loading them reported."""
    folder = tmp_path_factory.mktemp("net")
    for name, text in FILES.items():
        (folder / f"{name}.csv").write_text(text)
    home = Home(folder / "home")
    report = load_network(folder, home=home)
    with TestClient(create_app(Settings(home=home.root, workers=1))) as client:
        yield client, report


def get(served, path, tenant=None, **query):
    headers = {} if tenant is None else {"Evenflow-Tenant": tenant}
    return served[0].get(path, headers=headers, params=query)


def test_a_load_quarantines_rows_that_cannot_be_used(served):
    """An unknown party, a negative amount, the same event twice, reversed dates and an unknown lot."""
    _, report = served
    assert report.quarantined == {"ledger": 3, "terms": 1, "claims": 1}
    assert report.counts["ledger"] == 4


def test_a_party_sees_its_positions_on_both_sides(served):
    """The factory sees both buyers, its concentration and the irregular trade."""
    told = get(served, "/v1/parties/F/1/credit", tenant="fac").json()
    assert told["as_of"] == "2026-02-10"
    exposure = {row["buyer_id"]: row["exposure_fen"] for row in told["as_supplier"]}
    assert exposure == {"S1": 40_000, "S2": 0}
    first = next(row for row in told["as_supplier"] if row["buyer_id"] == "S1")
    assert (first["limit_fen"], first["available_fen"], first["over_limit"]) == (50_000, 10_000, False)
    assert first["exposure_share"] == 1
    assert told["as_buyer"] == []
    assert [row["warning"] for row in told["concentration"]] == ["100 % of its exposure is on one buyer"]
    assert {row["reason"] for row in told["irregularities"]} == {"negative_exposure", "paid_over_invoiced"}


def test_a_position_is_seen_by_its_two_ends_only(served):
    """A buyer sees its own position at the factory, and nothing of other buyers' or of the factory's whole."""
    told = get(served, "/v1/parties/F/1/credit", tenant="one").json()
    assert [row["buyer_id"] for row in told["as_supplier"]] == ["S1"]
    assert "exposure_share" not in told["as_supplier"][0]
    assert told["concentration"] is None
    assert told["irregularities"] == []
    assert get(served, "/v1/parties/F/1/credit", tenant="xtra").status_code == 404
    assert get(served, "/v1/parties/S2/credit", tenant="one").status_code == 404


def test_the_position_of_a_pair(served):
    """As of two days; null where there is none; a stranger's answer does not tell whether there is one."""
    pair = {"buyer_id": "S1", "supplier_id": "F/1"}
    early = get(served, "/v1/credit", tenant="one", as_of="2026-01-31", **pair).json()
    late = get(served, "/v1/credit", tenant="fac", as_of="2026-02-28", **pair).json()
    assert (early["position"]["exposure_fen"], late["position"]["exposure_fen"]) == (60_000, 40_000)
    assert (early["position"]["not_due_fen"], late["position"]["overdue_1_30_fen"]) == (60_000, 40_000)
    nothing = get(served, "/v1/credit", buyer_id="X", supplier_id="F/1").json()
    assert nothing["position"] is None
    for tenant in ("two", "xtra"):
        assert get(served, "/v1/credit", tenant=tenant, **pair).status_code == 404
    assert get(served, "/v1/credit", buyer_id="S1", supplier_id="F/1", as_of="soon").status_code == 422


def test_a_claim_is_traced_for_those_it_concerns(served):
    """The buyer and those on the route see it; whom the viewer cannot know of stays unnamed."""
    told = get(served, "/v1/claims/K/1", tenant="fac").json()
    assert [row["party_id"] for row in told["trace"]] == ["W1", "C1", "F/1", None]
    assert sum(row["probability"] for row in told["trace"]) == pytest.approx(1)
    assert told["trace"][0]["probability"] > 0.4
    assert told["claim"]["amount_fen"] == 2_000
    buyer = get(served, "/v1/claims/K/1", tenant="one").json()
    assert [row["party_id"] for row in buyer["trace"]] == [None, "C1", "F/1", None]
    assert [row["evidence"] is None for row in buyer["trace"]] == [True, False, True, False]
    assert "pieces clean" in get(served, "/v1/claims/K/1").json()["trace"][0]["evidence"]
    assert buyer["trace"][0]["probability"] == told["trace"][0]["probability"]
    for tenant, claim in (("two", "K/1"), ("xtra", "K/1"), ("fac", "K2")):
        assert get(served, f"/v1/claims/{claim}", tenant=tenant).status_code == 404


def test_a_party_sees_its_own_faults_only(served):
    """The workshop sees what it is expected to be at fault for; its customer does not."""
    told = get(served, "/v1/parties/W1/faults", tenant="work").json()
    assert told["roles"][0]["role"] == "workshop"
    assert told["faults"][0]["at"] == "2026-02-01"
    assert 0 < told["faults"][0]["claims"] < 1
    assert get(served, "/v1/parties/W1/faults", tenant="fac").status_code == 404
    pairs = get(served, "/v1/parties/F/1/faults", tenant="fac").json()["retention"]
    assert {row["buyer_id"]: row["suggested_share"] > 0 for row in pairs} == {"S1": True, "S2": True}


def test_the_price_of_terms(served):
    """By hand: 200 fen a day for 60 days; a probability above 1 is refused with its place."""
    order = {"amount_fen": 1_000_000, "days": 60, "annual_rate": 0.073}
    answer = served[0].post("/v1/credit/price", json={"orders": [order, order | {"p_unpaid": 0.5, "loss_share": 0.2}]})
    assert [row["total_fen"] for row in answer.json()["prices"]] == pytest.approx([12_000, 112_000])
    wrong = served[0].post("/v1/credit/price", json={"orders": [order | {"p_late": 2}]})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/orders/0/p_late"


def test_a_network_without_a_ledger_has_no_positions(client):
    """Nothing loaded of the kind: empty lists, not an error."""
    told = client.get("/v1/parties/f1/credit").json()
    assert (told["as_supplier"], told["as_buyer"], told["concentration"]) == ([], [], [])
    assert client.get("/v1/parties/f1/faults").json()["faults"] == []
    assert client.get("/v1/claims/nope").status_code == 404


def test_quarantined_rows_name_their_reason(served, tmp_path):
    """The reasons are in the file beside the ledger."""
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text)
    load_network(tmp_path, home=Home(tmp_path / "home"))
    told = pd.read_csv(tmp_path / "quarantine" / "ledger.csv").set_index("row")["reason"]
    assert told[5] == "supplier_id: expected the id of a party, got NOBODY"
    assert told[7].startswith("the same event again")


def test_a_claim_does_not_name_a_buyer_to_those_who_may_not_know_it(served):
    """The workshop made the lot, but does not know the factory's customers."""
    told = get(served, "/v1/claims/K/1", tenant="work").json()
    assert told["claim"]["buyer_id"] is None
    assert told["claim"]["amount_fen"] == 2_000
    for tenant in ("fac", "one", None):
        assert get(served, "/v1/claims/K/1", tenant=tenant).json()["claim"]["buyer_id"] == "S1"
