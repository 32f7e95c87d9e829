"""The graph benchmark measures what it says, here on a small market."""

from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks.graph import MEASURES, PEERS, largest_difference
from benchmarks.graph_market import write_market

OPTIONS = Namespace(orders=40, seed=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A market of two thousand parties."""
    path = tmp_path_factory.mktemp("market")
    write_market(2_000, 0, path)
    return path


def test_frames_and_files_give_the_same_net_and_candidates_are_found_on_it(folder: Path) -> None:
    """Nothing is rejected; there are candidates for every order."""
    built, read = MEASURES["build"](folder, OPTIONS), MEASURES["files"](folder, OPTIONS)
    assert built["parties"] == 2_000
    assert built["rejected"] == 0
    assert built["relations"] == read["relations"] > 10_000
    candidates = MEASURES["candidates"](folder, OPTIONS)
    assert candidates["orders"] == 40
    assert 40 < candidates["candidates"] <= 40 * 20
    assert 0 < candidates["eligible"] < candidates["candidates"]


def test_peers_are_measured_on_the_same_relations_and_agree_on_the_scores(folder: Path) -> None:
    """Ours, networkx, rustworkx and igraph: the same sizes, and personalised PageRank to the same precision."""
    figures = {name: MEASURES[name](folder, OPTIONS) for name in ("ours", *PEERS)}
    assert len({(found["parties"], found["relations"]) for found in figures.values()}) == 1
    for peer in PEERS:
        assert largest_difference(folder, peer) < 1e-6
