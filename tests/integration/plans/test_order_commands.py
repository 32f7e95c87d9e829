"""`evenflow order` and `evenflow replan`, from files and on the loaded network."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError
from services.network_plan import plan_network
from store.home import Home


def run(*arguments: object):
    done = CliRunner().invoke(app, [str(part) for part in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


def test_on_the_loaded_network(home, forecast_again, tmp_path):
    """Plan, firm one order, change the forecast, re-plan: the changes are printed and written."""
    plan_network(Home(home).current())
    first = Home(home).current().result("plan")
    order_id = first.loc[first["item"] == "cap", "order_id"].iloc[-1]
    told = run("order", "--home", home, "--id", order_id, "--to", "firm", "--by", "li", "--reason", "cut", "--json")
    assert told["new"] == {"state": "firm"}
    forecast_again(tee=[80, 90, 100, 80, 90, 100, 80, 40])
    diff, out = tmp_path / "diff.csv", tmp_path / "orders.csv"
    found = run("replan", "--home", home, "--diff", diff, "--out", out, "--json")
    assert len(found["changes"]) == len(pd.read_csv(diff)) > 0
    assert pd.read_csv(out).set_index("order_id").loc[order_id, "state"] == "firm"
    listed = run("order", "--home", home, "--json")["decisions"]
    assert [row["order_id"] for row in listed] == [order_id]


def test_on_a_file(tmp_path):
    """The order's rows change, the others stay, the log has who and why."""
    plan, out, log = tmp_path / "plan.csv", tmp_path / "out.csv", tmp_path / "log.jsonl"
    row = {"item": "a", "route": "r", "resource": "L", "pieces": 10, "hours": 5.0, "start": "2026-01-05"}
    rows = [row | {"order_id": f"PO-1-{s}", "step": s, "due": "2026-01-12", "state": "proposed"} for s in (1, 2)]
    pd.DataFrame([*rows, rows[0] | {"order_id": "PO-2-1"}]).to_csv(plan, index=False)
    options = ("--id", "PO-1", "--by", "li", "--reason", "fair", "--out", out, "--log", log)
    run("order", "--orders", plan, "--start", "2026-01-08", *options)
    changed = pd.read_csv(out).set_index("order_id")
    assert changed["start"].tolist() == ["2026-01-08", "2026-01-08", "2026-01-05"]
    assert changed["due"].tolist() == ["2026-01-15", "2026-01-15", "2026-01-12"]
    assert changed["state"].tolist() == ["firm", "firm", "proposed"]
    record = json.loads(log.read_text())
    assert (record["by"], record["old"]["start"], record["new"]["start"]) == ("li", "2026-01-05", "2026-01-08")
    with pytest.raises(InputError, match="--log: expected this option"):
        run("order", "--orders", plan, "--id", "PO-1", "--to", "firm", "--out", out)


def test_a_plan_file_and_the_one_before(tmp_path):
    """`plan --previous` writes the diff and the pegs; --diff alone is refused."""
    weeks = ["2026-01-05", "2026-01-12"]
    pd.DataFrame({"item": "a", "bucket": weeks, "y": [10, 20]}).to_csv(tmp_path / "demand.csv", index=False)
    pd.DataFrame({"resource": "L", "bucket": weeks, "capacity": 40}).to_csv(tmp_path / "resources.csv", index=False)
    route = {"item": ["a"], "route": ["r"], "step": [1], "resource": ["L"], "hours_per_unit": [1]}
    pd.DataFrame(route).to_csv(tmp_path / "routes.csv", index=False)
    files = [part for name in ("demand", "resources", "routes") for part in (f"--{name}", tmp_path / f"{name}.csv")]
    run("plan", *files, "--out", tmp_path / "old.csv")
    pd.DataFrame({"item": "a", "bucket": weeks, "y": [10, 30]}).to_csv(tmp_path / "demand.csv", index=False)
    diff, pegs = tmp_path / "diff.csv", tmp_path / "pegs.csv"
    more = ("--previous", tmp_path / "old.csv", "--diff", diff, "--pegs", pegs, "--json")
    told = run("plan", *files, *more, "--out", tmp_path / "new.csv")
    assert len(told["changes"]) == len(pd.read_csv(diff)) > 0
    assert pd.read_csv(pegs)["pieces"].sum() == 40
    with pytest.raises(InputError, match="--diff: expected --previous"):
        run("plan", *files, "--out", tmp_path / "new.csv", "--diff", diff)


def test_explode_from_files(tmp_path):
    """Steps and needs are written; a cycle is refused and nothing is."""
    pd.DataFrame({"unique_id": ["a"], "ds": ["2026-01-12"], "q0.5": [9]}).to_csv(tmp_path / "demand.csv", index=False)
    route = {"item": ["a"], "route": ["r"], "step": [1], "resource": ["L"], "hours_per_unit": [1], "yield": [0.9]}
    pd.DataFrame(route).to_csv(tmp_path / "routes.csv", index=False)
    bom = tmp_path / "bom.csv"
    pd.DataFrame({"parent": ["a"], "component": ["b"], "quantity": [2]}).to_csv(bom, index=False)
    files = [part for name in ("demand", "routes", "bom") for part in (f"--{name}", tmp_path / f"{name}.csv")]
    told = run("explode", *files, "--out", tmp_path / "steps.csv", "--needs", tmp_path / "needs.csv", "--json")
    assert (told["hours"], told["bought"]) == (10, ["b"])
    assert pd.read_csv(tmp_path / "needs.csv").set_index("item").loc["b", "made"] == 20
    pd.DataFrame({"parent": ["a", "b"], "component": ["b", "a"], "quantity": [2, 1]}).to_csv(bom, index=False)
    with pytest.raises(InputError, match=r"bom.csv: column 'component': expected no item inside itself"):
        run("explode", *files, "--out", tmp_path / "other.csv")
    assert not (tmp_path / "other.csv").exists()
