"""What each method promises, on matches worked by hand."""

import numpy as np
import pytest

from matching.bound import lagrangian_bound
from matching.problem import CreditLines, MatchParams, MatchProblem
from matching.solve import solve

BIG = 2_000_000_000


def line_of_two(**changes):
    """One order of 10 and two suppliers of 6 and 9."""
    arrays = {
        "indptr": np.array([0, 2]),
        "supplier": np.array([0, 1]),
        "score": np.array([0.9, 0.5]),
        "pieces": np.array([10]),
        "capacity": np.array([6, 9]),
    }
    return MatchProblem(**(arrays | changes))


@pytest.mark.parametrize("method", ["auto", "exact", "auction"])
def test_small_match_is_optimal(small, method):
    """Order 0 gives way to order 1, which has nowhere else to go."""
    result = solve(small, params=MatchParams(method=method))
    assert result.pieces.tolist() == [0, 5, 5]
    assert result.objective == pytest.approx(8.5)
    assert result.gap <= 1e-4


def test_price_is_the_value_of_one_more_piece(small):
    """One more piece at supplier 0 would let one piece of order 0 gain 0.9 instead of 0.8."""
    prices = solve(small, params=MatchParams(method="exact")).prices
    more = solve(small.replace(capacity=np.array([6, 10])), params=MatchParams(method="exact"))
    assert prices == pytest.approx([0.1, 0.0])
    assert more.objective - 8.5 == pytest.approx(prices[0])


def test_greedy_serves_in_order_and_is_certified(small):
    """Order 0 takes supplier 0 first; order 1 stays: 4.5 - 5, against a bound of 8.5."""
    result = solve(small, params=MatchParams(method="greedy"))
    assert result.pieces.tolist() == [5, 0, 0]
    assert result.objective == pytest.approx(-0.5)
    assert result.upper_bound == pytest.approx(8.5)


def test_any_prices_prove_a_bound(small):
    """Weak duality: no prices give a bound below the optimum."""
    rng = np.random.default_rng(0)
    assert all(lagrangian_bound(small, rng.uniform(0, 2, 2)) >= 8.5 - 1e-12 for _ in range(50))


def test_split_uses_both_suppliers():
    """Six pieces at 0.9 and four at 0.5."""
    assert solve(line_of_two()).pieces.tolist() == [6, 4]


def test_unsplit_takes_one_supplier_or_nobody():
    """Ten pieces fit nobody whole; nine fit supplier 1 only."""
    assert solve(line_of_two(), params=MatchParams(unsplit=True)).pieces.tolist() == [0, 0]
    nine = line_of_two(pieces=np.array([9]))
    assert solve(nine, params=MatchParams(unsplit=True)).pieces.tolist() == [0, 9]


def test_load_takes_more_capacity_at_one_supplier():
    """At load 2 supplier 0 holds three pieces of its six units."""
    result = solve(line_of_two(load=np.array([2.0, 1.0])))
    assert result.pieces.tolist() == [3, 7]
    assert result.method == "min_cost_flow"


def test_price_is_per_unit_of_capacity():
    """One more unit at load 2 is half a piece: half of 0.9 - 0.5."""
    assert solve(line_of_two(load=np.array([2.0, 1.0]))).prices == pytest.approx([0.2, 0.0])


@pytest.mark.parametrize(("use", "limit", "expected"), [(None, 4, [4, 6]), ([300.0, 300.0], 1000, [3, 7])])
def test_credit_line_limits_pieces_or_fen(use, limit, expected):
    """Four pieces of credit, or 1000 fen at 300 fen a piece, with supplier 0."""
    use = None if use is None else np.array(use)
    credit = CreditLines(line=np.array([0, -1]), limit=np.array([limit]), use=use)
    assert solve(line_of_two(credit=credit)).pieces.tolist() == expected


def test_credit_line_has_a_price():
    """One more piece of credit gains 0.9 - 0.5, one more fen a 300th of it."""
    credit = CreditLines(line=np.array([0, -1]), limit=np.array([1000]), use=np.array([300.0, 300.0]))
    assert solve(line_of_two(credit=credit)).line_prices == pytest.approx([0.4 / 300])


def test_floor_moves_pieces_at_least_cost():
    """Half of 9 · 10/15 = 3 pieces must go to supplier 1 although supplier 0 has room for all."""
    problem = line_of_two(capacity=np.array([20, 9]))
    result = solve(problem, params=MatchParams(floor=0.5))
    assert result.pieces.tolist() == [8, 2]  # floor 0.5 · 9 · 10/29 = 1.55
    assert result.prices == pytest.approx([0.0, -0.4])
    assert result.relaxed_floors == ()


def test_floors_that_contradict_are_relaxed_and_listed():
    """Two suppliers whose only eligible order cannot fill both floors."""
    problem = MatchProblem(
        indptr=np.array([0, 2, 3]),
        supplier=np.array([0, 1, 2]),
        score=np.array([0.9, 0.5, 0.5]),
        pieces=np.array([4, 16]),
        capacity=np.array([10, 10, 1]),
    )
    result = solve(problem, params=MatchParams(floor=1.0))
    reached = np.bincount(problem.supplier, weights=result.pieces, minlength=3)
    assert sum(reached[:2]) == 4
    assert {j for j, _, _ in result.relaxed_floors} <= {0, 1}
    assert result.relaxed_floors


@pytest.mark.parametrize("method", ["auto", "exact", "auction", "greedy"])
@pytest.mark.parametrize("unsplit", [False, True])
def test_no_capacity_and_no_candidates_leave_everything_unserved(method, unsplit):
    """Nothing can be served; the objective is minus the penalties and the bound says so."""
    closed = line_of_two(capacity=np.array([0, 0]))
    nobody = line_of_two(indptr=np.array([0, 0]), supplier=np.zeros(0, int), score=np.zeros(0))
    for problem in (closed, nobody):
        result = solve(problem, params=MatchParams(method=method, unsplit=unsplit))
        assert result.unserved.tolist() == [10]
        assert result.objective == pytest.approx(-10)
        assert result.gap == 0


@pytest.mark.parametrize("method", ["exact", "auction", "greedy"])
def test_two_billion_pieces_do_not_overflow(method):
    """Orders and capacities of 2e9 pieces add up beyond 32 bits."""
    problem = MatchProblem(
        indptr=np.array([0, 1, 3]),
        supplier=np.array([0, 0, 1]),
        score=np.array([0.5, 0.75, 0.25]),
        pieces=np.array([BIG, BIG]),
        capacity=np.array([3 * BIG // 2, BIG]),
    )
    result = solve(problem, params=MatchParams(method=method))
    assert result.unserved.sum() == 0
    assert result.pieces.sum() == 2 * BIG


@pytest.mark.parametrize("method", ["exact", "auction"])
def test_equal_scores_are_answered(method):
    """All ties: everything that fits is served."""
    n = 200
    problem = MatchProblem(
        indptr=np.arange(0, 3 * n + 1, 3),
        supplier=np.tile(np.arange(3), n),
        score=np.full(3 * n, 0.5),
        pieces=np.full(n, 2),
        capacity=np.array([100, 100, 100]),
    )
    result = solve(problem, params=MatchParams(method=method))
    assert result.pieces.sum() == 300
    assert result.gap <= 1e-4


def test_auction_says_why_it_gave_way(small):
    """With floors the auction does not apply; the note says what was done instead."""
    result = solve(small, params=MatchParams(method="auction", floor=0.5))
    assert result.method == "min_cost_flow"
    assert "floors" in result.notes[0]


def test_auction_gives_up_a_price_war(small, monkeypatch):
    """After its allowance of bids the auction gives way to the min-cost flow."""
    monkeypatch.setattr("matching.auction._FREE_BIDS", 0)
    n = 50
    war = MatchProblem(
        indptr=np.arange(0, 2 * n + 1, 2),
        supplier=np.tile([0, 1], n),
        score=np.tile([0.5, 0.5], n),
        pieces=np.full(n, 3),
        capacity=np.array([50, 50]),
    )
    result = solve(war, params=MatchParams(method="auction", bids_per_order=1))
    assert result.method == "min_cost_flow"
    assert "price war" in result.notes[0]
