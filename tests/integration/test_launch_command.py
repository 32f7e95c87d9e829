import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Forty finished styles and four new ones, as CSV files; reposts tell what they will sell."""
    path = tmp_path_factory.mktemp("launch")
    rng = np.random.default_rng(3)
    n = 44
    appeal = rng.normal(size=n)
    total = np.ceil(np.exp(5 + appeal)).astype(int)
    launch = pd.Timestamp("2026-01-05 20:00", tz="Asia/Shanghai") + pd.to_timedelta(np.arange(n) * 3, "D")
    ids = [f"style-{k:02d}" for k in range(n)]
    styles = pd.DataFrame({"style_id": ids, "launch_at": launch, "total": total, "price": rng.integers(9, 99, n)})
    styles["total"] = styles["total"].astype("Int64").where(np.arange(n) < 40)
    styles.to_csv(path / "styles.csv", index=False)
    signals = pd.DataFrame(
        {
            "style_id": ids,
            "signal_time": launch - pd.Timedelta(hours=2),
            "observed_at": launch - pd.Timedelta(hours=1),
            "kind": "repost",
            "count": rng.poisson(np.exp(4 + appeal)),
        }
    )
    signals.to_csv(path / "signals.csv", index=False)
    pieces = np.stack([rng.multinomial(t, np.full(10, 0.1)) for t in total])
    day = launch.tz_localize(None).normalize().repeat(10) + pd.to_timedelta(np.tile(np.arange(10), n), "D")
    pd.DataFrame({"style_id": np.repeat(ids, 10), "ds": day, "y": pieces.ravel()}).to_csv(
        path / "sales.csv", index=False
    )
    return path


def run(command, folder, **options):
    arguments = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    result = CliRunner().invoke(app, [command, *arguments, "--json"])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return json.loads(result.stdout)


def inputs(folder):
    return {name: folder / f"{name}.csv" for name in ("styles", "signals", "sales")}


def test_files_in_forecast_and_plan_out(folder):
    """The forecast has the columns of the contract; planning takes the path as it is."""
    out, path = folder / "launch.csv", folder / "path.csv"
    told = run(
        "launch", folder, **inputs(folder), checkpoints="0h,2d", out=out, path=path, path_at="0h", bucket="W-MON"
    )
    forecast, weeks = pd.read_csv(out), pd.read_csv(path)
    assert forecast.columns.tolist() == ["style_id", "checkpoint", "mean", "q0.1", "q0.5", "q0.9", "p_hit", "drivers"]
    assert forecast["style_id"].tolist() == [f"style-{k}" for k in (40, 40, 41, 41, 42, 42, 43, 43)]
    assert set(told["checkpoints"]) == {"0h", "2d"}
    assert told["checkpoints"]["0h"]["history"] >= 30
    buckets = pd.date_range(weeks["bucket"].min(), weeks["bucket"].max(), freq="7D").strftime("%Y-%m-%d")
    pd.DataFrame({"resource": "line", "bucket": buckets, "capacity": 1e4}).to_csv(folder / "resources.csv", index=False)
    routes = pd.DataFrame({"item": weeks["item"].unique(), "route": "r", "step": 1, "resource": "line"})
    routes.assign(hours_per_unit=0.1).to_csv(folder / "routes.csv", index=False)
    plan = run(
        "plan",
        folder,
        demand=path,
        resources=folder / "resources.csv",
        routes=folder / "routes.csv",
        out=folder / "plan.csv",
    )
    made = pd.read_csv(folder / "plan.csv")["pieces"].sum()
    assert plan["fill_rate"] > 0
    assert made > 0.4 * weeks["mean"].sum()


def test_the_same_seed_gives_the_same_file(folder):
    """Byte for byte."""
    for name in ("one", "two"):
        run("launch", folder, **inputs(folder), checkpoints="1d", out=folder / f"{name}.parquet", seed=5)
    assert (folder / "one.parquet").read_bytes() == (folder / "two.parquet").read_bytes()


def test_a_bad_cell_is_named_and_nothing_is_written(folder):
    """File, column and row."""
    text = (folder / "styles.csv").read_text(encoding="utf-8").splitlines()
    text[3] = text[3].replace("2026-01-11", "soon")
    (folder / "bad.csv").write_text("\n".join(text), encoding="utf-8")
    with pytest.raises(InputError, match=r"bad\.csv: column 'launch_at', row 3"):
        run("launch", folder, **(inputs(folder) | {"styles": folder / "bad.csv"}), out=folder / "never.csv")
    assert not (folder / "never.csv").exists()
