"""The graph benchmark measures what it says, here on a small market."""

from argparse import Namespace
from pathlib import Path

from benchmarks.graph import market, measure_build, measure_candidates, measure_networkx


def test_ours_and_networkx_are_measured_on_the_same_net(tmp_path: Path) -> None:
    """The same parties and relations, but for those a net rejects; candidates for every order."""
    options = Namespace(orders=40, seed=0)
    market(2_000, 0, tmp_path)
    ours, theirs = measure_build(tmp_path, options), measure_networkx(tmp_path, options)
    assert ours["parties"] == theirs["parties"] == 2_000
    assert 0 < theirs["relations"] - ours["relations"] <= ours["rejected"]
    candidates = measure_candidates(tmp_path, options)
    assert candidates["orders"] == 40
    assert 40 < candidates["candidates"] <= 40 * 20
    assert 0 < candidates["eligible"] < candidates["candidates"]
