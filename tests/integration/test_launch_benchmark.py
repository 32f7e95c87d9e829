"""The benchmark of simulated launches on a tiny season: its parts answer, and its books balance."""

import json

import pytest

from benchmarks.launch_simulated import main


@pytest.fixture(scope="module")
def answer():
    """All parts but the waves, whose size is fixed."""
    from contextlib import redirect_stdout
    from io import StringIO

    out = StringIO()
    with redirect_stdout(out):
        main(["--parts", "regimes", "selection", "--styles", "150", "--seeds", "1", "--json"])
    return json.loads(out.getvalue())


def test_looking_again_earns_more_than_one_order(answer):
    """On styles of which little is known at launch; nobody earns more than who knows the totals."""
    found = answer["regimes"]
    profit = {
        name: found[name]["profit_share_of_perfect"] for name in ("teaser_first", "test_and_chase", "commit_at_launch")
    }
    assert profit["test_and_chase"] > profit["commit_at_launch"]
    assert profit["teaser_first"] > profit["commit_at_launch"]
    assert max(profit.values()) < 1
    assert 0 < found["teaser_first"]["fill_rate"] < 1


def test_choosing_more_catches_no_fewer_hits(answer):
    """Recall rises with the number chosen, and a choice earns at most what hindsight does."""
    ways = [answer["selection"][f"choose_{k}"]["by_hit"] for k in (1, 2, 3)]
    assert [way["hit_recall"] for way in ways] == sorted(way["hit_recall"] for way in ways)
    assert all(way["profit_share_of_hindsight"] <= 1 for way in ways)
