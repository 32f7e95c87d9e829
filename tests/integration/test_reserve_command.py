"""`evenflow reserve`, `replay-decision` and `db` as a user runs them, over the small net."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import EvenflowError
from store.home import TABLES, Home

NET = {
    "parties": [{"id": "f1", "kind": "factory"}, {"id": "f2", "kind": "factory"}, {"id": "s1", "kind": "store"}],
    "relations": [{"src": "f1", "dst": "s1", "kind": "supplies"}, {"src": "f2", "dst": "s1", "kind": "supplies"}],
    "products": [{"sku_id": "soap", "category": "household", "unit_cost_fen": 500}],
    "supply": [
        {"supplier_id": "f1", "sku_id": "soap", "capacity": 50, "unit_cost_fen": 100, "lead_time_days": 3},
        {"supplier_id": "f2", "sku_id": "soap", "capacity": 50, "unit_cost_fen": 100, "lead_time_days": 40},
    ],
    "terms": [{"buyer_id": "s1", "supplier_id": "f1", "limit_fen": 2_500, "terms_days": 1}],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two factories and a store that has credit for 20 pieces at the faster one."""
    root = tmp_path_factory.mktemp("home")
    Home(root).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in NET.items()})
    return root


def run(home: Path, *words: str) -> dict:
    done = CliRunner().invoke(app, [*words, "--home", str(home), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def hold(home: Path, order: str, pieces: int, *more: str) -> dict:
    words = ("reserve", "hold", "--order", order, "--sku", "soap", "--pieces", str(pieces), "--buyer", "s1")
    return run(home, *words, *more)


def test_from_hold_to_cancel(home):
    """The faster factory takes what its credit line allows; the rest goes to the other; all of it can be replayed."""
    first = hold(home, "a", 20, "--key", "a")
    assert first["reservation"]["supplier_id"] == "f1"
    assert hold(home, "a", 20, "--key", "a") == first
    second = hold(home, "b", 20)
    assert [(row["supplier_id"], row["reason"]) for row in second["considered"]] == [
        ("f1", "no_credit"), ("f2", "chosen"),
    ]  # fmt: skip
    one, two = (answer["reservation"]["id"] for answer in (first, second))
    assert run(home, "replay-decision", two)["same"]
    assert run(home, "reserve", "confirm", two, "--pieces", "15")["given_back_pieces"] == 5
    assert run(home, "reserve", "reject", one, "--reason", "no soap")["rerouted"]["reservation"]["supplier_id"] == "f2"
    assert run(home, "reserve", "cancel", two)["status"] == "cancelled"
    assert [row["state"] for row in run(home, "reserve", "list")["reservations"]] == ["held", "cancelled", "rejected"]
    taken = {row["supplier_id"]: row["reserved"] for row in run(home, "reserve", "capacities")["capacities"]}
    assert taken == {"f1": 0, "f2": 20}
    assert run(home, "reserve", "sync")["capacities"] == 2
    assert run(home, "reserve", "sweep") == {"expired": 0, "answers_removed": 0, "reservations_removed": 0}
    assert run(home, "reserve", "show", one)["reason"] == "no soap"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["reserve", "hold", "--order", "x"], "--sku: expected this option with hold, got nothing"),
        (["reserve", "confirm"], "RESERVATION_ID: expected the reservation to confirm, got nothing"),
        (["reserve", "show", "res-0"], "unknown reservation res-0"),
        (["reserve", "release", "res-0"], "unknown reservation res-0"),
        (["reserve", "sync", "--spare"], "the loaded network has no plan"),
        (["reserve", "sync", "--tenant", "t"], "Evenflow-Tenant: expected nothing"),
        (["replay-decision", "dec-0"], "unknown decision dec-0"),
        (["db", "downgrade"], "--to: expected the form to go back to, got nothing"),
        (["db", "current", "--to", "0001"], "--to: expected nothing beside current, got 0001"),
        (["db", "upgrade", "--to", "17"], "--to: expected one of base, 0001"),
    ],
)
def test_wrong_words(home, words, says):
    """One line: what was expected."""
    with pytest.raises(EvenflowError, match=says):
        CliRunner().invoke(app, [*words, "--home", str(home)], catch_exceptions=False)


def test_the_form_of_the_database(tmp_path):
    """Made, looked at, taken back, brought forward."""
    assert run(tmp_path, "db", "current")["form"] is None
    newest = run(tmp_path, "db", "upgrade")["form"]
    assert run(tmp_path, "db", "downgrade", "--to", "0001")["before"] == newest
    assert run(tmp_path, "db", "current")["form"] == "0001"
    assert run(tmp_path, "reserve", "list") == {"reservations": []}
    assert run(tmp_path, "db", "current")["form"] == newest


@pytest.mark.parametrize("action", ["upgrade", "current", "downgrade"])
def test_a_database_that_cannot_be_opened_is_named(tmp_path, action):
    """Which file it is, for whoever mixed up two homes."""
    (tmp_path / "evenflow.db").mkdir()
    words = ["db", action, "--home", str(tmp_path), *(["--to", "0001"] if action == "downgrade" else [])]
    with pytest.raises(EvenflowError, match=r"^sqlite:///.*/evenflow.db: the database does not answer: unable to open"):
        CliRunner().invoke(app, words, catch_exceptions=False)
