"""`make run` does what it says: the main job, then a server that ends cleanly on Ctrl-C."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def get(address: str, key: str) -> dict:
    """Return the JSON at an address, or raise OSError."""
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read())


def test_make_run_serves_a_forecast_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    """One command from an empty home to a served forecast; Ctrl-C leaves no traceback and no server behind."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    venv = Path(sys.executable).parent.parent
    process = subprocess.Popen(
        ["make", "run", f"VENV={venv}", f"ARGS=--scale tiny --home {tmp_path / 'home'}"],
        cwd=ROOT,
        env={**os.environ, "EVENFLOW_PORT": str(port), "EVENFLOW_ACCESS": "keys"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        rows = first_forecast(f"http://127.0.0.1:{port}", process)
        assert rows
        assert {"ds", "mean", "q0.5"} <= set(rows[0])
    finally:
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert "Traceback" not in output
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def first_forecast(address: str, process: subprocess.Popen) -> list[dict]:
    """Wait for the key that is printed once the server listens, then ask for the first forecast it lists."""
    told = []
    for line in process.stdout:
        told.append(line)
        if key := re.search(r"evf_\S+", line):
            listed = get(f"{address}/v1/forecasts", key[0])
            return get(f"{address}/v1/forecasts/{listed['rows'][0]['unique_id']}", key[0])["rows"]
    pytest.fail("".join(told))
