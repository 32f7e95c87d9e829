"""`evenflow prices` on a loaded network: refresh, show, history, activate, and what it refuses."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import EvenflowError
from store.home import TABLES, Home
from tests.integration.http.conftest import RAW

ORDERS = [
    {"order_id": f"o{n}", "pieces": 10, "sku_id": "soap", "buyer_id": "s1", "placed_at": "2026-03-01T09:00:00+08:00"}
    for n in range(40)
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The small net with orders for twice what there is."""
    raw = RAW | {"orders": ORDERS}
    Home(tmp_path).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()})
    return tmp_path


def run(home, *options):
    done = CliRunner().invoke(app, ["prices", *options, f"--home={home}", "--json"])
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


def test_prices_are_refreshed_shown_and_rolled_back(home):
    """Two versions; the first serves again when asked; the table has one row per supplier and good."""
    made = run(home, "refresh", f"--out={home / 'prices.csv'}")
    assert (made["version"], made["serves"], made["orders"]) == (1, True, 40)
    assert pd.read_csv(home / "prices.csv")["supplier_id"].tolist() == ["f1", "f2"]
    cut = run(home, "refresh", "--cause=capacity_cut", "--cut=f1=0.5", "--down=f2")
    assert cut["left"] == {"f1": 0.5, "f2": 0.0}
    assert cut["before"] == 1
    run(home, "activate", "2")
    assert run(home, "activate", "1")["serves"]
    shown = run(home, "show")
    assert (shown["version"], shown["left_now"]) == (1, {"f1": 0.5, "f2": 0.0})
    assert {row["supplier_id"] for row in shown["dearest"]} == {"f1", "f2"}
    listed = run(home, "history")
    assert listed["serves"] == 1
    assert [one["version"] for one in listed["versions"]] == [2, 1]
    assert run(home, "refresh", "--back=f1", "--back=f2")["left"] == {}


def test_orders_of_a_file_count_instead(home):
    """A quiet day of one order needs no price above zero."""
    path = home / "orders.csv"
    pd.DataFrame(ORDERS[:1]).to_csv(path, index=False)
    made = run(home, "refresh", f"--orders={path}")
    assert (made["orders"], made["priced_offers"]) == (1, 0)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["show"], "prices refresh"),
        (["activate"], "VERSION"),
        (["activate", "7"], "unknown price version 7"),
        (["refresh", "--cut=f1"], "SUPPLIER=SHARE"),
        (["refresh", "--cut=f1=1.5"], "left_share"),
        (["refresh", "--cut=f1=nan"], "left_share"),
        (["refresh", "--down=nobody"], "nobody"),
        (["refresh", "--share=0"], "share"),
    ],
)
def test_wrong_options_are_refused_by_name(home, options, told):
    """One line that names the option; nothing is kept."""
    done = CliRunner().invoke(app, ["prices", *options, f"--home={home}"])
    assert done.exit_code != 0
    assert isinstance(done.exception, EvenflowError)
    assert told in str(done.exception)
    assert not list((home / "prices").glob("[0-9]*")) if (home / "prices").is_dir() else True
