"""One reason code per unserved order and per candidate, each on a match that has only that cause."""

import numpy as np
import pytest

from matching.explain import explain
from matching.minimums import solve_with_minimums
from matching.problem import CreditLines, MatchParams, MatchProblem
from matching.reasons import reasons
from matching.routing import route
from matching.solve import solve


def two_orders(**changes):
    """Two orders of 5 at one supplier of 5; the second gains more."""
    arrays = {
        "indptr": np.array([0, 1, 2]),
        "supplier": np.array([0, 0]),
        "score": np.array([0.5, 0.9]),
        "pieces": np.array([5, 5]),
        "capacity": np.array([5]),
    }
    return MatchProblem(**(arrays | changes))


@pytest.mark.parametrize(
    ("changes", "order", "expected"),
    [
        ({}, 0, "outbid"),
        ({"capacity": np.array([0])}, 0, "full"),
        ({"score": np.array([-1.5, 0.9])}, 0, "not_worth"),
        ({"indptr": np.array([0, 0, 2]), "supplier": np.array([0, 0])}, 0, "no_candidates"),
        (
            {"credit": CreditLines(line=np.array([0, -1]), limit=np.array([0])), "capacity": np.array([20])},
            0,
            "no_credit",
        ),
    ],
)
def test_unserved_orders_say_why(changes, order, expected):
    """Each cause has its code."""
    problem = two_orders(**changes)
    result = solve(problem, params=MatchParams(method="exact"))
    assert result.unserved[order] > 0
    assert reasons(problem, result, np.array([order])).tolist() == [expected]


@pytest.mark.parametrize("method", ["auto", "greedy", "auction"])
@pytest.mark.parametrize("unsplit", [False, True])
def test_an_order_alone_is_never_outbid(method, unsplit):
    """Ten pieces and a supplier of five: nobody else bids, the supplier is full."""
    problem = MatchProblem(
        indptr=np.array([0, 1]), supplier=np.array([0]), score=np.array([0.5]), pieces=np.array([10]),
        capacity=np.array([5]),
    )  # fmt: skip
    result = solve(problem, params=MatchParams(method=method, unsplit=unsplit))
    assert reasons(problem, result, np.array([0]), unsplit=unsplit).tolist() == ["full"]
    assert explain(problem, result, unsplit=unsplit).reason.tolist() == ["full" if unsplit else "chosen"]


def test_whole_order_without_room_beside_another_is_outbid():
    """Of two whole orders of 4 only one fits into 6: the better one takes the room."""
    problem = two_orders(pieces=np.array([4, 4]), capacity=np.array([6]))
    result = solve(problem, params=MatchParams(unsplit=True))
    assert reasons(problem, result, np.array([0]), unsplit=True).tolist() == ["outbid"]


def test_greedy_never_says_outbid():
    """First come first served knows no bids: the second order finds the supplier full."""
    problem = two_orders()
    result = solve(problem, params=MatchParams(method="greedy"))
    assert reasons(problem, result, np.array([1])).tolist() == ["full"]


def test_candidates_are_explained(small):
    """Order 0 would prefer supplier 0, whose capacity is worth more to order 1; the margin is to the runner-up."""
    result = solve(small, params=MatchParams(method="exact"))
    told = explain(small, result)
    assert told.reason.tolist() == ["outbid", "chosen", "chosen"]
    assert told.price == pytest.approx([0.1, 0.0, 0.1])
    assert told.runner_up.tolist() == [1, 0, -1]
    assert told.margin == pytest.approx([0.0, 0.0, 1.8])


def test_outscored_is_what_the_order_itself_does_not_want(small):
    """With room everywhere order 0 takes supplier 0, and supplier 1 is outscored."""
    roomy = small.replace(capacity=np.array([50, 50]))
    assert explain(roomy, solve(roomy)).reason.tolist() == ["chosen", "outscored", "chosen"]


def test_minimum_order_is_kept_or_left():
    """Supplier 0 has room for 6 and takes 5 or more, supplier 1 takes 5 or more: 10 pieces split 5 and 5."""
    problem = MatchProblem(
        indptr=np.array([0, 2]),
        supplier=np.array([0, 1]),
        score=np.array([0.9, 0.5]),
        pieces=np.array([10]),
        capacity=np.array([6, 9]),
    )
    result = solve_with_minimums(problem, np.array([5, 5]))
    assert result.pieces.tolist() == [5, 5]
    assert result.status == "optimal"
    by_rounds = solve_with_minimums(problem, np.array([5, 5]), params=MatchParams(mip_candidates=0))
    assert by_rounds.pieces.tolist() == [6, 0]
    assert by_rounds.upper_bound >= result.objective


def test_minimum_orders_of_a_large_match_are_mended_without_solving_again(monkeypatch):
    """Above the program's size one solve is enough: splits below a minimum are placed again at its prices."""
    n, k, m, rng = 300, 6, 12, np.random.default_rng(0)
    minimum = rng.choice([0, 5, 10, 20], m)
    supplier = np.concatenate([rng.choice(m, k, replace=False) for _ in range(n)])
    pieces = rng.integers(1, 30, n)
    problem = MatchProblem(
        indptr=np.arange(n + 1) * k, supplier=supplier, score=1 - 0.5 * rng.random(n * k), pieces=pieces,
        capacity=np.full(m, int(1.05 * pieces.sum() / m)),
    )  # fmt: skip
    solved = []
    monkeypatch.setattr("matching.minimums.solve", lambda *a, **k: solved.append(a) or solve(*a, **k))
    result = solve_with_minimums(problem, minimum[supplier], params=MatchParams(mip_candidates=0))
    assert len(solved) == 1
    assert ((result.pieces == 0) | (result.pieces >= minimum[supplier])).all()
    assert (np.bincount(supplier, weights=result.pieces, minlength=m) <= problem.capacity).all()
    assert (result.unserved >= 0).all()
    assert 0 < result.gap < 0.05


def routed(**changes):
    """Route one order of 4 over three rows: a better one, a worse one, and one out of territory."""
    arrays = {
        "order": np.array([0, 0, 0]),
        "offer": np.array([0, 1, 2]),
        "good": np.array(["a", "a", "a"], dtype=object),
        "score": np.array([0.9, 0.5, 0.99]),
        "limits": np.array(["", "", "out_of_territory"], dtype=object),
        "pieces": np.array([4]),
        "capacity": np.array([10, 10, 10]),
        "minimum": np.array([1, 1, 1]),
    }
    return route(**(arrays | changes))


def test_rows_beyond_hard_limits_keep_their_reason():
    """The excluded row scores highest and is not taken; the runner-up is the worse eligible row."""
    decision = routed()
    assert decision.pieces.tolist() == [4, 0, 0]
    assert decision.reason.tolist() == ["chosen", "outscored", "out_of_territory"]
    assert decision.runner_up.tolist() == [1, 0, -1]
    assert np.isnan(decision.price[2])


def test_order_without_eligible_rows_names_the_limit():
    """Of several limits the one that came nearest to serving is named."""
    limits = np.array(["late", "out_of_territory", "out_of_territory"], dtype=object)
    decision = routed(limits=limits)
    assert decision.unserved.tolist() == [4]
    assert decision.unserved_reason.tolist() == ["late"]


def test_published_prices_send_orders_where_capacity_is_cheap():
    """At a published price of 0.6 on the better offer the worse one is worth more."""
    decision = routed(published=np.array([0.6, 0.0, 0.0]))
    assert decision.pieces.tolist() == [0, 4, 0]
    assert decision.result.method == "published_prices"
    assert decision.result.upper_bound >= 4 * 0.9 - 1e-12


def test_order_that_nobody_offers():
    """No row at all: the order is unserved for want of candidates."""
    nothing = {name: np.zeros(0, int) for name in ("order", "offer", "capacity", "minimum")}
    empty = np.zeros(0, dtype=object)
    decision = routed(**nothing, good=empty, limits=empty, score=np.zeros(0))
    assert decision.unserved_reason.tolist() == ["no_candidates"]
