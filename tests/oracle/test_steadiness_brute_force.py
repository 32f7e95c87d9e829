"""Small matches with days against every possible assignment of pieces to suppliers and days."""

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
    """What days [..., M, days] cost, by the formula: against the usual day, or a day's capacity, at least 1."""
    scale = np.where(usual > 0, usual, problem.capacity / loads.shape[-1])
    return weight * (((loads - usual[:, None]) ** 2).sum(axis=-1) / np.maximum(scale, 1.0)).sum(axis=-1)


def every(problem, windows):
    """Return pieces [T, E] and loads [T, M, days] of every assignment within the windows and capacities."""
    last = windows.last[problem.order]
    slots = [
        (e, day) for e in range(problem.n_candidates) for day in range(windows.first[problem.order[e]], last[e] + 1)
    ]
    e, day = (np.array([slot[k] for slot in slots]) for k in (0, 1))
    most = problem.pieces[problem.order[e]]
    tried = np.indices(most + 1, dtype=np.int8).reshape(e.size, -1).T
    served = tried @ np.equal.outer(problem.order[e], np.arange(problem.n_orders)).astype(np.int8)
    tried = tried[(served <= problem.pieces).all(axis=1)]
    cell = problem.supplier[e] * windows.days + day
    loads = tried @ np.equal.outer(cell, np.arange(problem.n_suppliers * windows.days)).astype(np.int64)
    loads = loads.reshape(-1, problem.n_suppliers, windows.days)
    fits = (loads.sum(axis=2) <= problem.capacity).all(axis=1)
    return tried[fits] @ np.equal.outer(e, np.arange(problem.n_candidates)).astype(np.int64), loads[fits]


def objectives(problem, tried):
    """Return float [T], score of what is served less the penalty of what is not."""
    served = tried @ np.equal.outer(problem.order, np.arange(problem.n_orders))
    return tried @ problem.score - (problem.pieces - served) @ problem.penalties


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
    tried, by_day = every(problem, windows)
    best = (objectives(problem, tried) - swings(problem, by_day, usual, weight)).max()
    assert reached == pytest.approx(best, abs=1e-6)
    assert bound >= best - 1e-9


@settings(max_examples=40, deadline=None)
@given(cases())
def test_days_of_a_given_allocation_are_the_steadiest(case):
    """The allocation stays, its variance over days is the least that the windows allow."""
    problem, windows, _, _ = case
    tried, by_day = every(problem, windows)
    pieces = tried[tried.sum(axis=1).argmax()]
    made = steady_days(problem, pieces, windows, 1.0)
    assert (np.bincount(made.candidate, made.pieces, problem.n_candidates) == pieces).all()
    same = by_day[(tried == pieces).all(axis=1)]
    usual = usual_day(problem, pieces, windows.days)
    assert swings(problem, loads_of(problem, made, windows.days), usual, 1.0) == pytest.approx(
        swings(problem, same, usual, 1.0).min()
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
