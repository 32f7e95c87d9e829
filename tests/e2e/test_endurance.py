"""The server under kill -9 and under long mixed load: two short rounds here, many with `make proof`."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

EVENFLOW = str(Path(sys.executable).with_name("evenflow"))
BUCKETS = ("2026-03-02", "2026-03-09")
PLAN = {
    "demand": [{"item": "soap", "bucket": bucket, "y": 100} for bucket in BUCKETS],
    "resources": [{"resource": "line", "bucket": bucket, "capacity": 40} for bucket in BUCKETS],
    "routes": [{"item": "soap", "route": "main", "step": 1, "resource": "line", "hours_per_unit": 0.2}],
}
MATCH = {
    "orders": [{"order_id": f"o{n}", "pieces": n + 1} for n in range(20)],
    "suppliers": [{"supplier_id": "near", "capacity": 90}, {"supplier_id": "far", "capacity": 200}],
    "candidates": [
        {"order_id": f"o{n}", "supplier_id": supplier, "score": score}
        for n in range(20)
        for supplier, score in (("near", 0.9), ("far", 0.7))
    ],
}
WRONG = {"orders": [{"order_id": "o", "pieces": -1}]}


@contextmanager
def serving(home: Path):
    """Yield the process and its address."""
    command = [EVENFLOW, "serve", "--home", str(home), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process, json.loads(process.stdout.readline())["url"]
        finally:
            process.kill()


def call(url: str, body: dict | None = None) -> tuple[int, dict]:
    """Return the status and the JSON of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def kill_rounds(home: Path, rounds: int) -> None:
    """Acknowledge jobs, kill the server at a random moment, start it again: every acknowledged job is still told."""
    chance = random.Random(1)
    acknowledged: list[str] = []
    for _ in range(rounds):
        with serving(home) as (process, url):
            acknowledged += [call(f"{url}/v1/plans", PLAN)[1]["id"] for _ in range(2)]
            time.sleep(chance.uniform(0, 2))
            process.send_signal(signal.SIGKILL)
    with serving(home) as (_, url):
        jobs = [call(f"{url}/v1/jobs/{name}") for name in acknowledged]
    assert [status for status, _ in jobs] == [200] * len(acknowledged)
    ends = {job["state"] if job["state"] != "failed" else job["problem"]["type"] for _, job in jobs}
    assert ends <= {"succeeded", "/problems/interrupted"}


def soak(home: Path, seconds: float) -> None:
    """Mixed requests from four clients: only documented answers, and memory that stops growing."""
    with serving(home) as (process, url):
        answers, stop = Counter(), threading.Event()
        clients = [threading.Thread(target=ask, args=(url, answers, stop, n)) for n in range(4)]
        for client in clients:
            client.start()
        time.sleep(seconds / 2)
        halfway = resident_mb(process.pid)
        time.sleep(seconds / 2)
        end = resident_mb(process.pid)
        stop.set()
        for client in clients:
            client.join()
    assert set(answers) == {("match", 200), ("wrong", 422), ("unknown", 404), ("alive", 200)}
    assert end <= 1.25 * halfway + 20, (halfway, end)


def ask(url: str, answers: Counter, stop: threading.Event, seed: int) -> None:
    """Ask one thing after another until told to stop."""
    requests = {
        "match": ("/v1/matches", MATCH),
        "wrong": ("/v1/matches", WRONG),
        "unknown": ("/v1/jobs/no-such-job", None),
        "alive": ("/healthz", None),
    }
    names = [*requests, *random.Random(seed).choices([*requests], k=40)]
    while not stop.is_set():
        for name in names:
            path, body = requests[name]
            answers[name, call(url + path, body)[0]] += 1


def resident_mb(process: int) -> float:
    """Return the memory a process holds, in MiB."""
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def test_acknowledged_jobs_survive_two_kills(tmp_path: Path) -> None:
    """Two rounds of kill -9."""
    kill_rounds(tmp_path, 2)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_short_soak_leaves_only_documented_answers(tmp_path: Path) -> None:
    """A few seconds of mixed load."""
    soak(tmp_path, 6)


@pytest.mark.proof
def test_acknowledged_jobs_survive_many_kills(tmp_path: Path) -> None:
    """Twenty rounds of kill -9."""
    kill_rounds(tmp_path, 20)


@pytest.mark.proof
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_long_soak_leaves_memory_alone(tmp_path: Path) -> None:
    """Five minutes of mixed load."""
    soak(tmp_path, 300)
