"""Levelled promotion: worked by hand, against a general solver, and what it must keep."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

from contracts.errors import InputError
from planning.promotion import LevelParams, LevelProblem, solve_level
from planning.promotion_kernel import OPEN, assign_days

CLOSE = LevelParams(gap_tolerance=1e-7, sales_floor=0.0)


def problem(seed: int = 0, *, groups: int = 4, days: int = 6, **changes) -> LevelProblem:
    """A few groups of two styles with windows, a lag of three days and weekends."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, days - 1, groups)
    given_arrays = {
        "style": rng.integers(0, 2, groups), "hours": rng.lognormal(3, 1, groups), "first": first,
        "last": np.minimum(first + rng.integers(0, days, groups), days - 1), "lag": np.array([0.5, 0.3, 0.2]),
        "shopping": rng.uniform(0.8, 1.3, days + 2), "free": np.ones(days), "coming": rng.uniform(0, 5, days + 2),
        "spread": np.array([0.0, 0.5]),
    }  # fmt: skip
    return LevelProblem(**(given_arrays | changes))


def objective(one: LevelProblem, share: np.ndarray) -> float:
    """The expected squared distance from the line, as a share of the line's mean square, written out plainly."""
    total, of_style = one.coming.copy(), np.zeros((2, one.coming.size))
    for g in range(one.style.size):
        for day in range(one.free.size):
            waited = (1 - one.loss) ** max(day - one.first[g], 0)
            for after, part in enumerate(one.lag):
                hours = share[g, day] * one.hours[g] * waited * part * one.shopping[day + after]
                total[day + after] += hours
                of_style[one.style[g], day + after] += hours
    apart = ((total - one.line) ** 2).sum() + (one.spread[:, None] * of_style**2).sum()
    return float(apart / (one.line**2).sum())


@pytest.mark.parametrize("seed", range(4))
def test_it_is_as_good_as_a_general_solver_and_its_bound_holds(seed):
    """Against scipy's trust region on the same problem written out."""
    one = problem(seed, loss=0.05)
    found = solve_level(one, params=CLOSE)
    assert objective(one, found.share) == pytest.approx(-found.objective, abs=1e-9)
    n, days = one.style.size, one.free.size
    day = np.arange(days)
    within = (day >= one.first[:, None]) & (day <= one.last[:, None])
    start = within / within.sum(axis=1, keepdims=True)
    rows = np.kron(np.eye(n), np.ones(days))
    other = minimize(
        lambda flat: objective(one, flat.reshape(n, days)),
        start.ravel(),
        bounds=[(0, float(open_)) for open_ in within.ravel()],
        constraints=LinearConstraint(rows, 1, 1),
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 300},
    )
    assert -found.objective <= other.fun + 1e-6
    assert -found.upper_bound <= other.fun + 1e-9


@settings(max_examples=15, deadline=None, database=None)
@given(st.integers(0, 10_000))
def test_shares_stay_in_their_windows(seed):
    """Each group promotes wholly, on its own days; better than spreading evenly."""
    one = problem(seed)
    found = solve_level(one, params=LevelParams(sales_floor=0.0))
    day = np.arange(one.free.size)
    within = (day >= one.first[:, None]) & (day <= one.last[:, None])
    assert found.share.sum(axis=1) == pytest.approx(np.ones(4))
    assert (found.share[~within] == 0).all()
    assert (found.share >= 0).all()
    assert -found.objective <= objective(one, within / within.sum(axis=1, keepdims=True)) + 1e-9


def test_the_line_has_the_shape_of_the_free_hours_and_sums_to_what_is_expected():
    """Twice the hours where twice are free; nothing where the factory stands still."""
    one = problem(free=np.array([2.0, 1.0, 0.0, 1.0, 1.0, 1.0]))
    assert one.line.sum() == pytest.approx(one.hours.sum() + one.coming.sum())
    assert one.line[0] == pytest.approx(2 * one.line[1])
    assert one.line[2] == 0


def test_waiting_is_bounded_by_the_sales_floor():
    """With 10 % lost a day a floor of 95 % brings promotions forward; one of 100 % is promoting at once."""
    one = problem(1, first=np.zeros(4, np.int64), last=np.full(4, 5), loss=0.1)
    free, floor, whole = (solve_level(one, params=LevelParams(sales_floor=at)) for at in (0.0, 0.95, 1.0))
    assert free.kept < 0.95 <= floor.kept
    assert -free.objective <= -floor.objective + 1e-9
    assert whole.kept == pytest.approx(1.0, abs=1e-3) or whole.status == "sales_floor"


def test_what_nobody_can_foretell_is_spread():
    """Two styles of the same size, one of them a lottery: the lottery ticket is the more evenly spread."""
    one = problem(
        groups=2, style=np.array([0, 1]), hours=np.array([50.0, 50.0]), first=np.zeros(2, np.int64),
        last=np.full(2, 5), coming=np.append(np.full(3, 20.0), np.zeros(5)), spread=np.array([0.0, 4.0]),
        shopping=np.ones(8),
    )  # fmt: skip
    share = solve_level(one, params=CLOSE).share
    assert share[1].std() < share[0].std()


def test_people_get_days_within_their_weeks():
    """One promotion a day and at most `cap` a week; agreed days stand; who has no room is told."""
    group, seller = np.zeros(6, np.int64), np.array([0, 0, 0, 1, 1, 1])
    fixed = np.array([2, OPEN, OPEN, OPEN, OPEN, OPEN])
    wanted = np.full((1, 14), 6 / 14)
    week = np.arange(14) // 7
    day = assign_days(group, seller, fixed, wanted, np.array([0]), np.array([13]), 2, np.array([1, 2]), week)
    assert day[0] == 2
    assert (day == OPEN).sum() == 1
    for who, cap in ((0, 1), (1, 2)):
        mine = day[(seller == who) & (day != OPEN)]
        assert len(set(mine)) == len(mine)
        assert np.bincount(mine // 7, minlength=2).max() <= cap


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("free", np.zeros(6), "free: expected hours on at least one day"),
        ("lag", np.array([0.5, 0.3, 0.1]), "lag: expected shares that sum to 1"),
        ("hours", np.array([1.0, -1.0, 1.0, 1.0]), r"hours\[1\]: expected numbers >= 0"),
        ("last", np.array([9, 9, 9, 9]), r"last\[0\]: expected a day before 6"),
        ("spread", np.array([0.1, np.nan]), r"spread\[1\]: expected numbers >= 0"),
    ],
)
def test_wrong_arrays_are_named(name, value, message):
    """The array, the place, what was expected."""
    with pytest.raises(InputError, match=message):
        replace(problem(), **{name: value})
