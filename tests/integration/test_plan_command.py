"""`evenflow plan` from files to files."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError, TableError
from planning.orders import ORDER_COLUMNS

WEEKS = ["2026-01-05", "2026-01-12", "2026-01-19"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Input files of one item on one line."""
    pd.DataFrame({"unique_id": "001", "ds": WEEKS, "q0.1": 5.0, "q0.5": 10.0, "q0.9": 20.0}).to_csv(
        tmp_path / "demand.csv", index=False
    )
    pd.DataFrame({"resource": "line", "bucket": WEEKS, "capacity": 40}).to_parquet(tmp_path / "resources.parquet")
    pd.DataFrame({"item": ["001"], "route": ["r"], "step": [1], "resource": ["line"], "hours_per_unit": [1.0]}).to_csv(
        tmp_path / "routes.csv", index=False
    )
    pd.DataFrame({"item": ["001"], "holding_cost": [1], "backlog_cost": [2]}).to_csv(
        tmp_path / "items.csv", index=False
    )
    (tmp_path / "plan.toml").write_text("[weights]\nidle = 0\n[horizon]\nfirm = 1\n")
    return tmp_path


def arguments(folder: Path, *more: str) -> list[str]:
    files = {"demand": "demand.csv", "resources": "resources.parquet", "routes": "routes.csv", "items": "items.csv"}
    given = [part for name, file in files.items() for part in (f"--{name}", str(folder / file))]
    return ["plan", *given, "--params", str(folder / "plan.toml"), "--out", str(folder / "orders.csv"), *more]


def test_files_in_orders_and_boxes_out(folder: Path) -> None:
    """The figures are one JSON object; ids keep their leading zeros; firm buckets are labelled."""
    wanted = [part for name in ("boxes", "load", "late") for part in (f"--{name}", str(folder / f"{name}.csv"))]
    done = CliRunner().invoke(app, arguments(folder, *wanted, "--json"))
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert {"status", "cost", "bound", "gap", "resources", "fill_rate", "nervousness", "seconds"} <= set(summary)
    assert {"load_cv", "peak_to_mean", "idle_hours", "overtime_hours"} <= set(summary["resources"]["line"])
    orders = pd.read_csv(folder / "orders.csv", dtype={"item": str})
    assert orders.columns.tolist() == list(ORDER_COLUMNS)
    assert set(orders["item"]) == {"001"}
    assert (orders["state"] == "firm").equals(orders["start"] == WEEKS[0])
    boxes = pd.read_csv(folder / "boxes.csv")
    assert boxes["pieces"].sum() == orders["pieces"].sum()
    load, late = (pd.read_csv(folder / f"{name}.csv") for name in ("load", "late"))
    assert load["reason"].notna().tolist() == (load["idle"] + load["overtime"] > 0).tolist()
    assert late["reason"].str.split(":").str[0].isin(summary["late_by_reason"]).all()
    assert late["pieces"].sum() == pytest.approx(sum(summary["late_by_reason"].values()))
    assert len(late)


def test_the_orders_written_are_the_firm_orders_read(folder: Path) -> None:
    """OUT is taken back as FIRM: what is firm comes out again under the same ids."""
    CliRunner().invoke(app, arguments(folder))
    first = pd.read_csv(folder / "orders.csv")
    (folder / "orders.csv").rename(folder / "last.csv")
    done = CliRunner().invoke(app, arguments(folder, "--firm", str(folder / "last.csv"), "--json"))
    assert done.exit_code == 0, done.output
    again = pd.read_csv(folder / "orders.csv")
    assert again["order_id"].tolist() == first["order_id"].tolist()
    assert json.loads(done.stdout)["nervousness"] == 0


def test_a_wrong_cell_stops_before_anything_is_written(folder: Path) -> None:
    """The error names the file, the column and the row, and there is no output file."""
    table = pd.read_csv(folder / "demand.csv")
    table = table.astype({"q0.5": object})
    table.loc[1, "q0.5"] = "many"
    table.to_csv(folder / "demand.csv", index=False)
    done = CliRunner().invoke(app, arguments(folder))
    assert isinstance(done.exception, TableError)
    assert "demand.csv: column 'q0.5', row 2: expected a number >= 0" in str(done.exception)
    assert not (folder / "orders.csv").exists()


def test_a_missing_parameter_file_is_named(folder: Path) -> None:
    """No defaults are taken in silence for a file that was asked for."""
    (folder / "plan.toml").unlink()
    done = CliRunner().invoke(app, arguments(folder))
    assert isinstance(done.exception, InputError)
    assert "plan.toml" in str(done.exception)
