"""Trouble made on purpose: what needs nothing of it is answered all the same, and the answers say how old they are."""

import asyncio
import errno
import shutil
import sqlite3
import time

import pandas as pd
import pytest
from anyio.from_thread import start_blocking_portal
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from contracts.errors import UnavailableError
from services.keys import KeyRing, create_key
from store.database import Database
from store.home import TABLES, Home

NETWORK = {
    "parties": [
        {"id": "f1", "kind": "factory", "region": "North", "lat": 30.0, "lon": 120.0},
        {"id": "s1", "kind": "store", "region": "North", "lat": 30.1, "lon": 120.0},
    ],
    "relations": [{"src": "f1", "dst": "s1", "kind": "supplies", "weight": 3.0}],
    "products": [{"sku_id": "soap", "category": "household", "unit_cost_fen": 500, "price_fen": 900}],
    "supply": [{"supplier_id": "f1", "sku_id": "soap", "capacity": 100, "unit_cost_fen": 480, "lead_time_days": 3}],
}
ORDER = {"orders": [{"order_id": "o", "sku_id": "soap", "pieces": 2, "buyer_id": "s1"}]}
HOLD = {"order_id": "o", "sku_id": "soap", "pieces": 2, "buyer_id": "s1"}


@pytest.fixture
def client(tmp_path):
    """A server over a small net, with a plan computed on it."""
    place = Home(tmp_path / "home")
    place.publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in NETWORK.items()})
    plan = pd.DataFrame({"order_id": ["p1"], "item": ["soap"], "resource": ["line"], "pieces": [10]})
    place.current().write_result("plan", plan)
    settings = Settings(home=tmp_path / "home", workers=1, requests_at_once=3)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def database_of(client) -> Database:
    """Return the server's database."""
    return client.app.state.house.database


def away(*args, **options):
    """Stand for a database that does not answer."""
    raise UnavailableError("the database does not answer: connection refused")


def test_every_answer_from_the_network_says_how_old_it_is(client):
    """Seconds since the network was published; other answers say nothing."""
    assert 0 <= int(client.get("/v1/plan").headers["Snapshot-Age-Seconds"]) < 600
    assert int(client.post("/v1/matches", json=ORDER).headers["Snapshot-Age-Seconds"]) < 600
    assert "Snapshot-Age-Seconds" not in client.get("/healthz").headers
    assert "Snapshot-Age-Seconds" not in client.get("/v1/jobs").headers
    assert 0 <= client.get("/readyz").json()["snapshot_age_seconds"] < 600


def test_a_database_that_is_away(client, monkeypatch):
    """Matches and plans are answered; holds are told 503 with Retry-After; then all is well again."""
    monkeypatch.setattr(database_of(client), "read", away)
    monkeypatch.setattr(database_of(client), "write", away)
    assert client.post("/v1/matches", json=ORDER).status_code == 200
    assert client.get("/v1/plan").status_code == 200
    held = client.post("/v1/reservations", json=HOLD, headers={"Idempotency-Key": "k"})
    assert (held.status_code, held.json()["type"], "Retry-After" in held.headers) == (
        503,
        "/problems/unavailable",
        True,
    )
    assert client.get("/metrics").status_code == 200
    monkeypatch.undo()
    assert client.post("/v1/reservations", json=HOLD, headers={"Idempotency-Key": "k"}).status_code == 201
    assert client.get("/readyz").status_code == 200


def test_readiness_tells_of_the_database(client, monkeypatch):
    """Once it was written to, it must answer."""
    client.post("/v1/reservations", json=HOLD, headers={"Idempotency-Key": "k"})
    monkeypatch.setattr(database_of(client), "read", away)
    told = client.get("/readyz")
    assert (told.status_code, told.json()["type"]) == (503, "/problems/unavailable")
    assert "evenflow_database_up 0.0" in client.get("/metrics").text


def test_a_slow_database_is_not_waited_for_for_ever(client, monkeypatch):
    """Somebody holds SQLite's lock: the writer waits its seconds, then 503; nothing is left of the write."""
    client.post("/v1/reservations", json=HOLD | {"order_id": "first"}, headers={"Idempotency-Key": "first"})
    other = sqlite3.connect(client.app.state.house.settings.home / "evenflow.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("store.engines._SECONDS_TO_WAIT", 0)
    database_of(client).engine.dispose()
    held = client.post("/v1/reservations", json=HOLD, headers={"Idempotency-Key": "slow"})
    assert (held.status_code, held.json()["type"]) == (503, "/problems/unavailable")
    other.execute("ROLLBACK")
    other.close()
    assert client.post("/v1/reservations", json=HOLD, headers={"Idempotency-Key": "slow"}).status_code == 201


def test_a_key_counts_on_while_the_database_is_away(tmp_path, monkeypatch):
    """For ten minutes; one that was never seen does not."""
    database = Database.open(f"sqlite:///{tmp_path}/a.db")
    seen, unseen = (create_key(database, name=name, role="admin", now_ms=0).secret for name in ("a", "b"))
    now = [1_000.0]
    ring = KeyRing(database, clock=lambda: now[0])
    assert ring.principal(seen) is not None
    monkeypatch.setattr(database, "read", away)
    now[0] += 599
    assert ring.principal(seen) is not None
    with pytest.raises(UnavailableError):
        ring.principal(unseen)
    now[0] += 2
    with pytest.raises(UnavailableError):
        ring.principal(seen)
    monkeypatch.undo()
    database.close()


def test_a_network_that_cannot_be_read_any_more(client):
    """The last good one serves, says so, and its age goes on; a good one takes over by itself."""
    before = client.get("/readyz").json()
    home = client.app.state.house.settings.home
    (home / "current").write_text("nowhere")
    told = client.get("/readyz")
    assert told.status_code == 200
    assert (told.json()["status"], told.json()["version"]) == ("stale", before["version"])
    assert "names no version" in told.json()["reason"]
    answer = client.post("/v1/matches", json=ORDER)
    assert answer.status_code == 200
    assert int(answer.headers["Snapshot-Age-Seconds"]) >= 0
    (home / "current").write_text(before["version"])
    assert client.get("/readyz").json()["status"] == "ready"


def test_a_model_that_does_not_load(client):
    """What was computed before is answered; what needs the model says so."""
    home = client.app.state.house.settings.home
    forecast = pd.DataFrame(
        {"unique_id": ["soap@s1"], "ds": [pd.Timestamp("2026-03-01")], "mean": [1.0], "q0.5": [1.0]}
    )
    Home(home).current().write_result("forecast", forecast)
    (home / "models" / "demand").mkdir(parents=True)
    (home / "models" / "demand" / "roles.json").write_text("{")
    assert client.get("/v1/forecasts/soap@s1").status_code == 200
    told = client.get("/v1/models/champion")
    assert (told.status_code, told.json()["type"]) == (503, "/problems/not-ready")


def test_a_planner_that_fails_leaves_the_last_plan(client, monkeypatch):
    """The job says why; the plan that was there serves."""
    job = client.post("/v1/plans", json={}).json()
    for _ in range(600):
        told = client.get(f"/v1/jobs/{job['id']}").json()
        if told["state"] in ("failed", "succeeded"):
            break
        time.sleep(0.05)
    assert told["state"] == "failed"
    assert told["problem"]["type"] == "/problems/not-ready"
    assert client.get("/v1/plan").json()["rows"][0]["order_id"] == "p1"


def test_a_full_disk(client, monkeypatch):
    """Nothing is kept of a change; 503 with Retry-After, matches go on; with room again the same is taken."""
    event = {"event": "relation", "event_id": "e1", "src": "f1", "dst": "s1", "kind": "supplies", "at": "2026-03-01"}

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("store.event_log.os.fsync", full)
    told = client.post("/v1/relations", json={"events": [event]})
    assert (told.status_code, told.json()["type"], told.headers["Retry-After"]) == (503, "/problems/no-room", "30")
    assert client.post("/v1/matches", json=ORDER).status_code == 200
    monkeypatch.undo()
    assert client.post("/v1/relations", json={"events": [event]}).json()["applied"] == 1


def test_a_full_disk_anywhere_else(client, monkeypatch):
    """An error of the system that nobody foresaw is told as what it is, too."""

    def full(*args, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("api.http.plans.Home", full, raising=False)
    monkeypatch.setattr(client.app.state.house.board, "submit", full)
    told = client.post("/v1/plans", json={})
    assert (told.status_code, told.json()["type"]) == (503, "/problems/no-room")


def test_beyond_capacity_is_refused_and_what_was_accepted_is_answered(client):
    """Three at once: the fourth is told 503 with Retry-After; the three end well; health is told all the same."""
    import httpx2

    app = client.app
    go = asyncio.Event()

    @app.get("/slow")
    async def slow() -> dict[str, bool]:
        await go.wait()
        return {"done": True}

    async def ask() -> list:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as many:
            accepted = [asyncio.create_task(many.get("/slow")) for _ in range(3)]
            await asyncio.sleep(0.1)
            refused, health = await many.get("/slow"), await many.get("/healthz")
            go.set()
            return [refused, health, *await asyncio.gather(*accepted)]

    with start_blocking_portal() as portal:  # a browser's tests may keep a loop running in this thread
        refused, health, *answered = portal.call(ask)
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/overloaded")
    assert refused.headers["Retry-After"] == "1"
    assert health.status_code == 200
    assert [one.json() for one in answered] == [{"done": True}] * 3
    assert client.get("/healthz").status_code == 200


def test_beyond_the_connections_every_request_is_told_when_to_come_back(client):
    """503 with Retry-After, and its connection ends; health is told all the same."""
    client.app.state.connections = lambda: 1001
    refused, health = client.get("/v1/plan"), client.get("/healthz")
    client.app.state.connections = lambda: 1000
    told = (refused.status_code, refused.json()["type"], refused.headers["Retry-After"], refused.headers["Connection"])
    assert told == (503, "/problems/overloaded", "1", "close")
    assert (health.status_code, client.get("/v1/plan").status_code) == (200, 200)


def test_a_home_that_is_deleted_under_the_server(client):
    """Nothing is acknowledged into a file that no path leads to: holds and readiness say so until it is back."""
    home = client.app.state.house.settings.home
    first = {"Idempotency-Key": "first"}
    assert client.post("/v1/reservations", json=HOLD, headers=first).status_code == 201
    home.rename(home.with_name("elsewhere"))
    held = client.post("/v1/reservations", json=HOLD | {"order_id": "lost"}, headers={"Idempotency-Key": "lost"})
    assert (held.status_code, held.json()["type"]) == (503, "/problems/unavailable")
    assert "was deleted or moved while it was open" in held.json()["detail"]
    assert held.headers["Retry-After"] == "2"
    for path in ("/readyz", "/v1/reservations", "/v1/audit"):
        assert client.get(path).status_code == 503, path
    assert "evenflow_database_up 0.0" in client.get("/metrics").text
    assert client.post("/v1/matches", json=ORDER).status_code == 200
    home.with_name("elsewhere").rename(home)
    assert client.get("/readyz").status_code == 200
    assert client.post("/v1/reservations", json=HOLD, headers=first).headers["Idempotent-Replayed"] == "true"
    again = client.post("/v1/reservations", json=HOLD | {"order_id": "lost"}, headers={"Idempotency-Key": "lost"})
    assert again.status_code == 201


def test_a_home_that_went_away(client):
    """Even its folder: the last good network answers."""
    client.post("/v1/matches", json=ORDER)
    home = client.app.state.house.settings.home
    (home / "current").rename(home / "elsewhere")
    assert client.post("/v1/matches", json=ORDER).status_code == 200
    shutil.move(home / "elsewhere", home / "current")
