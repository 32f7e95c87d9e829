import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError, TableError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Forty series of 130 days in two stores, prices and events, as a user's CSV files."""
    path = tmp_path_factory.mktemp("forecast")
    rng = np.random.default_rng(1)
    ids = [f"item{k:02d}" for k in range(40)]
    days = pd.date_range("2024-01-01", periods=144)
    size = rng.gamma(1, 6, 40) + 0.3
    y = rng.poisson(size[:, None] * np.array([1, 1, 1, 1, 1.5, 2, 1.5])[np.arange(130) % 7])
    long = pd.MultiIndex.from_product([ids, days], names=["unique_id", "ds"]).to_frame(index=False)
    sales = long[long["ds"] < days[130]].assign(y=y.ravel(), available="true")
    sales.to_csv(path / "sales.csv", index=False)
    static = pd.DataFrame({"unique_id": [*ids, "brand_new"], "store": ["S1", "S2"] * 20 + ["S1"]})
    static.to_csv(path / "static.csv", index=False)
    long.assign(price=10.0).to_csv(path / "known.csv", index=False)
    pd.DataFrame({"ds": days, "event": np.where(days.day == 1, "payday", "")}).to_csv(
        path / "calendar.csv", index=False
    )
    return path


def run(folder, *options):
    result = CliRunner().invoke(app, ["forecast", "--sales", str(folder / "sales.csv"), *options])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_every_option_together_ends_in_one_file_and_one_json_object(folder):
    """Static, known, calendar, levels, buckets, a backtest: a file with all rows and figures as JSON."""
    out = folder / "all.parquet"
    tables = [f"--{name}={folder / name}.csv" for name in ("static", "known", "calendar")]
    result = run(
        folder, *tables, "--out", str(out), "--horizon", "14", "--hierarchy", "store", "--bucket", "W-MON",
        "--backtest", "1", "--quantiles", "0.1,0.5,0.9", "--json",
    )  # fmt: skip
    figures = json.loads(result.stdout)
    frame = pd.read_parquet(out)
    assert figures["models"] == {"attributes": 1, "lightgbm": 40}
    assert len(frame) == figures["rows"] == (41 + 3) * 3  # 14 days from Friday on touch three weeks
    assert frame["unique_id"].iloc[-1] == "store=S2"
    assert {s["model"] for s in figures["backtest"]} == {"auto", "seasonal_window", "seasonal_naive", "moving_level"}


def test_the_same_seed_writes_the_same_bytes(folder):
    """Two runs of the command, byte for byte."""
    first, second = folder / "first.csv", folder / "second.csv"
    for out in (first, second):
        run(folder, "--out", str(out), "--horizon", "7", "--seed", "3")
    assert first.read_bytes() == second.read_bytes()


def test_a_wrong_file_leaves_no_output(folder):
    """A bad cell: the message names file, column and row, and nothing is written."""
    bad = folder / "bad.csv"
    bad.write_text("unique_id,ds,y\na,2024-01-01,1\na,2024-01-02,x\n", encoding="utf-8")
    out = folder / "none.csv"
    with pytest.raises(TableError, match=r"bad\.csv: column 'y', row 2"):
        run(folder, "--sales", str(bad), "--out", str(out))
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "missing_folder/out.csv"], "no such folder"),
        (["--out", "out.txt"], r"\.csv, \.parquet or \.xlsx"),
        (["--out", "out.csv", "--quantiles", "a,b"], "--quantiles: expected numbers"),
        (["--out", "out.csv", "--horizon", "0"], "--horizon"),
    ],
)
def test_wrong_options_are_named(folder, tmp_path, monkeypatch, options, message):
    """Each is refused before any long computation."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        run(folder, *options)


def test_help_shows_an_example():
    """--help answers without the heavy libraries and shows a command to copy."""
    result = CliRunner().invoke(app, ["forecast", "--help"])
    assert "evenflow forecast --sales" in result.stdout
