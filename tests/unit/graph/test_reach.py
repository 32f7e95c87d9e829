"""Reach: against every way the influences can turn out, and against choosing by degree."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest

from contracts.errors import InputError
from graph.reach import ReachProblem, reach_of, solve_reach

# Party 0 reaches 2, 3, 4; party 1 reaches 3, 4, 5; 5 reaches 6.
EDGES = [(0, 2, 0.9), (0, 3, 0.8), (0, 4, 0.5), (1, 3, 0.7), (1, 4, 0.9), (1, 5, 0.6), (5, 6, 0.5)]


def problem(k: int = 2) -> ReachProblem:
    ordered = sorted(EDGES, key=lambda edge: edge[1])
    degree = np.bincount([dst for _, dst, _ in ordered], minlength=7)
    return ReachProblem(
        start=np.append(0, np.cumsum(degree)), src=np.array([src for src, _, _ in ordered]),
        probability=np.array([p for *_, p in ordered]), allowed=np.ones(7, bool), k=k,
    )  # fmt: skip


def exact(chosen: tuple[int, ...]) -> float:
    """The expected number of parties reached, over all 2 ** 7 ways."""
    total = 0.0
    for way in product((False, True), repeat=len(EDGES)):
        chance, reached = 1.0, set(chosen)
        for carries, (*_, p) in zip(way, EDGES, strict=True):
            chance *= p if carries else 1 - p
        for _ in EDGES:
            reached |= {dst for carries, (src, dst, _) in zip(way, EDGES, strict=True) if carries and src in reached}
        total += chance * len(reached)
    return total


def test_the_choice_is_the_best_and_its_reach_is_true():
    """Of all pairs; what each adds sums to the reach; the bound is above the best."""
    found = solve_reach(problem(), seed=3)
    best = max(combinations(range(7), 2), key=exact)
    assert set(found.chosen) == set(best)
    assert found.reach == pytest.approx(exact(best), rel=0.03)
    assert found.added.sum() == pytest.approx(found.reach)
    assert found.added[0] == pytest.approx(max(exact((i,)) for i in range(7)), rel=0.04)
    assert found.upper_bound >= exact(best)
    assert reach_of(problem(), np.array([0, 5]))[1] == pytest.approx(exact((0, 5)) - exact((0,)), rel=0.05)


def test_overlapping_audiences_count_once():
    """Two parties with the same hundred followers and one with forty others: degree takes the twins, reach does not."""
    start = np.concatenate([np.zeros(4, np.int64), np.arange(1, 101) * 2, 200 + np.arange(1, 41)])
    src = np.concatenate([np.tile([0, 1], 100), np.full(40, 2)])
    one = ReachProblem(start=start, src=src, probability=np.ones(240), allowed=np.arange(143) < 3, k=2)
    found = solve_reach(one)
    assert set(found.chosen) in ({0, 2}, {1, 2})
    assert found.reach == pytest.approx(142, rel=0.03)
    assert reach_of(one, np.array([0, 1])).sum() == pytest.approx(102, rel=0.03)


def test_the_same_seed_gives_the_same_and_wrong_arrays_are_named():
    """Reproducible; probabilities beyond 1 and nobody to choose are refused."""
    first, again = (solve_reach(problem(), seed=5) for _ in range(2))
    assert (first.reach, first.chosen.tolist()) == (again.reach, again.chosen.tolist())
    with pytest.raises(InputError, match=r"probability\[0\]: expected a probability"):
        replace(problem(), probability=np.full(7, 1.5))
    with pytest.raises(InputError, match="allowed: expected at least one party"):
        replace(problem(), allowed=np.zeros(7, bool))
