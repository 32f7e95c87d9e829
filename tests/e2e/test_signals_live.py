"""A running server: a posted signal changes the next estimate at once, and outlives the server's violent death."""

import json
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd

from services.ingest import Inlet
from services.launch_estimates import LaunchDesk
from services.post_signals import post_signals
from store.home import TABLES, Home

EVENFLOW = str(Path(sys.executable).with_name("evenflow"))
LAUNCH = pd.Timestamp("2026-03-01 20:00", tz="Asia/Shanghai")
STYLES = 80


def network():
    """Styles that came to a hundred times their reposts, and one to be launched."""
    reposts = np.random.default_rng(3).integers(5, 200, STYLES)
    ids = [f"old-{number}" for number in range(STYLES)]
    launch = LAUNCH - pd.to_timedelta(np.arange(STYLES) + 30, unit="D")
    teased = launch - pd.Timedelta(hours=8)
    new = pd.DataFrame({"style_id": ["new"], "launch_at": [LAUNCH]})
    styles = pd.concat([pd.DataFrame({"style_id": ids, "launch_at": launch, "total": reposts * 100.0}), new])
    signals = {"style_id": ids, "signal_time": teased, "observed_at": teased, "kind": "repost", "count": reposts}
    raw = {"parties": {"id": ["brand"], "kind": ["brand"]}, "styles": styles, "signals": signals}
    return {name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()}


@contextmanager
def serving(home):
    """Yield the process and its address."""
    command = [EVENFLOW, "serve", "--home", str(home), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process, json.loads(process.stdout.readline())["url"]
        finally:
            process.kill()


def call(url, body=None, kind="application/json"):
    request = urllib.request.Request(url, body, {"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def test_a_posted_signal_counts_at_once_and_for_good(tmp_path):
    """The estimate before and after are kept; a killed server forgets neither signals nor estimates."""
    Home(tmp_path).publish(network())
    asked = f"/v1/launches/new?as_of={quote('2026-03-01T19:00:00+08:00')}"
    row = {"style_id": "new", "kind": "repost", "count": 190, "signal_time": "2026-03-01T12:00:00+08:00"}
    line = json.dumps({**row, "observed_at": "2026-03-01T12:00:00+08:00"}).encode()
    with serving(tmp_path) as (process, address):
        before = call(address + asked)
        assert call(f"{address}/v1/signals", line, "application/x-ndjson")["applied"] == 1
        after = call(address + asked)
        assert after["mean"] > 2 * before["mean"]
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    inlet = Inlet.of(tmp_path)
    assert post_signals([json.loads(line)], inlet)["known"] == 1
    desk = LaunchDesk(Home(tmp_path), inlet)
    assert desk.estimate("new", as_of=LAUNCH - pd.Timedelta(hours=1)) == after
    assert [told["mean"] for told in desk.history("new")] == [before["mean"], after["mean"]]
