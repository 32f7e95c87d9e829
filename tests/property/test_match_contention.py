"""What a solver is spared: the optimum and the prices are those of the network of all candidates."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.contention import contention
from matching.flow import FlowSolution, _flow_in_parts, _network, integer_scores, min_cost_flow
from matching.problem import CreditLines, MatchProblem
from matching.shadow import shadow_prices


@st.composite
def problems(draw):
    """Draw problems of few distinct scores, so that ties are many; some with credit lines."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    orders, suppliers = draw(st.integers(1, 9)), draw(st.integers(1, 5))
    chosen = rng.random((orders, suppliers)) < 0.7
    _, supplier = np.nonzero(chosen)
    credit = None
    if draw(st.booleans()):
        line = np.where(rng.random(supplier.size) < 0.4, supplier, -1)
        credit = CreditLines(line=line, limit=rng.integers(0, 6, suppliers))
    return MatchProblem(
        indptr=np.append(0, np.cumsum(chosen.sum(axis=1))),
        supplier=supplier.astype(np.int32),
        score=rng.integers(-15, 10, supplier.size) / 10,
        pieces=rng.integers(1, 6, orders),
        capacity=rng.integers(0, 12, suppliers),
        penalty=rng.integers(0, 12, orders) / 10,
        credit=credit,
    )


def whole(problem):
    """Return the optimal flow of the network of all candidates."""
    scores, penalties = integer_scores(problem, 10.0)
    network = _network(problem, -scores, penalties, np.zeros(problem.n_suppliers, np.int64), 0)
    pieces = _flow_in_parts(network)[: problem.n_candidates]
    return FlowSolution(pieces=pieces, scores=scores, penalties=penalties, scale=10.0)


@settings(max_examples=60, deadline=None)
@given(problem=problems())
def test_the_optimum_is_that_of_the_whole_network(problem):
    """Same objective, within every limit, at the same prices."""
    expected, found = whole(problem), min_cost_flow(problem)
    assert np.isclose(problem.objective(found.pieces), problem.objective(expected.pieces))
    assert (np.bincount(problem.supplier, found.pieces, problem.n_suppliers) <= problem.capacity).all()
    assert (problem.unserved(found.pieces) >= 0).all()
    if problem.credit is not None:
        known = problem.credit.line >= 0
        drawn = np.bincount(problem.credit.line[known], found.pieces[known], problem.n_suppliers)
        assert (drawn <= problem.credit.limit).all()
    for mine, yours in zip(shadow_prices(problem, found), shadow_prices(problem, expected), strict=True):
        assert np.allclose(mine, yours)


def test_only_what_is_contested_is_left_to_decide():
    """Two orders want more of a than it has: they decide between a and b, which has room for both; the third has c."""
    problem = MatchProblem(
        indptr=np.array([0, 3, 5, 7]),
        supplier=np.array([0, 1, 2, 0, 1, 1, 2]),
        score=np.array([0.9, 0.8, 0.7, 0.9, 0.5, 0.1, 0.6]),
        pieces=np.array([3, 3, 3]),
        capacity=np.array([5, 6, 9]),
    )
    found = contention(problem)
    assert found.rows.tolist() == [True, False, False, True, False, False, False]
    assert (found.fallback.tolist(), found.least.tolist()) == ([1, 4, 6], [0.8, 0.5, 0.6])
    assert min_cost_flow(problem).pieces.tolist() == [2, 1, 0, 3, 0, 0, 3]
