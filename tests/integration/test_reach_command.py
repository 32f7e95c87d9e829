"""`evenflow reach` on a loaded network: overlaps count once, degree and attributed sales beside it."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import NotReadyError
from store.home import TABLES, Home


def load(folder, influences):
    """Three KOLs and 60 stores with the given influences (KOL, first store, last store)."""
    stores = [f"s{number:02d}" for number in range(60)]
    parties = pd.DataFrame({"id": ["a", "b", "c", *stores], "kind": ["kol"] * 3 + ["store"] * 60})
    rows = [(kol, store) for kol, first, last in influences for store in stores[first:last]]
    relations = pd.DataFrame(rows or [("a", "b")], columns=["src", "dst"]).assign(
        kind="influences" if rows else "vouches"
    )
    sales = pd.DataFrame(
        {"unique_id": ["x"], "ds": ["2026-01-01"], "y": [9.0], "attributed_to": ["b"], "store_id": ["s00"]}
    )
    raw = {"parties": parties, "relations": relations, "sales": sales}
    Home(folder / "home").publish({name: TABLES[name].check(table) for name, table in raw.items()})


def run(folder, *options):
    done = CliRunner().invoke(
        app, ["reach", "--home", str(folder / "home"), "--out", str(folder / "reach.csv"), "--json", *options]
    )
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout), pd.read_csv(folder / "reach.csv")


def test_twins_are_asked_once(tmp_path):
    """a and b share forty stores, c has twenty of its own: one of the twins and c reach more than both twins."""
    load(tmp_path, [("a", 0, 40), ("b", 0, 40), ("c", 40, 60)])
    figures, chosen = run(tmp_path, "--k", "2")
    assert "c" in set(chosen["party_id"])
    # Each of the forty is influenced by a and b with one half each: 20 + 20 of c's, and the two themselves.
    assert figures["reach"] == pytest.approx(42, rel=0.05)
    # By degree it is the twins: each of the forty stores is reached by one of the two halves at least, three in four.
    assert figures["reach_by_degree"] == pytest.approx(32, rel=0.05)
    assert chosen["added"].sum() == pytest.approx(figures["reach"], abs=0.1)
    assert chosen.set_index("party_id")["alone"].max() == 40
    assert figures["upper_bound"] >= figures["reach"] * 0.95


def test_without_influences_it_says_what_to_load(tmp_path):
    """By the relations' kind."""
    load(tmp_path, [])
    with pytest.raises(NotReadyError, match="no relations of the kind influences"):
        run(tmp_path)
