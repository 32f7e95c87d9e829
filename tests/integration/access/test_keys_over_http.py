"""Keys: who gets in, with what, until when; what is kept of them; the audit of writes."""

import json
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from typer.testing import CliRunner

from api.cli.main import app
from api.http.app import create_app
from contracts.errors import InputError, UnavailableError
from services.keys import create_key
from store.schema.access import API_KEYS, AUDIT

MATCH = {
    "orders": [{"order_id": "o1", "pieces": 5}],
    "suppliers": [{"supplier_id": "near", "capacity": 9}],
    "candidates": [{"order_id": "o1", "supplier_id": "near", "score": 0.9}],
}


def problem(answer) -> tuple[int, str]:
    """Return the status and the kind of trouble."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_without_a_key_nothing_under_v1_answers_and_bodies_stay_unread(application):
    """401 with the scheme to use, also for paths that are not there and bodies that are no JSON."""
    for path in ("/v1/jobs", "/v1/no-such-path"):
        assert problem(application.get(path)) == (401, "unauthorized")
    answer = application.post("/v1/matches", content=b"{", headers={"Content-Type": "application/json"})
    assert problem(answer) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert application.get("/healthz").status_code == 200
    assert application.get("/openapi.json").status_code == 200


@pytest.mark.parametrize(
    "credential",
    ["Bearer", "Basic abc", "Bearer x", "Bearer evf_000000000000_" + "A" * 43, "Bearer a.b.c", "Bearer é"],
)
def test_a_wrong_credential_is_refused_everywhere(application, credential):
    """Even where none is needed: who sends one expects it to count."""
    headers = {"Authorization": credential.encode()}
    assert problem(application.get("/v1/jobs", headers=headers)) == (401, "unauthorized")


def test_a_key_opens_its_scopes_and_says_which_one_is_missing(asking):
    """A router matches but does not promote models."""
    router = asking("router")
    assert router.post("/v1/matches", json=MATCH).status_code == 200
    answer = router.post("/v1/models/rollback", json={})
    assert problem(answer) == (403, "forbidden")
    assert "models:write" in answer.json()["detail"]
    narrow = asking("router", scopes=["network:read"])
    assert problem(narrow.post("/v1/matches", json=MATCH)) == (403, "forbidden")
    assert narrow.get("/v1/keys/me").json()["scopes"] == ["network:read"]


def test_a_key_is_shown_once_and_kept_as_a_hash(asking, database):
    """The answer has it; lists and the database never."""
    admin = asking()
    made = admin.post("/v1/keys", json={"name": "planner", "role": "planner"}).json()
    secret = made["key"]
    assert secret.startswith(f"evf_{made['id']}_")
    assert secret not in admin.get("/v1/keys").text
    rows = database.read(lambda connection: connection.execute(API_KEYS.select()).all())
    assert secret not in str(rows)
    assert admin.get("/v1/keys/me", headers={"Authorization": f"Bearer {secret}"}).json()["role"] == "planner"


def test_a_rotated_key_counts_until_the_overlap_is_over_and_a_revoked_one_ends_at_once(asking, database):
    """Both open while they overlap; without an overlap the old one is over."""
    admin = asking()
    old = admin.post("/v1/keys", json={"name": "k", "role": "router", "tenant": "beta", "days": 30}).json()
    new = admin.post(f"/v1/keys/{old['id']}/rotate", json={"overlap_hours": 1}).json()
    assert (new["scopes"], new["tenant"], new["role"]) == (old["scopes"], "beta", "router")
    with_old, with_new = ({"headers": {"Authorization": f"Bearer {key['key']}"}} for key in (old, new))
    assert [admin.get("/v1/keys/me", **which).status_code for which in (with_old, with_new)] == [200, 200]
    assert admin.post(f"/v1/keys/{new['id']}/rotate", json={"overlap_hours": 0}).status_code == 201
    assert problem(admin.get("/v1/keys/me", **with_new)) == (401, "unauthorized")
    assert admin.delete(f"/v1/keys/{old['id']}").json()["counts"] is False
    assert problem(admin.get("/v1/keys/me", **with_old)) == (401, "unauthorized")
    assert problem(admin.delete("/v1/keys/nobody")) == (404, "unknown-id")


def test_an_expired_key_is_over(asking, database, application):
    """A key of one day made two days ago opens nothing."""
    then = time.time_ns() // 1_000_000 - 2 * 86_400_000
    made = create_key(database, name="old", role="router", days=1, now_ms=then)
    answer = application.get("/v1/keys/me", headers={"Authorization": f"Bearer {made.secret}"})
    assert problem(answer) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("terms", "where"),
    [
        ({"role": "king"}, "role"),
        ({"role": "router", "scopes": ["keys:write"]}, "scopes"),
        ({"role": "party", "tenant": "beta"}, "party"),
        ({"role": "planner", "party": "beta-store", "tenant": "beta"}, "party"),
        ({"role": "planner", "days": 0}, "days"),
        ({"role": "planner", "tenant": "a\nb"}, "tenant"),
        ({"role": "planner", "colour": "red"}, "colour"),
    ],
)
def test_wrong_terms_are_named_and_make_no_key(asking, terms, where):
    """Each by its field."""
    admin = asking()
    before = len(admin.get("/v1/keys").json()["keys"])
    answer = admin.post("/v1/keys", json={"name": "k"} | terms)
    assert answer.status_code == 422
    assert where in answer.json()["detail"]
    assert len(admin.get("/v1/keys").json()["keys"]) == before


def test_a_key_that_asks_too_often_is_told_when_to_come_back(asking):
    """Twice its rate at once, then 429; another key is not touched."""
    slow, other = asking("router", requests_per_second=0.5), asking("router")
    assert slow.get("/v1/keys/me").status_code == 200
    answer = next(a for a in (slow.get("/v1/keys/me") for _ in range(20)) if a.status_code == 429)
    assert problem(answer) == (429, "too-many-requests")
    assert int(answer.headers["Retry-After"]) >= 1
    assert other.get("/v1/keys/me").status_code == 200


def test_every_write_is_in_the_audit_and_nothing_else(asking, database):
    """Done and refused ones, with the body's hash; reads and dry runs are not."""
    admin, router = asking(), asking("router")
    start = len(database.read(lambda connection: connection.execute(AUDIT.select()).all()))
    router.post("/v1/matches", json=MATCH)
    admin.get("/v1/keys")
    event = {"event": "party", "event_id": "e1", "at": "2026-03-01", "id": "new-store", "kind": "store"}
    assert admin.post("/v1/relations", json={"events": [event]}).status_code < 300
    router.post("/v1/models/rollback", json={})
    lines = admin.get(f"/v1/audit?after={start}").json()["lines"]
    assert [(line["route"], line["status"]) for line in lines] == [("/v1/relations", 200), ("/v1/models/rollback", 403)]
    assert all(len(line["body_hash"]) == 64 for line in lines)
    assert lines[0]["principal"] != lines[1]["principal"]


HOLD = {"order_id": "o", "sku_id": "k", "pieces": 3, "buyer_id": "b", "candidates": [{"supplier_id": "x", "good": "k"}]}


def test_a_line_is_kept_with_what_it_tells_of(asking, database, monkeypatch):
    """Reservations, capacities, keys, outcomes: where only the write itself can keep the line, it is there, once."""
    admin = asking()
    monkeypatch.setattr("api.http.guard.run_in_threadpool", lambda *_: pytest.fail("the line was not kept before"))
    start = database.read(lambda connection: connection.scalar(select(func.max(AUDIT.c.position)))) or 0
    admin.request("PUT", "/v1/capacities", json={"capacities": [{"supplier_id": "x", "good": "k", "offered": 5}]})
    held = admin.post("/v1/reservations", json=HOLD, headers={"Idempotency-Key": "a"}).json()["reservation"]["id"]
    admin.post("/v1/reservations", json=HOLD, headers={"Idempotency-Key": "b"})
    for key, action in (("c", "confirm"), ("d", "confirm"), ("e", "cancel")):
        admin.post(f"/v1/reservations/{held}/{action}", json={}, headers={"Idempotency-Key": key})
    made = admin.post("/v1/keys", json={"name": "k", "role": "router"}).json()["id"]
    admin.delete(f"/v1/keys/{made}")
    monkeypatch.undo()
    lines = admin.get(f"/v1/audit?after={start}").json()["lines"]
    assert [line["status"] for line in lines] == [200, 201, 200, 200, 409, 200, 201, 200]
    assert len({line["request_id"] for line in lines}) == len(lines)
    again = admin.post("/v1/reservations", json=HOLD, headers={"Idempotency-Key": "a"})
    assert again.headers["Idempotent-Replayed"] == "true"
    refused = admin.get("/v1/audit", params={"after": start, "status": 409, "path": "/v1/reservations"}).json()["lines"]
    assert [line["path"] for line in refused] == [f"/v1/reservations/{held}/confirm"]
    assert [line["status"] for line in admin.get(f"/v1/audit?after={lines[-1]['position']}").json()["lines"]] == [201]


def test_a_write_that_is_taken_back_leaves_no_line_of_its_success(asking, database, monkeypatch):
    """The effect and its line happen together or not at all; the line of the failure comes after."""
    admin = asking()
    start = database.read(lambda connection: connection.scalar(select(func.max(AUDIT.c.position)))) or 0
    monkeypatch.setattr("store.audit.add_line", lambda *_: (_ for _ in ()).throw(UnavailableError("no room")))
    assert admin.post("/v1/keys", json={"name": "never", "role": "router"}).status_code == 503
    monkeypatch.undo()
    assert "never" not in [key["name"] for key in admin.get("/v1/keys").json()["keys"]]
    assert admin.get(f"/v1/audit?after={start}").json()["lines"] == []


def test_the_command_line_reads_the_audit(asking, database):
    """With the same filters, a page at a time."""
    admin = asking()
    for name in ("one", "two"):
        admin.post("/v1/keys", json={"name": name, "role": "router"})
    home = ["--home", str(Path(database.url.database).parent), "--json"]

    def told(*options: str) -> dict:
        answer = CliRunner().invoke(app, ["audit", *home, *options])
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.stdout)

    everything = told("--limit", "1000")["lines"]
    assert told("--limit", "1") == {"lines": everything[:1], "next": everything[0]["position"]}
    wanted = told("--path", "/v1/keys", "--status", "201", "--after", str(everything[-3]["position"]))
    assert [line["route"] for line in wanted["lines"]] == ["/v1/keys", "/v1/keys"]
    assert told("--until", "2020-01-01")["lines"] == []
    assert "since: expected a day or moment" in str(
        CliRunner().invoke(app, ["audit", *home, "--since", "now"]).exception
    )


def test_the_audit_cannot_be_changed(asking, database):
    """The database itself refuses."""
    asking().post("/v1/keys", json={"name": "k", "role": "router"})
    for statement in (AUDIT.update().values(status=200), AUDIT.delete()):
        with pytest.raises(Exception, match="append-only"):
            database.write(lambda connection, statement=statement: connection.execute(statement))


def test_a_tenant_reads_its_own_audit(asking):
    """Lines of other tenants and of the operator are not there; pages lead to the end."""
    beta = asking("admin", tenant="beta")
    beta.delete("/v1/jobs/nothing")
    lines, cursor = [], None
    while True:
        page = beta.get("/v1/audit", params={"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
        lines += page["lines"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert lines
    assert {line["tenant"] for line in lines} == {"beta"}


def test_an_open_server_takes_requests_without_keys(settings):
    """As the operator's."""
    with TestClient(create_app(settings.model_copy(update={"access": "open"}))) as client:
        assert client.get("/v1/keys/me").json()["name"] == "operator"


def test_tokens_without_an_issuer_to_expect_are_refused_at_the_start(settings, tmp_path):
    """The variable that is missing is named."""
    with pytest.raises(InputError, match="EVENFLOW_JWT_ISSUER"):
        create_app(settings.model_copy(update={"jwt_jwks": tmp_path / "keys.json"}))
