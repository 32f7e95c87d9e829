"""Matches under constraints, larger than can be enumerated: never one piece over, and every bound is true."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.constrained import solve_constrained
from matching.constraints import Constraints, Limits, Pools, extra_splits
from matching.problem import CreditLines, MatchParams, MatchProblem
from matching.solve import solve


def random_case(seed, *, share):
    """Up to 40 orders at 5 suppliers, with credit in fen, exposure per buyer and supplier, a mix, pools, splits."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(5, 40)), 5
    degree = rng.integers(1, m + 1, n)
    supplier = np.concatenate([rng.choice(m, k, replace=False) for k in degree]).astype(np.int64)
    order, e = np.repeat(np.arange(n), degree), supplier.size
    pieces = rng.integers(1, 51, n)
    problem = MatchProblem(
        indptr=np.append(0, np.cumsum(degree)),
        supplier=supplier,
        score=rng.normal(0.5, 0.4, e),
        pieces=pieces,
        capacity=np.floor(rng.dirichlet(np.ones(m)) * pieces.sum() * 1.1).astype(np.int64),
        load=rng.uniform(0.5, 2.0, e),
        credit=CreditLines(
            line=np.where(rng.random(e) < 0.3, supplier, -1),
            limit=rng.integers(0, 300, m),
            use=rng.integers(1, 4, e).astype(float),
        ),
    )
    buyer, dear = rng.integers(0, 3, n)[order], rng.random(n)[order] < 0.5
    exposure = buyer * m + supplier
    whole, part = 10, int(share * 10)
    limits = Limits(
        row=np.concatenate([exposure, 15 + supplier]),
        candidate=np.tile(np.arange(e), 2),
        use=np.concatenate([np.ones(e), np.where(dear, whole - part, -part)]).astype(float),
        most=np.concatenate([rng.integers(0, 200, 15), np.zeros(m)]).astype(float),
        code=np.array(["exposure_cap"] * 15 + ["mix_limit"] * m, dtype=object),
    )
    pool = (rng.integers(0, 3, n)[order] * m + supplier).astype(np.int64)
    pools = Pools(pool=pool, minimum=rng.integers(0, 120, 3 * m))
    return problem, Constraints(limits=limits, pools=pools, split_cost=float(rng.choice([0.0, 1.0])))


def assert_kept(problem, made, x):
    """Raise if anything is exceeded, or a pool is opened below its minimum."""
    assert (x >= 0).all()
    assert (problem.unserved(x) >= 0).all()
    assert (np.bincount(problem.supplier, x * problem.load, 5) <= problem.capacity + 1e-9).all()
    on = problem.credit.line >= 0
    assert (np.bincount(problem.credit.line[on], (x * problem.credit.use)[on], 5) <= problem.credit.limit).all()
    assert (np.bincount(made.limits.row, made.limits.use * x[made.limits.candidate], 20) <= made.limits.most).all()
    totals = np.bincount(made.pools.pool, x, 15)
    assert ((totals == 0) | (totals >= made.pools.minimum)).all()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.2, 0.5, 0.8]), st.booleans(), st.sampled_from([0, 300_000]))
def test_prices_and_placing_keep_every_constraint(seed, share, unsplit, lp_candidates):
    """Credit, exposure, mixes, pools and splits together, above the size of programs."""
    problem, made = random_case(seed, share=share)
    params = MatchParams(mip_candidates=0, lp_candidates=lp_candidates, unsplit=unsplit, polish_seconds=0)
    found = solve_constrained(problem, made, params=params)
    x = found.result.pieces
    assert_kept(problem, made, x)
    if unsplit:
        assert np.isin(x, [0, *problem.pieces]).all()
        assert (x[x > 0] == problem.pieces[problem.order][x > 0]).all()
    assert found.result.objective == problem.objective(x) - made.split_cost * extra_splits(problem, x)
    assert found.result.upper_bound >= found.result.objective


@settings(max_examples=2, deadline=None)
@given(st.integers(0, 10**6))
def test_no_method_exceeds_the_bound_of_another(seed):
    """What a program reaches lies below what the prices of the relaxation and of the smoothed dual prove."""
    problem, made = random_case(seed, share=0.5)
    exact = solve_constrained(problem, made, params=MatchParams(seconds=0.5)).result
    assert_kept(problem, made, exact.pieces)
    for lp_candidates in (0, 300_000):
        params = MatchParams(mip_candidates=0, lp_candidates=lp_candidates)
        assert solve_constrained(problem, made, params=params).result.upper_bound >= exact.objective - 1e-6


@pytest.mark.parametrize("unsplit", [False, True])
def test_programs_that_run_out_of_time_leave_a_feasible_match_and_say_so(unsplit):
    """No time for linear programs at all: every limit is kept under a true bound, and notes tell what is missing."""
    problem, made = random_case(3, share=0.5)
    params = MatchParams(mip_candidates=0, unsplit=unsplit, polish_seconds=0)
    hurried = replace(params, seconds=1e-12)
    bound = solve_constrained(problem, made, params=params).result.upper_bound
    found = solve_constrained(problem, made, params=hurried)
    assert_kept(problem, made, found.result.pieces)
    assert found.result.objective <= bound + 1e-6
    assert found.result.upper_bound >= found.result.objective
    assert any("the linear program was stopped after 4e-12 s" in note for note in found.result.notes)
    assert any("prices of minimum lots" in note for note in found.result.notes)
    assert not found.pool_prices.any()
    plain = solve(problem, params=hurried)
    assert any("the linear program was stopped after 4e-12 s" in note for note in plain.notes)
