"""Pools above the size of programs: lots are filled where the relaxation, solved again, would fill them."""

import numpy as np

from matching.constrained import solve_constrained
from matching.constraints import Constraints, Pools
from matching.problem import MatchParams, MatchProblem
from simulate.matching_instance import matching_instance


def test_lots_are_filled_better_than_by_first_come():
    """500 orders of 20 skus in lots of 100: nearly all is served, and worth a tenth more than first come reaches."""
    made = matching_instance(500, seed=0)
    problem = MatchProblem(
        indptr=made.indptr, supplier=made.supplier, score=made.score, pieces=made.pieces, capacity=made.capacity
    )
    sku = np.random.default_rng(0).integers(0, 20, problem.n_orders)
    pools, pool = np.unique(sku[problem.order] * problem.n_suppliers + problem.supplier, return_inverse=True)
    asked = Constraints(pools=Pools(pool=pool, minimum=np.full(pools.size, 100)))
    found = solve_constrained(problem, asked, params=MatchParams(mip_candidates=0)).result
    peer = solve_constrained(problem, asked, params=MatchParams(method="greedy")).result
    assert not asked.pools.short(found.pieces).any()
    assert found.unserved.sum() <= 0.02 * problem.demand
    assert found.objective > 1.1 * peer.objective
    assert found.gap < 0.05
