"""Scenarios side by side and the frontier, from files and over HTTP."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError
from planning.scenarios import scenarios_from
from services.compare_scenarios import compare_scenarios, frontier

WEEKS = pd.date_range("2026-03-02", periods=4, freq="7D")


def tables() -> dict[str, pd.DataFrame]:
    return {
        "demand": pd.DataFrame({"item": ["tee"] * 4 + ["cap"] * 4, "bucket": [*WEEKS] * 2, "y": 20.0}),
        "resources": pd.DataFrame(
            {"resource": ["a-1"] * 4 + ["b-1"] * 4, "bucket": [*WEEKS] * 2, "capacity": 30.0, "overtime": 10.0,
             "factory": ["mill a"] * 4 + [None] * 4}
        ),
        "routes": pd.DataFrame({"item": ["tee", "tee", "cap"], "route": "r", "step": 1,
                                "resource": ["a-1", "b-1", "b-1"], "hours_per_unit": 1.0}),
        "items": pd.DataFrame({"item": ["tee", "cap"], "holding_cost": 0.1, "backlog_cost": 5.0, "lost_cost": 60.0}),
    }  # fmt: skip


def compared(*scenarios: dict) -> pd.DataFrame:
    return compare_scenarios(scenarios_from(list(scenarios)), **tables()).table.set_index("scenario")


def test_scenarios_do_what_they_say():
    """More demand fills idle hours, an outage costs fill, lateness is charged at the base's price."""
    found = compared(
        {"name": "same"},
        {"name": "fair", "demand": [{"factor": 1.5, "item": "tee", "start": "2026-03-16"}]},
        {"name": "down", "down": {"factory": "mill a", "end": "2026-03-09"}},
        {"name": "down, no overtime", "down": [{"resource": "a-1"}, {"resource": "b-1"}], "overtime": 0.0, "late": 3.0},
    )
    base = found.loc["base"]
    assert found.loc["same"].drop("orders").equals(base.drop("orders"))
    assert (base["fill_rate"], base["overtime_hours"], base["cost_change"], base["hours_moved"]) == (1, 0, 0, 0)
    assert found.loc["fair", "idle_hours"] == pytest.approx(base["idle_hours"] - 20, abs=1)
    assert found.loc["down", "hours_moved"] > 0
    assert found.loc["down", "fill_rate"] < base["fill_rate"]
    dark = found.loc["down, no overtime"]
    assert (dark["fill_rate"], dark["orders"]) == (0, 0)
    assert dark["cost_lost"] == pytest.approx(60 * 160)
    assert dark["cost_backlog"] == pytest.approx(5 * 2 * (20 + 40 + 60 + 80))


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ({"name": "x", "demand": [{"factor": 1, "item": "hat"}]}, "an item of the demand, got hat"),
        ({"name": "x", "down": {"factory": "mill z"}}, "a factory of the resources, got mill z"),
        ({"name": "x", "down": {}}, "either resource or factory"),
        ({"name": "x", "demand": -1}, "factor to be a number in [0, 100]"),
        ({"name": "x", "down": {"resource": "a-1", "start": "soon"}}, "start as a date"),
        ({"name": "x", "lates": 1}, "got lates"),
        ({"name": "x", "weights": {"idel": 1}}, "got idel"),
        ({"name": "base"}, "a name other than base"),
        ({"late": 2.0}, "name"),
    ],
)
def test_wrong_scenarios_are_named(scenario, words):
    """Each says where and what was expected."""
    with pytest.raises(InputError) as error:
        compared(scenario)
    assert words in str(error.value)


def test_two_of_one_name():
    """Rows could not be told apart."""
    with pytest.raises(InputError, match="each name once, got x"):
        scenarios_from([{"name": "x"}, {"name": "x"}])


def history() -> pd.DataFrame:
    rows = []
    for today in range(4):
        for item in ("tee", "cap"):
            for k in range(today, 4):
                y = (10, 40, 15, 35)[k]
                guess = y if k == today else 25
                quantiles = {"q0.1": guess * 0.6, "q0.5": guess, "q0.9": guess * 1.4}
                rows.append({"path": "p", "item": item, "bucket": WEEKS[k], "y": y, "as_of": WEEKS[today]} | quantiles)
    return pd.DataFrame(rows)


def test_the_frontier_by_replay_and_by_plan():
    """Dearer lateness never fills less in a plan; every point is there; the efficient ones are those none beats."""
    given = tables()
    made = frontier([0.1, 1, 10], [0], given).table
    assert made["fill_rate"].is_monotonic_increasing
    history_tables = {name: given[name] for name in ("resources", "routes", "items")}
    found = frontier([0.5, 2], [0, 1], history_tables, paths=history())
    table = found.table
    assert list(zip(table["late"], table["firm"], strict=True)) == [(0.5, 0), (0.5, 1), (2, 0), (2, 1)]
    assert found.summary["measured_by"] == "replay"
    points = np.column_stack([table["cost"], -table["fill_rate"], table["load_cv"]])
    for k, efficient in enumerate(table["efficient"]):
        beaten = any((p <= points[k]).all() and (p < points[k]).any() for p in points)
        assert efficient == (not beaten)
    with pytest.raises(InputError, match="1 to 100 points"):
        frontier([], [0], given)


def run(*arguments: object):
    done = CliRunner().invoke(app, ["whatif", *map(str, arguments)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout)


def test_from_files(tmp_path):
    """Scenarios from TOML and JSON, the frontier, and options that do not go together."""
    for name, frame in tables().items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    files = [part for name in ("resources", "routes", "items") for part in (f"--{name}", tmp_path / f"{name}.csv")]
    more = ("--demand", tmp_path / "demand.csv", "--out", tmp_path / "out.csv", "--json")
    (tmp_path / "s.toml").write_text('[[scenario]]\nname = "fair"\ndemand = 1.2\n')
    (tmp_path / "s.json").write_text('[{"name": "fair", "demand": 1.2}]')
    told = [run(*files, *more, "--scenarios", tmp_path / f"s.{kind}")["scenarios"] for kind in ("toml", "json")]
    assert [row["scenario"] for row in told[0]] == ["base", "fair"]
    assert told[0] == told[1]
    assert len(run(*files, *more, "--late", "1,2", "--firm-buckets", "0")["points"]) == 2
    history().to_csv(tmp_path / "paths.csv", index=False)
    replayed = run(*files, "--paths", tmp_path / "paths.csv", "--late", "1", "--out", tmp_path / "f.csv", "--json")
    assert replayed["measured_by"] == "replay"
    for options, words in [
        ((*more,), "either --scenarios, or --late"),
        ((*more, "--late", "x"), "--late: expected numbers"),
        ((*more, "--firm-buckets", "0.5"), "whole numbers >= 0"),
        ((*more, "--late", "1", "--paths", tmp_path / "paths.csv"), "either --paths or --demand, got both"),
        (("--out", tmp_path / "out.csv", "--scenarios", tmp_path / "s.toml"), "--demand: expected"),
    ]:
        with pytest.raises(InputError) as error:
            run(*files, *options)
        assert words in str(error.value)


def test_scenarios_of_the_loaded_network(client, finished):
    """Without tables the network's plan is compared and its frontier traced; nothing loaded is told at once."""
    body = {"scenarios": [{"name": "busy", "demand": 1.5}, {"name": "f1 down", "down": [{"factory": "f1"}]}]}
    rows = finished("/v1/scenarios", body)["summary"]["scenarios"]
    assert [row["scenario"] for row in rows] == ["base", "busy", "f1 down"]
    assert rows[2]["fill_rate"] == 0
    points = finished("/v1/frontiers", {"late": [0.5, 1], "firm_buckets": [0]})["summary"]["points"]
    assert points[1]["fill_rate"] >= points[0]["fill_rate"]
    assert rows[0]["cost"] == pytest.approx(points[1]["cost"])


def test_wrong_requests(client):
    """Told at once, by name; nothing is queued."""
    body = {"scenarios": [{"name": "x", "late": -1}], "demand": [{"item": "a", "bucket": "2026-03-02", "y": 1}]}
    assert client.post("/v1/scenarios", json=body).status_code == 422
    resources = [{"resource": "L", "bucket": "2026-03-02", "capacity": 4}]
    routes = [{"item": "a", "route": "r", "step": 1, "resource": "L", "hours_per_unit": 1}]
    neither = client.post("/v1/frontiers", json={"resources": resources, "routes": routes})
    assert neither.status_code == 422
    assert client.get("/v1/jobs").json()["jobs"] == []
