"""Small matches with days against every possible assignment of pieces to suppliers and days."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.problem import MatchProblem
from matching.steadiness import Windows, as_they_come, load_cv, steady_days, steady_match, usual_day


@st.composite
def cases(draw):
    """At most 3 orders of at most 2 pieces, 2 suppliers and 3 days."""
    n, m = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    pairs = sorted(
        draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, m - 1)), min_size=1, max_size=4, unique=True))
    )
    order, supplier = (np.array([p[k] for p in pairs], dtype=np.int64) for k in (0, 1))
    tenths = st.integers(-5, 20).map(lambda v: v / 10)
    problem = MatchProblem(
        indptr=np.searchsorted(order, np.arange(n + 1)),
        supplier=supplier,
        score=np.array([draw(tenths) for _ in pairs]),
        pieces=np.array([draw(st.integers(1, 2)) for _ in range(n)]),
        capacity=np.array([draw(st.integers(0, 4)) for _ in range(m)]),
        penalty=np.array([draw(st.sampled_from([0.0, 1.0])) for _ in range(n)]),
    )
    first = np.array([draw(st.integers(0, 2)) for _ in range(n)])
    last = np.array([draw(st.integers(int(day), 2)) for day in first])
    usual = np.array([draw(st.sampled_from([0.0, 0.5, 1.0, 4 / 3])) for _ in range(m)])
    return problem, Windows(first=first, last=last), usual, draw(st.sampled_from([0.0, 0.3, 2.0]))


def swings(problem, loads, usual, weight):
    """What the days cost, by the formula: against the usual day, without one against a day's capacity, at least 1."""
    total = 0.0
    for j, load in enumerate(loads):
        scale = usual[j] if usual[j] > 0 else problem.capacity[j] / len(load)
        total += weight * sum((pieces - usual[j]) ** 2 for pieces in load) / max(scale, 1.0)
    return total


def every(problem, windows):
    """Yield pieces by candidate and loads [M, days] of every assignment within the windows and capacities."""
    slots = [
        (e, day)
        for e in range(problem.n_candidates)
        for day in range(windows.first[problem.order[e]], windows.last[problem.order[e]] + 1)
    ]
    q = problem.pieces
    for amounts in product(*[range(int(q[problem.order[e]]) + 1) for e, _ in slots]):
        pieces, loads = np.zeros(problem.n_candidates, np.int64), np.zeros((problem.n_suppliers, windows.days))
        for (e, day), amount in zip(slots, amounts, strict=True):
            pieces[e] += amount
            loads[problem.supplier[e], day] += amount
        if (problem.unserved(pieces) >= 0).all() and (loads.sum(axis=1) <= problem.capacity).all():
            yield pieces, loads


def loads_of(problem, made, days):
    """Loads [M, days] of days."""
    loads = np.zeros((problem.n_suppliers, days))
    np.add.at(loads, (problem.supplier[made.candidate], made.day), made.pieces)
    return loads


@settings(max_examples=40, deadline=None)
@given(cases())
def test_suppliers_and_days_at_once_are_optimal(case):
    """No assignment has a higher score less what its swings cost, and the bound says so."""
    problem, windows, usual, weight = case
    pieces, made, bound = steady_match(problem, windows, usual, weight)
    loads = loads_of(problem, made, windows.days)
    assert (loads.sum(axis=1) <= problem.capacity).all()
    assert (np.bincount(made.candidate, made.pieces, problem.n_candidates) == pieces).all()
    order = problem.order[made.candidate]
    assert ((made.day >= windows.first[order]) & (made.day <= windows.last[order])).all()
    assert made.penalty == pytest.approx(swings(problem, loads, usual, weight))
    reached = problem.objective(pieces) - made.penalty
    best = max(problem.objective(x) - swings(problem, days, usual, weight) for x, days in every(problem, windows))
    assert reached == pytest.approx(best, abs=1e-6)
    assert bound >= best - 1e-9


@settings(max_examples=40, deadline=None)
@given(cases())
def test_days_of_a_given_allocation_are_the_steadiest(case):
    """The allocation stays, its variance over days is the least that the windows allow."""
    problem, windows, _, _ = case
    pieces = max(every(problem, windows), key=lambda pair: pair[0].sum())[0]
    made = steady_days(problem, pieces, windows, 1.0)
    assert (np.bincount(made.candidate, made.pieces, problem.n_candidates) == pieces).all()
    same = [loads for x, loads in every(problem, windows) if (x == pieces).all()]
    usual = usual_day(problem, pieces, windows.days)
    assert swings(problem, loads_of(problem, made, windows.days), usual, 1.0) == pytest.approx(
        min(swings(problem, loads, usual, 1.0) for loads in same)
    )


def test_a_large_day_is_spread_and_its_steps_stay_convex():
    """30 orders of 100 pieces all due by day 9 come on day 0: spread they are level, at the same score."""
    problem = MatchProblem(
        indptr=np.arange(31), supplier=np.zeros(30, np.int64), score=np.full(30, 0.5), pieces=np.full(30, 100),
        capacity=np.array([3000]),
    )  # fmt: skip
    windows = Windows(first=np.zeros(30, np.int64), last=np.full(30, 9))
    every_piece = problem.pieces.copy()
    before = load_cv(problem, as_they_come(problem, every_piece, windows), 10)
    pieces, made, bound = steady_match(problem, windows, usual_day(problem, every_piece, 10), 0.1)
    assert before[0] == pytest.approx(3.0)
    assert load_cv(problem, made, 10)[0] <= 0.1  # within a step of the usual day
    assert pieces.sum() == 3000
    assert bound == pytest.approx(problem.objective(pieces) - made.penalty, rel=1e-6)
