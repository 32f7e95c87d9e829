"""`evenflow serve` as a user runs it: it starts, answers, ends cleanly, and remembers its jobs."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

EVENFLOW = str(Path(sys.executable).with_name("evenflow"))
SALES = [{"item": "soap", "bucket": f"2026-03-{day:02d}", "y": 100} for day in (2, 9)]
PLAN = {
    "demand": SALES,
    "resources": [{"resource": "line", "bucket": row["bucket"], "capacity": 40} for row in SALES],
    "routes": [{"item": "soap", "route": "main", "step": 1, "resource": "line", "hours_per_unit": 0.2}],
}


@contextmanager
def serving(home: Path, *options: str):
    """Yield the process and the addresses it printed."""
    command = [EVENFLOW, "serve", "--home", str(home), "--port", "0", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            if process.poll() is None:
                process.kill()


def call(url: str, body: dict | None = None, method: str | None = None) -> tuple[int, dict]:
    """Return the status and the JSON of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def finished(url: str) -> dict:
    """Return a job once it is over."""
    deadline = time.monotonic() + 120
    while (job := call(url)[1])["state"] in ("queued", "running"):
        assert time.monotonic() < deadline, job
        time.sleep(0.1)
    return job


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(tmp_path, number):
    """Ctrl-C and SIGTERM end it with exit code 0 and without a trace."""
    with serving(tmp_path) as (process, addresses):
        assert call(f"{addresses['url']}/healthz")[0] == 200
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def test_it_ends_cleanly_while_a_job_runs(tmp_path):
    """Ctrl-C does not wait for a job; the job reads interrupted, and its process is gone."""
    slow = PLAN | {"params": {"solve": {"seconds": 600, "gap": 0.0}}}
    with serving(tmp_path) as (process, addresses):
        call(f"{addresses['url']}/v1/plans", slow)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def test_sigterm_lets_a_job_at_work_end(tmp_path):
    """It begins nothing new, but what it had begun is done when the process is gone."""
    with serving(tmp_path) as (process, addresses):
        job = call(f"{addresses['url']}/v1/plans", PLAN)[1]
        deadline = time.monotonic() + 60
        while call(f"{addresses['url']}/v1/jobs/{job['id']}")[1]["state"] == "queued":
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert json.loads((tmp_path / "jobs" / job["id"] / "job.json").read_text())["state"] == "succeeded"


def test_jobs_survive_a_restart(tmp_path):
    """A finished job and its tables are there after a restart."""
    with serving(tmp_path) as (process, addresses):
        status, job = call(f"{addresses['url']}/v1/plans", PLAN)
        assert status == 202
        job = finished(f"{addresses['url']}/v1/jobs/{job['id']}")
        assert job["state"] == "succeeded", job
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    with serving(tmp_path) as (_, addresses):
        assert call(f"{addresses['url']}/v1/jobs/{job['id']}") == (200, job)
        page = call(addresses["url"] + job["tables"]["orders"]["href"])[1]
    assert sum(row["pieces"] for row in page["rows"]) == 200


def test_a_job_of_a_killed_server_reads_interrupted(tmp_path):
    """After kill -9 a job that was waiting or running reads failed, and says why."""
    with serving(tmp_path) as (process, addresses):
        job = call(f"{addresses['url']}/v1/plans", PLAN)[1]
        process.kill()
        process.communicate(timeout=20)
    with serving(tmp_path) as (_, addresses):
        now = call(f"{addresses['url']}/v1/jobs/{job['id']}")[1]
    assert now["state"] in ("failed", "succeeded")  # it may have ended just before
    if now["state"] == "failed":
        assert (now["problem"]["type"], now["problem"]["detail"]) == ("/problems/interrupted", "interrupted")


def test_a_port_in_use_is_one_line(tmp_path):
    """A taken port ends it with one line that names the port, not a trace."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [EVENFLOW, "serve", "--home", str(tmp_path), "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"--port {port}" in done.stderr
    assert "free port" in done.stderr


def test_it_says_where_it_listens(tmp_path):
    """For people the addresses go to standard error, one per line."""
    command = [EVENFLOW, "serve", "--home", str(tmp_path), "--port", "0"]
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "120"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        lines = [process.stderr.readline() for _ in range(4)]
        process.send_signal(signal.SIGINT)
        process.wait(20)
    assert lines[0].startswith("Evenflow is listening on http://127.0.0.1:")
    assert "/console" in lines[1]
    assert "/docs" in lines[2]
    assert "Ctrl-C" in lines[3]


def test_it_listens_on_this_machine_only(tmp_path):
    """Nobody else can reach it unless it is told so."""
    with serving(tmp_path) as (_, addresses):
        assert addresses["url"].startswith("http://127.0.0.1:")
        assert addresses["local"] is True


def test_an_unwritable_home_is_one_line(tmp_path):
    """A home that cannot be made is refused by name."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = subprocess.run(
        [EVENFLOW, "serve", "--home", str(blocked / "home"), "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert str(blocked) in done.stderr


def test_the_first_start_makes_a_key_and_shows_it_once(tmp_path, monkeypatch):
    """Without a key no answer; the second start shows none, and the first one's still counts."""
    monkeypatch.setenv("EVENFLOW_ACCESS", "keys")
    with serving(tmp_path) as (process, addresses):
        key = addresses["key"]
        assert call(f"{addresses['url']}/v1/jobs")[0] == 401
        process.send_signal(signal.SIGINT)
        process.wait(20)
    with serving(tmp_path) as (_, addresses):
        assert addresses["key"] is None
        request = urllib.request.Request(f"{addresses['url']}/v1/jobs", headers={"Authorization": f"Bearer {key}"})
        assert urllib.request.urlopen(request, timeout=30).status == 200


@pytest.mark.parametrize(("access", "named"), [("keys", "evenflow keys create"), ("open", "EVENFLOW_ACCESS")])
def test_others_are_not_let_near_without_a_key(tmp_path, access, named):
    """An address that others reach is refused before there is a key, and always to an open server."""
    command = [EVENFLOW, "serve", "--home", str(tmp_path), "--host", "0.0.0.0", "--port", "0"]
    done = subprocess.run(
        command, env={**os.environ, "EVENFLOW_ACCESS": access}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert named in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
