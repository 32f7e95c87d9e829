"""Loads that are killed or run at once: a reader sees the old version or the new one, never half."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from services.load_network import load_network
from store.home import Home

ROOT = Path(__file__).resolve().parents[3]
# Loads the two folders in turn for ever, and says when it starts.
LOADER = """
import sys
from pathlib import Path
from services.load_network import load_network
from store.home import Home
home = Home(Path(sys.argv[1]))
print("ready", flush=True)
for turn in range(int(sys.argv[2])):
    load_network(Path(sys.argv[3 + turn % 2]), home=home)
"""


def _folder(path: Path, n: int) -> Path:
    """Write a ring of n stores that refer each other."""
    path.mkdir()
    ids = [f"S{i:05d}" for i in range(n)]
    pd.DataFrame({"id": ids, "kind": "store"}).to_csv(path / "parties.csv", index=False)
    ring = pd.DataFrame({"src": ids, "dst": [*ids[1:], ids[0]], "kind": "refers"})
    ring.to_csv(path / "relations.csv", index=False)
    return path


def _loader(home: Path, turns: int, folders: list[Path]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", LOADER, str(home), str(turns), *map(str, folders)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _assert_whole(home: Home, sizes: dict[str, int]) -> None:
    """The current version is one of those loaded, and all of it is there."""
    snapshot = home.current()
    n = sizes[snapshot.version]
    assert snapshot.counts == {"parties": n, "relations": n}
    assert len(snapshot.table("relations")) == n
    network = snapshot.network()
    assert (network.n_parties, network.n_relations) == (n, n)
    assert network.parties.ids.all_texts().tolist() == snapshot.table("parties")["id"].tolist()


def _kill_rounds(tmp_path: Path, rounds: int) -> None:
    folders = [_folder(tmp_path / "a", 2_000), _folder(tmp_path / "b", 3_000)]
    home = Home(tmp_path / "home")
    sizes = {load_network(folder, home=home).version: n for folder, n in zip(folders, (2_000, 3_000), strict=True)}
    chance = random.Random(0)
    for _ in range(rounds):
        process = _loader(home.root, 1_000, folders)
        time.sleep(chance.uniform(0.01, 0.6))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        _assert_whole(Home(home.root), sizes)
    load_network(folders[0], home=home)
    _assert_whole(Home(home.root), sizes)
    left = [path.name for path in (home.root / "versions").iterdir()]
    assert sorted(left) == sorted(sizes)


def test_a_killed_load_leaves_the_old_or_the_new_version(tmp_path: Path) -> None:
    """Two rounds of kill -9; the longer test has many."""
    _kill_rounds(tmp_path, 2)


@pytest.mark.proof
def test_no_moment_of_a_kill_leaves_half_a_version(tmp_path: Path) -> None:
    """Many rounds of kill -9 at random moments."""
    _kill_rounds(tmp_path, 60)


def test_loads_at_the_same_time_take_turns(tmp_path: Path) -> None:
    """Two writers and a reader: every version seen is whole, and nothing is left over."""
    folders = [_folder(tmp_path / "a", 500), _folder(tmp_path / "b", 700)]
    home = Home(tmp_path / "home")
    sizes = {load_network(folder, home=home).version: n for folder, n in zip(folders, (500, 700), strict=True)}
    writers = [_loader(home.root, 6, order) for order in (folders, folders[::-1])]
    while any(writer.poll() is None for writer in writers):
        _assert_whole(Home(home.root), sizes)
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0, 0]
    assert sorted(path.name for path in (home.root / "versions").iterdir()) == sorted(sizes)


def test_a_crash_between_staging_and_switching_keeps_the_old_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new version's folder may be complete already: it is not current until the switch."""
    folders = [_folder(tmp_path / "a", 10), _folder(tmp_path / "b", 20)]
    home = Home(tmp_path / "home")
    old = load_network(folders[0], home=home).version

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("store.home.put", crash)
        with pytest.raises(KeyboardInterrupt):
            load_network(folders[1], home=home)
    assert home.current().version == old
    new = load_network(folders[1], home=home).version
    assert Home(home.root).current().version == new
