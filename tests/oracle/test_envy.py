"""The envy report against its definition, pair by pair."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.fairness import envy
from matching.floors import floor_targets
from matching.problem import MatchParams, MatchProblem
from matching.solve import solve


def problem_of(seed):
    """Return up to 12 orders and 4 suppliers."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 13)), int(rng.integers(1, 5))
    listed = rng.random((n, m)) < 0.7
    return MatchProblem(
        indptr=np.append(0, np.cumsum(listed.sum(axis=1))), supplier=np.nonzero(listed)[1],
        score=np.round(rng.random(int(listed.sum())), 2), pieces=rng.integers(1, 9, n), capacity=rng.integers(0, 40, m),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000))
def test_envy_is_what_its_definition_says(seed):
    """Pieces envied, and the cheapest of them up to the shortfall, one by one."""
    problem = problem_of(seed)
    pieces = solve(problem).pieces
    found, due = envy(problem, pieces), floor_targets(problem, 1.0)
    got = [pieces[problem.supplier == j].sum() / due[j] if due[j] else 1.0 for j in range(problem.n_suppliers)]
    for j in range(problem.n_suppliers):
        costs = []
        for e in np.flatnonzero(problem.supplier == j):
            for f in np.flatnonzero((problem.order == problem.order[e]) & (pieces > 0)):
                if f != e and got[j] < got[problem.supplier[f]] - 1e-9:
                    costs += [problem.score[f] - problem.score[e]] * int(pieces[f])
        short = int(max(due[j] - pieces[problem.supplier == j].sum(), 0))
        assert found.envied[j] == len(costs)
        assert found.cost[j] == pytest.approx(sum(sorted(costs)[:short]), abs=1e-9)


def test_floors_leave_less_envy():
    """The more is guaranteed, the less is lacking."""
    problem = problem_of(11)
    lacking = []
    for floor in (0.0, 1.0):
        found = envy(problem, solve(problem, params=MatchParams(floor=floor)).pieces)
        lacking.append(np.maximum(found.due - found.received, 0).sum())
    assert lacking[1] <= lacking[0]
