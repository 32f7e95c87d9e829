"""`evenflow scorecard` and `evenflow trust` from files."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import EvenflowError


def _run(*arguments: object) -> dict[str, object]:
    done = CliRunner().invoke(app, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def deliveries(tmp_path: Path) -> Path:
    """Three deliveries of two suppliers."""
    path = tmp_path / "deliveries.csv"
    path.write_text(
        "supplier_id,promised_at,delivered_at\nA,2026-02-01,2026-02-01\nA,2026-02-03,\n007,2026-02-03,2026-02-03\n"
    )
    return path


@pytest.fixture
def judgements(tmp_path: Path) -> Path:
    """Four judgements of four parties."""
    path = tmp_path / "judgements.csv"
    path.write_text("src,dst,weight,at\nA,B,5,2026-01-01\nB,C,1,2026-01-05\nA,D,-2,2026-02-01\nC,D,1,2026-03-01\n")
    return path


def test_scorecards_are_written_best_first(deliveries: Path, tmp_path: Path) -> None:
    """Ids keep their zeros; key figures on standard output."""
    out = tmp_path / "cards.csv"
    summary = _run("scorecard", "--deliveries", deliveries, "--as-of", "2026-03-02", "--out", out)
    assert (summary["suppliers"], summary["deliveries_known"], summary["best"]) == (2, 3, "007")
    cards = pd.read_csv(out, dtype={"supplier_id": str})
    assert cards["supplier_id"].tolist() == ["007", "A"]
    assert cards["otif_low"].is_monotonic_decreasing


def test_trust_scores_everybody(judgements: Path, tmp_path: Path) -> None:
    """Most trusted first, with the number of judgements."""
    summary = _run("trust", "--relations", judgements, "--out", tmp_path / "trust.parquet")
    assert (summary["parties"], summary["judgements"], summary["distrust"]) == (4, 4, 1)
    scores = pd.read_parquet(tmp_path / "trust.parquet").set_index("id")
    assert scores["judgements"].to_dict() == {"A": 0, "B": 1, "C": 1, "D": 2}
    assert scores["score"].idxmin() == "D"


def test_trust_looks_no_further_than_the_day(judgements: Path, tmp_path: Path) -> None:
    """C's praise of D comes later."""
    assert (
        _run("trust", "--relations", judgements, "--as-of", "2026-02-15", "--out", tmp_path / "t.csv")["judgements"]
        == 3
    )


def test_trust_of_pairs_tells_through_whom(judgements: Path, tmp_path: Path) -> None:
    """A trusts B, B trusts C."""
    (tmp_path / "pairs.csv").write_text("src,dst\nA,C\nA,D\n")
    out = tmp_path / "t.csv"
    _run("trust", "--relations", judgements, "--pairs", tmp_path / "pairs.csv", "--seeds", "A", "--out", out)
    scores = pd.read_csv(out, keep_default_na=False)
    assert scores[["src", "dst", "own", "through"]].to_numpy().tolist() == [["A", "C", 0, "B"], ["A", "D", -1, ""]]
    assert scores["score"][0] > scores["score"][1]


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        (["scorecard", "--as-of", "2026-03-02", "--deliveries"], "supplier_id,promised_at\n", "column 'delivered_at'"),
        (
            ["scorecard", "--as-of", "2026-03-02", "--deliveries"],
            "supplier_id,promised_at,delivered_at,ordered_pieces\nA,2026-02-01,,5\nA,soon,,5\n",
            "column 'promised_at', row 2: expected a date",
        ),
        (
            ["scorecard", "--as-of", "2026-03-02", "--deliveries"],
            "supplier_id,promised_at,delivered_at,ordered_pieces\nA,2026-02-01,,-5\n",
            "column 'ordered_pieces', row 1: expected a whole number >= 0",
        ),
        (["trust", "--relations"], "src,dst,weight\nA,B,nan\n", "column 'weight', row 1: expected a number"),
        (["trust", "--relations"], "src,dst,weight\n", "expected at least one row"),
        (["trust", "--seeds", "A,Z", "--relations"], "src,dst,weight\nA,B,1\n", "--seeds: unknown party Z"),
    ],
)
def test_wrong_files_are_named_and_nothing_is_written(
    tmp_path: Path, arguments: list[str], text: str, message: str
) -> None:
    """The file, the column and the row."""
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_text(text)
    with pytest.raises(EvenflowError) as caught:
        CliRunner().invoke(app, [*arguments, str(path), "--out", str(out)], catch_exceptions=False)
    assert message in str(caught.value)
    assert not out.exists()


def test_trust_is_explained_by_paths(judgements: Path, tmp_path: Path) -> None:
    """From the seeds, or from the one who asks; ⇏ is distrust."""
    (tmp_path / "pairs.csv").write_text("src,dst\nA,D\nA,C\n")
    out = tmp_path / "t.csv"
    _run("trust", "--relations", judgements, "--pairs", tmp_path / "pairs.csv", "--explain", "2", "--out", out)
    scores = pd.read_csv(out).set_index("dst")
    assert scores["paths"]["C"] == "A → B → C 100%"
    assert scores["paths"]["D"] == "A → B → C → D 58%; A ⇏ D 42%"
    _run("trust", "--relations", judgements, "--walk", "--seeds", "A", "--out", out)
    scores = pd.read_csv(out).set_index("id")
    assert min(scores["against"]["D"], scores["support"]["D"]) > 0


def test_vouching_lifts_strangers_and_circles_are_counted(judgements: Path, tmp_path: Path) -> None:
    """B vouches for E; Y and Z only for each other."""
    vouches, out = tmp_path / "vouches.csv", tmp_path / "t.csv"
    vouches.write_text("src,dst,at\nB,E,2026-01-09\nY,Z,\nZ,Y,\n")
    summary = _run("trust", "--relations", judgements, "--vouches", vouches, "--out", out)
    assert (summary["parties"], summary["vouches"], summary["circles"]) == (7, 3, [["Y", "Z"]])
    scores = pd.read_csv(out).set_index("id")
    assert scores["vouched_by"]["E"] == "B"
    assert scores["score"]["B"] > scores["score"]["E"] > scores["score"]["Z"]
    assert scores["score"]["Z"] == pytest.approx(scores["score"]["A"])


def test_a_loaded_network_has_judgements_of_its_own(tmp_path: Path) -> None:
    """The example network's; a judgement of oneself goes to quarantine."""
    CliRunner().invoke(app, ["demo", "--files", str(tmp_path)], catch_exceptions=False)
    with (tmp_path / "net" / "judgements.csv").open("a") as file:
        file.write("sim-store-0000001,sim-store-0000001,1,2025-01-01,True\n")
    home = tmp_path / "home"
    loaded = _run("load", tmp_path / "net", "--home", home)
    assert loaded["quarantined"] == {"judgements": 1}
    summary = _run("trust", "--home", home, "--out", tmp_path / "t.csv")
    assert summary["judgements"] == loaded["judgements"]
    assert summary["vouches"] > 0
    with pytest.raises(EvenflowError, match="--vouches: expected --relations beside it"):
        _run("trust", "--home", home, "--vouches", tmp_path / "t.csv", "--out", tmp_path / "u.csv")
