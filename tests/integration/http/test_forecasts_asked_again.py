"""Tables forecast before are answered with the job that did it: from memory, nothing is made or audited anew."""

import json
import shutil
import time

import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from services.job_files import Job, new_job_id
from services.jobs import JobBoard
from services.keys import create_key

SALES = [{"unique_id": "s", "ds": f"2026-03-{day:02d}", "y": 1.0} for day in range(1, 9)]
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def made(monkeypatch):
    """The jobs that were made; each has succeeded at once."""
    jobs = []

    def submit(board, kind, work, *, folder=""):
        del work
        moment = time.time()
        job = Job(
            id=new_job_id(), kind=kind, state="succeeded", created_at=moment, owner="x", folder=folder, summary={}
        )
        board._files.write(job)
        jobs.append(job.id)
        return job

    monkeypatch.setattr(JobBoard, "submit", submit)
    return jobs


@pytest.fixture
def client(tmp_path):
    with TestClient(create_app(Settings(home=tmp_path, workers=1, access="keys"))) as client:
        yield client


def key(client, role="admin", **options):
    database = client.app.state.house.database
    made = create_key(database, name=f"{role}{options}", role=role, now_ms=0, **options)
    return JSON | {"Authorization": f"Bearer {made.secret}"}


def asked(client, headers, **changes):
    """Return status, the job's id and where it is, of an answer."""
    answer = client.post("/v1/forecasts", content=json.dumps({"sales": SALES} | changes), headers=headers)
    return answer.status_code, answer.json().get("id"), answer.headers.get("location")


def test_the_same_tables_are_answered_with_the_same_job(client, made):
    """The same answer, one job and one line in the audit; other tables, and a champion's forecast, are made anew."""
    admin = key(client)
    first = asked(client, admin)
    assert [asked(client, admin) for _ in range(3)] == [first] * 3
    assert (first, len(made)) == ((202, made[0], f"/v1/jobs/{made[0]}"), 1)
    assert client.get("/v1/audit?method=POST", headers=admin).text.count("/v1/forecasts") == 2  # route and path
    for changes in ({"seed": 1}, {"horizon": 3}, {"model": "champion"}, {"model": "champion"}):
        assert asked(client, admin, **changes)[1] == made[-1]
    assert len(made) == 5


def test_a_job_that_is_forgotten_is_made_anew(client, made, tmp_path):
    """What is told is there to be read."""
    admin = key(client)
    first = asked(client, admin)
    shutil.rmtree(tmp_path / "jobs" / made[0])
    assert asked(client, admin) == (202, made[1], f"/v1/jobs/{made[1]}") != first


def test_who_may_not_ask_is_not_answered_from_memory(client, made):
    """Without a key 401, without the scope 403; a tenant has a job of its own."""
    admin = key(client)
    asked(client, admin)
    assert asked(client, JSON)[0] == 401
    assert asked(client, key(client, scopes=["plans:read"]))[0] == 403
    assert asked(client, key(client, role="planner", tenant="alpha")) == (202, made[1], f"/v1/jobs/{made[1]}")
    assert len(made) == 2
