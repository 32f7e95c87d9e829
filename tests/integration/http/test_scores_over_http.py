"""Scores over HTTP: told, kept, replayed, what-if, many at once, outcomes, opt-outs and reviews."""

import subprocess
import sys
from pathlib import Path

import orjson
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from services.scores.registry import all_kinds
from store.home import TABLES, Home

NDJSON = {"Content-Type": "application/x-ndjson"}
ALPHA, BETA = {"Evenflow-Tenant": "alpha"}, {"Evenflow-Tenant": "beta"}
WEEKS = pd.date_range("2026-01-05", periods=8, freq="7D")
RAW = {
    "parties": [
        {"id": "f1", "kind": "factory", "region": "Ningbo", "tenant": "alpha"},
        {"id": "f/2", "kind": "factory", "region": "Foshan", "tenant": "beta"},
        {"id": "s1", "kind": "store", "region": "East", "tenant": "alpha"},
        {"id": "s2", "kind": "store", "region": "East", "tenant": "beta"},
        {"id": "s3", "kind": "store", "region": "East", "tenant": "alpha"},
        {"id": "b1", "kind": "brand", "region": "East", "tenant": "gamma"},
    ],
    "relations": [
        {"src": "f/2", "dst": "s1", "kind": "supplies", "weight": 2.0},
        {"src": "b1", "dst": "s1", "kind": "supplies", "weight": 2.0},
    ],
    "products": [{"sku_id": "soap", "category": "household", "unit_cost_fen": 500, "price_fen": 900}],
    "supply": [{"supplier_id": f, "sku_id": "soap", "capacity": 100, "lead_time_days": 3} for f in ("f1", "f/2")],
    "deliveries": [
        {"supplier_id": name, "promised_at": day, "delivered_at": day + pd.Timedelta(days=late), "lane": lane}
        for name, late, lane in (("f1", 0, "North"), ("f/2", 4, "South"))
        for day in WEEKS
    ],
}
SUPPLIER = {"kind": "supplier", "subject": "f/2"}
MATCH = {
    "kind": "match",
    "subject": "f/2",
    "context": {"sku_id": "soap", "pieces": 10, "buyer_id": "s1"},
    "as_of": "2026-03-09",
}


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """A home with the network above."""
    root = tmp_path_factory.mktemp("scores")
    Home(root).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in RAW.items()})
    return root


@pytest.fixture
def client(net):
    """A server over it that has told nothing yet."""
    for left in net.glob("evenflow.db*"):
        left.unlink()
    with TestClient(create_app(Settings(home=net, workers=1)), raise_server_exceptions=False) as client:
        yield client


def told(client, asked, headers=None):
    """Return a score."""
    answer = client.post("/v1/scores", json=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_kinds_say_what_they_are(client):
    """All of the registry, each with subject, unit, scale, parts and evidence."""
    kinds = client.get("/v1/scores/kinds").json()["kinds"]
    assert [one["kind"] for one in kinds] == list(all_kinds())
    assert all(one["subject"] and one["unit"] and one["parts"] and one["evidence"] for one in kinds)


def test_a_score_is_told_kept_and_replayed(client):
    """Twice the same question has the same id; it is computed again from its inputs alone."""
    first = told(client, SUPPLIER)
    assert first["kept"]
    assert first["low"] < first["value"] < first["high"]
    assert told(client, SUPPLIER) == first
    replayed = client.get(f"/v1/scores/{first['id']}").json()
    assert replayed["same"] is True
    assert replayed["score"] == {name: value for name, value in first.items() if name != "inputs"}
    assert replayed["recomputed"]["parts"] == first["parts"]
    match = told(client, MATCH)
    assert client.get(f"/v1/scores/{match['id']}").json()["same"] is True


def test_a_what_if_moves_the_score_and_is_not_kept(client):
    """A cheaper piece is worth more; nobody can read the answer again."""
    plain = told(client, MATCH)
    cheaper = told(client, MATCH | {"inputs": {"freight_fen": 0, "terms_fen": 0, "lead_time_days": 1}})
    assert cheaper["value"] > plain["value"]
    assert (cheaper["what_if"], cheaper["kept"]) == (["freight_fen", "lead_time_days", "terms_fen"], False)
    assert client.get(f"/v1/scores/{cheaper['id']}").status_code == 404
    dry = told(client, SUPPLIER | {"keep": False})
    assert client.get(f"/v1/scores/{dry['id']}").status_code == 404
    assert client.post("/v1/scores", json=SUPPLIER | {"subject": "nobody"}).status_code == 422
    lines = client.get("/v1/audit?path=/v1/scores").json()["lines"]
    assert [line["status"] for line in lines] == [200, 422]  # the one that was kept, and the one that was refused


def test_many_lines_have_many_answers(client):
    """A wrong line spoils no other; each says which it was and why."""
    lines = [SUPPLIER, {"kind": "beauty", "subject": "f1"}, MATCH, {"kind": "match"}, {**SUPPLIER, "subject": "x"}]
    body = b"\n".join(map(orjson.dumps, lines))
    answer = client.post("/v1/scores", content=body, headers=NDJSON)
    assert answer.headers["content-type"] == "application/x-ndjson"
    rows = [orjson.loads(line) for line in answer.content.splitlines()]
    assert [row.get("subject", row.get("row")) for row in rows] == ["f/2", 2, "f/2", 4, 5]
    assert rows[0] == told(client, SUPPLIER)
    assert [rows[n]["type"] for n in (1, 3, 4)] == ["/problems/invalid-request"] * 3
    assert "subject: Field required" in rows[3]["detail"]
    assert client.get(f"/v1/scores/{rows[2]['id']}").status_code == 200


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kind": "beauty"}, "unknown score kind beauty"),
        ({"subject": "nobody"}, "unknown party nobody"),
        ({"context": {"lane": "North"}}, "context: expected only no fields, got lane"),
        ({"inputs": {"own_share": 2}}, "inputs.own_share: expected a number >= 0 and <= 1, got 2"),
        ({"inputs": {"speed": 2}}, "inputs: expected only"),
        ({"as_of": "tomorrow"}, "as_of: expected a date (YYYY-MM-DD) or a moment with its time zone"),
        ({"as_of": "2026-01-01T00:00:00"}, "as_of: expected a date"),
        ({"speed": 1}, "/speed: expected no such field"),
        ({"keep": "yes"}, "/keep: expected a valid boolean"),
        ({"kind": "hit"}, "no styles"),
        ({"as_of": "2020-01-01"}, "no deliveries are known by 2020-01-01"),
    ],
)
def test_wrong_questions_are_told_apart(client, asked, said):
    """With what was expected, what came, and where."""
    answer = client.post("/v1/scores", json=SUPPLIER | asked)
    assert answer.status_code in (422, 503), answer.text
    assert said in answer.json()["detail"]


def test_outcomes_are_joined_once_and_reliability_is_told(client):
    """Scores for a day before, outcomes after it; sent again nothing changes, changed they are refused."""
    kept = [told(client, {"kind": "supplier", "subject": name, "as_of": "2026-02-10"}) for name in ("f1", "f/2")]
    rows = [
        {"outcome_id": f"{row['promised_at']:%m%d}{row['supplier_id']}", "kind": "supplier",
         "subject": row["supplier_id"], "value": float(row["delivered_at"] == row["promised_at"]),
         "at": f"{row['delivered_at']:%Y-%m-%d}"}
        for row in RAW["deliveries"]
    ]  # fmt: skip
    report = client.post("/v1/outcomes", json={"outcomes": rows}).json()
    later = sum(row["at"] > "2026-02-10" for row in rows)
    assert (report["applied"], report["joined"]) == (16, later)
    assert {row["score_id"] for row in report["rows"]} == {None, kept[0]["id"], kept[1]["id"]}
    body = b"\n".join(map(orjson.dumps, rows))
    again = client.post("/v1/outcomes", content=body, headers=NDJSON).json()
    assert (again["applied"], again["known"], again["joined"]) == (0, 16, later)
    changed = client.post("/v1/outcomes", json={"outcomes": [rows[0] | {"value": 0.0}]}).json()
    assert (changed["refused"], changed["rows"][0]["state"]) == (1, "refused")
    assert "the same outcome as before" in changed["rows"][0]["reason"]
    told_back = client.get("/v1/scores/kinds/supplier/reliability").json()
    assert told_back["n"] == later
    assert told_back["brier"] < told_back["brier_of_base_rate"]
    assert sum(one["n"] for one in told_back["bins"]) == later
    assert client.get("/v1/scores/kinds/supplier/reliability", headers=ALPHA).json()["n"] == 0
    assert client.get("/v1/scores/kinds/beauty/reliability").status_code == 404


def test_an_outcome_names_only_a_score_that_was_told_before_it(client):
    """One that the score already knew would flatter it; of the same day the moment counts."""
    score = told(client, {"kind": "supplier", "subject": "f1", "as_of": "2026-02-10"})
    now = told(client, {"kind": "trust", "subject": "f1", "as_of": f"{pd.Timestamp.now('Asia/Shanghai'):%Y-%m-%d}"})
    rows = [
        {"outcome_id": "known", "score_id": score["id"], "value": 1.0, "at": "2026-02-10"},
        {"outcome_id": "later", "score_id": score["id"], "value": 1.0, "at": "2026-02-11"},
        {"outcome_id": "today", "score_id": now["id"], "value": 1.0,
         "at": (pd.Timestamp.now("UTC") + pd.Timedelta(seconds=1)).isoformat()},
    ]  # fmt: skip
    report = client.post("/v1/outcomes", json={"outcomes": rows}).json()
    assert [row["state"] for row in report["rows"]] == ["refused", "applied", "applied"]
    assert report["rows"][0]["reason"].startswith("outcome.at: expected a time after 2026-02-10")
    assert [row["score_id"] for row in report["rows"]] == [None, score["id"], now["id"]]
    assert client.get("/v1/scores/kinds/supplier/reliability").json()["n"] == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"kind": None}, "expected a score_id, or a kind and a subject"),
        ({"value": 1.5}, "a number from 0 to 1, as the kind is a probability, got 1.5"),
        ({"score_id": "nope"}, "unknown score nope"),
        ({"context": {"lane": "x"}}, "outcome.context: expected only no fields, got lane"),
        ({"at": "soon"}, "as_of: expected a date"),
        ({"kind": "beauty"}, "unknown score kind beauty"),
    ],
)
def test_wrong_outcomes_are_refused_one_by_one(client, row, said):
    """The others count."""
    good = {"outcome_id": "a", "kind": "supplier", "subject": "f1", "value": 1.0, "at": "2026-03-01"}
    bad = {name: value for name, value in (good | {"outcome_id": "b"} | row).items() if value is not None}
    report = client.post("/v1/outcomes", json={"outcomes": [good, bad]}).json()
    assert (report["applied"], report["refused"]) == (1, 1)
    assert said in report["rows"][1]["reason"]


def test_a_party_that_opted_out_is_scored_only_to_trade(client):
    """By its own tenant only; others may know that, not why; coming back it is scored as before."""
    before = told(client, SUPPLIER)
    asked = {"party_id": "f/2", "by": "the owner", "words": "rather not"}
    assert client.post("/v1/scores/opt-outs", json=asked, headers=ALPHA).status_code == 422
    out = client.post("/v1/scores/opt-outs", json=asked, headers=BETA).json()
    assert (out["opted_out"], out["changed"], out["still_scored"]) == (True, True, ["credit", "match"])
    refused = client.post("/v1/scores", json=SUPPLIER)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/opted-out")
    for path in ("/v1/parties/f/2/scorecard", "/v1/parties/f/2/trust", "/v1/trust?from=s1&to=f/2"):
        assert client.get(path).json()["type"] == "/problems/opted-out"
    assert [row["supplier_id"] for row in client.get("/v1/scorecards").json()["rows"]] == ["f1"]
    traded = told(client, MATCH)
    assert traded["opted_out"]
    assert "opted out" in traded["reasons"][-1]
    assert client.get(f"/v1/scores/{traded['id']}").json()["same"]
    seen = {name: client.get("/v1/scores/opt-outs", headers=head).json()["opt_outs"] for name, head in
            (("own", BETA), ("other", ALPHA))}  # fmt: skip
    assert [seen[name][0]["words"] for name in ("own", "other")] == ["rather not", None]
    back = client.delete("/v1/scores/opt-outs/f/2", params={"by": "the owner"}, headers=BETA).json()
    assert (back["opted_out"], back["changed"]) == (False, True)
    assert told(client, SUPPLIER) == before


def test_who_is_scored_reads_why_and_asks_for_a_human(client):
    """A score of alpha's about beta's factory: beta reads it and asks; alpha decides, once; others know nothing."""
    score = told(client, SUPPLIER, headers=ALPHA)
    assert told(client, SUPPLIER)["id"] != score["id"]
    about = client.get("/v1/parties/f/2/scores", headers=BETA).json()["scores"]
    assert score["id"] in [one["id"] for one in about]
    assert all(one["reasons"] for one in about)
    page, parts = {"next_cursor": None}, []
    while len(parts) < len(about):
        asked = {"limit": 1} | ({"cursor": page["next_cursor"]} if page["next_cursor"] else {})
        page = client.get("/v1/parties/f/2/scores", params=asked, headers=BETA).json()
        parts += page["scores"]
    assert (parts, page["next_cursor"], len(parts) > 1) == (about, None, True)
    assert client.get("/v1/parties/f/2/scores", headers=ALPHA).status_code == 404
    assert client.get(f"/v1/scores/{score['id']}", headers=BETA).json()["same"]
    assert client.get(f"/v1/scores/{score['id']}", headers={"Evenflow-Tenant": "gamma"}).status_code == 404
    asked = {"score_id": score["id"], "by": "the owner", "words": "the carrier was late"}
    review = client.post("/v1/scores/reviews", json=asked, headers=BETA).json()
    assert (review["state"], review["yours_to_decide"]) == ("asked", False)
    assert client.post("/v1/scores/reviews", json=asked, headers=BETA).json() == review
    (queued,) = client.get("/v1/scores/reviews", params={"state": "asked"}, headers=ALPHA).json()["reviews"]
    assert queued["yours_to_decide"]
    path = f"/v1/scores/reviews/{review['review_id']}/decision"
    decision = {"decision": "corrected", "by": "a planner", "words": "true", "inputs": {"own_share": 1.0}}
    assert client.post(path, json=decision, headers=BETA).status_code == 404
    assert client.post(path, json=decision | {"inputs": {}}, headers=ALPHA).status_code == 422
    decided = client.post(path, json=decision, headers=ALPHA).json()
    assert [step["state"] for step in decided["steps"]] == ["asked", "corrected"]
    corrected = client.get(f"/v1/scores/{decided['steps'][1]['corrected_score_id']}", headers=BETA).json()
    assert corrected["same"]
    assert corrected["score"]["value"] > score["value"]
    assert client.post(path, json=decision, headers=ALPHA).status_code == 422


def test_who_is_scored_is_not_told_for_which_of_others_customers(client):
    """Alpha asks about its supplier for two stores: the supplier knows the one it deals with, and not the other."""
    asked = {name: told(client, MATCH | {"context": MATCH["context"] | {"buyer_id": name}}, ALPHA) for name in
             ("s1", "s3")}  # fmt: skip
    about = client.get("/v1/parties/f/2/scores", headers=BETA)
    buyers = {one["id"]: one["context"]["buyer_id"] for one in about.json()["scores"]}
    assert buyers == {asked["s1"]["id"]: "s1", asked["s3"]["id"]: None}
    path = f"/v1/scores/{asked['s3']['id']}"
    read = client.get(path, headers=BETA)
    assert (read.json()["same"], "s3" in read.text + about.text) == (True, False)
    assert client.get(path, headers=ALPHA).json()["score"]["context"]["buyer_id"] == "s3"


def test_what_is_between_two_others_is_no_score(client):
    """Whether a store sold a brand is told to the store and to the brand, not to another supplier of the store."""
    fit = {"kind": "brand_fit", "subject": "s1", "context": {"brand_id": "b1"}}
    assert "traded before yes" in " ".join(told(client, fit, ALPHA)["reasons"])
    assert told(client, fit, {"Evenflow-Tenant": "gamma"})["value"] > 0
    refused = client.post("/v1/scores", json=fit, headers=BETA)
    assert (refused.status_code, refused.json()["detail"]) == (422, "context.brand_id: unknown brand b1")
    hit = client.post("/v1/scores", json={"kind": "hit", "subject": "x"}, headers=ALPHA)
    assert (hit.status_code, "no network of your own" in hit.json()["detail"]) == (503, True)


SCORES_A_MATCH = """
import sys
from pathlib import Path
from fastapi.testclient import TestClient
from api.http.app import create_app
from api.settings import Settings

asked = {"kind": "supplier", "subject": "f/2"}
match = {"sku_id": "soap", "pieces": 10, "buyer_id": "s1"}
with TestClient(create_app(Settings(home=Path(sys.argv[1])))) as client:
    assert client.post("/v1/scores", json=asked).status_code == 200
    assert client.post("/v1/scores", json={**asked, "kind": "match", "context": match}).status_code == 200
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"lightgbm", "sklearn", "mlflow", "nicegui"}))
"""


def test_a_match_is_scored_without_a_learner(net):
    """Scoring a match or a supplier imports no learner, no model registry and no console."""
    done = subprocess.run(
        [sys.executable, "-c", SCORES_A_MATCH, str(net)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert done.stdout.strip() == ""
