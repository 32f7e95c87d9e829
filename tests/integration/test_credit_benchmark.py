"""The benchmark of credit and after-sales runs, and its figures mean what they say."""

import json
import subprocess
import sys
from pathlib import Path


def test_the_benchmark_runs_on_a_small_ledger():
    """Its own check compares the exposure with a plain sum; every event and claim is counted."""
    small = ["--events", "5000", "--buyers", "100", "--suppliers", "10", "--lots", "500"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.credit", "--json", *small],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    result = json.loads(done.stdout)
    assert (result["credit"]["events"], result["credit"]["faulty_rows"]) == (5_000, 0)
    assert result["aftersales"]["claims"] == 100
    assert result["aftersales"]["suspects"] == 300
