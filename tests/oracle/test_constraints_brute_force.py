"""Small matches under limits, pools and split costs against every possible allocation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.constrained import solve_constrained
from matching.constraints import Constraints, Limits, Pools
from matching.floors import floor_targets
from matching.problem import MatchParams, MatchProblem

TENTHS = st.integers(-12, 20).map(lambda v: v / 10)


def draw_limits(draw, e):
    """Up to three limits: whole uses of any sign (negative ones make room, as in shares of what is served)."""
    rows = draw(st.integers(1, 3))
    entries = [(r, c) for r in range(rows) for c in range(e) if draw(st.booleans())]
    row, candidate = (np.array([pair[k] for pair in entries], dtype=np.int64) for k in (0, 1))
    return Limits(
        row=row,
        candidate=candidate,
        use=np.array([draw(st.sampled_from([1, 1, 2, 3, -1])) for _ in entries], dtype=float),
        most=np.array(draw(st.lists(st.integers(0, 5), min_size=rows, max_size=rows)), dtype=float),
        code=np.array(["exposure_cap", "ceiling", "mix_limit"][:rows], dtype=object),
    )


@st.composite
def cases(draw, *, limits=False, pools=False, splits=False):
    """At most 4 orders of at most 3 pieces, 3 suppliers and 6 candidates, with constraints."""
    n, m = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    pair = st.tuples(st.integers(0, n - 1), st.integers(0, m - 1))
    pairs = sorted(draw(st.lists(pair, min_size=1, max_size=6, unique=True)))
    order, supplier = (np.array([p[k] for p in pairs], dtype=np.int64) for k in (0, 1))
    e = len(pairs)
    problem = MatchProblem(
        indptr=np.searchsorted(order, np.arange(n + 1)),
        supplier=supplier,
        score=np.array(draw(st.lists(TENTHS, min_size=e, max_size=e)), dtype=float),
        pieces=np.array(draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))),
        capacity=np.array(draw(st.lists(st.integers(0, 6), min_size=m, max_size=m))),
        penalty=np.array(draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=n, max_size=n))),
        load=np.array(draw(st.lists(st.integers(1, 2), min_size=e, max_size=e)), dtype=float),
    )
    made = Constraints(
        limits=draw_limits(draw, e) if limits else None,
        pools=Pools(
            pool=np.array(draw(st.lists(st.integers(-1, 2), min_size=e, max_size=e))),
            minimum=np.array(draw(st.lists(st.integers(0, 5), min_size=3, max_size=3))),
        )
        if pools
        else None,
        split_cost=draw(st.sampled_from([0.1, 0.5, 2.0])) if splits else 0.0,
    )
    return problem, made


def sums(tried, group, n_groups, weight):
    """Return float [T, groups], what each group of candidates takes in each allocation."""
    return tried @ (np.equal.outer(group, np.arange(n_groups)) * np.asarray(weight)[:, None])


def keeps(problem, made, x):
    """Whether allocations (one, or [T, E]) keep orders, capacities, limits and minimum lots."""
    x, ones = np.atleast_2d(x), np.ones(problem.n_candidates)
    good = (sums(x, problem.order, problem.n_orders, ones) <= problem.pieces).all(axis=1)
    good &= (sums(x, problem.supplier, problem.n_suppliers, problem.load) <= problem.capacity).all(axis=1)
    if made.limits is not None:
        for r, most in enumerate(made.limits.most):
            on = made.limits.row == r
            good &= x[:, made.limits.candidate[on]] @ made.limits.use[on] <= most
    if made.pools is not None:
        totals = sums(x, made.pools.pool, made.pools.minimum.size, ones)
        good &= ((totals == 0) | (totals >= made.pools.minimum)).all(axis=1)
    return good


def worth(problem, made, x):
    """Objective less the price of extra suppliers, order by order (of one allocation, or of each of [T, E])."""
    ones = np.ones(problem.n_candidates)
    unserved = problem.pieces - sums(x, problem.order, problem.n_orders, ones)
    extra = np.maximum(sums(x > 0, problem.order, problem.n_orders, ones) - 1, 0).sum(axis=-1)
    return x @ problem.score - unserved @ problem.penalties - made.split_cost * extra


def feasible(problem, made, *, unsplit=False):
    """Return int [T, E], all feasible allocations."""
    q = problem.pieces[problem.order]
    steps = np.indices([2 if unsplit else int(most) + 1 for most in q]).reshape(q.size, -1).T
    tried = steps * q if unsplit else steps
    return tried[keeps(problem, made, tried)]


def best(problem, made, *, unsplit=False):
    """Return the best value over all feasible allocations."""
    return worth(problem, made, feasible(problem, made, unsplit=unsplit)).max()


def check(case, params):
    """Assert feasibility and a true bound; return the result and the best value."""
    problem, made = case
    found = solve_constrained(problem, made, params=params)
    top = best(problem, made, unsplit=params.unsplit)
    assert keeps(problem, made, found.result.pieces).all()
    assert found.result.objective == pytest.approx(worth(problem, made, found.result.pieces), abs=1e-9)
    assert found.result.objective <= top + 1e-9
    assert found.result.upper_bound >= top - 1e-6
    return found.result, top


@settings(max_examples=30, deadline=None)
@given(cases(limits=True), st.booleans())
def test_limits_are_kept_at_the_best_value(case, unsplit):
    """Ceilings, exposure and shares of what is served: the best allocation that keeps them all."""
    result, top = check(case, MatchParams(unsplit=unsplit))
    assert result.objective == pytest.approx(top, abs=1e-6)
    assert result.gap <= 1e-4


@settings(max_examples=30, deadline=None)
@given(cases(pools=True, limits=True), st.booleans())
def test_small_orders_are_pooled_to_minimum_lots(case, unsplit):
    """A lot is opened if its orders together are worth it, even with pieces that alone would not be."""
    result, top = check(case, MatchParams(unsplit=unsplit))
    assert result.objective == pytest.approx(top, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(cases(splits=True, limits=True))
def test_splits_are_priced(case):
    """An order is split exactly where that gains more than it costs."""
    result, top = check(case, MatchParams())
    assert result.objective == pytest.approx(top, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(cases(limits=True, pools=True, splits=True), st.booleans(), st.sampled_from([0, 300_000]))
def test_above_the_program_sizes_every_constraint_is_kept(case, unsplit, lp_candidates):
    """Prices, placing and moves: feasible to the piece under a true bound."""
    check(case, MatchParams(unsplit=unsplit, mip_candidates=0, lp_candidates=lp_candidates))


@settings(max_examples=30, deadline=None)
@given(cases(limits=True, pools=True, splits=True))
def test_first_come_keeps_every_constraint(case):
    """The baseline, too."""
    check(case, MatchParams(method="greedy"))


@settings(max_examples=20, deadline=None)
@given(cases(limits=True, pools=True), st.sampled_from([0.5, 1.0]), st.booleans())
def test_floors_within_limits_and_pools_are_missed_no_more_than_they_must(case, share, unsplit):
    """Limits and lots always hold; within them as little of the floors is missed as can be, at the best value."""
    problem, made = case
    result = solve_constrained(problem, made, params=MatchParams(floor=share, unsplit=unsplit)).result
    assert keeps(problem, made, result.pieces).all()
    tried = feasible(problem, made, unsplit=unsplit)
    floors = floor_targets(problem, share)
    missed = np.maximum(floors - sums(tried, problem.supplier, problem.n_suppliers, problem.load), 0).sum(axis=1)
    reached = np.maximum(floors - sums(result.pieces, problem.supplier, problem.n_suppliers, problem.load), 0).sum()
    assert reached == pytest.approx(missed.min(), abs=1e-6)
    top = worth(problem, made, tried[missed <= missed.min() + 1e-9]).max()
    assert result.objective == pytest.approx(top, abs=1e-6)
    assert result.upper_bound >= top - 1e-6


def with_more(made, row):
    """The same constraints with one unit more of a limit."""
    most = made.limits.most + (np.arange(made.limits.most.size) == row)
    limits = Limits(
        row=made.limits.row, candidate=made.limits.candidate, use=made.limits.use, most=most, code=made.limits.code
    )
    return Constraints(limits=limits)


@settings(max_examples=30, deadline=None)
@given(cases(limits=True))
def test_no_unit_of_a_limit_gains_more_than_its_price_says(case):
    """One unit more of a limit gains at most its price over what the prices prove (weak duality)."""
    problem, made = case
    found = solve_constrained(problem, made, params=MatchParams(mip_candidates=0))
    assert (found.limit_prices >= 0).all()
    for row, price in enumerate(found.limit_prices):
        assert best(problem, with_more(made, row)) <= found.result.upper_bound + price + 1e-6
