"""A full disk on every path that writes: 503 `no-room` with `Retry-After`, and the same again succeeds with room."""

import errno
import re
import sqlite3
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from api.http.access import ACCESS
from contracts.errors import NoRoomError
from store.database import Database
from tests.integration.http.test_openapi import POSTS

RELATION = {"event": "relation", "event_id": "e9", "src": "f1", "dst": "s1", "kind": "supplies", "at": "2026-03-01"}
SIGNAL = {"style_id": "soap", "kind": "like", "count": 3, "signal_time": "2026-03-01T00:00:00+08:00"}
OVERRIDE = {"start": "2026-03-01", "end": "2026-03-02", "factor": 1.3, "reason": "fair", "by": "li"}
WAITS = {"order": {"order_id": "o", "sku_id": "soap", "pieces": 1, "buyer_id": "s1"}}
FILES = [
    ("/v1/relations", {"events": [RELATION]}),
    ("/v1/signals", {"signals": [SIGNAL | {"observed_at": "2026-03-02T00:00:00+08:00"}]}),
    ("/v1/forecasts/soap@s1/overrides", OVERRIDE),
    ("/v1/backorders", WAITS),
]


def refused(told):
    return (told.status_code, told.json().get("type"), told.headers.get("Retry-After")) == (
        503,
        "/problems/no-room",
        "30",
    )


def post(client, path, body):
    return client.post(path, json=body, headers={"Idempotency-Key": f"full-{path}"})


def writing_routes(client):
    """Return method and path of every route that keeps something, made-up ids in the place of its parameters."""
    return [
        (method.upper(), re.sub(r"\{[^}]+\}", "1", path))
        for path, methods in client.get("/openapi.json").json()["paths"].items()
        for method, operation in methods.items()
        if (access := ACCESS.get(operation["operationId"])) and access.writes
    ]


def test_the_databases_disk(client, monkeypatch):
    """Every route that writes, with an example or with nothing: what cannot be put into the audit is not answered."""
    examples = {path: body for path, _, body in POSTS}
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL

    def submit(work):
        raise full

    routes, wrong = writing_routes(client), {}
    with monkeypatch.context() as patched:
        patched.setattr(client.app.state.house.database, "_writer", SimpleNamespace(submit=submit))
        for method, path in routes:
            keyed = {"Idempotency-Key": f"full-{method}-{path}"}
            told = client.request(method, path, json=examples.get(path, {}), headers=keyed)
            if not refused(told):
                wrong[method, path] = told.text[:300]
    assert wrong == {}
    assert len(routes) > 40
    assert post(client, "/v1/facts", examples["/v1/facts"]).status_code == 200


def test_a_file_that_may_not_grow(tmp_path):
    """SQLite's own word for it."""
    database = Database.open(f"sqlite:///{tmp_path}/small.db")
    row = text("INSERT INTO ballast VALUES (zeroblob(50000))")
    database.write(lambda connection: connection.execute(text("CREATE TABLE ballast (bytes BLOB)")))
    database.write(lambda connection: connection.execute(text("PRAGMA max_page_count = 1")).scalar())
    with pytest.raises(
        NoRoomError, match="the disk of the database is full, nothing was kept: database or disk is full"
    ):
        database.write(lambda connection: connection.execute(row))
    database.close()


@pytest.mark.parametrize(("path", "body"), FILES, ids=[path for path, _ in FILES])
def test_the_homes_disk(client, monkeypatch, path, body):
    """Every file of the home that a request writes is flushed; nothing is kept, and the same again is taken."""

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        told = post(client, path, body)
        assert refused(told), told.text
    again = post(client, path, body)
    assert again.status_code < 300, again.text
