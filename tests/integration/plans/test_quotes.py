"""Quotes from files, of the loaded network and over HTTP."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import EvenflowError
from services.quote_dates import quote_orders

WEEKS = pd.date_range("2026-03-02", periods=3, freq="7D")


def run(*arguments: object):
    done = CliRunner().invoke(app, ["quote", *map(str, arguments)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout)


def tables() -> dict[str, pd.DataFrame]:
    """Mill a is nearly full with firm work, mill b has room from the second week on."""
    return {
        "demand": pd.DataFrame({"item": "tee", "bucket": WEEKS, "y": [0.0, 0, 0]}),
        "resources": pd.DataFrame(
            {"resource": ["a-1"] * 3 + ["b-1"] * 3, "bucket": [*WEEKS, *WEEKS], "capacity": [40.0] * 3 + [0, 40, 40],
             "factory": ["mill a"] * 3 + [None] * 3}
        ),
        "routes": pd.DataFrame({"item": "tee", "route": "r", "step": 1, "resource": ["a-1", "b-1"],
                                "hours_per_unit": 1.0}),
        "items": pd.DataFrame({"item": ["tee"], "holding_cost": [0.1], "backlog_cost": [5.0]}),
        "firm": pd.DataFrame({"order_id": ["F-1", "F-2"], "item": "tee", "route": "r", "step": 1, "resource": "a-1",
                              "pieces": [40, 40], "start": WEEKS[:2], "state": "firm"}),
    }  # fmt: skip


def test_each_factory_says_what_it_can():
    """Mill a only after its firm weeks, b-1 (its own factory) a week earlier; too many pieces fit nowhere."""
    orders = pd.DataFrame({"order_id": ["o1", "o2", "o3"], "item": ["tee", "tee", "new"], "pieces": [30, 900, 5]})
    made = tables()
    extra = pd.DataFrame({"item": ["new"], "route": ["r"], "step": [1], "resource": ["b-1"], "hours_per_unit": [1.0]})
    found = quote_orders(orders, **made | {"routes": pd.concat([made["routes"], extra])})
    first = found.quotes[found.quotes["order_id"] == "o1"].groupby("factory")["promise"].min()
    assert first.to_dict() == {"mill a": WEEKS[2], "b-1": WEEKS[1]}
    assert found.summary["earliest"]["o1"]["factory"] == "b-1"
    assert found.summary["not_within_horizon"] == ["o2"]
    assert found.quotes[found.quotes["order_id"] == "o2"]["takes"].tolist() == ["nothing", "nothing"]
    assert found.summary["earliest"]["o3"]["promise"] == "2026-03-09"


def test_from_files(tmp_path):
    """One order by options, quotes written; what cannot be asked is refused by name."""
    for name, frame in tables().items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    files = [part for name in tables() for part in (f"--{name}", tmp_path / f"{name}.csv")]
    told = run(*files, "--item", "tee", "--pieces", 30, "--out", tmp_path / "quotes.csv", "--json")
    assert told["earliest"]["new"]["promise"] == "2026-03-09"
    assert len(pd.read_csv(tmp_path / "quotes.csv")) == len(told["quotes"])
    assert {row["promise"] for row in told["quotes"]} >= {"2026-03-09"}
    nobody = run(*files, "--item", "tee", "--pieces", 900, "--json")
    assert [row["promise"] for row in nobody["quotes"]] == [None, None]
    for options, words in [
        (("--item", "tee"), "either --item with --pieces"),
        (("--item", "hat", "--pieces", 3), "expected the id of a known item of the routes, got hat"),
        (("--item", "tee", "--pieces", 0), "pieces"),
    ]:
        with pytest.raises(EvenflowError) as error:
            run(*files, *options, "--json")
        assert words in str(error.value)
    with pytest.raises(EvenflowError, match="--resources: expected demand, resources and routes together"):
        run("--demand", tmp_path / "demand.csv", "--item", "tee", "--pieces", 1, "--json")


def test_of_the_loaded_network(client, finished, home):
    """Beside its own plan, by its suppliers; the same from the command line."""
    finished("/v1/plans", {})
    job = finished("/v1/quotes", {"orders": [{"order_id": "o1", "item": "cap", "pieces": 40}]})
    rows = client.get(job["tables"]["quotes"]["href"]).json()["rows"]
    assert {row["factory"] for row in rows} == {"f1"}
    assert rows[0]["promise"] == job["summary"]["earliest"]["o1"]["promise"]
    assert rows == sorted(rows, key=lambda row: row["promise"])
    told = run("--home", home, "--item", "cap", "--pieces", 40, "--json")
    assert told["earliest"]["new"] == job["summary"]["earliest"]["o1"]
    wrong = client.post("/v1/quotes", json={"orders": [{"order_id": "o1", "item": "cap", "pieces": 0}]})
    assert wrong.json()["errors"][0]["pointer"] == "/orders/0/pieces"
