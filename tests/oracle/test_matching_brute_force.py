"""Small matches against every possible allocation."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.choices import choices_of
from matching.knapsacks import knapsack_bound
from matching.neighbourhoods import improve_parts
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


def every(problem, *, unsplit=False):
    """Return int [T, E], every allocation within the candidates' own orders."""
    q = problem.pieces[problem.order]
    if not q.size:
        return np.zeros((1, 0), np.int64)
    steps = np.indices([2 if unsplit else int(most) + 1 for most in q]).reshape(q.size, -1).T
    return steps * q if unsplit else steps


def sums(tried, group, n_groups, weight):
    """Return float [T, groups], what each group of candidates takes in each allocation, in exact arithmetic."""
    return tried @ (np.equal.outer(group, np.arange(n_groups)) * np.asarray(weight)[:, None])


def fits(problem, pieces):
    """Whether allocations (one, or [T, E]) keep orders, capacities and credit lines."""
    x = np.atleast_2d(np.asarray(pieces, dtype=np.int64))
    ones = np.ones(problem.n_candidates)
    good = (sums(x, problem.order, problem.n_orders, ones) <= problem.pieces).all(axis=1) & (x >= 0).all(axis=1)
    load = ones if problem.load is None else problem.load
    good &= (sums(x, problem.supplier, problem.n_suppliers, load) <= problem.capacity).all(axis=1)
    if problem.credit is not None:
        use = ones if problem.credit.use is None else problem.credit.use
        good &= (sums(x, problem.credit.line, problem.credit.limit.size, use) <= problem.credit.limit).all(axis=1)
    return good


def objectives(problem, tried):
    """Return float [T], score of what is served less the penalty of what is not."""
    unserved = problem.pieces - sums(tried, problem.order, problem.n_orders, np.ones(problem.n_candidates))
    return tried @ problem.score - unserved @ problem.penalties


def best_objective(problem, *, unsplit=False):
    """Return the best objective over all feasible allocations, by trying each."""
    tried = every(problem, unsplit=unsplit)
    return objectives(problem, tried[fits(problem, tried)]).max()


def check(problem, params):
    """Assert feasibility, a true bound, and (but for the greedy and the auction) optimality."""
    result = solve(problem, params=params)
    assert fits(problem, result.pieces).all()
    if params.unsplit:
        assert all(x in (0, q) for x, q in zip(result.pieces, problem.pieces[problem.order], strict=True))
    best = best_objective(problem, unsplit=params.unsplit)
    assert result.objective <= best + 1e-9
    assert result.upper_bound >= best - 1e-6
    return result, best


@settings(max_examples=80, deadline=None)
@given(problems())
def test_split_match_is_optimal_and_certified(problem):
    """The min-cost flow finds the best split allocation, and its own prices prove it."""
    result, best = check(problem, MatchParams(method="exact"))
    assert result.objective == pytest.approx(best, abs=1e-9)
    assert result.upper_bound == pytest.approx(best, abs=1e-9)
    assert (result.prices >= 0).all()


@settings(max_examples=60, deadline=None)
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
    check(problem, MatchParams(unsplit=unsplit, mip_candidates=0, lp_candidates=lp_candidates, polish_seconds=0.01))


@settings(max_examples=60, deadline=None)
@given(problems(credit="fen"), st.booleans())
def test_greedy_is_feasible_and_bounded(problem, unsplit):
    """First come first served keeps every limit and is certified by the exact prices."""
    check(problem, MatchParams(method="greedy", unsplit=unsplit))


def whole_piece_floors(problem, share):
    """Return each supplier's share of the demand in whole pieces of its heaviest load, at most what lists it."""
    load = np.ones(problem.n_candidates) if problem.load is None else problem.load
    of_order = [load[problem.order == i].mean() if (problem.order == i).any() else 0 for i in range(problem.n_orders)]
    demand = problem.demand if problem.load is None else np.dot(of_order, problem.pieces)
    total = problem.capacity.sum()
    floors = []
    for j in range(problem.n_suppliers):
        on = problem.supplier == j
        listed = (problem.pieces[problem.order[on]] * load[on]).sum()
        due = min(share * problem.capacity[j] * min(1.0, demand / total), listed) if total else 0.0
        piece = load[on].max(initial=0.0)
        floors.append((due / piece + 1e-9) // 1 * piece if piece else 0.0)
    return np.array(floors)


def missed_units(problem, pieces, floors):
    """Return the units of the floors that allocations (one, or [T, E]) miss in all."""
    load = np.ones(problem.n_candidates) if problem.load is None else problem.load
    return np.maximum(floors - sums(pieces, problem.supplier, problem.n_suppliers, load), 0).sum(axis=-1)


def check_floors(problem, params):
    """Assert that no allocation misses less of the floors, and none that misses as little scores more."""
    result = solve(problem, params=params)
    floors = whole_piece_floors(problem, params.floor)
    tried = every(problem, unsplit=params.unsplit)
    tried = tried[fits(problem, tried)]
    missed = missed_units(problem, tried, floors)
    least = missed.min()
    best = objectives(problem, tried[missed <= least + 1e-9]).max()
    assert fits(problem, result.pieces).all()
    assert missed_units(problem, result.pieces, floors) == pytest.approx(least, abs=1e-6)
    assert sum(floor - reached for _, floor, reached in result.relaxed_floors) == pytest.approx(least, abs=1e-6)
    assert result.objective == pytest.approx(best, abs=1e-6)
    assert result.upper_bound >= best - 1e-6
    return result, best


@settings(max_examples=60, deadline=None)
@given(problems(), st.sampled_from([0.25, 0.5, 1.0]))
def test_floors_are_kept_at_least_cost(problem, share):
    """As little of the floors is missed as can be, the best such allocation is found, and the bound meets it."""
    result, best = check_floors(problem, MatchParams(floor=share))
    assert result.upper_bound == pytest.approx(best, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(problems(credit="pieces"), st.sampled_from([0.5, 1.0]), st.booleans())
def test_floors_with_credit_lines(problem, share, unsplit):
    """Credit lines may forbid a floor; whole orders and pieces alike miss no more than they must."""
    check_floors(problem, MatchParams(floor=share, unsplit=unsplit))


@settings(max_examples=60, deadline=None)
@given(problems(loads=True, credit="fen"), st.sampled_from([0.5, 1.0]), st.booleans())
def test_floors_with_loads(problem, share, unsplit):
    """Where loads differ, missed floors count in units of load."""
    check_floors(problem, MatchParams(floor=share, unsplit=unsplit))


@settings(max_examples=60, deadline=None)
@given(problems(loads=True, credit="fen"), st.sampled_from([0.5, 1.0]), st.booleans(), st.sampled_from([0, 300_000]))
def test_bound_with_floors_holds_above_the_program_sizes(problem, share, unsplit, lp_candidates):
    """Prices and moves may miss more of the floors; the bound still covers every allocation that misses less."""
    params = MatchParams(floor=share, unsplit=unsplit, mip_candidates=0, lp_candidates=lp_candidates)
    result = solve(problem, params=params)
    floors = whole_piece_floors(problem, share)
    most = missed_units(problem, result.pieces, floors)
    tried = every(problem, unsplit=unsplit)
    feasible = tried[fits(problem, tried) & (missed_units(problem, tried, floors) <= most + 1e-9)]
    assert result.upper_bound >= objectives(problem, feasible).max() - 1e-6


@settings(max_examples=30, deadline=None)
@given(problems(loads=True, credit="fen"))
def test_improved_whole_orders_keep_every_limit_and_the_knapsack_bound_holds(problem):
    """From nothing placed: feasible whole orders, no better than the best, which the bound covers."""
    best = best_objective(problem, unsplit=True)
    prices = np.zeros(problem.n_suppliers), np.zeros(problem.n_suppliers)
    choices = choices_of(problem, *prices)
    bound = knapsack_bound(problem, choices, best)
    assert bound >= best - 1e-6
    nothing = np.zeros(problem.n_candidates, np.int64)
    ends = time.perf_counter() + 0.02
    pieces = improve_parts(problem, choices, nothing, upper_bound=bound, gap=0.0, ends=ends, seed=0)
    assert fits(problem, pieces).all()
    assert np.isin(pieces, [0, *problem.pieces]).all()
    assert problem.objective(nothing) <= problem.objective(pieces) <= best + 1e-9
