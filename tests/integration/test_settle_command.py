"""`evenflow settle` and `statement` as a user runs them, with wrong input on purpose."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import EvenflowError

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = (ROOT / "docs" / "how-to" / "settle.md").read_text()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the how-to's files."""
    (tmp_path / "examples").mkdir()
    for name, text in re.findall(r"cat > (\S+) <<'EOT'\n(.*?)EOT\n", HOW_TO, re.DOTALL):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path / "examples")
    return tmp_path / "examples"


def run(*words: str) -> dict:
    """Return the figures that a command printed."""
    done = CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


SETTLE = [
    "settle",
    "--sales",
    "sales_to_settle.csv",
    "--rules",
    "rules.toml",
    "--touches",
    "touches.csv",
    "--bindings",
    "bindings.csv",
    "--parties",
    "settle_parties.csv",
]


def test_the_how_tos_files_are_settled(folder: Path) -> None:
    """Who gets what as the page says; a repetition adds nothing; the statement is the party's alone."""
    figures = run(*SETTLE, "--returns", "returns.csv", "--out", "a.csv", "--quarantine", "q.csv", "--totals", "t.csv")
    assert (figures["sales"], figures["returns"], figures["refused_by_reason"]) == (2, 1, {"margin": 1})
    ledger = pd.read_csv("a.csv")
    assert ledger[ledger["kind"] == "sale"].groupby("sale_id")["share_fen"].sum().to_dict() == {
        "s-1": 19840,
        "s-2": 7900,
    }
    assert ledger["share_fen"].sum() == figures["margin_fen"] + figures["reversed_fen"]
    paid = ledger[ledger["event_id"] == "s-1"].set_index("party_id")["share_fen"].to_dict()
    assert paid == {"shop": 1592, "w-1": 600, "kol-7": 4170, "kol-1": 278, "acme": 13200}
    assert "guide-2" in set(ledger["party_id"])
    assert pd.read_csv("q.csv")["reason"].str.contains("ask for 1295 fen").tolist() == [True]
    again = run(*SETTLE, "--returns", "returns.csv", "--ledger", "a.csv", "--out", "b.csv")
    assert (again["known"], again["entries"]) == (3, 0)
    assert Path("b.csv").read_bytes() == Path("a.csv").read_bytes()
    told = run("statement", "kol-7", "--ledger", "a.csv", "--out", "s.csv", "--to", "2026-03-02")
    assert (told["share_fen"], told["entries"]) == (4170, 1)
    assert set(pd.read_csv("s.csv")["party_id"]) == {"kol-7"}


def test_a_preview_books_nothing(folder: Path) -> None:
    """It shows the one sale that could not be booked, and why."""
    figures = run(*SETTLE, "--preview", "--out", "p.csv")
    assert [problem["sale_id"] for problem in figures["problems"]] == ["s-3"]
    shown = pd.read_csv("p.csv")
    assert shown.groupby("sale_id")["share_fen"].sum().to_dict() == {"s-1": 19840, "s-2": 7900, "s-3": 100}
    assert int(shown.loc[shown["party_id"] == "acme", "pays_fen"].max()) == 7960


def changed(path: str, old: str, new: str) -> None:
    """Replace some text of a file."""
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        ("rules.toml", "percent = 8", "percent = 96", r"rules.toml: .* at most 100 together, got 107 \("),
        ("rules.toml", "percent = 8", "percent = 8\nentry_fee_fen = 100", r"3?4 \(guide\): .* got entry_fee_fen"),
        ("rules.toml", "max_depth = 2", "max_depth = 3", "max_depth: expected 1 or 2, got 3"),
        ("rules.toml", "max_depth = 2", "", r"introducer: depth: expected <= 1"),
        ("settle_parties.csv", "guide-1,2026-03-01,guide-2,", "kol-1,,,kol-7", "a circle: kol-"),
        ("bindings.csv", "guide-1,2025-01-01,", "guide-1,2025-01-01,2026-03-01", "column 'ends_on', row 1"),
        ("touches.csv", "2026-02-25T21:00", "yesterday", "touches.csv: column 'touched_at', row 1"),
        ("sales_to_settle.csv", "price_fen", "prize", "sales_to_settle.csv: column 'price_fen'"),
    ],
)
def test_what_cannot_be_is_named_and_nothing_written(folder: Path, path: str, old: str, new: str, message: str) -> None:
    """One line, no ledger."""
    changed(path, old, new)
    with pytest.raises(EvenflowError, match=message):
        run(*SETTLE, "--out", "a.csv")
    assert not Path("a.csv").exists()


def test_strict_books_nothing_if_a_row_cannot_be(folder: Path) -> None:
    """The row and the reason."""
    with pytest.raises(EvenflowError, match=r"sales_to_settle.csv, row 3: expected .* got margin: the rules ask for"):
        run(*SETTLE, "--strict", "--out", "a.csv")
    assert not Path("a.csv").exists()


def test_ledgers_that_miss_entries_and_unknown_parties_are_named(folder: Path) -> None:
    """A ledger is whole or it is none; an output never is an input."""
    run(*SETTLE, "--out", "a.csv")
    with pytest.raises(EvenflowError, match=r"unknown party .*nobody"):
        run("statement", "nobody", "--ledger", "a.csv", "--out", "s.csv")
    with pytest.raises(EvenflowError, match=r"--to: expected a day from 2026-03-02 on"):
        run("statement", "acme", "--ledger", "a.csv", "--out", "s.csv", "--from", "2026-03-02", "--to", "2026-03-01")
    with pytest.raises(EvenflowError, match=r"a\.csv"):
        run(*SETTLE, "--ledger", "a.csv", "--out", "a.csv")
    lines = Path("a.csv").read_text().splitlines(keepends=True)
    Path("a.csv").write_text("".join(lines[:2] + lines[3:]))
    with pytest.raises(EvenflowError, match=r"a.csv: column 'entry', row 2: expected 2, one after the other, got 3"):
        run(*SETTLE, "--ledger", "a.csv", "--out", "b.csv")


def test_a_sale_changed_under_its_id_is_refused(folder: Path) -> None:
    """Also a return."""
    run(*SETTLE, "--returns", "returns.csv", "--out", "a.csv")
    changed("sales_to_settle.csv", "39800,12000,2,1", "39900,12000,2,1")
    changed("returns.csv", "T12:00,1", "T12:00,2")
    figures = run(*SETTLE, "--returns", "returns.csv", "--ledger", "a.csv", "--out", "b.csv")
    assert figures["refused_by_reason"] == {"sale_id": 1, "margin": 1, "return_id": 1}
    assert figures["entries"] == 0


def test_the_live_ledger_books_once_and_states(folder: Path) -> None:
    """Into the database: sent again nothing is new; returns come later; the statement is that of the file."""
    home = ["--live", "--home", str(folder / "home")]
    (folder / "home").mkdir()
    first = run(*SETTLE, *home, "--out", "new.csv")
    assert (first["sales"], first["refused_by_reason"]) == (2, {"margin": 1})
    again = run(*SETTLE, *home, "--returns", "returns.csv", "--out", "later.csv", "--quarantine", "q.csv")
    assert (again["rules_hash"], again["returns"]) == (first["rules_hash"], 1)
    assert set(pd.read_csv("later.csv")["kind"]) == {"return"}
    run(*SETTLE, "--returns", "returns.csv", "--out", "file.csv")
    mine = run("statement", "kol-7", *home, "--out", "live.csv")
    filed = run("statement", "kol-7", "--ledger", "file.csv", "--out", "s.csv")
    assert mine["share_fen"] == filed["share_fen"] > 0
    assert pd.read_csv("live.csv")["share_fen"].tolist() == pd.read_csv("s.csv")["share_fen"].tolist()
    for words, wrong in (
        ([*SETTLE, *home, "--preview", "--out", "x.csv"], "--preview"),
        ([*SETTLE, *home, "--ledger", "file.csv", "--out", "x.csv"], "--ledger"),
        ([*SETTLE, "--home", "h", "--out", "x.csv"], "--live with it"),
        (["statement", "kol-7", "--out", "x.csv"], "neither"),
        (["statement", "nobody", *home, "--out", "x.csv"], "nobody"),
    ):
        with pytest.raises(EvenflowError, match=wrong):
            CliRunner().invoke(app, words, catch_exceptions=False)
