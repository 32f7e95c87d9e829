"""The matching benchmark runs and compares."""

import json

import pytest

from benchmarks.matching import main
from benchmarks.matching_rows import ROWS


def test_benchmark_prints_one_object(capsys):
    """Auction, min-cost flow and greedy on 400 orders: the flow is best, the greedy worst, the bound holds."""
    main(["--rows", "standard", "--orders", "400", "--json"])
    rows = {row["method"]: row for row in json.loads(capsys.readouterr().out)["results"]}
    assert set(rows) == {"auction", "min_cost_flow", "greedy"}
    assert rows["greedy"]["objective"] <= rows["auction"]["objective"] <= rows["auction"]["upper_bound"]
    assert -1e-6 <= rows["min_cost_flow"]["gap"] <= rows["auction"]["gap"] + 1e-6
    assert all(row["peak_mb"] > 0 for row in rows.values())


def test_an_unknown_row_is_refused():
    """The message names the rows there are."""
    with pytest.raises(SystemExit):
        main(["--rows", "nonsense"])


def test_the_other_rows_say_what_they_claim():
    """On small instances: bounds hold, floors are kept, prices beat first come first served, two sides fit."""
    figures = {name: work(400, 1) for name, (work, _) in ROWS.items() if name != "shards"}
    assert 0 <= figures["unsplit"]["gap"] < 0.05
    for name in ("equal_scores", "shortage", "both"):
        assert abs(figures["wars"][name]["objective"] - figures["wars"][name]["peer_objective"]) < 0.01
    assert figures["floors"]["relaxed_floors"] == 0
    assert figures["floors"]["welfare_loss"] >= -1e-9
    assert 0 <= figures["online"]["yesterday"]["regret"] < figures["online"]["first_come"]["regret"]
    assert figures["two_sided"]["gap"] < 0.02
    assert figures["two_sided"]["blocking_pairs"] > 0
