"""Settlement over HTTP, on keys of two tenants: booked once, each party reads its own, wrong input is named."""

import json

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, update

from api.http.app import create_app
from api.settings import Settings
from services.keys import create_key
from store.database import Database
from store.home import TABLES, Home
from store.schema import SETTLEMENT_ENTRIES, SETTLEMENT_EVENTS, SETTLEMENT_RULES

PARTIES = [
    {"id": "acme", "kind": "brand", "tenant": "acme"},
    {"id": "other", "kind": "brand", "tenant": "other"},
    {"id": "kol-1", "kind": "kol", "tenant": "kols"},
    {"id": "kol-2", "kind": "kol", "tenant": "kols"},
]
RELATIONS = [{"src": "acme", "dst": "kol-1", "kind": "supplies"}]
RULES = {"rest": "brand", "rules": [{"role": "kol", "percent": 10}, {"role": "guide", "fixed_fen": 50}]}


def sale(number: int, **more: object) -> dict:
    """Return a sale of acme's through kol-1 with 1 000 fen of margin."""
    day = f"2026-03-{number:02d}T12:00:00+08:00"
    made = {"sale_id": f"s{number}", "sold_at": day, "price_fen": 3000, "cost_fen": 2000, "pieces": 2}
    return made | {"brand": "acme", "kol": "kol-1"} | more


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that asks for keys."""
    home = tmp_path_factory.mktemp("home")
    raw = {"parties": PARTIES, "relations": RELATIONS}
    Home(home).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()})
    settings = Settings(home=home, workers=1, access="keys", requests_per_second=1000)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        database = Database.open(settings.database())
        yield client, database
        database.close()


@pytest.fixture(scope="module")
def asking(server):
    """Return a function that asks with a key of given terms."""
    client, database = server
    keys: dict[str, str] = {}

    def ask(method: str, path: str, body: object = None, *, role: str = "admin", **terms: object):
        name = repr((role, sorted(terms.items())))
        if name not in keys:
            keys[name] = create_key(database, name="test", role=role, now_ms=1, **terms).secret
        return client.request(
            method,
            f"/v1{path}" if path.startswith("/why") else f"/v1/settlements{path}",
            json=body,
            headers={"Authorization": f"Bearer {keys[name]}"},
        )

    return ask


@pytest.fixture(scope="module")
def booked(asking):
    """Three sales by the operator, one of the other brand; a piece of the first one comes back."""
    back = [{"return_id": "r1", "sale_id": "s1", "returned_at": "2026-03-20T12:00:00+08:00", "pieces": 1}]
    rows = [sale(1), sale(2), sale(3, brand="other", kol="kol-2")]
    answer = asking("POST", "", {"rules": RULES, "sales": rows, "returns": back})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_is_booked_is_told_and_booked_once(asking, booked):
    """The same again changes nothing, by the hash of the agreement, too; a change under the same id is refused."""
    assert booked["summary"]["shares_fen"] == {"brand": 2250, "kol": 250}
    before = asking("GET", "/statements/acme").json()
    again = asking("POST", "", {"rules_hash": booked["rules_hash"], "sales": [sale(1), sale(2, price_fen=3001)]}).json()
    assert (again["summary"]["known"], again["summary"]["entries"]) == (1, 0)
    assert again["refused"][0]["reason"] == "sale_id: expected one that was not settled otherwise before"
    assert asking("GET", "/statements/acme").json() == before


def test_a_kol_sees_its_own_earnings_only(asking, booked):
    """100 of each of two sales, 50 back; nothing of the brand's or of the other KOL."""
    told = asking("GET", "/statements/kol-1", role="party", tenant="kols", party="kol-1")
    assert told.json()["share_fen"] == 150
    assert [(row["kind"], row["share_fen"]) for row in told.json()["rows"]] == [
        ("sale", 100),
        ("sale", 100),
        ("return", -50),
    ]
    split = asking("GET", "/sales/s1", role="party", tenant="kols", party="kol-1")
    assert {row["party_id"] for row in split.json()["rows"]} == {"kol-1"}
    for answer in (told, split):
        assert "acme" not in answer.text
        assert "kol-2" not in answer.text
    for path in ("/statements/acme", "/statements/kol-2", "/sales/s3", "/statements/nobody"):
        assert asking("GET", path, role="party", tenant="kols", party="kol-1").status_code == 404


def test_a_brand_sees_the_splits_of_its_own_sales(asking, booked):
    """All of its own sale, nothing of another's; and no statement of its KOL."""
    split = asking("GET", "/sales/s1", role="planner", tenant="acme").json()
    assert sum(row["share_fen"] for row in split["rows"]) == split["share_fen"] == 500
    assert {row["party_id"] for row in split["rows"]} == {"acme", "kol-1"}
    assert asking("GET", "/statements/acme", role="planner", tenant="acme").json()["share_fen"] == 1350
    (why,) = asking("GET", "/why/s1", role="planner", tenant="acme").json()["records"]
    assert (why["kind"], why["facts"]) == ("settled sale", split)
    for path in ("/sales/s3", "/statements/kol-1", "/statements/other", "/why/s3"):
        assert asking("GET", path, role="planner", tenant="acme").status_code == 404
    assert asking("GET", "/rules", role="planner", tenant="acme").json() == {"agreements": []}


def test_a_brand_books_its_own_sales_only(asking, booked):
    """In a ledger of its own; whose rest is another's is unknown; a KOL books nothing."""
    mine = {"rules": RULES, "sales": [sale(4), sale(5, brand="other")]}
    refused = asking("POST", "", mine, role="planner", tenant="acme")
    assert (refused.status_code, "other" in refused.json()["detail"]) == (422, True)
    made = asking("POST", "", {"rules": RULES, "sales": [sale(4)]}, role="planner", tenant="acme").json()
    assert made["summary"]["sales"] == 1
    assert asking("POST", "", mine, role="party", tenant="kols", party="kol-1").status_code == 403
    earned = asking(
        "GET", "/statements/kol-1?from=2026-03-04&to=2026-03-04", role="party", tenant="kols", party="kol-1"
    )
    assert [row["sale_id"] for row in earned.json()["rows"]] == ["s4"]
    theirs = {"rules": RULES, "returns": [{"return_id": "x", "sale_id": "s1", "returned_at": "2026-03-30T00:00:00Z"}]}
    foreign = asking("POST", "", theirs, role="planner", tenant="acme").json()
    assert foreign["refused"][0]["reason"] == "sale_id: expected a sale that was settled"


def test_a_later_return_takes_the_rest_back(asking, booked):
    """Long after settlement; the period of the sale stays as it was."""
    march = asking("GET", "/statements/kol-1?from=2026-03-02&to=2026-03-31").json()
    back = {"return_id": "r2", "sale_id": "s2", "returned_at": "2026-05-01T12:00:00+08:00", "kind": "refusal"}
    for entries in (2, 0):
        found = asking("POST", "", {"rules": RULES, "returns": [back]}).json()
        assert found["summary"]["entries"] == entries
    assert asking("GET", "/statements/kol-1?from=2026-03-02&to=2026-03-31").json() == march
    assert asking("GET", "/sales/s2").json()["share_fen"] == 0


def test_returns_need_no_tables_of_their_sales(asking, booked):
    """Months later only what comes back is sent: who was credited by a touch or a binding is booked."""
    rules = {
        "rest": "brand",
        "attribution": {"window_days": {"live": 3}},
        "rules": [
            {"role": "kol", "percent": 10, "filled_by": "touch"},
            {"role": "guide", "percent": 1, "filled_by": "binding"},
        ],
    }
    tables = {
        "touches": [
            {"journey_id": "j", "touched_at": "2026-03-10T11:00:00+08:00", "channel": "live", "party_id": "kol-2"}
        ],
        "bindings": [{"binding_id": "b", "party_id": "kol-1", "starts_on": "2026-01-01"}],
    }
    sold = sale(10, kol=None, journey_id="j", sale_id="touched")
    missing = asking("POST", "", {"rules": rules, "sales": [sold]})
    assert (missing.status_code, "touches: expected a table" in missing.text) == (422, True), missing.text
    assert asking("POST", "", {"rules": rules, "sales": [sold], **tables}).json()["summary"]["entries"] == 2
    back = [{"return_id": "late", "sale_id": "touched", "returned_at": "2026-09-01T12:00:00+08:00"}]
    answer = asking("POST", "", {"rules": rules, "returns": back})
    assert answer.json()["summary"]["reversed_fen"] == -1_000, answer.text
    assert asking("GET", "/sales/touched").json()["share_fen"] == 0


def test_pages_of_a_statement(asking, booked):
    """One row each; the sum is of the whole; a cursor of another list is stale, a made-up one refused."""
    path, seen = "/statements/acme?limit=1&to=2026-03-31", []
    page = asking("GET", path).json()
    whole = page["share_fen"]
    while True:
        seen += page["rows"]
        if page["next_cursor"] is None:
            break
        page = asking("GET", f"{path}&cursor={page['next_cursor']}").json()
        assert page["share_fen"] == whole
    assert sum(row["share_fen"] for row in seen) == whole
    cursor = asking("GET", path).json()["next_cursor"]
    assert asking("GET", f"/statements/kol-1?cursor={cursor}").status_code == 410
    assert asking("GET", "/statements/acme?cursor=xx").status_code == 422


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rules": {"rest": "brand", "rules": [{"role": "kol", "entry_fee_fen": 1}]}}, "got entry_fee_fen"),
        ({"rules": {"rest": "brand", "rules": [{"role": "kol", "percent": 101}]}}, "(kol): expected values in range"),
        ({"rules": {"rest": "brand", "rules": [{"role": "k", "percent": 1e308}]}}, "percent: expected 0 to 100"),
        ({"rules": {"rest": ["brand"]}}, "rest: expected a name"),
        ({"rules": {"rest": "sale_id"}}, "roles that are no columns of the sales"),
        ({"rules": None}, "either rules or rules_hash"),
        ({"rules": None, "rules_hash": "x"}, "unknown rules_hash"),
        ({"strict": True, "sales": [sale(9, brand=None)]}, "expected the id of who gets the rest"),
        ({"sales": [sale(9, price_fen=1.5)]}, "price_fen"),
        ({"rules": {"rest": "brand", "rules": [{"role": "kol", "filled_by": "binding"}]}}, "is filled by binding"),
        ({"parties": [{"party_id": "a", "referred_by": "b"}, {"party_id": "b", "referred_by": "a"}]}, "a circle: "),
    ],
)
def test_wrong_requests_are_named_and_book_nothing(asking, booked, change, words):
    """A problem with the place; the ledger stays as it is."""
    before = asking("GET", "/statements/acme").json()
    body = {"rules": RULES, "sales": [sale(9)]} | change
    answer = asking("POST", "", {name: value for name, value in body.items() if value is not None})
    assert answer.status_code in (404, 422)
    assert words in answer.text
    assert asking("GET", "/statements/acme").json() == before


def test_lines_and_a_preview(asking, booked, server):
    """The agreement on the first line; a preview keeps nothing."""
    client, database = server
    key = create_key(database, name="test", role="admin", now_ms=1).secret
    back = {"return_id": "r9", "sale_id": "s11", "returned_at": "2026-03-30T00:00:00Z", "pieces": 1}
    lines = "\n".join(json.dumps(row) for row in [{"rules": RULES}, sale(10), sale(11), back])
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    answer = client.post("/v1/settlements", content=lines, headers=headers)
    assert (answer.status_code, answer.json()["summary"]["entries"]) == (200, 6)
    shown = asking("POST", "/preview", {"rules": RULES, "sales": [sale(12, guide="g")]}).json()
    assert {row["party_id"]: row["share_fen"] for row in shown["summary"]["parties"]} == {
        "kol-1": 100,
        "g": 50,
        "acme": 850,
    }
    assert asking("GET", "/sales/s12").status_code == 404


def test_the_ledger_lets_nothing_be_changed(asking, booked, server):
    """Not by the program either."""
    for table in (SETTLEMENT_ENTRIES, SETTLEMENT_EVENTS, SETTLEMENT_RULES):
        for statement in (delete(table), update(table).values(tenant="x")):
            with pytest.raises(Exception, match="append-only"):
                server[1].write(lambda connection, statement=statement: connection.execute(statement))
