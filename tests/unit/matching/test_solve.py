"""What each method promises, on matches worked by hand."""

import numpy as np
import pytest

from matching.bound import lagrangian_bound
from matching.flow import min_cost_flow
from matching.problem import CreditLines, MatchParams, MatchProblem
from matching.shadow import shadow_prices
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
    """Supplier 1 is due 0.7 · 9 · 10/29 = 2.2 pieces, that is 2, although supplier 0 has room for all."""
    problem = line_of_two(capacity=np.array([20, 9]))
    result = solve(problem, params=MatchParams(floor=0.7))
    assert result.pieces.tolist() == [8, 2]
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


@pytest.mark.parametrize("method", ["auto", "exact"])
@pytest.mark.parametrize("unsplit", [False, True])
def test_floor_below_one_piece_asks_nothing(method, unsplit):
    """Ten suppliers of 10 and six single pieces: 10 % of 0.6 pieces each is no piece, and nothing is relaxed."""
    problem = MatchProblem(
        indptr=np.arange(7) * 10,
        supplier=np.tile(np.arange(10), 6),
        score=np.tile(np.array([1.0] + [0.1] * 9), 6),
        pieces=np.ones(6, np.int64),
        capacity=np.full(10, 10),
    )
    result = solve(problem, params=MatchParams(method=method, unsplit=unsplit, floor=0.1))
    assert result.objective == pytest.approx(6.0)
    assert result.relaxed_floors == ()


def test_credit_without_lines_limits_nothing(small):
    """Zero credit lines are no credit lines."""
    none = CreditLines(line=np.full(3, -1), limit=np.zeros(0, np.int64))
    assert solve(small.replace(credit=none)).pieces.tolist() == solve(small).pieces.tolist()


def test_floors_give_way_where_that_costs_least():
    """One piece, two floors of one piece: the floor that is kept is the one whose supplier scores more."""
    problem = MatchProblem(
        indptr=np.array([0, 2]), supplier=np.array([0, 1]), score=np.array([0.1, 0.9]), pieces=np.array([1]),
        capacity=np.array([1, 1]),
    )  # fmt: skip
    targets = np.array([1.0, 1.0])
    flow = min_cost_flow(problem, targets.astype(np.int64))
    assert flow.pieces.tolist() == [0, 1]
    prices, line_prices = shadow_prices(problem, flow, targets.astype(np.int64))
    assert lagrangian_bound(problem, prices, line_prices, targets, missed=1.0) == pytest.approx(0.9)


def hard_whole_orders():
    """Sixty whole orders that agree on which of eight suppliers are good, and 5 % of room to spare."""
    n, m, rng = 60, 8, np.random.default_rng(1)
    pieces, share = rng.integers(20, 500, n), rng.random(m) + 0.5
    return MatchProblem(
        indptr=np.arange(n + 1) * m,
        supplier=np.tile(np.arange(m), n),
        score=np.round(0.9 * np.tile(rng.random(m), n) + 0.1 * rng.random(n * m), 2),
        pieces=pieces,
        capacity=np.ceil(1.05 * pieces.sum() * share / share.sum()).astype(np.int64),
    )


def test_program_that_is_stopped_says_so():
    """The time limit leaves a feasible match with a stated gap and a note."""
    result = solve(hard_whole_orders(), params=MatchParams(unsplit=True, seconds=0.5))
    assert result.status == "feasible"
    assert 0 < result.gap < 0.1
    assert any("stopped after 0.5 s" in note for note in result.notes)


def test_program_ends_at_the_gap_that_is_asked_for():
    """Ten per cent is enough: the program ends by itself, long before it could prove an optimum."""
    problem = hard_whole_orders()
    result = solve(problem, params=MatchParams(unsplit=True, mip_gap=0.1, seconds=20.0))
    assert (result.method, result.status, result.notes) == ("milp", "feasible", ())
    assert result.gap < 0.2


def test_wrong_mip_gap_is_refused():
    """A share in [0, 1)."""
    with pytest.raises(ValueError, match=r"mip_gap: expected a number in \[0, 1\), got 1"):
        MatchParams(mip_gap=1.0)


@pytest.mark.parametrize("floor", [0.0, 0.5])
@pytest.mark.parametrize("score", [-1e9, -1e12])
def test_a_score_that_forbids_leaves_the_others_exact(score, floor):
    """A pair that is ruled out by its score does not set the step to which the other scores are rounded."""
    problem = MatchProblem(
        indptr=np.array([0, 2, 4]),
        supplier=np.array([0, 1, 0, 1]),
        score=np.array([0.9, 0.8, 0.7, score]),
        pieces=np.array([5, 7]),
        capacity=np.array([6, 10]),
    )
    result = solve(problem, params=MatchParams(method="exact", floor=floor))
    assert result.pieces.tolist() == [0, 5, 6, 0]
    assert result.gap == 0


def test_a_floor_may_have_a_forbidding_score_served():
    """A guaranteed share comes before the score, however low, and the objective tells what that cost."""
    problem = MatchProblem(
        indptr=np.array([0, 1]), supplier=np.array([0]), score=np.array([-1e9]), pieces=np.array([4]),
        capacity=np.array([4]),
    )  # fmt: skip
    result = solve(problem, params=MatchParams(method="exact", floor=0.5))
    assert (result.pieces.tolist(), result.objective) == ([2], -2e9 - 2)


def test_prices_come_from_the_smoothed_dual_where_the_linear_program_takes_too_long(monkeypatch):
    """Loads that vary: stopped at once, the match is as good as its proved gap says, and no limit is exceeded."""
    rng = np.random.default_rng(0)
    n, k, m = 200, 5, 10
    problem = MatchProblem(
        indptr=np.arange(n + 1) * k, supplier=np.concatenate([rng.choice(m, k, replace=False) for _ in range(n)]),
        score=rng.random(n * k), pieces=rng.integers(1, 20, n), capacity=np.full(m, 200),
        load=rng.integers(1, 9, n * k) / 4,
    )  # fmt: skip
    monkeypatch.setattr("matching.solve.relaxed", lambda *_, **__: None)
    result = solve(problem, params=MatchParams(mip_candidates=0))
    assert (np.bincount(problem.supplier, result.pieces * problem.load, m) <= problem.capacity).all()
    assert 0 < result.gap < 0.05
