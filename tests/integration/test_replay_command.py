"""`evenflow replay` from files to files."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError

WEEKS = pd.date_range("2026-01-05", periods=5, freq="7D")


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """Two short paths of one item; the arguments that replay them."""
    rows = [
        (path, "007", WEEKS[t], y, WEEKS[now], y / 2, y, y * 2)
        for path, demand in (("calm", [8, 8, 8, 8, 8]), ("wild", [0, 20, 0, 20, 0]))
        for now in range(5)
        for t, y in enumerate(demand)
        if t >= now
    ]
    names = ["path", "item", "bucket", "y", "as_of", "q0.1", "q0.5", "q0.9"]
    tables = {
        "demand": pd.DataFrame(rows, columns=names),
        "resources": pd.DataFrame({"resource": "L", "bucket": WEEKS, "capacity": 10, "overtime": 5}),
        "routes": pd.DataFrame(
            {"item": ["007"], "route": ["r"], "step": [1], "resource": ["L"], "hours_per_unit": [1.0]}
        ),
        "items": pd.DataFrame({"item": ["007"], "holding_cost": [1], "backlog_cost": [9], "initial_stock": [8]}),
    }
    for name, frame in tables.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "replay.toml").write_text("[horizon]\nfirm = 1\n[replay]\nlook_ahead = 4\nscore_from = 1\n")
    given = [part for name in tables for part in (f"--{name}", str(tmp_path / f"{name}.csv"))]
    return ["replay", *given, "--params", str(tmp_path / "replay.toml"), "--out", str(tmp_path / "out.csv")]


def test_every_policy_is_scored_on_every_path(arguments: list[str]) -> None:
    """The JSON has figures per policy and path, and the file what happened in each bucket."""
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    policies = json.loads(done.stdout)["policies"]
    assert list(policies) == ["ours", "chase", "level", "moving_average", "order_up_to", "heijunka_rule"]
    figures = policies["ours"]["paths"]["wild"]
    assert {"cost", "fill_rate", "load_cv", "peak_to_mean", "bullwhip", "nervousness"} <= set(figures)
    assert figures["cost"]["total"] == pytest.approx(sum(v for k, v in figures["cost"].items() if k != "total"))
    rows = pd.read_csv(arguments[-1])
    assert len(rows) == 6 * 2 * 5
    scored = rows[(rows["policy"] == "ours") & (rows["path"] == "wild") & (rows["bucket"] > "2026-01-05")]
    assert figures["fill_rate"] == pytest.approx(scored["on_time"].sum() / scored["demanded"].sum())


def test_people_read_the_policies_side_by_side(arguments: list[str]) -> None:
    """Without --json there is a column per policy, and what it costs beyond the first with its interval."""
    done = CliRunner().invoke(app, [*arguments, "--policies", "chase,level"], env={"COLUMNS": "120"})
    assert done.exit_code == 0, done.output
    head, beyond = (next(line for line in done.stdout.splitlines() if word in line) for word in ("chase ", "(95 %)"))
    assert "level" in head
    assert " to " in beyond
    assert "of 2 paths" in done.stdout


def test_an_unknown_policy_writes_nothing(arguments: list[str]) -> None:
    """The names there are stand in the message."""
    done = CliRunner().invoke(app, [*arguments, "--policies", "ours,magic"])
    assert isinstance(done.exception, InputError)
    assert "ours, quantiles, median, pace, chase" in str(done.exception)
    assert not Path(arguments[-1]).exists()


def test_orders_alone_are_enough_for_a_pace(arguments: list[str], tmp_path: Path) -> None:
    """Without `as_of` and quantiles `pace` runs, and a policy that needs them says which column is missing."""
    seen = pd.read_csv(tmp_path / "demand.csv", dtype={"item": str})[["path", "item", "bucket", "y"]]
    seen.drop_duplicates().to_csv(tmp_path / "demand.csv", index=False)
    done = CliRunner().invoke(app, [*arguments, "--policies", "pace", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["policies"]["pace"]["mean"]["cost"] > 0
    for policies in ("pace,chase", "ours"):
        done = CliRunner().invoke(app, [*arguments, "--policies", policies])
        assert isinstance(done.exception, InputError)
        assert "as_of" in str(done.exception)
