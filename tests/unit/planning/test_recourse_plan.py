"""Plans that count on being revised, on instances small enough to enumerate."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from planning.build import PlanTables, problem_from_tables
from planning.params import HorizonParams, PlanParams, PlanWeights, RecourseParams
from planning.problem import PlanProblem
from planning.recourse import can_branch, expand, plan_with_recourse
from planning.recourse_outlook import Outlook
from planning.recourse_plan import weighted
from planning.recourse_tree import Branches, Quantiles, branch, middles
from planning.tables import ITEMS, RESOURCES, ROUTES

DAYS = pd.date_range("2026-01-05", periods=3, freq="7D")
FREE = PlanWeights(idle=0, overtime=0, load_change=0, peak=0, plan_change=0)
LEVELS = np.array([0.1, 0.5, 0.9])


def problem(capacity: float = 100.0, n_items: int = 1, **terms: float) -> PlanProblem:
    """Items of one hour a piece on one resource over three buckets, that may be late at a price."""
    names = [f"i{p}" for p in range(n_items)]
    rows = [{"item": name, "bucket": day, "y": 0.0} for name in names for day in DAYS]
    costs = {"holding_cost": 1.0, "backlog_cost": 9.0, "leftover_cost": 4.0, "lost_cost": 20.0} | terms
    tables = PlanTables(
        demand=pd.DataFrame(rows),
        resources=RESOURCES.check(
            pd.DataFrame({"resource": "L", "bucket": DAYS, "capacity": capacity, "overtime": 0.0})
        ),
        routes=ROUTES.check(
            pd.DataFrame([{"item": n, "route": "r", "step": 1, "resource": "L", "hours_per_unit": 1.0} for n in names])
        ),
        items=ITEMS.check(pd.DataFrame([{"item": n, **costs} for n in names])),
    )
    return problem_from_tables(tables)[0]


def two_branches(low: float, high: float, *, n_items: int = 1, market: bool = False) -> Branches:
    """Demand of the last bucket is low or high, which is known when the second begins."""
    pieces = np.zeros((n_items, 2, 1, 3))
    pieces[:, 0, 0, 2], pieces[:, 1, 0, 2] = low, high
    same_as = np.zeros((n_items, 2, 3), np.int64)
    same_as[:, 1, 1:] = 1
    return Branches(
        chance=np.full((n_items, 2), 0.5),
        pieces=pieces,
        path_chance=np.ones(1),
        same_as=same_as,
        market=np.array([0, 1]) if market else np.zeros(2, np.int64),
        market_chance=np.full(2, 0.5) if market else np.ones(1),
    )


def enumerated(capacity: int, low: int, high: int, price: dict[str, float]) -> tuple[float, set[int]]:
    """Return the least expected cost of an item told its level in bucket 1, and the first pieces with it."""
    best: dict[int, float] = {}
    for first in range(capacity + 1):
        cost = 0.0
        for demand in (low, high):
            later = min(
                price["holding"] * (first + first + a) + _end(first + a + b - demand, price)
                for a, b in product(range(capacity + 1), repeat=2)
            )
            cost += 0.5 * later
        best[first] = cost
    least = min(best.values())
    return least, {first for first, cost in best.items() if cost <= least + 1e-9}


def _end(left: int, price: dict[str, float]) -> float:
    return (price["holding"] + price["leftover"]) * left if left > 0 else -(price["backlog"] + price["lost"]) * left


@pytest.mark.parametrize(("capacity", "low", "high"), [(4, 2, 10), (3, 0, 9), (8, 2, 6), (5, 5, 14), (2, 1, 3)])
def test_the_shared_bucket_is_the_enumerated_optimum(capacity: int, low: int, high: int) -> None:
    """What is made before the level is known is what trying every plan finds best."""
    price = {"holding": 1.0, "backlog": 9.0, "leftover": 4.0, "lost": 20.0}
    made = plan_with_recourse(
        problem(2.0 * capacity).replace(capacity=np.array([[capacity] * 3], float)),
        two_branches(low, high, market=True),
        PlanParams(weights=FREE),
    )
    least, firsts = enumerated(capacity, low, high, price)
    assert made.cost == pytest.approx(least)
    assert made.bound <= made.cost == pytest.approx(made.bound)
    assert min(firsts) - 1e-6 <= made.pieces[0, 0] <= max(firsts) + 1e-6


def test_waiting_is_chosen_where_it_costs_nothing() -> None:
    """With room after the update nothing is made before it; without, the shared bucket makes what the rest cannot."""
    waits = plan_with_recourse(problem(100), two_branches(10, 60), PlanParams(weights=FREE))
    assert waits.pieces[0] == pytest.approx([0, 0, 35])
    hurries = plan_with_recourse(problem(15), two_branches(10, 60), PlanParams(weights=FREE))
    assert hurries.pieces[0, 0] == pytest.approx(5)


def test_independent_items_share_the_expected_load_and_the_market_does_not() -> None:
    """Ten items that branch on their own fill the hours on average; ten that rise together want more hours before."""
    p = problem(70.0, n_items=10)
    alone = plan_with_recourse(p, two_branches(2, 20, n_items=10), PlanParams(weights=FREE))
    together = plan_with_recourse(p, two_branches(2, 20, n_items=10, market=True), PlanParams(weights=FREE))
    assert alone.pieces[:, 0].sum() == pytest.approx(0, abs=1e-6)
    assert together.pieces[:, 0].sum() == pytest.approx(
        60, abs=1e-6
    )  # 200 are wanted after a rise, for 140 there is time


def test_changing_the_shared_plan_is_charged() -> None:
    """A price on moved hours keeps the plan before where moving would gain less."""
    weights = PlanWeights(idle=0, overtime=0, load_change=0, peak=0, plan_change=50)
    params = PlanParams(weights=weights, horizon=HorizonParams(slushy=3))
    before = np.array([[12.0, 0.0, 23.0]])
    kept = plan_with_recourse(problem(100).replace(previous_hours=before), two_branches(10, 60), params)
    assert kept.pieces[0] == pytest.approx([12, 0, 23])


def test_the_wide_problem_counts_branches_by_their_chance() -> None:
    """Hours and money of the branches add up to those of the item; an unused branch has none."""
    p, tree = problem(50.0, n_items=3), two_branches(1, 2, n_items=3)
    wide = expand(p, tree)
    assert wide.modes.op_hours.reshape(2, 3).sum(axis=0) == pytest.approx(p.modes.op_hours)
    assert wide.lost_cost.reshape(2, 3).sum(axis=0) == pytest.approx(p.lost_cost)
    doubled = expand(p, two_branches(1, 2, n_items=3, market=True))
    assert doubled.capacity.sum(axis=0) == pytest.approx(p.capacity[0])


def outlook_of(spread: list[float], *, market: float = 0.0) -> Outlook:
    row = np.array([spread])
    return Outlook(stated=row[:, 0], spread=row, factor=np.ones(1), market=market)


def lognormal(spread: float, n_buckets: int) -> Quantiles:
    return Quantiles(
        pieces=np.repeat(100 * np.exp(spread * norm.ppf(LEVELS))[None, :, None], n_buckets, axis=2), levels=LEVELS
    )


def test_branches_keep_the_level_and_part_at_the_update() -> None:
    """The middle branch is the median, widths follow the variance told, and decisions part `firm` buckets later."""
    tree = branch(lognormal(0.5, 4), outlook_of([0.5, 0.5, 0.3, 0.3, 0.3]), firm=1, own=(3,), market=2, n_paths=3)
    assert tree.chance[0] == pytest.approx([1 / 3] * 3)
    assert tree.pieces[0, 1, 1] == pytest.approx([100] * 4)
    step, inside = 0.4 * middles(3)[0][2], 0.3 * middles(3)[0][2]
    assert tree.pieces[0, 2, 1, 0] == pytest.approx(100 * np.exp(step))
    assert tree.pieces[0, 1, 2, 0] == pytest.approx(100 * np.exp(inside))
    assert tree.same_as[0, 2].tolist() == [0, 0, 0, 2]
    assert (np.diff(tree.pieces, axis=2) >= 0).all()


def test_an_item_without_news_has_one_branch() -> None:
    """No update ahead: all spread lies between the paths of one branch."""
    tree = branch(lognormal(0.3, 3), outlook_of([0.3] * 4), firm=1, own=(3,), market=2, n_paths=3)
    assert tree.chance[0].tolist() == [1, 0, 0]
    assert tree.pieces[0, 0, 2, 0] == pytest.approx(100 * np.exp(0.3 * middles(3)[0][2]))


def test_the_markets_move_takes_its_part_of_the_spread() -> None:
    """Own and common branches together are as wide as the spread that is told."""
    expected = outlook_of([0.5, 0.5, 0.3, 0.3, 0.3], market=0.2)
    tree = branch(lognormal(0.5, 4), expected, firm=1, own=(3,), market=2, n_paths=1)
    logs = np.log(tree.pieces[0, :, 0, 0] / 100)
    two, three = (middles(n)[0] for n in (2, 3))
    told = np.sqrt(0.25 - 0.09 - 0.04)
    assert np.sort(logs) == pytest.approx(np.sort([0.2 * a + told * b for a, b in product(two, three)]), abs=1e-6)
    assert tree.market.tolist() == [0, 0, 0, 1, 1, 1]
    assert tree.same_as[0, :, 2].tolist() == [0, 0, 0, 3, 3, 3]


def test_quantile_functions_with_zeros_stay_straight() -> None:
    """Where low quantiles are zero the function is linear and never negative."""
    q = Quantiles(pieces=np.array([[[0.0], [4.0], [10.0]]]), levels=LEVELS)
    scores = np.concatenate([norm.ppf(LEVELS), [-3.0]])[None, :, None]
    assert q.at(scores)[0, :, 0] == pytest.approx([0, 4, 10, 0])
    single = Quantiles(pieces=np.array([[[5.0]]]), levels=np.array([0.5]))
    assert single.at(np.array([[[1.0]]]))[0, 0, 0] == 5


def test_lots_and_components_are_for_the_plain_plan() -> None:
    """A set-up makes branching unavailable."""
    plain = problem()
    assert can_branch(plain)
    assert not can_branch(plain.replace(setup_cost=np.ones(1)))


def test_late_pieces_count_alike_unless_they_are_more_urgent() -> None:
    """A dear and a cheap piece of one urgency weigh the same; an urgent one, or one without a worth, keeps that."""
    items = problem(n_items=4).replace(
        backlog_cost=np.array([2.0, 8.0, 80.0, 5.0]), lost_cost=np.array([10.0, 40.0, 40.0, 0.0])
    )
    late = weighted(items, RecourseParams(late_factor=0.5)).backlog_cost
    assert late[0] == pytest.approx(late[1])
    assert late[2] == pytest.approx(10 * late[1])
    assert late[3] == pytest.approx(2.5)
    own = weighted(items, RecourseParams(late_factor=1, late_by_piece=0)).backlog_cost
    np.testing.assert_allclose(own, items.backlog_cost)


def test_what_is_owed_at_a_far_end_is_left_to_later_plans() -> None:
    """The price of a lost piece counts from some buckets before the end of its item's life."""
    items = problem(n_items=2).replace(last=np.array([1, 2]))
    lost = weighted(items, RecourseParams(lost_factor=0.5, lost_buckets=2)).lost_cost
    np.testing.assert_allclose(lost, [10.0, 0.0])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lost_buckets", -1),
        ("late_by_piece", 1.5),
        ("branches", 0),
        ("paths", 10),
        ("market_branches", 4),
        ("leftover_factor", 0.5),
        ("plan_change", -1),
    ],
)
def test_parameters_have_ranges(name: str, value: float) -> None:
    """Each number is refused by name outside its range."""
    with pytest.raises(ValueError, match=f"Expected {name} to be"):
        RecourseParams(**{name: value})
