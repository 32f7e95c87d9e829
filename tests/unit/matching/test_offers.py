"""Offers within every cap, against brute force, with a true reason for each pair that is not offered."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import InputError
from matching.offers import REASONS, OfferProblem, reason_code, solve_offers
from matching.two_sided import TwoSidedParams

EXACT = TwoSidedParams(epsilon=1e-4, gap_tolerance=0.0)


def problem(values: np.ndarray, **changes) -> OfferProblem:
    """All pairs of some sellers (rows) and styles; one approach and one place each, no limit on income."""
    sellers, styles = values.shape
    n = values.size
    given_arrays = {
        "indptr": np.arange(sellers + 1) * styles, "style": np.tile(np.arange(styles), sellers),
        "value": values.ravel().astype(float), "income": values.ravel() * 0.2, "slack": np.full(n, np.inf),
        "brand": np.zeros(styles, np.int64), "approaches": np.ones(sellers, np.int64),
        "room": np.ones(styles, np.int64), "blocked": np.zeros(n, np.int64), "kept": np.zeros(n, bool),
    }  # fmt: skip
    return OfferProblem(**(given_arrays | changes))


@settings(max_examples=40, deadline=None, database=None)
@given(st.integers(0, 10_000))
def test_no_cap_is_broken_and_the_bound_holds(seed):
    """Three sellers, three styles, limits on income: within caps, and the bound is above what enumeration finds."""
    rng = np.random.default_rng(seed)
    one = problem(
        rng.integers(0, 20, (3, 3)).astype(float),
        approaches=rng.integers(0, 3, 3),
        room=rng.integers(0, 3, 3),
        brand=np.array([0, 0, 1]),
        slack=np.repeat(rng.integers(0, 8, 3), 3).astype(float),
        blocked=np.where(rng.random(9) < 0.2, reason_code("refused"), 0),
    )
    found = solve_offers(one, params=EXACT, spread_ties=0.0)
    best = max(
        float(one.value[pick].sum())
        for mask in product((False, True), repeat=9)
        if allowed(one, pick := np.array(mask))
    )
    assert allowed(one, found.offered)
    assert found.objective <= best + 1e-9
    assert found.upper_bound >= best - 1e-6
    assert (np.array(REASONS)[found.reason] == "offered").tolist() == found.offered.tolist()
    if np.isinf(one.slack).all() or not (found.reason == reason_code("brand_income")).any():
        assert found.objective == pytest.approx(best, abs=0.05)


def allowed(one: OfferProblem, offered: np.ndarray) -> bool:
    """Whether some offers keep every cap."""
    seller = np.repeat(np.arange(one.approaches.size), np.diff(one.indptr))
    within = (np.bincount(seller[offered], minlength=one.approaches.size) <= one.approaches).all()
    within = within and (np.bincount(one.style[offered], minlength=one.room.size) <= one.room).all()
    for brand in np.unique(one.brand):
        mine = offered & (one.brand[one.style] == brand)
        for at in range(one.approaches.size):
            rows = mine & (seller == at)
            within = within and one.income[rows].sum() <= one.slack[rows].max(initial=0.0) + 1e-9
    return bool(within and not (offered & (one.blocked > 0)).any())


def test_each_reason_says_what_stood_in_the_way():
    """A full style, spent approaches, nothing to gain, refused, too dependent."""
    one = problem(
        np.array([[30.0, 0.0], [20.0, 10.0]]),
        blocked=np.array([0, 0, 0, reason_code("refused")]),
    )
    assert [REASONS[code] for code in solve_offers(one, params=EXACT).reason] == [
        "offered", "not_worth", "style_full", "refused",
    ]  # fmt: skip
    busy = problem(np.array([[30.0, 20.0]]))
    assert [REASONS[code] for code in solve_offers(busy, params=EXACT).reason] == ["offered", "approach_cap"]
    dependent = problem(np.array([[30.0]]), slack=np.array([5.0]))
    assert [REASONS[code] for code in solve_offers(dependent).reason] == ["brand_income"]


def test_what_stands_keeps_its_place():
    """An accepted offer of little value is not pushed out by a better one."""
    one = problem(np.array([[1.0], [9.0]]), kept=np.array([True, False]))
    found = solve_offers(one)
    assert found.offered.tolist() == [True, False]
    assert found.objective == 1.0
    with pytest.raises(InputError, match=r"room\[0\]: expected at least as much as the offers that stand"):
        problem(np.array([[1.0], [9.0]]), kept=np.array([True, True]))


def test_equals_are_chosen_by_lot_and_their_bound_is_reached():
    """Twenty thousand pairs of one value: all places filled, and another seed chooses others."""
    many = problem(np.full((400, 50), 100.0), room=np.full(50, 6))
    first, again, other = (solve_offers(many, seed=seed) for seed in (1, 1, 2))
    assert first.offered.sum() == 300
    assert first.gap < 0.01
    assert (first.offered == again.offered).all()
    assert (first.offered != other.offered).any()
