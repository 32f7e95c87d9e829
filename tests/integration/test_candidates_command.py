"""`evenflow candidates`, `neighbours` and `path` on the example net, as a user runs them."""

import json
import subprocess
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.usefixtures("warm_path")


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["evenflow", *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example files, loaded into `home`."""
    folder = tmp_path_factory.mktemp("candidates")
    assert _run(folder, "demo", "--files", "examples").returncode == 0
    loaded = _run(folder, "load", "examples/net", "--home", "home", "--json")
    told = json.loads(loaded.stdout)
    assert min(told["stock"], told["lanes"], told["exclusives"]) > 0
    assert told["quarantined"] == {}
    return folder


def test_candidates_of_the_example_orders(folder):
    """From stock and capacity, with carriers; the figures are those of the file; exclusive territories are named."""
    options = ("--orders", "examples/net/orders.csv", "--home", "home", "--top", "12")
    done = _run(folder, "candidates", *options, "--out", "out.csv", "--introductions", "--json")
    assert done.returncode == 0, done.stderr
    told, found = json.loads(done.stdout), pd.read_csv(folder / "out.csv")
    assert told["orders"] == found["order_id"].nunique() == 380
    assert told["eligible_by_basis"] == found[found["eligible"]]["basis"].value_counts().to_dict()
    assert {"stock", "sku"} <= set(found["basis"])
    assert found.loc[found["eligible"], "carrier_id"].notna().all()
    exclusive = found[found["reason"] == "exclusive"]
    assert set(exclusive["violated_id"]) == {"sim-distributor-0000001"}
    assert found["introduction"].notna().any()
    assert (found.groupby("order_id")["eligible"].apply(lambda e: e.is_monotonic_decreasing)).all()


def test_filters_narrow_the_answer(folder):
    """Only goods on hand within four days."""
    options = ("--orders", "examples/net/orders.csv", "--home", "home", "--stock-only", "--max-lead-time-days", "4")
    assert _run(folder, "candidates", *options, "--out", "some.parquet").returncode == 0
    found = pd.read_parquet(folder / "some.parquet")
    assert set(found["basis"]) == {"stock"}
    assert found["lead_time_days"].max() <= 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--top", "3", "--kind", "shop"), "unknown party kind shop"),
        (("--top", "1000000000"), "top: expected 1 to 100 candidates per order, got 1000000000"),
        (("--top", "0"), "top: expected 1 to 100 candidates per order, got 0"),
        (("--category", "hats"), "unknown category hats"),
        (("--max-distance-km", "-1"), "max_distance_km: expected a number >= 0, got -1"),
        (("--home", "nowhere"), "no network loaded"),
    ],
)
def test_wrong_options_end_in_one_line(folder, options, message):
    """Exit code 2, nothing written."""
    base = ("--orders", "examples/net/orders.csv", "--out", "never.csv")
    home = () if "--home" in options else ("--home", "home")
    done = _run(folder, "candidates", *base, *home, *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "never.csv").exists()


def test_neighbours_and_paths_are_printed(folder):
    """As a table and as JSON; a path that is not there says why."""
    done = _run(folder, "neighbours", "sim-distributor-0000001", "--home", "home", "--direction", "in", "--json")
    told = json.loads(done.stdout)
    assert {row["direction"] for row in told["neighbours"]} == {"in"}
    assert told["total"] == len(told["neighbours"]) > 0
    assert "sim-distributor-0000001" in _run(folder, "neighbours", "sim-distributor-0000001", "--home", "home").stdout
    ends = ("sim-community-0000001", "sim-factory-0000001", "--home", "home")
    found = json.loads(_run(folder, "path", *ends, "--json").stdout)
    assert [found["steps"][0]["source"], found["steps"][-1]["target"]] == list(ends[:2])
    assert "weakest tie" in _run(folder, "path", *ends).stdout
    none = _run(folder, "path", *ends, "--max-hops", "1")
    assert (none.returncode, "no path of at most 1 relations" in none.stdout) == (0, True)
    assert _run(folder, "path", "sim-store-0000001", "X", "--home", "home").returncode == 2
    for command in (("neighbours", "sim-store-0000001"), ("path", *ends[:2])):
        wrong = _run(folder, *command, "--home", "home", "--kind", "suplies")
        assert wrong.returncode == 2
        assert wrong.stderr.startswith("evenflow: --kind: expected one of supplies, ")
