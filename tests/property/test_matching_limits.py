"""Whatever the method and the input: never one piece over a capacity, and every bound is true."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.ledger import trimmed
from matching.problem import CreditLines, MatchParams, MatchProblem
from matching.solve import solve


def random_problem(seed, *, ties, shortage, credit):
    """Return up to 60 orders and 6 suppliers, with the same few scores if `ties`."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 60)), int(rng.integers(1, 6))
    degree = rng.integers(0, m + 1, n)
    supplier = np.concatenate([rng.choice(m, k, replace=False) for k in degree]).astype(np.int64)
    pieces = rng.integers(1, 51, n)
    score = rng.choice([0.2, 0.5, 0.7], supplier.size) if ties else rng.normal(0.5, 0.4, supplier.size)
    share = rng.dirichlet(np.ones(m))
    lines = None
    if credit:
        line = np.where(rng.random(supplier.size) < 0.5, supplier, -1)
        lines = CreditLines(
            line=line, limit=rng.integers(0, 200, m), use=rng.integers(1, 4, supplier.size).astype(float)
        )
    return MatchProblem(
        indptr=np.append(0, np.cumsum(degree)),
        supplier=supplier,
        score=score,
        pieces=pieces,
        capacity=np.floor(share * pieces.sum() * (0.8 if shortage else 1.1)).astype(np.int64),
        credit=lines,
    )


def assert_within_limits(problem, pieces):
    """Raise if an order, a capacity or a credit line is exceeded by one piece or one fen."""
    assert (pieces >= 0).all()
    assert (problem.unserved(pieces) >= 0).all()
    taken = np.bincount(problem.supplier, weights=pieces, minlength=problem.n_suppliers)
    assert (taken <= problem.capacity).all()
    if problem.credit is not None:
        on = problem.credit.line >= 0
        drawn = np.bincount(
            problem.credit.line[on],
            weights=(pieces * problem.credit.use)[on],
            minlength=problem.credit.limit.size,
        )
        assert (drawn <= problem.credit.limit).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.booleans())
def test_auction_agrees_with_the_flow_to_its_certified_gap(seed, ties, shortage):
    """The auction's allocation keeps every limit and is within its own gap of the exact optimum."""
    problem = random_problem(seed, ties=ties, shortage=shortage, credit=False)
    exact = solve(problem, params=MatchParams(method="exact"))
    result = solve(problem, params=MatchParams(method="auction"))
    assert_within_limits(problem, result.pieces)
    assert result.upper_bound >= exact.objective - 1e-6
    assert exact.gap <= 1e-7
    step = MatchParams().epsilon * (problem.score.max(initial=0) - min(problem.score.min(initial=0), -1))
    assert result.objective >= exact.objective - step * problem.demand - 1e-6


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.booleans(), st.sampled_from([0, 300_000]))
def test_prices_and_moves_keep_every_limit(seed, unsplit, shortage, lp_candidates):
    """The path for large problems with side constraints never exceeds a capacity or a credit line."""
    problem = random_problem(seed, ties=False, shortage=shortage, credit=True)
    params = MatchParams(unsplit=unsplit, mip_candidates=0, lp_candidates=lp_candidates, floor=0.3)
    result = solve(problem, params=params)
    assert_within_limits(problem, result.pieces)
    assert result.upper_bound >= result.objective


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_trimming_brings_any_allocation_within_its_limits(seed, unsplit):
    """An allocation that serves everybody everywhere ends up feasible, whole orders staying whole."""
    problem = random_problem(seed, ties=False, shortage=True, credit=True)
    every = problem.pieces[problem.order]
    first = np.zeros_like(every)
    some = np.diff(problem.indptr) > 0
    first[problem.indptr[:-1][some]] = problem.pieces[some]
    pieces = trimmed(problem, first, unsplit=unsplit)
    assert_within_limits(problem, pieces)
    if unsplit:
        assert np.isin(pieces / np.maximum(every, 1), [0, 1]).all()


@pytest.mark.parametrize("method", ["exact", "auction", "greedy"])
def test_same_input_same_answer(method):
    """Two runs give the same allocation."""
    problem = random_problem(7, ties=True, shortage=True, credit=False)
    one, two = (solve(problem, params=MatchParams(method=method)) for _ in range(2))
    assert np.array_equal(one.pieces, two.pieces)
    assert np.array_equal(one.prices, two.prices)
