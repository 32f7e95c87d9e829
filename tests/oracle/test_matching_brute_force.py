"""Small matches against every possible allocation."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.problem import CreditLines, MatchParams, MatchProblem
from matching.solve import solve


@st.composite
def problems(draw, *, loads=False, credit=None):
    """At most 4 orders of at most 3 pieces, 3 suppliers and 6 candidates: few enough to try everything."""
    n, m = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    pairs = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, m - 1)), max_size=6, unique=True))
    pairs.sort()
    e = len(pairs)
    order = np.array([i for i, _ in pairs], dtype=np.int64)
    supplier = np.array([j for _, j in pairs], dtype=np.int64)
    lines = None
    if credit is not None:
        line = np.array([j if draw(st.booleans()) else -1 for j in supplier], dtype=np.int64)
        use = None
        if credit == "fen":
            use = np.array(draw(st.lists(st.integers(0, 4), min_size=e, max_size=e)), dtype=float)
        limit = np.array(draw(st.lists(st.integers(0, 6), min_size=m, max_size=m)))
        lines = CreditLines(line=line, limit=limit, use=use)
    tenths = st.integers(-12, 20).map(lambda v: v / 10)
    return MatchProblem(
        indptr=np.searchsorted(order, np.arange(n + 1)),
        supplier=supplier,
        score=np.array(draw(st.lists(tenths, min_size=e, max_size=e)), dtype=float),
        pieces=np.array(draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))),
        capacity=np.array(draw(st.lists(st.integers(0, 6), min_size=m, max_size=m))),
        penalty=np.array(draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=n, max_size=n))),
        load=np.array(draw(st.lists(st.integers(1, 3), min_size=e, max_size=e)), dtype=float) if loads else None,
        credit=lines,
    )


def best_objective(problem, *, unsplit=False):
    """Return the best objective over all feasible allocations, by trying each."""
    q = problem.pieces[problem.order]
    choices = [(0, int(most)) if unsplit else range(int(most) + 1) for most in q]
    feasible = (problem.objective(np.array(x, dtype=np.int64)) for x in product(*choices) if fits(problem, x))
    return max(feasible)


def fits(problem, pieces):
    """Whether an allocation keeps orders, capacities and credit lines, in exact arithmetic."""
    x = np.array(pieces, dtype=np.int64)
    load = np.ones(x.size) if problem.load is None else problem.load
    served = np.bincount(problem.order, weights=x, minlength=problem.n_orders)
    taken = np.bincount(problem.supplier, weights=x * load, minlength=problem.n_suppliers)
    good = (served <= problem.pieces).all() and (taken <= problem.capacity).all() and (x >= 0).all()
    if problem.credit is not None:
        use = np.ones(x.size) if problem.credit.use is None else problem.credit.use
        on = problem.credit.line >= 0
        drawn = np.bincount(problem.credit.line[on], weights=(x * use)[on], minlength=problem.credit.limit.size)
        good = good and (drawn <= problem.credit.limit).all()
    return bool(good)


def check(problem, params):
    """Assert feasibility, a true bound, and (but for the greedy and the auction) optimality."""
    result = solve(problem, params=params)
    assert fits(problem, result.pieces)
    if params.unsplit:
        assert all(x in (0, q) for x, q in zip(result.pieces, problem.pieces[problem.order], strict=True))
    best = best_objective(problem, unsplit=params.unsplit)
    assert result.objective <= best + 1e-9
    assert result.upper_bound >= best - 1e-6
    return result, best


@settings(max_examples=150, deadline=None)
@given(problems())
def test_split_match_is_optimal_and_certified(problem):
    """The min-cost flow finds the best split allocation, and its own prices prove it."""
    result, best = check(problem, MatchParams(method="exact"))
    assert result.objective == pytest.approx(best, abs=1e-9)
    assert result.upper_bound == pytest.approx(best, abs=1e-9)
    assert (result.prices >= 0).all()


@settings(max_examples=120, deadline=None)
@given(problems(credit="pieces"))
def test_credit_lines_in_pieces_stay_in_the_network(problem):
    """Credit lines are arcs: optimal, certified, never over the limit."""
    result, best = check(problem, MatchParams(method="exact"))
    assert result.method == "min_cost_flow"
    assert result.upper_bound == pytest.approx(best, abs=1e-9)
    assert result.objective == pytest.approx(best, abs=1e-9)


@settings(max_examples=80, deadline=None)
@given(problems(loads=True, credit="fen"))
def test_loads_and_fen_are_solved_in_whole_pieces(problem):
    """Loads and fen per candidate break the network; integer programs still find the best allocation."""
    result, best = check(problem, MatchParams())
    assert result.objective == pytest.approx(best, abs=1e-6)


@settings(max_examples=80, deadline=None)
@given(problems(loads=True, credit="fen"))
def test_unsplit_match_is_optimal(problem):
    """Whole orders only: the best such allocation, by branch and bound."""
    result, best = check(problem, MatchParams(unsplit=True))
    assert result.objective == pytest.approx(best, abs=1e-6)


@settings(max_examples=80, deadline=None)
@given(problems(loads=True, credit="fen"), st.booleans(), st.sampled_from([0, 300_000]))
def test_large_problem_path_is_feasible_and_bounded(problem, unsplit, lp_candidates):
    """Above the program sizes, prices and moves give a feasible allocation under a true bound."""
    check(problem, MatchParams(unsplit=unsplit, mip_candidates=0, lp_candidates=lp_candidates))


@settings(max_examples=60, deadline=None)
@given(problems(credit="fen"), st.booleans())
def test_greedy_is_feasible_and_bounded(problem, unsplit):
    """First come first served keeps every limit and is certified by the exact prices."""
    check(problem, MatchParams(method="greedy", unsplit=unsplit))


@settings(max_examples=120, deadline=None)
@given(problems(), st.sampled_from([0.25, 0.5, 1.0]))
def test_floors_are_kept_at_least_cost(problem, share):
    """Every floor not listed as relaxed is kept, and no allocation that keeps them scores more."""
    result = solve(problem, params=MatchParams(floor=share))
    assert fits(problem, result.pieces)
    taken = np.bincount(problem.supplier, weights=result.pieces, minlength=problem.n_suppliers)
    ratio = min(1.0, problem.demand / problem.capacity.sum()) if problem.capacity.sum() else 0.0
    eligible = np.bincount(problem.supplier, weights=problem.pieces[problem.order], minlength=problem.n_suppliers)
    targets = np.minimum(share * problem.capacity * ratio, eligible)
    relaxed = {j for j, _, _ in result.relaxed_floors}
    assert all(taken[j] >= targets[j] - 1e-9 for j in range(problem.n_suppliers) if j not in relaxed)
    kept = np.minimum(taken, np.ceil(targets - 1e-9))
    best = max(
        problem.objective(np.array(x))
        for x in product(*[range(int(q) + 1) for q in problem.pieces[problem.order]])
        if fits(problem, x)
        and (np.bincount(problem.supplier, weights=np.array(x), minlength=problem.n_suppliers) >= kept).all()
    )
    assert result.objective == pytest.approx(best, abs=1e-9)
    assert result.upper_bound == pytest.approx(best, abs=1e-9)
