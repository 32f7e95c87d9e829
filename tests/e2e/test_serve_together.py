"""`evenflow serve --processes 2`: one address, limits and figures in common, a process that dies is replaced."""

import os
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.test_serve import call, serving


def workers_of(pid: int) -> set[int]:
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def until_counted(addresses: dict, answers: int) -> None:
    """Return once the figures of all processes tell of so many answers of one address."""
    key = {"Authorization": f"Bearer {addresses['key']}"}
    told, line = "", f'evenflow_requests_total{{method="GET",route="/healthz",status="200"}} {answers}.0'
    for _ in range(100):
        request = urllib.request.Request(f"{addresses['url']}/metrics", headers=key)
        with urllib.request.urlopen(request, timeout=30) as answer:
            told = answer.read().decode()
        if line in told:
            return
        time.sleep(0.1)
    pytest.fail(f"expected {line}, got {[row for row in told.splitlines() if '/healthz' in row]}")


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes are looked up in /proc")
def test_processes_serve_together_until_they_are_told_to_end(tmp_path):
    """One that is killed is followed by another while the address answers; any tells the sum; SIGTERM ends all."""
    with serving(tmp_path, "--processes", "2") as (process, addresses):
        assert addresses["console"] is None
        url = addresses["url"]
        assert [call(f"{url}/healthz")[0] for _ in range(6)] == [200] * 6
        until_counted(addresses, 6)  # an answer is counted after it was sent: a process killed in between counts none
        before = workers_of(process.pid)
        assert len(before) == 2
        os.kill(min(before), signal.SIGKILL)
        deadline = time.monotonic() + 60
        while len(workers_of(process.pid) - {min(before)}) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert [call(f"{url}/healthz")[0] for _ in range(6)] == [200] * 6
        until_counted(addresses, 12)
        left = workers_of(process.pid)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert not any(Path(f"/proc/{pid}").exists() for pid in left)
