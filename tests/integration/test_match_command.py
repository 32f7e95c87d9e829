"""`evenflow match` from files to files."""

import json
import subprocess
import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError

ORDERS = "order_id,pieces,unmatched_penalty,buyer_id\n001,5,,b1\n002,5,2,b1\n003,4,1,b2\n"
SUPPLIERS = "supplier_id,capacity\ns1,5\ns2,10\n"
CANDIDATES = "order_id,supplier_id,score,lead_time_days,colour\n001,s1,0.9,3,red\n001,s2,0.8,4,\n002,s1,0.9,2,blue\n"


@pytest.fixture
def files(tmp_path):
    """Three orders, two suppliers; order 003 has no candidate."""
    for name, text in (("orders", ORDERS), ("suppliers", SUPPLIERS), ("candidates", CANDIDATES)):
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def run_match(folder, *options, out="out.csv"):
    """Run the command in-process and return the runner's result."""
    tables = [f"--{name}={folder / name}.csv" for name in ("orders", "suppliers", "candidates")]
    return CliRunner().invoke(app, ["match", *tables, f"--out={folder / out}", *options])


def test_match_writes_allocation_and_figures(files):
    """5·0.8 + 5·0.9 - 4·1; order 003 is left for want of candidates; ids keep their zeros."""
    result = run_match(files, "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["objective"] == pytest.approx(4.5)
    assert figures["upper_bound"] == pytest.approx(4.5)
    assert figures["gap"] == 0
    assert (figures["matched_pieces"], figures["unmatched_pieces"]) == (10, 4)
    assert {"method", "seconds", "cpu_seconds", "peak_mb"} <= set(figures)
    out = pd.read_csv(files / "out.csv", dtype=str, keep_default_na=False)
    assert out.columns.tolist() == [
        "order_id", "supplier_id", "pieces", "score", "price", "reason", "lead_time_days", "colour",
    ]  # fmt: skip
    assert out[["order_id", "supplier_id", "pieces", "reason"]].to_numpy().tolist() == [
        ["001", "s2", "5", "chosen"],
        ["002", "s1", "5", "chosen"],
        ["003", "", "4", "no_candidates"],
    ]
    assert out["colour"].tolist() == ["", "blue", ""]


def test_parquet_in_and_out(files):
    """The suffix decides the format."""
    pd.read_csv(files / "orders.csv", dtype={"order_id": str}).to_parquet(files / "orders.parquet")
    options = ["match", f"--orders={files / 'orders.parquet'}", f"--suppliers={files / 'suppliers.csv'}"]
    options += [f"--candidates={files / 'candidates.csv'}", f"--out={files / 'out.parquet'}"]
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 0, result.output
    assert pd.read_parquet(files / "out.parquet")["pieces"].sum() == 14


def test_weights_score_candidates_from_their_parts(files):
    """Without a score column the parts count: 1 - 0.1 · lead time."""
    candidates = pd.read_csv(files / "candidates.csv", dtype=str).drop(columns="score")
    candidates.to_csv(files / "candidates.csv", index=False)
    weights = files / "w.toml"
    weights.write_text("base = 1.0\n[parts.lead_time_days]\nweight = 1.0\nscale = 10.0\ndirection = 'lower'\n")
    result = run_match(files, f"--weights={weights}")
    assert result.exit_code == 0, result.output
    assert pd.read_csv(files / "out.csv")["score"].round(9).tolist()[:2] == [0.6, 0.8]


def test_credit_lines_of_a_buyer_hold_over_orders(files):
    """Buyer b1 may take three pieces from s1, over both of its orders."""
    credit = files / "credit.csv"
    credit.write_text("buyer_id,supplier_id,limit\nb1,s1,3\nb9,s2,4\n")
    result = run_match(files, f"--credit={credit}", "--json")
    assert result.exit_code == 0, result.output
    notes = json.loads(result.stdout)["notes"]
    assert "credit.csv: 1 credit line(s) for buyers without an order, the first is b9" in notes
    out = pd.read_csv(files / "out.csv", dtype={"order_id": str})
    assert out.loc[out["supplier_id"] == "s1", "pieces"].sum() == 3
    assert out.loc[(out["order_id"] == "002") & out["supplier_id"].isna(), "reason"].tolist() == ["no_credit"]


@pytest.mark.parametrize("options", [[], ["--unsplit"], ["--method=greedy"], ["--floor=0.5"]])
def test_credit_without_rows_limits_nothing(files, options):
    """A header-only credit file is the same as no credit file."""
    credit = files / "credit.csv"
    credit.write_text("buyer_id,supplier_id,limit\n")
    result = run_match(files, f"--credit={credit}", *options, out="with.csv")
    assert result.exit_code == 0, result.output
    assert run_match(files, *options, out="without.csv").exit_code == 0
    assert (files / "with.csv").read_text() == (files / "without.csv").read_text()


def test_unsplit_order_larger_than_the_only_supplier_is_not_outbid(files):
    """The allocation gives `full` as the reason, because nobody else exists."""
    (files / "orders.csv").write_text("order_id,pieces\n001,10\n")
    (files / "suppliers.csv").write_text("supplier_id,capacity\ns1,5\n")
    (files / "candidates.csv").write_text("order_id,supplier_id,score\n001,s1,0.5\n")
    assert run_match(files, "--unsplit").exit_code == 0
    assert pd.read_csv(files / "out.csv")["reason"].tolist() == ["full"]


@pytest.mark.parametrize("options", [["--unsplit"], ["--floor=0.5"], ["--method=greedy"], ["--method=auction"]])
def test_every_option_runs(files, options):
    """Each way of solving writes a feasible allocation."""
    result = run_match(files, *options, "--json")
    assert result.exit_code == 0, result.output
    out = pd.read_csv(files / "out.csv")
    assert out["pieces"].sum() == 14
    assert out.loc[out["supplier_id"] == "s1", "pieces"].sum() <= 5


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("orders", "order_id\n1\n", "orders.csv: column 'pieces': expected this required column"),
        ("orders", "order_id,pieces\n1,-5\n", "orders.csv: column 'pieces', row 1: expected a whole number > 0"),
        ("orders", "order_id,pieces\n1,5\n1,6\n", r"orders.csv: column 'order_id', row 2: expected each \(order_id\)"),
        ("orders", "order_id,pieces\n1,3000000000\n", "<= 2.14748e.09, got '?3000000000"),
        ("orders", "order_id,pieces\n", "orders.csv: expected at least one row"),
        ("orders", "order_id,pieces,unmatched_penalty\n001,5,-1\n", "unmatched_penalty"),
        ("suppliers", "supplier_id,capacity\ns1,2.5\n", "suppliers.csv: column 'capacity', row 1"),
        ("suppliers", "supplier_id,capacity\ns1,5\ns1,5\n", "suppliers.csv: column 'supplier_id', row 2"),
        ("candidates", "order_id,supplier_id,score\n001,s1,nan\n", "candidates.csv: column 'score', row 1"),
        ("candidates", "order_id,supplier_id,score\n001,s1,inf\n", "candidates.csv: column 'score', row 1"),
        ("candidates", "order_id,supplier_id,score\n009,s1,1\n", "row 1: expected the id of a known order, got '?009"),
        ("candidates", "order_id,supplier_id,score\n001,s9,1\n", "row 1: expected the id of a known supplier"),
        ("candidates", "order_id,supplier_id,score\n001,s1,1\n001,s1,2\n", "row 2: expected each"),
        ("candidates", "order_id,supplier_id,score,load\n001,s1,1,0\n", "candidates.csv: column 'load', row 1"),
        ("candidates", "order_id,supplier_id,score,load\n001,s1,1,1e-300\n", "row 1: expected a number >= 1e-06"),
        ("suppliers", "supplier_id,capacity\ns1,9000000000000\n", "suppliers.csv: column 'capacity', row 1"),
        ("candidates", "order_id,supplier_id\n001,s1\n", "column 'score': expected this column, or --weights"),
    ],
)  # fmt: skip
def test_wrong_tables_are_named(files, name, text, message):
    """The error names the file, the column and the row, and no output is left."""
    (files / f"{name}.csv").write_text(text)
    result = run_match(files)
    assert isinstance(result.exception, InputError)
    with pytest.raises(InputError, match=message):
        raise result.exception
    assert not (files / "out.csv").exists()


@pytest.mark.parametrize("option", ["--floor=1.5", "--floor=-0.5", "--weights=nowhere.toml", "--credit=nowhere.csv"])
def test_wrong_options_are_named(files, option):
    """A floor beyond [0, 1] or a missing file is refused."""
    result = run_match(files, option)
    assert isinstance(result.exception, InputError)


def test_credit_of_an_unknown_supplier_is_refused(files):
    """A slip of the pen must not lift a limit."""
    (files / "credit.csv").write_text("buyer_id,supplier_id,limit\nb1,s1,3\nb1,s9,3\n")
    result = run_match(files, f"--credit={files / 'credit.csv'}")
    assert isinstance(result.exception, InputError)
    assert "credit.csv: column 'supplier_id', row 2: expected the id of a known supplier, got s9" in str(
        result.exception
    )


def test_credit_needs_buyers(files):
    """Credit lines mean nothing for orders without buyers."""
    (files / "orders.csv").write_text("order_id,pieces\n001,5\n002,5\n")
    (files / "credit.csv").write_text("buyer_id,supplier_id,limit\nb1,s1,3\n")
    result = run_match(files, f"--credit={files / 'credit.csv'}")
    assert isinstance(result.exception, InputError)
    assert "orders.csv: column 'buyer_id'" in str(result.exception)


def test_no_candidates_at_all(files):
    """An empty table of candidates leaves every piece, each with its reason."""
    (files / "candidates.csv").write_text("order_id,supplier_id,score\n")
    result = run_match(files, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["unmatched_by_reason"] == {"no_candidates": 14}


def test_a_match_is_served_without_a_learner(files):
    """Matching loads neither lightgbm nor scikit-learn nor mlflow."""
    code = (
        "import sys, pandas as pd, services.route_orders\n"
        "from services.match_orders import match_orders\n"
        "frames = [pd.read_csv(f'{sys.argv[1]}/{n}.csv', dtype=str) for n in ('orders', 'suppliers', 'candidates')]\n"
        "assert match_orders(*frames).summary['matched_pieces'] == 10\n"
        "print(sorted({'lightgbm', 'sklearn', 'mlflow'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(files)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_why_tells_the_match_in_words(files):
    """Candidates, suppliers and what is left, in the language asked for."""
    why = files / "why.csv"
    result = run_match(files, f"--why={why}", "--language=zh")
    assert result.exit_code == 0, result.output
    told = pd.read_csv(why)
    assert set(told["about"]) == {"candidate", "supplier", "unserved"}
    assert told["words"].str.contains("产能").any()


def test_policies_are_compared_on_the_same_orders(files):
    """One row per policy, the optimum's regret is nothing."""
    names = ("orders", "suppliers", "candidates")
    options = [f"--{name}={files / f'{name}.csv'}" for name in names]
    out = files / "policies.csv"
    result = CliRunner().invoke(app, ["match-replay", *options, f"--out={out}", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["policies"]
    assert found["batch"]["regret"] == pytest.approx(0, abs=1e-6)
    assert set(pd.read_csv(out)["policy"]) == set(found) >= {"online", "round_robin"}


def test_floors_tell_what_they_cost(files):
    """s2 would get nothing of order 2 at a score of 0.1; a floor gives it some, at a stated cost."""
    (files / "orders.csv").write_text("order_id,pieces\n1,10\n")
    (files / "suppliers.csv").write_text("supplier_id,capacity\ns1,10\ns2,10\n")
    (files / "candidates.csv").write_text("order_id,supplier_id,score\n1,s1,0.9\n1,s2,0.1\n")
    figures = json.loads(run_match(files, "--floor=0.4", "--json").stdout)
    assert figures["fairness_cost"] == pytest.approx(2 * 0.8)
    assert figures["fairness_cost_share"] == pytest.approx(1.6 / 9)
    assert "fairness_cost" not in json.loads(run_match(files, "--json").stdout)
