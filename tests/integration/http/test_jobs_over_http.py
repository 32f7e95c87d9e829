"""Jobs over HTTP: accepted, listed, cancelled, refused when too many wait; computing on the loaded network."""

import threading
import time

import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.http.examples import FORECAST_EXAMPLES, PLAN_EXAMPLES
from api.settings import Settings
from services.jobs import JobBusyError

PLAN = PLAN_EXAMPLES["two weeks"]["value"]
FORECAST = FORECAST_EXAMPLES["one series"]["value"]


def finished(client, job_id):
    deadline = time.monotonic() + 120
    while (job := client.get(f"/v1/jobs/{job_id}").json())["state"] in ("queued", "running"):
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    return job


def test_the_answer_names_the_job(client):
    """202 with the job's address, and the job is in the list, newest first."""
    response = client.post("/v1/plans", json=PLAN)
    job = response.json()
    assert response.status_code == 202
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert client.get("/v1/jobs").json()["jobs"][0]["id"] == job["id"]
    assert finished(client, job["id"])["state"] == "succeeded"


def test_a_cancelled_job_stays_cancelled(client):
    """Cancelling answers with the job; cancelling again is a conflict."""
    job = client.post("/v1/forecasts", json=FORECAST).json()
    response = client.delete(f"/v1/jobs/{job['id']}")
    assert (response.status_code, response.json()["state"]) == (200, "cancelled")
    again = client.delete(f"/v1/jobs/{job['id']}")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/job-over")
    assert client.get(f"/v1/jobs/{job['id']}").json()["state"] == "cancelled"


def test_a_failed_job_tells_its_problem(client):
    """What is wrong only in the work itself is on the job: table, column and row."""
    wrong = PLAN | {"routes": PLAN["routes"] * 2}
    job = finished(client, client.post("/v1/plans", json=wrong).json()["id"])
    assert job["state"] == "failed"
    assert job["problem"]["type"] == "/problems/invalid-request"
    error = job["problem"]["errors"][0]
    assert (error["table"], error["row"]) == ("routes", 2)
    assert "soap, main" in error["got"]


def test_a_table_the_job_did_not_make(client):
    """Asking for it is a 404 that names it."""
    job = finished(client, client.post("/v1/plans", json=PLAN).json()["id"])
    response = client.get(f"/v1/jobs/{job['id']}/tables/boxes")
    assert (response.status_code, response.json()["type"]) == (404, "/problems/unknown-id")


def test_an_infeasible_plan_is_a_result(client):
    """Too little capacity is no failure: the job succeeds and its summary says what is short, where."""
    tight = PLAN | {"resources": [row | {"capacity": 1, "overtime": 0} for row in PLAN["resources"]]}
    job = finished(client, client.post("/v1/plans", json=tight).json()["id"])
    assert job["state"] == "succeeded"
    assert job["summary"]["short_pieces"] > 0
    assert job["summary"]["reasons"]


def test_a_full_queue_says_when_to_try_again(client, monkeypatch):
    """503 with Retry-After."""

    def full(kind, work, *, folder):
        raise JobBusyError(32, retry_after_seconds=5)

    monkeypatch.setattr(client.app.state.house.board, "submit", full)
    response = client.post("/v1/plans", json=PLAN)
    assert (response.status_code, response.json()["type"]) == (503, "/problems/busy")
    assert response.headers["retry-after"] == "5"


def test_the_loaded_network_is_forecast(client):
    """Without sales of its own a forecast takes those of the network, and says which version."""
    job = finished(client, client.post("/v1/forecasts", json={"horizon": 7}).json()["id"])
    assert job["state"] == "succeeded", job
    assert job["summary"]["version"] == client.get("/readyz").json()["version"]
    rows = client.get(job["tables"]["forecast"]["href"]).json()["rows"]
    assert [row["unique_id"] for row in rows] == ["soap@s1"] * 7
    assert rows[0]["ds"] == "2026-03-01"


def test_a_network_without_routes_cannot_be_planned(client):
    """The job fails with what is missing."""
    job = finished(client, client.post("/v1/plans", json={}).json()["id"])
    assert (job["state"], job["problem"]["type"]) == ("failed", "/problems/not-ready")


def test_many_clients_read_while_jobs_run(home):
    """Reading stays possible from many threads while a job runs; nobody sees half a file."""
    app = create_app(Settings(home=home, workers=1))
    with TestClient(app) as client:
        job = client.post("/v1/plans", json=PLAN).json()
        wrong: list[object] = []

        def read():
            for _ in range(20):
                response = client.get(f"/v1/jobs/{job['id']}")
                if response.status_code != 200 or response.json()["id"] != job["id"]:
                    wrong.append(response.text)

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert finished(client, job["id"])["state"] == "succeeded"
    assert wrong == []


def test_jobs_are_listed_by_state_and_kind(client):
    """Only those asked for, in parts of one."""
    made = [finished(client, client.post("/v1/plans", json=PLAN).json()["id"])["id"] for _ in range(2)]
    asked = {"state": "succeeded", "kind": "plan", "limit": 1}
    first = client.get("/v1/jobs", params=asked).json()
    second = client.get("/v1/jobs", params=asked | {"cursor": first["next_cursor"]}).json()
    assert [page["jobs"][0]["id"] for page in (first, second)] == made[::-1]
    assert client.get("/v1/jobs", params={"cursor": first["next_cursor"]}).status_code == 410
    assert client.get("/v1/jobs", params={"kind": "dispatch"}).json()["jobs"] == []
    assert client.get("/v1/jobs", params={"state": "done"}).status_code == 422


@pytest.mark.parametrize("path", ["/v1/forecasts", "/v1/plans"])
def test_a_wrong_request_makes_no_job(client, path):
    """What is refused at the door is not queued."""
    before = client.get("/v1/jobs").json()
    assert client.post(path, json={"seed": -1}).status_code == 422
    assert client.get("/v1/jobs").json() == before
