"""Trust that walks, by hand and against networkx."""

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import EvenflowError
from graph.trust.judgements import Judgements
from graph.trust.params import TrustParams
from graph.trust.scores import asked_walks, global_trust
from graph.trust.walk import walks_from

PARAMS = TrustParams(tolerance=1e-13)
N = 7
EDGES = st.dictionaries(
    st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)).filter(lambda pair: pair[0] != pair[1]),
    st.sampled_from([-2.0, -1.0, 1.0, 3.0]),
    min_size=1,
    max_size=20,
)


def _judge(n: int, rows: dict[tuple[int, int], float], params: TrustParams = PARAMS) -> Judgements:
    src, dst = np.array(list(rows), dtype=np.int32).T
    return Judgements.of(n, src, dst, weight=np.array(list(rows.values())), age_days=np.zeros(len(rows)), params=params)


def _start(n: int, *seeds: int) -> np.ndarray:
    start = np.zeros((n, 1))
    start[list(seeds)] = 1.0
    return start


@given(EDGES, st.sets(st.integers(0, N - 1), min_size=1))
@settings(max_examples=60, deadline=None)
def test_reach_is_personalised_pagerank(rows, seeds):
    """networkx's, over trust alone."""
    walks = walks_from(_judge(N, rows), _start(N, *seeds), params=PARAMS)
    graph = nx.DiGraph([pair for pair, weight in rows.items() if weight > 0])
    graph.add_nodes_from(range(N))
    theirs = nx.pagerank(graph, 0.85, personalization=dict.fromkeys(seeds, 1), tol=1e-13, max_iter=1000)
    assert walks.reach[:, 0] == pytest.approx([theirs[i] for i in range(N)], abs=1e-9)


@given(EDGES)
@settings(max_examples=60, deadline=None)
def test_paths_are_the_heaviest_of_all_paths(rows):
    """Every simple path of trust from the seed with a last judgement, by brute force."""
    judgements = _judge(N, rows)
    walks = walks_from(judgements, _start(N, 0), params=PARAMS)
    trusts = nx.DiGraph([pair for pair, weight in rows.items() if weight > 0])
    trusts.add_nodes_from(range(N))
    given_ = {i: sum(1 for pair in rows if pair[0] == i) for i in range(N)}
    for target in range(1, N):
        expected = {}
        for giver in {src for src, dst in rows if dst == target}:
            ways = [[0]] if giver == 0 else nx.all_simple_paths(trusts, 0, giver)
            for way in ways:
                worth = walks.restart[0] / given_[giver]
                for stop, _ in pairwise(way):
                    worth *= 0.85 / trusts.out_degree(stop)
                expected[(*way, target)] = worth
        expected = {way: worth for way, worth in expected.items() if target not in way[:-1]}
        said = walks.support[target, 0] + walks.against[target, 0]
        found = [path for path in walks.paths(target, top=10_000) if target not in path.parties[:-1]]
        assert {path.parties for path in found} == set(expected)
        for path in found:
            assert path.share == pytest.approx(expected[path.parties] / said)
            assert path.trusts == (rows[path.parties[-2:]] > 0)
        shares = [path.share for path in found]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1 + 1e-9


def test_all_that_is_said_came_by_paths_where_nobody_can_go_in_circles():
    """A tree: the shares sum to one."""
    walks = walks_from(_judge(5, {(0, 1): 1, (0, 2): 1, (1, 3): 1, (2, 3): -1, (0, 3): 1}), _start(5, 0), params=PARAMS)
    paths = walks.paths(3)
    assert sum(path.share for path in paths) == pytest.approx(1)
    assert {path.parties: path.trusts for path in paths} == {(0, 3): True, (0, 1, 3): True, (0, 2, 3): False}
    assert walks.paths(0) == []


def test_distrust_goes_one_step_and_no_further():
    """0 distrusts 1: whom 1 trusts or distrusts hears nothing of it."""
    walks = walks_from(_judge(4, {(0, 1): -1, (1, 2): -1, (1, 3): 1}), _start(4, 0), params=PARAMS)
    default = np.full(4, 0.6)
    assert walks.against[1, 0] > 0
    assert (walks.support[[2, 3], 0] == 0).all()
    assert (walks.against[[2, 3], 0] == 0).all()
    score = walks.score(default)[:, 0]
    assert score[1] < 0.6
    assert score[[2, 3]] == pytest.approx([0.6, 0.6])


def test_a_circle_that_praises_itself_is_never_reached():
    """However much 2, 3 and 4 say about each other."""
    rows = {(0, 1): 1.0} | {(a, b): 9.0 for a in (2, 3, 4) for b in (2, 3, 4) if a != b}
    walks = walks_from(_judge(5, rows), _start(5, 0), params=PARAMS)
    assert walks.score(np.full(5, 0.5))[2:, 0] == pytest.approx([0.5] * 3)


def test_views_of_pairs_are_those_of_their_askers(monkeypatch):
    """Many askers at once or one after another; the order of the pairs does not matter."""
    rows = {(0, 1): 1.0, (1, 2): 1.0, (2, 3): -1.0, (3, 0): 1.0, (1, 3): 1.0}
    judgements = _judge(4, rows)
    trust = global_trust(judgements)
    src, dst = np.array([0, 1, 2, 0]), np.array([3, 3, 1, 2])
    all_at_once = asked_walks(judgements, trust, src, dst, top=2)
    monkeypatch.setattr("graph.trust.scores._CELLS", 1)
    one_by_one = asked_walks(judgements, trust, src[::-1], dst[::-1], top=2)
    assert all_at_once.score == pytest.approx(one_by_one.score[::-1])
    assert [len(paths) for paths in all_at_once.paths] == [2, 2, 0, 1]
    for one, other in zip(all_at_once.paths, one_by_one.paths[::-1], strict=True):
        assert [path.parties for path in one] == [path.parties for path in other]
    assert all_at_once.paths[0][0].parties == (0, 1, 3)
    assert asked_walks(judgements, trust, src, dst).paths == []


def test_a_walk_that_does_not_settle_says_so():
    """Rather than answering with the last iterate."""
    with pytest.raises(EvenflowError, match="trust walk: not within"):
        walks_from(_judge(2, {(0, 1): 1.0, (1, 0): 1.0}), _start(2, 0), params=TrustParams(max_iterations=3))
