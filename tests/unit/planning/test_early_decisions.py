"""Early decisions: newsvendor cases with known answers, what moves them, and the cases of each action."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from planning.early_decisions import DecisionParams, DecisionProblem, solve
from planning.launch_value import normal_nodes, totals_at
from planning.shared_capacity import share_capacity

LEVELS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])


def style(n: int = 1, *, median: float = 1000.0, spread: float = 1.0, **given) -> DecisionProblem:
    """n equal styles with a lognormal total, a triangular day curve and no stock; `given` overrides."""
    daily = np.minimum(np.arange(1, 21), np.arange(20, 0, -1)).astype(float)
    numbers = {
        "age": 0.0, "next_age": np.nan, "narrowing": 1.0, "demanded": 0.0, "stock": 0.0, "on_order": 0.0,
        "on_order_age": 0.0, "price": 100.0, "unit_cost": 40.0, "later_cost": 40.0, "salvage": 10.0,
        "lead_days": 0.0, "later_lead_days": 2.0, "minimum": 1.0,
    }  # fmt: skip
    reserved = given.pop("reserved", None)
    numbers |= given
    return DecisionProblem(
        levels=LEVELS,
        quantiles=np.tile(np.expm1(np.log1p(median) + spread * ndtri(LEVELS)), (n, 1)),
        curve=np.tile(daily.cumsum() / daily.sum(), (n, 1)),
        reserved=None if reserved is None else np.array(reserved, float),
        **{name: np.broadcast_to(np.asarray(value, float), n).copy() for name, value in numbers.items()},
    )


def test_one_order_is_the_newsvendors_fractile():
    """With nothing in stock and no later look the best order is Q((p - c) / (p - s)) = Q(2/3)."""
    found = solve(style())
    assert found.commit_pieces[0] == pytest.approx(np.expm1(np.log1p(1000) + ndtri(60 / 90)), rel=1e-9)
    assert found.action[0] == "commit"
    assert found.pieces[0] == pytest.approx(found.commit_pieces[0], rel=0.1)
    assert found.option_value[0] == pytest.approx(0, abs=0.01 * found.commit_profit[0])


def test_the_newsvendors_profit_is_the_closed_form_of_a_lognormal():
    """Expected sales of order q: E min(D, q), exact for log(1 + D) ~ N(m, s)."""
    found = solve(style(), params=DecisionParams(branches=30, atoms=30))
    q, m, s = found.commit_pieces[0], np.log1p(1000), 1.0
    z = (np.log1p(q) - m) / s
    sales = np.exp(m + s**2 / 2) * ndtr(z - s) + (1 + q) * ndtr(-z) - 1
    assert found.commit_profit[0] == pytest.approx(90 * sales - 30 * q, rel=0.01)


def test_stock_on_hand_is_taken_off_the_order():
    """The order shrinks piece by piece."""
    empty, stocked = solve(style()), solve(style(stock=300.0, lead_days=0.0))
    assert stocked.commit_pieces[0] == pytest.approx(empty.commit_pieces[0] - 300, rel=1e-6)
    under_way = solve(style(on_order=300.0))
    assert under_way.commit_pieces[0] == pytest.approx(empty.commit_pieces[0] - 300, rel=1e-6)


def test_an_order_that_comes_later_serves_only_what_is_left_of_life():
    """After 10 of 20 days of a symmetric curve half of the demand is gone."""
    found = solve(style(lead_days=10.0))
    assert found.commit_pieces[0] == pytest.approx(solve(style()).commit_pieces[0] / 2, rel=0.01)


def test_without_news_there_is_nothing_to_wait_for():
    """A look that narrows nothing has no value when the order could come now for the same cost."""
    found = solve(style(next_age=4.0, narrowing=1.0))
    assert found.option_value[0] == pytest.approx(0, abs=0.01 * found.commit_profit[0])
    assert found.cost_of_waiting[0] > 0
    assert found.wait_profit[0] == pytest.approx(found.commit_profit[0] - found.cost_of_waiting[0], rel=0.01)


def test_sharper_news_are_worth_more():
    """The option value rises as the next forecast narrows."""
    values = [solve(style(next_age=2.0, narrowing=kappa)).option_value[0] for kappa in (1.0, 0.8, 0.5, 0.2)]
    assert values == sorted(values)
    assert values[-1] > 0.1 * solve(style()).commit_profit[0]


def test_a_later_arrival_is_worth_less():
    """The longer the lead time of the next order, the less the next look helps."""
    values = [solve(style(next_age=2.0, narrowing=0.4, later_lead_days=d)).option_value[0] for d in (0, 3, 8, 30)]
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(0, abs=0.01 * solve(style()).commit_profit[0])


@pytest.mark.parametrize(
    ("given", "action", "reason"),
    [
        ({}, "commit", "pays"),
        # an order at the next look comes on the same day, costs less and knows more
        (
            {"next_age": 0.5, "narrowing": 0.1, "lead_days": 3.0, "later_lead_days": 2.5, "unit_cost": 45.0},
            "wait",
            "worth_waiting",
        ),
        # it sells, stock runs out
        ({"age": 6.0, "demanded": 500.0, "stock": 50.0, "lead_days": 2.0}, "chase", "pays"),
        # nobody wants it and the smallest order is large
        ({"median": 20.0, "minimum": 500.0}, "cut", "too_small"),
        ({"age": 10.0, "demanded": 400.0, "stock": 50_000.0, "lead_days": 2.0}, "cut", "covered"),
        ({"age": 18.0, "demanded": 900.0, "stock": 5.0, "lead_days": 5.0}, "cut", "too_late"),
    ],
)
def test_each_action_has_its_case(given: dict, action: str, reason: str):
    """Commit, wait, chase, cut for three reasons."""
    found = solve(style(**given))
    assert (found.action[0], found.reason[0]) == (action, reason)
    assert (found.pieces[0] > 0) == (action in ("commit", "chase"))


def test_the_latest_useful_day_is_the_last_that_pays():
    """An order on that day pays, a day later it does not."""
    problem = style(age=6.0, demanded=300.0, stock=20.0, lead_days=3.0, later_lead_days=3.0, minimum=60.0)
    day = solve(problem).latest_age[0]
    assert 6 < day < 17

    def gain(age: float) -> float:  # stock and demand as expected today, decided on that day
        found = solve(replace(problem, lead_days=np.array([age - 6.0 + 3.0])))
        return found.commit_profit[0] - found.stop_profit[0]

    assert gain(day) > 0
    assert gain(day + 1) == 0


def test_capacity_moves_to_the_style_that_earns_most_with_it():
    """Two styles hold 600 pieces each; the weak one gives, the strong one takes."""
    weak, strong = style(reserved=[600.0], median=60.0, minimum=300.0), style(reserved=[600.0], median=3000.0)
    both = DecisionProblem(
        **{
            name: (LEVELS if name == "levels" else np.concatenate([getattr(weak, name), getattr(strong, name)]))
            for name in weak.__dataclass_fields__
        }
    )
    found = solve(both)
    assert found.action.tolist() == ["move_capacity", "commit"]
    assert found.pieces.sum() <= 1200
    assert found.moved[0] < 0 < found.moved[1]
    assert found.capacity_price > 0
    bought = solve(both, params=DecisionParams(extra_capacity_fen=1.0))
    assert bought.pieces.sum() > 1200
    assert bought.capacity_price == 1.0


def test_capacity_is_shared_as_enumeration_would():
    """All choices of three styles with three sizes."""
    rng = np.random.default_rng(5)
    sizes = np.concatenate([np.zeros((3, 1)), np.sort(rng.integers(1, 9, (3, 2)), axis=1)], axis=1)
    profit = np.concatenate([np.zeros((3, 1)), np.cumsum(rng.integers(1, 50, (3, 2)), axis=1)], axis=1)
    for capacity in range(25):
        choice, _ = share_capacity(sizes, profit, capacity)
        best = max(
            sum(profit[i, c] for i, c in enumerate(pick))
            for pick in np.ndindex(3, 3, 3)
            if sum(sizes[i, c] for i, c in enumerate(pick)) <= capacity
        )
        got = sum(profit[i, c] for i, c in enumerate(choice))
        assert sizes[np.arange(3), choice].sum() <= capacity
        assert got >= 0.7 * best  # greedy by price and rate: no guarantee on three styles, near the best on many


def test_totals_go_through_the_quantiles_given():
    """At the standard scores of the levels, and rising between them."""
    quantiles = np.array([[0.0, 3, 10, 40, 90, 200, 1000]])
    assert totals_at(LEVELS, quantiles, ndtri(LEVELS)) == pytest.approx(quantiles)
    assert (np.diff(totals_at(LEVELS, quantiles, np.linspace(-4, 4, 99))) >= 0).all()
    nodes = normal_nodes(11)
    assert (nodes.mean(), nodes.var()) == (pytest.approx(0), pytest.approx(1))


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"unit_cost": 5.0}, "salvage < unit_cost"),
        ({"later_cost": 150.0}, "later_cost < price"),
        ({"narrowing": 0.0}, "narrowing in"),
    ],
)
def test_impossible_economics_are_refused(broken: dict, told: str):
    """In one sentence."""
    with pytest.raises(ValueError, match=told):
        style(**broken)


@pytest.mark.parametrize("broken", [{"branches": 0}, {"atoms": 2.5}, {"sizes": 1}, {"extra_capacity_fen": -1.0}])
def test_parameters_out_of_range_are_refused(broken: dict):
    """By name."""
    with pytest.raises(ValueError, match=next(iter(broken))):
        DecisionParams(**broken)
