"""Recording that is killed at any moment: what was acknowledged is there, once, and the log stays usable."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from store.home import TABLES, Home

ROOT = Path(__file__).resolve().parents[3]
# Records batches of three trades each for ever and prints the number of a batch once it is acknowledged.
WRITER = """
import sys
from pathlib import Path
from store.home import Home
home = Home(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(int(sys.argv[2]), 10**9):
    home.record([
        {"event_id": f"{sys.argv[3]}-{number}-{part}", "event": "trade", "src": "F", "dst": "S", "kind": "supplies",
         "at": "2026-03-01", "amount_fen": 1}
        for part in range(3)
    ])
    print(number, flush=True)
"""


def _home(root: Path) -> Home:
    home = Home(root)
    parties = pd.DataFrame({"id": ["F", "S"], "kind": ["factory", "store"]})
    home.publish({"parties": TABLES["parties"].check(parties)})
    return home


def _writer(home: Home, start: int, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(home.root), str(start), name]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _killed(writer: subprocess.Popen[str], seconds: float) -> list[int]:
    """Kill a writer some time after its first line; return the batches it acknowledged."""
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    time.sleep(seconds)
    writer.send_signal(signal.SIGKILL)
    told, _ = writer.communicate()
    return [int(line) for line in told.splitlines(keepends=True) if line.endswith("\n")]


def _rounds(tmp_path: Path, rounds: int, seed: int) -> None:
    home, rng = _home(tmp_path / "home"), random.Random(seed)
    acknowledged: set[str] = set()
    start = 0
    for number in range(rounds):
        done = _killed(_writer(home, start, "w"), rng.uniform(0, 0.12))
        acknowledged |= {f"w-{batch}-{part}" for batch in done for part in range(3)}
        if number % 3 == 0:  # a crash of the disk's cache rather than of the process: half a line
            with home.log.path.open("ab") as file:
                file.write(b"1 00000000 99 [{")
        events, _ = Home(home.root).log.read()
        ids = [event["event_id"] for event in events]
        assert len(ids) == len(set(ids))
        assert acknowledged <= set(ids)
        assert len(ids) % 3 == 0  # a batch is whole
        start = max((int(text.split("-")[1]) for text in ids), default=-1)  # send the last one again: it may be known
        start = max(start, 0)
        table = Home(home.root).current().table("relations")
        assert table["count"].sum() == len(ids)
    assert len(acknowledged) > rounds


def test_a_killed_writer_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Five rounds of kill -9 at random moments."""
    _rounds(tmp_path, 5, seed=1)


@pytest.mark.proof
def test_many_killed_writers_lose_and_double_nothing(tmp_path: Path) -> None:
    """Sixty rounds."""
    _rounds(tmp_path, 60, seed=2)


def test_two_writers_take_turns(tmp_path: Path) -> None:
    """Both write at once until one is killed; every acknowledged batch is whole, and the other goes on."""
    home = _home(tmp_path / "home")
    one, two = _writer(home, 0, "one"), _writer(home, 0, "two")
    done = _killed(one, 0.5)
    more = _killed(two, 0.3)
    ids = [event["event_id"] for event in home.log.read()[0]]
    assert {f"one-{batch}-0" for batch in done} | {f"two-{batch}-0" for batch in more} <= set(ids)
    assert len(ids) == len(set(ids))
    assert done
    assert more
