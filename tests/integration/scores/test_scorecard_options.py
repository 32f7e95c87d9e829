"""`evenflow scorecard` and `evenflow buyers` with all their files."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import EvenflowError
from graph.scorecards.suppliers import COLUMNS

DELIVERIES = """\
supplier_id,promised_at,delivered_at,ordered_pieces,delivered_pieces,defective_pieces,delivery_id,tested_pieces,conforming_pieces
A,2026-02-01,2026-02-01,100,100,1,d1,10,9
A,2026-02-03,2026-02-05,100,100,0,d2,,
007,2026-02-03,2026-02-03,50,50,0,d3,20,20
"""
EVIDENCE = """\
party_id,at,source,kind,aspect,value,tested,passed,weight,valid_to
A,2026-01-10,lab,inspection,quality,,200,190,,
007,2026-01-10,platform,rating,on_time,0.4,,,3,
N,2026-01-10,auditor,certificate,composition,1,,,2,2027-01-01
"""
FAULTS = "party_id,at,pieces,delivery_id\nA,2026-02-20,3,d1\nZ,2026-02-20,9,\n"
LEDGER = """\
trade_id,buyer_id,supplier_id,at,event,amount_fen,due_at
t1,B1,A,2026-01-01,ordered,1000,
t1,B1,A,2026-01-05,invoiced,1000,2026-02-04
t1,B1,A,2026-02-01,paid,1000,
t1,B1,A,2026-02-01,paid,1000,
t2,B2,A,2026-01-05,invoiced,1000,2026-02-04
t3,B2,A,2026-01-05,ordered,10,
t3,B2,A,2026-01-06,cancelled,10,
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The folder of the files above."""
    for name, text in (("deliveries", DELIVERIES), ("evidence", EVIDENCE), ("faults", FAULTS), ("ledger", LEDGER)):
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "parties.csv").write_text("id,kind,region\nB1,store,East\nB2,store,East\n")
    (tmp_path / "params.toml").write_text("[scorecard]\nhalf_life_days = 30\nlow = 0.05\n")
    return tmp_path


def _run(folder: Path, command: str, *arguments: str) -> dict[str, object]:
    paths = [str(folder / word) if "." in word else word for word in arguments]
    options = [command, *paths, "--as-of", "2026-03-02", "--json"]
    done = CliRunner().invoke(app, options, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_card_tells_ranges_evidence_and_where_it_came_from(files: Path) -> None:
    """The contract's columns stay first; parts sum to the rates; strangers' faults are counted in the summary."""
    options = ["--evidence", "evidence.csv", "--faults", "faults.csv", "--out", "cards.csv", "--parts", "parts.csv"]
    summary = _run(files, "scorecard", "--deliveries", "deliveries.csv", *options)
    assert (summary["suppliers"], summary["deliveries_known"], summary["evidence_known"]) == (3, 3, 3)
    assert summary["faults_of_parties_without_card"] == 1
    cards = pd.read_csv(files / "cards.csv", dtype={"supplier_id": str})
    assert cards.columns[: len(COLUMNS) + 1].tolist() == [*COLUMNS, "rank"]
    cards = cards.set_index("supplier_id")
    assert cards.loc["N", "n"] == 0
    assert cards.loc["007", "otif_third_party"] > 0
    for name in ("otif", "fill_rate", "defect_ppm", "composition_conformity", "p_late_next", "lead_time_accuracy"):
        assert (cards[f"{name}_low"] <= cards[name]).all()
        assert (cards[name] <= cards[f"{name}_high"]).all()
    parts = pd.read_csv(files / "parts.csv", dtype={"supplier_id": str})
    sums = parts[parts["rate"] == "otif"].groupby("supplier_id")["contribution"].sum()
    assert sums.to_dict() == pytest.approx(cards["otif"].to_dict())
    assert "third parties: " in parts.loc[parts["part"] == "third_party", "reason"].dropna().iloc[0]


def test_faults_raise_defects(files: Path) -> None:
    """By what was not found on arrival."""
    defects = []
    for options in ([], ["--faults", "faults.csv"]):
        _run(files, "scorecard", "--deliveries", "deliveries.csv", "--out", "cards.parquet", *options)
        defects.append(pd.read_parquet(files / "cards.parquet").set_index("supplier_id").loc["A", "defect_ppm"])
    assert defects[0] < defects[1]


def test_parameters_come_from_a_file(files: Path) -> None:
    """A shorter half-life leaves less evidence."""
    counts = []
    for options in ([], ["--params", "params.toml"]):
        _run(files, "scorecard", "--deliveries", "deliveries.csv", "--out", "cards.csv", *options)
        counts.append(pd.read_csv(files / "cards.csv")["otif_n"].sum())
    assert counts[0] > counts[1]


def test_buyers_are_scored_from_the_ledger(files: Path) -> None:
    """Best first; the payment given twice is told and counts once."""
    options = ["--parties", "parties.csv", "--evidence", "evidence.csv", "--params", "params.toml"]
    summary = _run(files, "buyers", "--ledger", "ledger.csv", "--out", "buyers.csv", "--parts", "parts.csv", *options)
    assert (summary["buyers"], summary["trades_known"], summary["open_invoices"]) == (2, 3, 1)
    assert summary["events_left_out"] == 1
    assert str(summary["first_left_out"]).startswith("row 4: the same event again")
    cards = pd.read_csv(files / "buyers.csv")
    assert cards["buyer_id"].tolist() == ["B1", "B2"]
    assert cards["days_to_pay"].is_monotonic_increasing
    assert cards["cancel_rate"].is_monotonic_increasing


def test_a_ledger_without_events_known_yet_gives_an_empty_table(files: Path) -> None:
    """With its columns."""
    (files / "ledger.csv").write_text(LEDGER.splitlines()[0] + "\n")
    summary = _run(files, "buyers", "--ledger", "ledger.csv", "--out", "buyers.csv")
    assert (summary["buyers"], summary["best"], summary["reliability"]) == (0, None, None)
    assert pd.read_csv(files / "buyers.csv").columns[0] == "buyer_id"


_HEAD = "supplier_id,promised_at,delivered_at"
_TOLD = "party_id,at,source,kind,aspect,value,tested,passed,valid_to\n"
WRONG = [
    ("deliveries", f"{_HEAD},ordered_pieces\nA,2026-02-01,,-5\n", "column 'ordered_pieces', row 1: expected a whole"),
    (
        "deliveries",
        f"{_HEAD},delivered_pieces,defective_pieces\nA,2026-02-01,2026-02-01,5,6\n",
        "column 'defective_pieces', row 1: expected not above delivered_pieces (5), got 6",
    ),
    (
        "deliveries",
        f"{_HEAD},ordered_at\nA,2026-02-01,,2026-01-01\nA,2026-02-01,2026-02-01,2026-02-02\n",
        "column 'promised_at', row 2: expected not before ordered_at (2026-02-02), got 2026-02-01",
    ),
    (
        "deliveries",
        f"{_HEAD},ordered_at\nA,2026-02-09,2026-02-01,2026-02-02\n",
        "column 'delivered_at', row 1: expected not before ordered_at (2026-02-02), got 2026-02-01",
    ),
    (
        "deliveries",
        f"{_HEAD},tested_pieces,conforming_pieces\nA,2026-02-01,,5,6\n",
        "column 'conforming_pieces', row 1: expected not above tested_pieces (5), got 6",
    ),
    ("deliveries", f"{_HEAD},delivered_pieces\nA,2026-02-01,,nan\n", "column 'delivered_pieces', row 1: expected"),
    ("deliveries", f"{_HEAD}\n", "expected at least one row"),
    ("evidence", _TOLD + "A,2026-01-01,x,rating,on_time,1.5,,,\n", "column 'value', row 1: expected a number"),
    ("evidence", _TOLD + "A,2026-01-01,x,gossip,on_time,1,,,\n", "column 'kind', row 1: expected one of rating"),
    ("evidence", _TOLD + "A,2026-01-01,x,rating,on_time,,,,\n", "column 'value', row 1: expected either it, or tested"),
    ("evidence", _TOLD + "A,2026-01-01,x,audit,quality,1,5,5,\n", "column 'value', row 1: expected either it, or test"),
    (
        "evidence",
        _TOLD + "A,2026-01-01,x,audit,quality,,5,6,\n",
        "column 'passed', row 1: expected not above tested (5), got 6",
    ),
    (
        "evidence",
        _TOLD + "A,2026-01-02,x,certificate,quality,1,,,2026-01-02\n",
        "column 'valid_to', row 1: expected a day after at (2026-01-02), got 2026-01-02",
    ),
    (
        "evidence",
        _TOLD + "A,2026-01-01,x,rating,on_time,1,,,\nA,2026-01-01,x,rating,on_time,0,,,\n",
        "row 2: expected each (party_id, source, kind, aspect, at) once",
    ),
    ("faults", "party_id,at,pieces\nA,2026-02-20,\n", "column 'pieces', row 1: expected it or claims"),
    ("faults", "party_id,at,pieces\nA,2026-02-20,-1\n", "column 'pieces', row 1: expected a number >= 0"),
    ("params", "[scorecard]\nhalf_life = 3\n", "params.toml [scorecard]: expected only"),
    ("params", "[scorecard]\nlow = 0.7\n", "low: expected a number in (0, 0.5), got 0.7"),
    ("params", "half_life_days = 3\n", "params.toml: expected one table [scorecard], got half_life_days"),
]


@pytest.mark.parametrize(("name", "text", "message"), WRONG)
def test_wrong_files_are_named_and_nothing_is_written(files: Path, name: str, text: str, message: str) -> None:
    """The file, the column, the row and what was expected."""
    (files / ("params.toml" if name == "params" else f"{name}.csv")).write_text(text)
    options = ["--deliveries", "deliveries.csv", "--evidence", "evidence.csv", "--faults", "faults.csv"]
    with pytest.raises(EvenflowError) as caught:
        _run(files, "scorecard", *options, "--params", "params.toml", "--out", "cards.csv", "--parts", "parts.csv")
    assert message in str(caught.value)
    assert not (files / "cards.csv").exists()
    assert not (files / "parts.csv").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trade_id,buyer_id,supplier_id,at,event,amount_fen\nt,B,A,2026-01-01,paid,-1\n", "column 'amount_fen', row 1"),
        ("trade_id,buyer_id,supplier_id,at,event,amount_fen\nt,B,A,2026-01-01,sold,1\n", "column 'event', row 1"),
        (
            "trade_id,buyer_id,supplier_id,at,event,amount_fen,cancelled_by\nt,B,A,2026-01-01,cancelled,1,me\n",
            "column 'cancelled_by', row 1: expected one of buyer, supplier",
        ),
    ],
)
def test_wrong_ledgers_are_refused(files: Path, text: str, message: str) -> None:
    """Likewise."""
    (files / "ledger.csv").write_text(text)
    with pytest.raises(EvenflowError) as caught:
        _run(files, "buyers", "--ledger", "ledger.csv", "--out", "buyers.csv")
    assert message in str(caught.value)
    assert not (files / "buyers.csv").exists()
