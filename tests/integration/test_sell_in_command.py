import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from benchmarks.sell_in import simulated
from contracts.errors import TableError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One distributor of each kind as two CSV files."""
    path = tmp_path_factory.mktemp("sell_in")
    into, out, days, kinds = simulated(1, 1)
    for name, values in (("in", into), ("through", out)):
        frame = pd.DataFrame(
            {"distributor_id": np.repeat(kinds, len(days)), "ds": np.tile(days, len(kinds)), "pieces": values.ravel()}
        )
        frame[frame["pieces"] != 0].to_csv(path / f"{name}.csv", index=False)
    return path


def run(folder, *options, through="through.csv"):
    arguments = ["--sell-in", str(folder / "in.csv"), "--sell-through", str(folder / through)]
    result = CliRunner().invoke(app, ["sell-in", *arguments, *options])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_command_names_the_stuffed_with_evidence(folder):
    """The file has every distributor, the most suspect first, with a range and reasons; the JSON names the stuffed."""
    out = folder / "checks.csv"
    figures = json.loads(run(folder, "--out", str(out), "--json").stdout)
    checks = pd.read_csv(out)
    assert set(figures["stuffing"]) == {"month-end", "quarter-end", "pulled-forward", "steady surplus"}
    assert set(checks["distributor_id"][:4]) == set(figures["stuffing"])
    assert (checks["low"] <= checks["score"]).all()
    assert (checks["score"] <= checks["high"]).all()
    assert checks["reasons"][0].count("%") + checks["reasons"][0].count("months") > 0


def test_what_comes_after_the_day_does_not_count(folder):
    """The same answer whether later rows are there or not."""
    day = "2025-03-31"
    first, second = folder / "first.csv", folder / "second.csv"
    run(folder, "--out", str(first), "--as-of", day)
    frame = pd.read_csv(folder / "through.csv")
    cut = frame[frame["ds"] <= day]
    pd.concat([cut, frame[frame["ds"] > day].assign(pieces=1e6)]).to_csv(folder / "cut.csv", index=False)
    run(folder, "--out", str(second), "--as-of", day, through="cut.csv")
    assert first.read_bytes() == second.read_bytes()


def test_a_bad_cell_is_named_and_nothing_is_written(folder):
    """File, column and row."""
    (folder / "bad.csv").write_text("distributor_id,ds,pieces\na,2024-01-01,x\n", encoding="utf-8")
    out = folder / "none.csv"
    with pytest.raises(TableError, match=r"bad\.csv: column 'pieces', row 1"):
        run(folder, "--out", str(out), through="bad.csv")
    assert not out.exists()


def test_a_forecast_does_not_see_the_sell_in(folder, tmp_path):
    """Stuffing lies beside the sales, in the table as a column even: the forecast is the same file."""
    days = pd.date_range("2024-01-01", periods=120).astype(str)
    rng = np.random.default_rng(0)
    sales = pd.DataFrame({"unique_id": "a", "ds": days, "y": rng.poisson(5, 120)})
    answers = []
    for name, table in (("plain", sales), ("beside", sales.assign(sell_in=rng.poisson(50, 120)))):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        out = tmp_path / f"{name}_forecast.csv"
        result = CliRunner().invoke(
            app, ["forecast", "--sales", str(tmp_path / f"{name}.csv"), "--out", str(out), "--horizon", "7"]
        )
        assert result.exit_code == 0
        answers.append(out.read_bytes())
    assert answers[0] == answers[1]
