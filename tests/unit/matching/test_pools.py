"""Pools above the size of programs: lots are filled where the relaxation, solved again, would fill them."""

import numpy as np

from matching.constrained import solve_constrained
from matching.constraints import Constraints, Limits, Pools
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


def test_lots_that_limits_keep_too_small_do_not_loosen_the_bound():
    """A buyer's two orders of ten may not exceed 15 together, the lot is 20: that nothing is served is proved best."""
    problem = MatchProblem(
        indptr=np.array([0, 1, 2]), supplier=np.zeros(2, int), score=np.array([0.9, 0.8]), pieces=np.array([10, 10]),
        capacity=np.array([50]),
    )  # fmt: skip
    cap = Limits(
        row=np.zeros(2, int), candidate=np.arange(2), use=np.ones(2), most=np.array([15.0]),
        code=np.array(["exposure_cap"], dtype=object),
    )  # fmt: skip
    pools = Pools(pool=np.zeros(2, int), minimum=np.array([20]))
    for lp_candidates in (0, 10):
        params = MatchParams(mip_candidates=0, lp_candidates=lp_candidates)
        found = solve_constrained(problem, Constraints(limits=cap, pools=pools), params=params).result
        assert (found.objective, found.gap) == (-20.0, 0.0)
        assert any("counts neither minimum lots" in note for note in found.notes)
    roomy = solve_constrained(problem, Constraints(pools=pools), params=MatchParams(mip_candidates=0)).result
    assert roomy.unserved.sum() == 0
