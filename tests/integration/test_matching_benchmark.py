"""The matching benchmark runs and compares."""

import json

from benchmarks.matching import main


def test_benchmark_prints_one_object(capsys):
    """Auction, min-cost flow and greedy on 400 orders: the flow is best, the greedy worst, the bound holds."""
    main(["--orders", "400", "--json"])
    rows = {row["method"]: row for row in json.loads(capsys.readouterr().out)["results"]}
    assert set(rows) == {"auction", "min_cost_flow", "greedy"}
    assert rows["greedy"]["objective"] <= rows["auction"]["objective"] <= rows["auction"]["upper_bound"]
    assert -1e-6 <= rows["min_cost_flow"]["gap"] <= rows["auction"]["gap"] + 1e-6
    assert all(row["peak_mb"] > 0 for row in rows.values())
