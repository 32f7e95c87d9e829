"""Group orders: within a proved distance of the linear bound, no limit broken, every refusal with its reason."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

from contracts.errors import InputError
from matching.group_orders import PUSH_REASONS, GroupProblem, solve_group_orders


def made(seed: int, communities: int = 40, waves: int = 6, days: int = 9, tight: float = 0.12) -> GroupProblem:
    """Draw communities of uneven size, and waves that share two pools over two weeks."""
    rng = np.random.default_rng(seed)
    uses = rng.lognormal(2, 0.8, communities)[:, None] * rng.lognormal(0, 0.2, (communities, waves))
    pool = rng.integers(2, size=waves)
    room = tight * np.bincount(pool, uses.sum(axis=0), 2)
    return GroupProblem(
        value=uses * rng.uniform(-100, 900, waves), uses=uses, pool=pool, room=room,
        blocked=np.where(rng.random((communities, waves)) < 0.1, PUSH_REASONS.index("quiet_hours"), 0),
        day=np.sort(rng.integers(days, size=waves)), week=np.arange(days) // 7,
        cap=rng.integers(0, 3, (communities, 2)),
    )  # fmt: skip


def linear_bound(problem: GroupProblem) -> float:
    """Return the optimum of the same program with fractions."""
    c, w = problem.value.shape
    rows, caps = [], []
    for p, room in enumerate(problem.room):
        rows.append((problem.uses * (problem.pool == p)).ravel())
        caps.append(room)
    for of, limit in ((problem.day, np.ones((c, len(problem.week)))), (problem.week[problem.day], problem.cap)):
        for at, group in itertools.product(range(c), np.unique(of)):
            mask = np.zeros((c, w))
            mask[at] = of == group
            rows.append(mask.ravel())
            caps.append(limit[at, group])
    gain = np.where(problem.open, problem.value, 0.0).ravel()
    return -linprog(-gain, A_ub=np.array(rows), b_ub=caps, bounds=(0, 1)).fun


@pytest.mark.parametrize("seed", range(3))
def test_it_is_near_the_linear_bound_and_breaks_no_limit(seed):
    """The bound is one; days, weeks, pools and bans hold; what is refused is refused for what stands in its way."""
    problem = made(seed)
    found = solve_group_orders(problem, seed=seed)
    bound = linear_bound(problem)
    assert bound * 0.97 <= found.objective <= bound * (1 + 1e-9) <= found.upper_bound * (1 + 1e-6)
    assert (problem.used(found.pushed) <= problem.room * (1 + 1e-6)).all()
    assert problem.open[found.pushed].all()
    rows, waves = np.nonzero(found.pushed)
    daily, weekly = np.zeros((40, 9), int), np.zeros((40, 2), int)
    np.add.at(daily, (rows, problem.day[waves]), 1)
    np.add.at(weekly, (rows, problem.week[problem.day[waves]]), 1)
    assert daily.max() == 1
    assert (weekly <= problem.cap).all()
    reasons = np.array(PUSH_REASONS)[found.reason]
    assert (reasons[problem.blocked > 0] == "quiet_hours").all()
    assert (reasons[(problem.blocked == 0) & (problem.value <= 0)] == "not_worth").all()
    assert {"pushed", "no_pieces"} <= set(reasons.ravel())


def test_without_limits_everybody_gets_its_best_and_ties_are_drawn():
    """No pieces' limit: the price is 0. Equal communities: the seed decides, and each seed the same way twice."""
    base = made(1, tight=np.inf)
    assert solve_group_orders(base).gap == pytest.approx(0, abs=1e-5)
    equal = GroupProblem(
        value=np.full((50, 1), 10.0), uses=np.ones((50, 1)), blocked=np.zeros((50, 1), int), day=np.array([0]),
        week=np.array([0]), cap=np.ones((50, 1), int), pool=np.array([0]), room=np.array([20.0]),
    )  # fmt: skip
    one, again, other = (solve_group_orders(equal, seed=seed) for seed in (1, 1, 2))
    assert one.pushed.sum() == other.pushed.sum() == 20
    assert (one.pushed == again.pushed).all()
    assert (one.pushed != other.pushed).any()


def test_a_number_that_is_none_is_named():
    """Before anything is computed."""
    problem = made(0)
    for changes, words in (({"value": problem.value * np.nan}, "not a number"), ({"day": problem.day[1:]}, "day")):
        with pytest.raises(InputError, match=words):
            GroupProblem(**{name: getattr(problem, name) for name in problem.__dataclass_fields__} | changes)
