"""Whole orders against the generalised assignment library's best known values."""

import zipfile

import numpy as np
import pytest

from matching.problem import MatchParams, MatchProblem
from matching.solve import solve

BEST = {"c05100": 1931, "c0530_1": 423}


def read_gap(folder, name):
    """Return costs and resource use [agents, jobs] and the agents' capacities."""
    with zipfile.ZipFile(folder / "gap" / "data" / f"{name}.zip") as archive:
        numbers = np.array(archive.read(archive.namelist()[0]).split(), dtype=float)
    agents, jobs = int(numbers[0]), int(numbers[1])
    cost, use = numbers[2 : 2 + 2 * agents * jobs].reshape(2, agents, jobs)
    return cost, use, numbers[2 + 2 * agents * jobs :][:agents].astype(np.int64)


@pytest.mark.data
@pytest.mark.parametrize("name", BEST)
def test_assignments_reach_the_best_known_cost(data_dir, name):
    """The program finds the optimum; prices and moves alone stay feasible within three per cent."""
    cost, use, capacity = read_gap(data_dir, name)
    agents, jobs = cost.shape
    top = cost.max() + 1
    problem = MatchProblem(
        indptr=np.arange(jobs + 1) * agents,
        supplier=np.tile(np.arange(agents), jobs),
        score=(top - cost).T.ravel(),
        pieces=np.ones(jobs, np.int64),
        capacity=capacity,
        penalty=np.full(jobs, 10 * top),
        load=use.T.ravel(),
    )
    for params, slack in (
        (MatchParams(unsplit=True), 1.0),
        (MatchParams(unsplit=True, mip_candidates=0, polish_seconds=1.0), 1.03),
    ):
        result = solve(problem, params=params)
        assert result.unserved.sum() == 0
        assert (np.bincount(problem.supplier, weights=result.pieces * problem.load) <= capacity).all()
        assert BEST[name] <= float(np.dot(cost.T.ravel(), result.pieces)) <= slack * BEST[name]


def uneven_orders(n=60, m=6, seed=3):
    """Class d: what is cheap somewhere is heavy there, capacities take four fifths of the mean load."""
    rng = np.random.default_rng(seed)
    use = rng.integers(1, 101, (n, m)).astype(float)
    cost = 111 - use + rng.integers(-10, 11, (n, m))
    return MatchProblem(
        indptr=np.arange(n + 1) * m,
        supplier=np.tile(np.arange(m), n),
        score=(200 - cost).ravel(),
        pieces=np.ones(n, np.int64),
        capacity=np.floor(0.8 * use.sum(axis=0) / m).astype(np.int64),
        penalty=np.full(n, 2000.0),
        load=use.ravel(),
    )


def test_parts_improve_uneven_whole_orders_alike_for_a_seed():
    """Class d, without programs: the cost is within one per cent of the knapsack bound, and twice the same."""
    problem = uneven_orders()
    params = MatchParams(unsplit=True, mip_candidates=0, polish_seconds=60.0, mip_gap=2.5e-3)
    first, second = solve(problem, params=params, seed=1), solve(problem, params=params, seed=1)
    placed = solve(problem, params=MatchParams(unsplit=True, mip_candidates=0, polish_seconds=0.0))
    assert np.array_equal(first.pieces, second.pieces)
    assert first.objective > placed.objective
    assert first.upper_bound < placed.upper_bound
    least, cost = 200 * 60 - first.upper_bound, 200 * 60 - first.objective
    assert first.unserved.sum() == 0
    assert least <= cost <= 1.01 * least
