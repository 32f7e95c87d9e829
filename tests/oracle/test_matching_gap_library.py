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
