"""Two-sided matches against the linear program, enumeration and the definition of a blocking pair."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from contracts.errors import InputError
from matching.stability import blocking_pairs, stable_match
from matching.two_sided import TwoSidedParams, TwoSidedProblem, solve_two_sided, without


def problem_of(seed):
    """Return a random problem of at most 8 seekers and 5 hosts; ties, refusals and closed parties occur."""
    rng = np.random.default_rng(seed)
    seekers, hosts = int(rng.integers(1, 9)), int(rng.integers(1, 6))
    listed = rng.random((seekers, hosts)) < 0.7
    host = np.nonzero(listed)[1]
    mine, theirs = (np.round(rng.normal(0.4, 0.5, host.size), 1) for _ in range(2))
    return TwoSidedProblem(
        indptr=np.append(0, np.cumsum(listed.sum(axis=1))), host=host, value=np.round(mine + theirs, 2),
        places=rng.integers(0, 4, seekers), room=rng.integers(0, 5, hosts), seeker_value=mine, host_value=theirs,
    )  # fmt: skip


def optimum(problem):
    """Return the best joint value, by the linear program."""
    e = problem.host.size
    if e == 0:
        return 0.0
    rows = np.zeros((problem.places.size + problem.room.size, e))
    rows[problem.seeker, np.arange(e)] = 1
    rows[problem.places.size + problem.host, np.arange(e)] = 1
    value = np.where(problem.willing, problem.value, -1.0)
    limits = np.concatenate([problem.places, problem.room])
    return -float(linprog(-value, A_ub=rows, b_ub=limits, bounds=(0, 1)).fun)


def keeps_caps(problem, matched):
    """Whether no party has more pairs than its cap, and nobody is matched unwillingly."""
    mine = np.bincount(problem.seeker[matched], minlength=problem.places.size)
    theirs = np.bincount(problem.host[matched], minlength=problem.room.size)
    return (mine <= problem.places).all() and (theirs <= problem.room).all() and problem.willing[matched].all()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 100_000))
def test_the_match_is_within_its_certified_gap_of_the_linear_program(seed):
    """Caps hold, the bound is above the optimum and the objective near it."""
    problem = problem_of(seed)
    found, best = solve_two_sided(problem, params=TwoSidedParams(epsilon=1e-3, gap_tolerance=0.0)), optimum(problem)
    assert keeps_caps(problem, found.matched)
    assert found.objective == pytest.approx(problem.value[found.matched].sum())
    assert found.objective <= best + 1e-9
    assert found.upper_bound >= best - 1e-9
    assert found.objective >= best - 1e-3 * problem.host.size
    assert (found.prices >= 0).all()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 100_000))
def test_deferred_acceptance_leaves_no_blocking_pair(seed):
    """And the optimum's blocking pairs are exactly those of the definition."""
    problem = problem_of(seed)
    stable = stable_match(problem)
    assert keeps_caps(problem, stable)
    assert blocking_pairs(problem, stable).pairs.size == 0
    matched = solve_two_sided(problem).matched
    found = blocking_pairs(problem, matched)
    assert found.pairs.tolist() == [e for e in range(problem.host.size) if blocks(problem, matched, e)]


def blocks(problem, matched, e):
    """Whether a pair would rather have each other, by the definition."""
    if matched[e] or not problem.willing[e] or problem.value[e] <= 0:
        return False
    sides = (
        (problem.seeker, problem.places, problem.seeker_value),
        (problem.host, problem.room, problem.host_value),
    )
    for party, cap, liking in sides:
        most = cap[party[e]]
        mine = np.flatnonzero(matched & (party == party[e]))
        if most == 0 or (mine.size >= most and liking[mine].min() >= liking[e]):
            return False
    return True


def test_refused_pairs_are_not_offered_again():
    """What stands stays, what was refused is out, the free places are matched anew."""
    problem = TwoSidedProblem(
        indptr=np.array([0, 2, 4]), host=np.array([0, 1, 0, 1]), value=np.array([3.0, 2.0, 2.9, 1.0]),
        places=np.array([1, 1]), room=np.array([1, 1]),
    )  # fmt: skip
    first = solve_two_sided(problem)
    assert first.matched.tolist() == [False, True, True, False]
    refused = np.array([False, False, True, False])
    again = solve_two_sided(without(problem, first.matched & ~refused, refused))
    assert not again.matched.any()
    alone = solve_two_sided(without(problem, np.zeros(4, bool), refused))
    assert alone.matched.tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"value": np.array([np.nan])}, "value"),
        ({"host": np.array([3])}, "host"),
        ({"places": np.array([-1])}, "places"),
        ({"room": np.array([-1])}, "room"),
        ({"indptr": np.array([0, 2])}, "indptr"),
        ({"host_value": np.array([1.0, 2.0])}, "host_value"),
    ],
)
def test_wrong_arrays_are_refused_by_name(change, name):
    """The message names the array and the place."""
    good = {
        "indptr": np.array([0, 1]), "host": np.array([0]), "value": np.array([1.0]),
        "places": np.array([1]), "room": np.array([1]),
    }  # fmt: skip
    with pytest.raises(InputError, match=name):
        TwoSidedProblem(**(good | change))
