"""A match in shards: nearly as good as in one piece, and the same each time."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from contracts.errors import InputError
from matching.problem import MatchProblem
from matching.shards import ShardParams, quotas, solve_sharded
from matching.solve import solve
from simulate.matching_instance import matching_instance


@pytest.fixture(scope="module")
def problem():
    """Return a standard instance."""
    made = matching_instance(8000, seed=5)
    return MatchProblem(
        indptr=made.indptr, supplier=made.supplier, score=made.score, pieces=made.pieces, capacity=made.capacity
    )


def test_shards_lose_little_and_repeat_themselves(problem):
    """Feasible, certified, near the optimum, equal for a seed whatever the order in which shards end."""
    whole = solve(problem)
    with ThreadPoolExecutor(2) as pool:
        first, second = (solve_sharded(problem, executor=pool, seed=3) for _ in range(2))
    assert (np.bincount(problem.supplier, weights=first.pieces) <= problem.capacity).all()
    assert (problem.unserved(first.pieces) >= 0).all()
    assert first.upper_bound >= whole.objective - 1e-6
    assert first.objective >= whole.objective - 0.002 * abs(whole.objective)
    assert first.gap < 0.005
    assert np.array_equal(first.pieces, second.pieces)
    assert first.objective == second.objective


def test_more_shards_than_orders_and_closed_suppliers(problem):
    """Empty shards are left out; a supplier without capacity gets nothing."""
    small = MatchProblem(
        indptr=np.array([0, 2, 4]), supplier=np.array([0, 1, 0, 1]), score=np.array([0.9, 0.5, 0.8, 0.6]),
        pieces=np.array([4, 4]), capacity=np.array([0, 6]),
    )  # fmt: skip
    with ThreadPoolExecutor(2) as pool:
        found = solve_sharded(small, executor=pool, division=ShardParams(shards=5, sample=0.5))
        assert np.bincount(small.supplier, weights=found.pieces).tolist() == [0, 6]
        with pytest.raises(InputError, match="shards"):
            solve_sharded(problem.replace(load=np.ones(problem.n_candidates)), executor=pool)


def test_quotas_divide_everything():
    """Whole pieces, nothing left over, in proportion."""
    rng = np.random.default_rng(0)
    capacity, loads = rng.integers(0, 50, 30), rng.random((4, 30)) * (rng.random(30) < 0.8)
    divided = quotas(capacity, loads)
    assert (divided.sum(axis=0) == capacity).all()
    assert (divided >= 0).all()
    share = np.divide(loads, loads.sum(axis=0), out=np.full(loads.shape, 0.25), where=loads.sum(axis=0) > 0)
    assert (np.abs(divided - share * capacity) < 1).all()
