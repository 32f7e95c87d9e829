"""`make run` does what it says: the main job, then a server that ends cleanly on Ctrl-C."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def get(address: str) -> dict:
    """Return the JSON at an address, or raise OSError."""
    with urllib.request.urlopen(address, timeout=5) as answer:
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
        env={**os.environ, "EVENFLOW_PORT": str(port)},
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
    """Wait for the server, then ask for the first forecast it lists."""
    for _ in range(1200):
        assert process.poll() is None, process.stdout.read()
        try:
            listed = get(f"{address}/v1/forecasts")
        except OSError:
            time.sleep(0.1)
        else:
            return get(f"{address}/v1/forecasts/{listed['rows'][0]['unique_id']}")["rows"]
    pytest.fail("no forecast within two minutes")
