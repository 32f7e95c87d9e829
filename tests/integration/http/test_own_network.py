"""A user's own network over HTTP: what is asked for is kept with it, and shown."""

import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.console.view import View
from api.http.app import create_app
from api.settings import Settings
from services.example_files import write_examples
from services.load_network import load_network
from store.home import TABLES, Home


def finished(client, response):
    assert response.status_code == 202, response.text
    for _ in range(2400):
        job = client.get(response.headers["location"]).json()
        if job["state"] not in ("queued", "running"):
            assert job["state"] == "succeeded", job
            return job
        time.sleep(0.05)
    pytest.fail("the job did not end")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a server over the loaded example files."""
    root: Path = tmp_path_factory.mktemp("own")
    write_examples(root / "files")
    load_network(root / "files" / "net", home=Home(root / "home"))
    with TestClient(create_app(Settings(home=root / "home", workers=1)), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def planned(own):
    """The job of a plan asked for with an empty body, on a network that nothing was computed on before."""
    before = own.get("/v1/forecasts")
    assert (before.status_code, before.json()["type"]) == (503, "/problems/not-ready")
    assert "POST /v1/forecasts" in before.json()["detail"]
    assert "POST /v1/plans" in own.get("/v1/plan").json()["detail"]
    return finished(own, own.post("/v1/plans", json={}))


def test_one_empty_request_makes_the_plan(own, planned):
    """The plan forecasts the weeks it needs, and both are served with the version they were computed for."""
    version = own.get("/readyz").json()["version"]
    assert planned["summary"]["version"] == version
    page = own.get("/v1/plan").json()
    assert (page["version"], page["total"]) == (version, planned["tables"]["orders"]["rows"])


def test_an_empty_forecast_request_is_kept(own, planned):
    """The series are listed and read afterwards, as the job made them."""
    job = finished(own, own.post("/v1/forecasts", json={}))
    assert job["summary"]["kept"] is True
    listed = own.get("/v1/forecasts").json()
    assert listed["total"] == job["summary"]["series"]
    rows = own.get(f"/v1/forecasts/{listed['rows'][0]['unique_id']}").json()["rows"]
    assert len(rows) == 28
    assert set(job["tables"]) == {"forecast", "weekly_forecast"}


def test_other_periods_are_the_jobs_own(own, planned):
    """Weeks by series are answered to who asked; what the network shows stays in days."""
    job = finished(own, own.post("/v1/forecasts", json={"bucket": "W-MON", "horizon": 14}))
    assert job["summary"]["kept"] is False
    assert own.get("/v1/forecasts").json()["rows"][0]["periods"] == 28


def test_the_console_shows_it(own, planned):
    """No longer empty, with exceptions priced as the plan priced them."""
    view = View(own.app.state.house.net.current())
    assert not view.empty
    assert view.load is not None
    assert next(name for name, _, _ in view.tiles()) == "Money at stake"


def test_an_item_nobody_knows_is_not_an_empty_plan(own, planned):
    """A slip of the pen is a 404 that names it; a known item without orders is an empty page."""
    for column in ("item", "resource"):
        problem = own.get("/v1/plan", params={column: "nonsense"}).json()
        assert (problem["type"], problem["detail"]) == ("/problems/unknown-id", f"unknown {column} nonsense")
    known = own.get("/v1/plan").json()["rows"][0]["item"]
    assert own.get("/v1/plan", params={"item": known}).json()["total"] > 0


def test_a_known_item_without_orders_is_an_empty_page(tmp_path):
    """The network has a route for it, the plan did not need it."""
    route = {"item": "soap", "route": "main", "step": 1, "resource": "line", "hours_per_unit": 0.1}
    raw = {"parties": [{"id": "f1", "kind": "factory"}], "routes": [route]}
    home = Home(tmp_path)
    home.publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()})
    home.current().write_result("plan", pd.DataFrame({"order_id": ["p"], "item": ["cream"], "resource": ["line"]}))
    with TestClient(create_app(Settings(home=tmp_path, workers=1))) as client:
        answer = client.get("/v1/plan", params={"item": "soap"})
    assert (answer.status_code, answer.json()["total"]) == (200, 0)
