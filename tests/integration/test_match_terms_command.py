"""`evenflow match` under limits, pools, split costs and preferences, from files to files."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app

TABLES = {
    "orders": "order_id,pieces,buyer_id,week\no1,40,b1,1\no2,30,b1,1\no3,20,b2,1\no4,5,b3,2\n",
    "suppliers": "supplier_id,capacity,minimum_order\ns1,80,10\ns2,60,\n",
    "candidates": "order_id,supplier_id,score\no1,s1,0.9\no1,s2,0.5\no2,s1,0.8\no2,s2,0.6\no3,s1,0.9\no4,s1,0.9\n",
    "limits": 'limit_id,kind,per,most,share,of\nexp,exposure_cap,"buyer_id,supplier_id",,0.5,orders\n',
    "preferences": "supplier_id,column,value,minimum,maximum,worth\ns2,pieces,,30,,1\n",
}


@pytest.fixture
def files(tmp_path):
    """Four orders of three buyers, a supplier with a minimum and one without."""
    for name, text in TABLES.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def run(folder, *options):
    """Run the command in-process and return the runner's result."""
    tables = [f"--{name}={folder / name}.csv" for name in ("orders", "suppliers", "candidates")]
    return CliRunner().invoke(app, ["match", *tables, f"--out={folder / 'out.csv'}", "--json", *options])


def test_everything_together(files):
    """No buyer depends on one supplier for more than half; the small order finds no pool; every price is written."""
    options = [f"--limits={files / 'limits.csv'}", f"--preferences={files / 'preferences.csv'}", "--pool-by=week"]
    done = run(files, *options, "--split-cost=0.5", f"--shadow-prices={files / 'shadow.csv'}")
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    out = pd.read_csv(files / "out.csv")
    served = out.dropna(subset="supplier_id").merge(pd.read_csv(files / "orders.csv")[["order_id", "buyer_id"]])
    pairs = served.groupby(["buyer_id", "supplier_id"])["pieces"].sum()
    assert pairs.to_dict() == {("b1", "s1"): 35, ("b1", "s2"): 35, ("b2", "s1"): 10}
    assert figures["unmatched_by_reason"] == {"below_minimum": 5, "exposure_cap": 10}
    assert figures["pools"] == {"open": 1, "closed": 1}
    assert figures["split_cost"] == 0.5 * figures["splits"]
    assert figures["gap"] <= 1e-6
    shadow = pd.read_csv(files / "shadow.csv")
    assert set(shadow["about"]) == {"limit", "pool"}
    assert shadow.query("reason == 'exposure_cap'")["price"].gt(0).all()
    assert "preferred_for" in out


@pytest.mark.parametrize(
    ("table", "text", "message"),
    [
        ("limits", "limit_id,kind\nx,ceiling\n", "limits.csv: limit x: expected either most or share, got neither"),
        ("limits", "limit_id,kind,most\nx,cap,3\n", "limits.csv: column 'kind', row 1"),
        ("preferences", "supplier_id,column,value,worth\ns9,pieces,3,1\n", "column 'supplier_id', row 1"),
        (
            "preferences", "supplier_id,column,minimum,maximum,worth\ns2,pieces,9,1,1\n",
            "preferences.csv: row 1: expected minimum <= maximum, got 9 to 1",
        ),
        (
            "candidates", "order_id,supplier_id,score,minimum_order\no1,s1,0.9,few\n",
            "candidates.csv: column 'minimum_order', row 1: expected a whole number >= 0",
        ),
        (
            "orders", "order_id,pieces,unmatched_penalty\no1,40,1e300\n",
            "orders.csv: column 'unmatched_penalty', row 1: expected a number >= 0 and <= 1e+12",
        ),
    ],
)  # fmt: skip
def test_a_wrong_file_is_named_and_nothing_written(files, table, text, message):
    """One line on standard error, exit code 1 or 2, no output."""
    (files / f"{table}.csv").write_text(text)
    done = run(files, f"--{table}={files / table}.csv")
    assert done.exit_code != 0
    assert message in done.output + str(done.exception or "")
    assert not (files / "out.csv").exists()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--split-cost=-1", "split cost: expected a number >= 0"), ("--pool-by=colour", "--pool-by: expected a column"),
        ("--split-cost=1e300", "split cost: expected a number >= 0 and <= 1e+12, got 1e+300"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_named(files, option, message):
    """As for files."""
    done = run(files, option)
    assert done.exit_code != 0
    assert message in done.output + str(done.exception or "")


def test_days_and_fairness_are_written(files):
    """With --steady every row has a day within its order's window, and suppliers' swings are told."""
    (files / "suppliers.csv").write_text("supplier_id,capacity\ns1,80\ns2,60\n")
    (files / "orders.csv").write_text("order_id,pieces,last_day\no1,40,0\no2,30,3\no3,20,3\no4,5,1\n")
    done = run(files, "--steady=0.1", f"--fairness={files / 'fairness.csv'}")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["steadiness"]
    assert told["load_cv"] < told["load_cv_before"]
    out = pd.read_csv(files / "out.csv").merge(pd.read_csv(files / "orders.csv")[["order_id", "last_day"]])
    assert (out["day"] <= out["last_day"]).all()
    fairness = pd.read_csv(files / "fairness.csv")
    assert fairness["received"].sum() == 95
    assert fairness.columns.tolist() == [
        "supplier_id", "due", "received", "envied", "envy_cost", "load_cv_before", "load_cv",
    ]  # fmt: skip
