"""`evenflow density` from files and on a loaded network."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import EvenflowError

PARTIES = "id,kind,region,lat,lon\ns1,store,East,31.2,121.4\ns2,store,East,31.3,121.5\n"
ORDERS = "store_id,lat,lon\n" + "s1,31.2,121.4\n" * 57 + "s1,31.3,121.5\n" * 43
AREAS = "lat,lon,households,customers\n31.2,121.4,1000,100\n31.3,121.5,800,80\n31.25,121.45,900,0\n"


def _run(*arguments: object) -> dict[str, object]:
    done = CliRunner().invoke(app, ["density", *map(str, arguments), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Two stores, a hundred orders of the first, three estates."""
    paths = {name: tmp_path / f"{name}.csv" for name in ("parties", "orders", "areas")}
    for path, text in zip(paths.values(), (PARTIES, ORDERS, AREAS), strict=True):
        path.write_text(text)
    return paths


def test_three_files_become_figures_per_area_store_and_way(files: dict[str, Path], tmp_path: Path) -> None:
    """43 % of the orders are from outside; ten percent penetration; one estate nobody reaches."""
    out, stores, flows = (tmp_path / f"{name}.csv" for name in ("out", "stores", "flows"))
    options = [part for name, path in files.items() for part in (f"--{name}", path)]
    told = _run(*options, "--out", out, "--stores", stores, "--flows", flows)
    assert (told["areas"], told["outside_share"], told["white_space"]) == (3, 0.43, 1)
    assert told["coverage"] == pytest.approx(1800 / 2700)
    areas = pd.read_csv(out)
    assert areas["expected_sales"][0] == pytest.approx(90)
    assert areas["penetration"][1:].tolist() == pytest.approx([0.1, 0.1])
    assert pd.read_csv(stores)["outside"].tolist() == [43]
    assert pd.read_csv(flows)["orders"].tolist() == [43]


def test_a_loaded_network_has_its_own_tables(tmp_path: Path) -> None:
    """The example network's areas and orders."""
    CliRunner().invoke(app, ["demo", "--files", str(tmp_path)], catch_exceptions=False)
    home = tmp_path / "home"
    CliRunner().invoke(app, ["load", str(tmp_path / "net"), "--home", str(home)], catch_exceptions=False)
    told = _run("--home", home, "--out", tmp_path / "out.parquet", "--resolution", 5)
    assert told["orders"] == len(pd.read_csv(tmp_path / "net" / "orders.csv"))
    assert pd.read_parquet(tmp_path / "out.parquet")["parties"].sum() == told["parties"] == 120
    with pytest.raises(EvenflowError, match="--areas: expected --parties beside it"):
        _run("--home", home, "--areas", tmp_path / "net" / "areas.csv", "--out", tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()


def test_outputs_overwrite_nothing(files: dict[str, Path], tmp_path: Path) -> None:
    """Neither an input nor each other."""
    for stores in (files["parties"], tmp_path / "out.csv"):
        with pytest.raises(EvenflowError, match="no other file of the command"):
            _run("--parties", files["parties"], "--out", tmp_path / "out.csv", "--stores", stores)


@pytest.mark.parametrize("option", ["--reach-km", "--catchment-km"])
@pytest.mark.parametrize("km", ["inf", "1e400", "nan"])
def test_endless_distances_are_refused(files: dict[str, Path], tmp_path: Path, option: str, km: str) -> None:
    """By the option's name, before anything is written: so is what is no number."""
    with pytest.raises(EvenflowError, match=f"^{option}: expected a number of kilometres >= 0, got (inf|nan)"):
        _run("--parties", files["parties"], option, km, "--out", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_distances_below_zero_are_refused(files: dict[str, Path], tmp_path: Path) -> None:
    """By the option, before anything is read."""
    arguments = ["density", "--parties", str(files["parties"]), "--reach-km", "-1", "--out", str(tmp_path / "out.csv")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert "Invalid value for '--reach-km'" in done.output
    assert not (tmp_path / "out.csv").exists()
