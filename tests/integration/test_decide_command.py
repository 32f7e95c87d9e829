"""`evenflow decide` and `evenflow select`: files in, decisions out; wrong files are named."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError, TableError
from services.decide_launches import DecideParams, LifeParams, decide_launches
from services.select_styles import select_styles


def forecasts() -> pd.DataFrame:
    """Ten styles at three checkpoints; the tenth is the hit, the first sells nothing."""
    medians = np.array([5, 300, 400, 500, 600, 700, 800, 900, 1_000, 20_000.0])
    parts = []
    for checkpoint, spread in (("0h", 1.5), ("3d", 0.6), ("24h", 1.0)):
        columns = {f"q{level}": medians * np.exp(z * spread) for level, z in ((0.1, -1.28), (0.5, 0.0), (0.9, 1.28))}
        ids = [f"s{i}" for i in range(10)]
        parts.append(pd.DataFrame({"style_id": ids, "checkpoint": checkpoint, **columns, "p_hit": medians / 40_000}))
    return pd.concat(parts, ignore_index=True)


def terms(**given) -> pd.DataFrame:
    """The same economics for all, unless given."""
    frame = pd.DataFrame({"style_id": [f"s{i}" for i in range(10)], "launch_at": "2026-03-02T20:00:00+08:00"})
    numbers = {
        "price_fen": 10_000,
        "unit_cost_fen": 4_000,
        "salvage_fen": 1_000,
        "lead_time_days": 4,
        "minimum_order": 100,
    }
    return frame.assign(**(numbers | given))


def run(folder, command, *options, launches=None, styles=None):
    """Write both files and run; errors come as they are raised."""
    (forecasts() if launches is None else launches).to_csv(folder / "launch.csv", index=False)
    (terms() if styles is None else styles).to_csv(folder / "styles.csv", index=False)
    files = ["--launches", str(folder / "launch.csv"), "--styles", str(folder / "styles.csv")]
    done = CliRunner().invoke(app, [command, *files, "--out", str(folder / "out.csv"), "--json", *options])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout)


def test_each_style_is_decided_at_each_checkpoint(tmp_path):
    """Counts of the JSON are those of the file; checkpoints come in the order of time; the flop is cut."""
    figures = run(tmp_path, "decide")
    rows = pd.read_csv(tmp_path / "out.csv")
    assert list(figures["checkpoints"]) == ["0h", "24h", "3d"]
    assert len(rows) == figures["decisions"] == 30
    first = rows[rows["checkpoint"] == "0h"].set_index("style_id")
    assert figures["checkpoints"]["0h"]["commit"] == (first["action"] == "commit").sum() == 9
    assert first.loc["s0", ["action", "reason", "pieces"]].tolist() == ["cut", "too_small", 0]
    assert (first["option_value_fen"] >= 0).all()
    assert first.loc["s9", "option_value_fen"] > 0
    assert first.loc["s9", "latest_useful_date"] >= "2026-03-10"
    assert rows.loc[rows["checkpoint"] == "3d", "wait_profit_fen"].isna().all()  # nothing comes after


def test_one_checkpoint_can_be_asked_for_and_a_path_moves_the_late_orders(tmp_path):
    """A style that sells all on its first two days is not worth an order that arrives on the fifth."""
    days = pd.date_range("2026-03-02", periods=10)
    path = pd.DataFrame({"item": "s9", "bucket": days, "mean": [900.0, 100, *[0.0] * 8]})
    path.to_csv(tmp_path / "path.csv", index=False)
    begun = terms(demanded=0.0, stock=50.0)
    usual = run(tmp_path, "decide", "--at", "0h", styles=begun)
    early = pd.read_csv(tmp_path / "out.csv").set_index("style_id").loc["s9"]
    fast = run(tmp_path, "decide", "--at", "0h", "--path", str(tmp_path / "path.csv"), styles=begun)
    late = pd.read_csv(tmp_path / "out.csv").set_index("style_id").loc["s9"]
    assert usual["decisions"] == fast["decisions"] == 10
    assert (early["action"], late["action"]) == ("chase", "cut")
    with pytest.raises(InputError, match="launch_at of every style"):
        run(tmp_path, "decide", "--path", str(tmp_path / "path.csv"), styles=begun.drop(columns="launch_at"))


def test_the_parameter_file_sets_spreads_and_life(tmp_path):
    """A next look that narrows nothing has no option value; an unknown table or value is named."""
    (tmp_path / "p.toml").write_text('[decide]\nsizes = 41\n[spread]\n"0h" = 1.0\n"24h" = 1.0\n', encoding="utf-8")
    options = ("--at", "0h", "--params", str(tmp_path / "p.toml"))
    told, plain = run(tmp_path, "decide", *options), run(tmp_path, "decide", "--at", "0h")
    values = [figures["checkpoints"]["0h"]["option_value_fen"] for figures in (told, plain)]
    assert values[0] < 0.1 * values[1]
    for tables, wrong in (({"decice": {}}, "decice"), ({"life": {"days": 0}}, "days"), ({"spread": {"0h": -1}}, "0h")):
        with pytest.raises(InputError, match=wrong):
            DecideParams.from_tables(tables)
    assert LifeParams(days=10).curve()[-1] == pytest.approx(1.0)


def test_shared_capacity_goes_to_the_hit():
    """Each holds 300 pieces; the flop gives its share away."""
    report = decide_launches(forecasts(), terms(reserved=300.0), at="0h")
    rows = report.decisions.set_index("style_id")
    assert rows["pieces"].sum() <= 3_000
    assert rows.loc["s0", "action"] == "move_capacity"
    assert rows.loc["s0", "moved_pieces"] < 0 < rows.loc["s9", "moved_pieces"]
    assert report.summary["checkpoints"]["0h"]["capacity_price_fen"] > 0


def test_the_likely_hit_is_chosen(tmp_path):
    """By any objective; the chance that it is caught is told and the table has the chosen first."""
    for objective in ("profit", "hit", "best"):
        figures = run(tmp_path, "select", "--count", "2", "--objective", objective, "--at", "24h")
        rows = pd.read_csv(tmp_path / "out.csv")
        assert figures["chosen"][0] == "s9"
        assert rows["style_id"][:2].tolist() == figures["chosen"]
        assert rows["chosen"].sum() == 2
        assert (rows["pieces"] > 0).sum() == 2
        assert figures["p_best_caught"] > 0.95
    assert figures["p_hit_caught"] >= rows["p_hit"].max() - 0.02


def test_hit_pieces_decide_what_a_hit_is():
    """With a line nobody reaches there is no hit to catch; the same seed draws the same samples."""
    told = select_styles(forecasts(), terms(hit_pieces=1e8), count=3, params=None)
    assert told.summary["p_hit_caught"] == 0
    again = select_styles(forecasts(), terms(hit_pieces=1e8), count=3, params=None)
    pd.testing.assert_frame_equal(told.candidates, again.candidates)


@pytest.mark.parametrize(
    ("launches", "styles", "told"),
    [
        # a style of the forecasts without economics
        (None, terms().iloc[1:], "launch.csv: column 'style_id', row 1: expected a style of styles.csv, got s0"),
        # costs above the price
        (
            None,
            terms(unit_cost_fen=20_000),
            "styles.csv: column 'unit_cost_fen', row 1: expected more than salvage_fen",
        ),
        # a single quantile says nothing about risk
        (forecasts().drop(columns=["q0.1", "q0.9"]), None, "at least two quantile columns"),
        # quantiles that cross
        (forecasts().assign(**{"q0.1": 1e9}), None, "q0.5"),
        (forecasts().replace({"checkpoint": {"3d": "soon"}}), None, "whole minutes, hours or days after the launch"),
        (pd.concat([forecasts()] * 2), None, "each (style_id, checkpoint) once"),
    ],
)
def test_wrong_files_are_named(tmp_path, launches, styles, told):
    """File, column, row, what was expected and what came; nothing is written."""
    with pytest.raises(InputError) as error:
        run(tmp_path, "decide", launches=launches, styles=styles)
    assert told in str(error.value)
    assert not (tmp_path / "out.csv").exists()


def test_wrong_options_are_named(tmp_path):
    """A checkpoint that is not there, more than there are, a correlation of one."""
    for command, options, told in (
        ("decide", ("--at", "9d"), "--at: expected a checkpoint of launch.csv (0h, 24h, 3d), got 9d"),
        ("select", ("--count", "11"), "--count: expected 1 to 10"),
        ("select", ("--count", "2", "--correlation", "1"), "--correlation: expected a number in [0, 1)"),
    ):
        with pytest.raises(InputError) as error:
            run(tmp_path, command, *options)
        assert told in str(error.value)
    with pytest.raises(TableError, match="p_hit"):
        select_styles(forecasts().drop(columns="p_hit"), terms(), count=1)


def test_a_style_that_gives_its_capacity_away_says_why():
    """What stock covers is told as covered whether or not another style takes the capacity; no money is minus zero."""
    launches = forecasts()[lambda frame: (frame["checkpoint"] == "3d") & frame["style_id"].isin(["s1", "s9"])]
    styles = terms(demanded=40, stock=0, reserved=0)[lambda frame: frame["style_id"].isin(["s1", "s9"])]
    styles = styles.assign(stock=[5_000, 0], reserved=[100, 50])
    made = decide_launches(launches, styles, at="3d").decisions.set_index("style_id")
    assert made.loc["s1", ["action", "reason"]].tolist() == ["move_capacity", "covered"]
    assert not np.signbit(made.loc[made["profit_fen"] == 0, "profit_fen"]).any()
