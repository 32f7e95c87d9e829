"""A forecast asked for again is answered straight: the same bytes and headers, for the same keys, until it changes."""

from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from services.keys import create_key
from services.read_forecasts import ForecastReader
from store.home import TABLES, Home

NAMES = ["red@s1", "blue@s1", "red@s1?horizon=2"]
DAYS = 5
VARYING = {"x-request-id", "snapshot-age-seconds"}
ASKED = ["red@s1", "blue@s1?horizon=3", "red@s1?horizon=3&quantiles=0.1,0.9", "red@s1?horizon=2", "red@s1%3Fhorizon=2"]


def published(home: Path, factor: float = 1.0) -> None:
    """A forecast of three series, the name of one of which looks like a question about another."""
    if not (home / "current").exists():
        parties = TABLES["parties"].check(pd.DataFrame([{"id": "s1", "kind": "store"}]))
        Home(home).publish({"parties": parties})
    days = pd.date_range("2026-03-01", periods=DAYS)
    mean = pd.Series(range(1, len(NAMES) * DAYS + 1), dtype=float) * factor
    names = [name for name in NAMES for _ in days]
    columns = {"unique_id": names, "ds": [*days] * len(NAMES), "mean": mean, "q0.1": mean / 2, "q0.9": mean * 2}
    Home(home).current().write_result("forecast", pd.DataFrame(columns))


def client_of(home: Path, **settings) -> TestClient:
    return TestClient(create_app(Settings(home=home, workers=1, **settings)), raise_server_exceptions=False)


@pytest.fixture
def client(tmp_path: Path):
    published(tmp_path)
    with client_of(tmp_path) as client:
        yield client


@pytest.fixture
def usual(monkeypatch):
    """How many answers went the usual way, one item each."""
    seen = []
    view = ForecastReader.view

    def watched(reader, *given):
        seen.append(given)
        return view(reader, *given)

    monkeypatch.setattr(ForecastReader, "view", watched)
    return seen


def told(client, path, **headers):
    """Return status, headers that stay and body of an answer."""
    answer = client.get(f"/v1/forecasts/{path}", headers=headers)
    kept = {name: value for name, value in answer.headers.items() if name not in VARYING}
    assert set(answer.headers) >= VARYING
    return answer.status_code, kept, answer.content


def test_asked_again_it_is_the_same_answer_straight(client, usual, monkeypatch):
    """Held or not; each question has its own, also where a name has a question mark."""
    first = [told(client, path) for path in ASKED]
    assert len(usual) == len(ASKED)
    assert [told(client, path) for path in ASKED] == first
    assert len(usual) == len(ASKED)
    assert len({body for _, _, body in first}) == len(ASKED)
    tag = first[0][1]["etag"]
    for held, status in ((tag, 304), (f"W/{tag}, x", 304), ("*", 304), ("x", 200), ("", 200)):
        usual.clear()
        soon = told(client, ASKED[0], **{"If-None-Match": held})
        assert (soon[0], usual) == (status, [])
        with monkeypatch.context() as patch:
            patch.setattr(ForecastReader, "at_hand", lambda *given: None)
            assert told(client, ASKED[0], **{"If-None-Match": held}) == soon
        assert len(usual) == 1


def test_a_new_forecast_is_told_at_once(client, usual):
    """What was written of the one before is not sent again."""
    path = Path(client.app.state.house.settings.home)
    before = [told(client, "red@s1") for _ in range(2)][1]
    published(path, factor=3.0)
    after = told(client, "red@s1")
    assert (len(usual), after[0]) == (2, 200)
    assert after[2] != before[2]


@pytest.mark.parametrize(
    ("path", "status"), [("nobody", 404), ("red@s1?horizon=9", 422), ("red@s1?horizon=x", 422), ("", 422)]
)
def test_what_is_wrong_is_told_by_the_route_each_time(client, path, status):
    """As if nothing were answered straight."""
    client.get("/v1/forecasts/red@s1")
    assert [client.get(f"/v1/forecasts/{path}").status_code for _ in range(2)] == [status] * 2


def test_too_long_a_tag_is_refused_straight_or_not(client):
    """The limit of the route is that of the short way."""
    client.get("/v1/forecasts/red@s1")
    assert client.get("/v1/forecasts/red@s1", headers={"If-None-Match": "x" * 501}).status_code == 422


def test_only_keys_that_see_everything_are_answered_straight(tmp_path, usual):
    """Without the scope 403; a tenant, and who asks with its eyes, are answered by the route; without a key 401."""
    published(tmp_path)
    with client_of(tmp_path, access="keys") as client:
        database = client.app.state.house.database

        def key(tenant=None, scopes=("forecasts:read",)):
            made = create_key(database, name="k", role="planner", scopes=list(scopes), tenant=tenant, now_ms=0)
            return {"Authorization": f"Bearer {made.secret}"}

        every = key()
        for _ in range(2):
            assert client.get("/v1/forecasts/red@s1", headers=every).status_code == 200
        assert len(usual) == 1
        for headers, status in (
            (key(tenant="alpha"), 404),
            (every | {"Evenflow-Tenant": "alpha"}, 404),
            (key(scopes=["network:read"]), 403),
            ({}, 401),
        ):
            assert client.get("/v1/forecasts/red@s1", headers=headers).status_code == status
