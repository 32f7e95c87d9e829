"""The online router decides by prices and room, explains itself, and never takes what is not there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.backorders import Backorders
from matching.online import REASONS, OnlineOrder, OnlineRouter, Prices, RouterParams
from matching.problem import MatchProblem
from matching.refresh import learnt_prices, refresh
from matching.solve import solve
from simulate.matching_instance import matching_instance


def order(name, supplier, score, pieces, **rest):
    """Return an order from lists."""
    rest = {key: np.array(value) if isinstance(value, list) else value for key, value in rest.items()}
    return OnlineOrder(name, np.array(supplier), np.array(score, dtype=float), pieces, **rest)


def test_evaluate_is_route_without_effect():
    """Twice the same answer, then the same again with the room taken."""
    router = OnlineRouter(np.array([5, 10]), Prices(np.array([0.2, 0.0]), 7))
    asked = order("a", [0, 1], [0.9, 0.8], 7)
    first, second = router.evaluate(asked), router.evaluate(asked)
    taken = router.route(asked)
    assert first.chosen == second.chosen == taken.chosen == [(1, 7)]
    assert router.room.tolist() == [5, 3]
    assert taken.version == 7


def test_every_candidate_has_one_reason():
    """Room, credit, hard limits, prices and worth each have their code."""
    router = OnlineRouter(np.array([4, 0, 9, 9, 9, 9]), Prices(np.array([0, 0, 2.2, 0, 0, 0])), credit=np.array([30.0]))
    late = REASONS.index("late")
    asked = order(
        "a", [0, 1, 2, 3, 4, 5], [0.5, 0.9, 0.95, 0.7, 0.8, -2.0], 9,
        limit=[-1, -1, -1, -1, late, -1], line=[-1, -1, -1, 0, -1, -1], use=[0.0, 0, 0, 10.0, 0, 0],
    )  # fmt: skip
    decision = router.route(asked)
    assert decision.reasons == ["chosen", "full", "outbid", "chosen", "late", "not_worth"]
    assert decision.chosen == [(3, 3), (0, 4)]
    assert decision.unserved == 2
    assert router.credit.tolist() == [0.0]
    again = router.evaluate(asked)
    assert again.reasons[3] == "no_credit"


def test_a_minimum_lot_and_a_split_cost_keep_orders_together():
    """A rest below a supplier's minimum, or not worth a second supplier, stays unserved."""
    router = OnlineRouter(np.array([5, 9]))
    assert router.evaluate(order("a", [0, 1], [0.9, 0.8], 7, minimum=[1, 3])).reasons == ["chosen", "below_minimum"]
    dear = OnlineRouter(np.array([5, 9]), params=RouterParams(split_cost=4.0))
    assert dear.evaluate(order("a", [0, 1], [0.9, 0.8], 7)).reasons == ["chosen", "not_worth"]
    whole = OnlineRouter(np.array([5, 9]), params=RouterParams(unsplit=True))
    assert whole.evaluate(order("a", [0, 1], [0.9, 0.8], 7)).chosen == [(1, 7)]


def test_a_rejection_is_routed_again_without_the_rejecter():
    """In one call: the rejecter keeps its room, the order goes elsewhere, and the reason is told."""
    router = OnlineRouter(np.array([10, 10]))
    first = router.route(order("a", [0, 1], [0.9, 0.8], 6))
    second = router.reject(first, [0])
    assert second.chosen == [(1, 6)]
    assert second.reasons == ["rejected", "chosen"]
    assert router.room.tolist() == [10, 4]


def test_a_supplier_that_is_down_gets_nothing_and_comes_back_with_its_room():
    """Down twice is down once; what is released meanwhile is there when it is back."""
    router = OnlineRouter(np.array([10, 10]))
    first = router.route(order("a", [0], [0.9], 4))
    router.supplier_down(0)
    router.supplier_down(0)
    assert router.evaluate(order("b", [0, 1], [0.9, 0.8], 6)).reasons == ["supplier_down", "chosen"]
    router.release(first)
    router.supplier_back(0)
    assert router.room.tolist() == [10, 10]


def test_a_cut_tells_what_was_promised_too_much():
    """Room never falls below zero."""
    router = OnlineRouter(np.array([5]))
    router.route(order("a", [0], [0.9], 4))
    assert router.cut(0, 3) == 2
    assert router.room.tolist() == [0]


def test_prices_must_fit():
    """One finite price per supplier, whole numbers of room, parameters in range."""
    router = OnlineRouter(np.array([5, 5]))
    for wrong in (np.array([1.0]), np.array([1.0, np.nan])):
        with pytest.raises(ValueError, match="2 finite numbers"):
            router.publish(Prices(wrong))
    with pytest.raises(ValueError, match="capacity"):
        OnlineRouter(np.array([-1]))
    with pytest.raises(ValueError, match="margin"):
        RouterParams(margin=-0.1)
    with pytest.raises(ValueError, match="share"):
        refresh(router, instance(20, 1), share=0.0)


def test_waiting_pays():
    """An order outbid today is served once its waiting outweighs the price."""
    router = OnlineRouter(np.array([5]), Prices(np.array([2.2])), params=RouterParams(margin=0.0))
    queue = Backorders(ageing=0.1)
    queue.add(router.route(order("a", [0], [0.9], 5)), day=0)
    assert queue.serve(router, day=1) == []
    assert [one.chosen for one in queue.serve(router, day=4)] == [[(0, 5)]]
    assert queue.waiting == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_room_and_credit_are_never_exceeded(seed):
    """Whatever comes, in whatever order, rejected or not."""
    rng = np.random.default_rng(seed)
    m = int(rng.integers(1, 5))
    capacity, credit = rng.integers(0, 12, m), rng.integers(0, 40, 3).astype(float)
    router = OnlineRouter(capacity, Prices(rng.random(m)), credit=credit)
    taken, drawn = np.zeros(m, np.int64), np.zeros(3)
    for i in range(8):
        k = int(rng.integers(1, m + 1))
        asked = OnlineOrder(
            str(i), rng.permutation(m)[:k], rng.normal(size=k), int(rng.integers(1, 8)),
            line=rng.integers(-1, 3, k), use=rng.integers(0, 4, k) + rng.random(k),
        )  # fmt: skip
        made = router.route(asked)
        if rng.random() < 0.3:
            made = router.reject(made, asked.supplier[:1].tolist())
        np.add.at(taken, asked.supplier, made.pieces)
        on = asked.line >= 0
        np.add.at(drawn, asked.line[on], (made.pieces * asked.use)[on])
        assert made.unserved + made.pieces.sum() == asked.pieces
    assert (taken <= capacity).all()
    assert (drawn <= credit + 1e-9).all()
    assert router.room.tolist() == (capacity - taken).tolist()


def instance(n, order_seed, slack=0.1):
    """Return a standard instance as a problem."""
    made = matching_instance(n, seed=3, order_seed=order_seed, slack=slack)
    return MatchProblem(
        indptr=made.indptr, supplier=made.supplier, score=made.score, pieces=made.pieces, capacity=made.capacity
    )


def routed(router, problem):
    """Return the objective of routing a problem's orders one at a time."""
    total = 0.0
    for i in range(problem.n_orders):
        rows = slice(problem.indptr[i], problem.indptr[i + 1])
        asked = order(str(i), problem.supplier[rows], problem.score[rows], int(problem.pieces[i]))
        made = router.route(asked)
        total += float(np.dot(made.pieces, asked.score)) - made.unserved
    return total


def test_yesterdays_prices_beat_first_come_first_served_and_survive_an_outage():
    """A refresh after an outage is activated and better than none; a worse one is not activated."""
    yesterday, today = instance(3000, 1), instance(3000, 2)
    capacity = today.capacity
    best = solve(today).objective
    prices = Prices(solve(yesterday.replace(capacity=capacity)).prices, 1)
    greedy = routed(OnlineRouter(capacity), today)
    priced = routed(OnlineRouter(capacity, prices), today)
    assert greedy < priced <= best
    assert (best - priced) < 0.5 * (best - greedy)
    stale, fresh = OnlineRouter(capacity, prices), OnlineRouter(capacity, prices)
    for router in (stale, fresh):
        for supplier in range(0, 30, 6):
            router.supplier_down(supplier)
    told = refresh(fresh, yesterday, cause="supplier_down")
    assert told.activated
    assert fresh.prices.version == 2
    assert routed(fresh, today) > routed(stale, today)


def test_few_orders_move_prices_a_little_and_many_orders_nearly_all_the_way():
    """What was known before counts as one order per supplier; suppliers that no order could go to do not count."""
    for n, weight in ((1, 0.5), (3, 0.75), (99, 0.99)):
        orders = MatchProblem(
            indptr=np.arange(n + 1), supplier=np.zeros(n, np.int64), score=np.full(n, 0.6), pieces=np.ones(n, np.int64),
            capacity=np.array([0, 5]),
        )  # fmt: skip
        assert learnt_prices(orders, np.array([0.4, 0.2])) == pytest.approx(
            [weight * 1.6 + (1 - weight) * 0.4, 0.2 * (1 - weight)]
        )


def test_prices_that_fit_only_half_of_the_past_are_not_activated():
    """Half of the orders make supplier 0 dear; the other half would lose by that price."""
    past = MatchProblem(
        indptr=np.arange(25) * 2,
        supplier=np.tile([0, 1], 24),
        score=np.tile([0.9, 0.1, 0.9, 0.3], 12),
        pieces=np.full(24, 5),
        capacity=np.array([80, 80]),
    )
    router = OnlineRouter(np.array([80, 80]))
    told = refresh(router, past)
    assert not told.activated
    assert told.new_objective < told.old_objective
    assert router.prices.version == 0
