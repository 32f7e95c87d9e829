"""The benchmark of simulated launches on a tiny season: its parts answer, and its books balance."""

import json

import pytest

from benchmarks.launch_regimes import REGIMES
from benchmarks.launch_simulated import main


@pytest.fixture(scope="module")
def answer():
    """All parts but the waves, whose size is fixed."""
    from contextlib import redirect_stdout
    from io import StringIO

    out = StringIO()
    with redirect_stdout(out):
        main(["--parts", "regimes", "selection", "--styles", "100", "--seeds", "1", "--json"])
    return json.loads(out.getvalue())


def test_nobody_earns_more_than_who_knows_the_totals(answer):
    """And shares are shares; with so few finished styles to learn from, which way is best says nothing."""
    found = answer["regimes"]
    for way in REGIMES:
        assert found[way]["profit_share_of_perfect"] < 1
        assert 0 < found[way]["fill_rate"] <= 1
        assert 0 <= found[way]["leftover_share"] < 1
    assert found["test_and_chase"]["teaser_first_wins"] in ("0 of 1", "1 of 1")


def test_choosing_more_catches_no_fewer_hits(answer):
    """Recall rises with the number chosen, and a choice earns at most what hindsight does."""
    ways = [answer["selection"][f"choose_{k}"]["by_hit"] for k in (1, 2, 3)]
    assert [way["hit_recall"] for way in ways] == sorted(way["hit_recall"] for way in ways)
    assert all(way["profit_share_of_hindsight"] <= 1 for way in ways)
