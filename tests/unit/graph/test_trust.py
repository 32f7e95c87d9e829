"""Trust by hand."""

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import csr_array

from contracts.errors import EvenflowError
from graph.pagerank import pagerank
from graph.trust.judgements import Judgements
from graph.trust.params import TrustParams
from graph.trust.scores import global_trust, pair_trust

PARAMS = TrustParams(prior=1.0, half_life_days=100)


def _judge(n: int, *rows: tuple[int, int, float] | tuple[int, int, float, float]) -> Judgements:
    src, dst, weight, age = zip(*((*row, 0.0)[:4] for row in rows), strict=True)
    ends = np.array(src, dtype=np.int32), np.array(dst, dtype=np.int32)
    return Judgements.of(n, *ends, weight=np.array(weight), age_days=np.array(age), params=PARAMS)


def test_the_latest_judgement_of_a_pair_counts() -> None:
    """Once, however often it is repeated; those of one day as their mean; oneself and zeros not at all."""
    found = _judge(3, (0, 1, 5, 9), (0, 1, -1, 3), (0, 2, 1, 2), (0, 2, -3, 2), (1, 1, 5), (2, 0, 0))
    assert (found.src.tolist(), found.dst.tolist(), found.positive.tolist()) == ([0, 0], [1, 2], [False, False])
    assert found.evidence == pytest.approx([2**-0.03, 2**-0.02])


def test_scores_are_a_fixed_point() -> None:
    """Each score is the smoothed share of trust, counted by the givers' scores."""
    rows = [(0, 1, 1.0), (2, 1, -1.0), (1, 3, 1.0), (3, 0, 2.0), (4, 2, -1.0), (0, 4, 1.0), (3, 2, -5.0)]
    judgements = _judge(5, *rows)
    trust = global_trust(judgements, params=PARAMS)
    says = {i: [(s, w) for s, d, w in rows if d == i] for i in range(5)}
    good = {i: sum(trust[s] for s, w in says[i] if w > 0) for i in says}
    total = {i: sum(trust[s] for s, _ in says[i]) for i in says}
    mean = (sum(good.values()) + 0.5) / (sum(total.values()) + 1)
    assert trust == pytest.approx([(good[i] + mean) / (total[i] + 1) for i in range(5)], abs=1e-8)


def test_whom_the_distrusted_distrust_loses_little() -> None:
    """The same judgement of 0 and 1, given by somebody trusted and by somebody distrusted."""
    rows = [(s, 2, 1.0) for s in (4, 5, 6)] + [(s, 3, -1.0) for s in (4, 5, 6)]
    trust = global_trust(_judge(7, *rows, (2, 0, -1.0), (3, 1, -1.0)), params=PARAMS)
    assert trust[0] < trust[1]


def test_a_circle_that_praises_itself_has_no_say_with_seeds() -> None:
    """3, 4 and 5 praise each other and 6; from seed 0 trust never walks there."""
    circle = [(a, b, 1.0) for a in (3, 4, 5) for b in (3, 4, 5, 6)]
    honest = [(0, 1, 1.0), (1, 2, 1.0), (0, 6, -1.0)]
    judgements = _judge(7, *honest, *circle)
    alone, seeded = global_trust(judgements, params=PARAMS), global_trust(judgements, np.array([0]), params=PARAMS)
    assert alone[6] > 0.5 > seeded[6]
    assert seeded[3] == pytest.approx(seeded[0])  # nobody with a say judged either: the mean


def test_old_judgements_fade() -> None:
    """Distrust of long ago weighs less than that of today."""
    old, new = (global_trust(_judge(3, (0, 1, -1.0, age), (0, 2, 1.0)), params=PARAMS)[1] for age in (500.0, 0.0))
    assert old > new


def test_nobody_judged_is_no_error() -> None:
    """All have the same score."""
    none = np.empty(0, dtype=np.int32)
    judgements = Judgements.of(3, none, none, weight=np.empty(0), age_days=np.empty(0), params=PARAMS)
    assert global_trust(judgements, params=PARAMS).tolist() == [0.5] * 3
    assert pair_trust(judgements, np.full(3, 0.5), np.array([0]), np.array([1])).score.tolist() == [0.5]


def test_an_own_view_starts_with_ones_own_judgement_then_friends() -> None:
    """0 distrusts 1 itself; of 2 it hears good from its friend 3, and nothing from 1; about 4 it knows nothing."""
    rows = [(0, 1, -1.0), (0, 3, 1.0), (3, 2, 1.0), (1, 4, -1.0)]
    trust = np.full(5, 0.5)
    view = pair_trust(_judge(5, *rows), trust, np.array([0, 0, 0]), np.array([1, 2, 4]), params=PARAMS)
    assert view.score == pytest.approx([0.5 / 4, (1 + 0.5) / 2, 0.5])
    assert (view.own.tolist(), view.friends.tolist(), view.through.tolist()) == ([-1, 0, 0], [0, 1, 0], [-1, 3, -1])


@pytest.mark.parametrize("seed", range(3))
def test_pagerank_agrees_with_networkx(seed: int) -> None:
    """Weighted, personalised, with nodes that lead nowhere."""
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((30, 30)) < 0.08, rng.random((30, 30)), 0)
    start = rng.random(30)
    theirs = nx.pagerank(
        nx.from_numpy_array(dense, create_using=nx.DiGraph), 0.7, personalization=dict(enumerate(start)), tol=1e-12
    )
    ours = pagerank([csr_array(dense)], start, damping=0.7, tolerance=1e-12)
    assert ours == pytest.approx([theirs[i] for i in range(30)], abs=1e-9)


def test_what_does_not_converge_says_so() -> None:
    """Rather than answering with the last iterate."""
    with pytest.raises(EvenflowError, match="not within 1e-12 after 1 iterations"):
        pagerank([csr_array(np.array([[0.0, 1], [0, 0]]))], tolerance=1e-12, max_iterations=1)
    with pytest.raises(EvenflowError, match="trust: not within"):
        global_trust(_judge(3, (0, 1, 1.0), (1, 2, -1.0)), params=TrustParams(max_iterations=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"half_life_days": 0}, "half_life_days: expected a number > 0"),
        ({"prior": 0}, "prior: expected a number > 0"),
        ({"size_power": 2}, r"size_power: expected a number in \[0, 1\]"),
        ({"own": -1}, "own: expected a number >= 0"),
        ({"vouched": 1}, r"vouched: expected a number in \[0, 1\)"),
        ({"blame": 1.5}, r"blame: expected a number in \[0, 1\]"),
        ({"damping": 1}, r"damping: expected a number in \[0, 1\)"),
        ({"max_iterations": 0}, "max_iterations: expected a number > 0"),
    ],
)
def test_parameters_out_of_range_are_refused(options: dict[str, float], message: str) -> None:
    """By name."""
    with pytest.raises(ValueError, match=message):
        TrustParams(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", [1e300, 1.7e308])
def test_only_the_size_of_a_weight_beside_others_counts(scale: float) -> None:
    """However large: neither its sum nor its mean overflows (a warning is an error here)."""
    ends = np.array([0, 0, 1, 2], dtype=np.int32), np.array([1, 1, 2, 0], dtype=np.int32)
    weight, params = np.array([1.0, 1.0, -1.0, 0.5]), TrustParams(size_power=1.0)
    small, large = (
        Judgements.of(3, *ends, weight=weight * by, age_days=np.zeros(4), params=params) for by in (1.0, scale)
    )
    assert large.positive.tolist() == [True, False, True]
    assert large.evidence == pytest.approx(small.evidence, rel=1e-12)
