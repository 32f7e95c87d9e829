"""The auction itself: agrees with the min-cost flow, grows its arrays, and runs without numba."""

import subprocess
import sys

import numpy as np
import pytest

from matching.auction import auction
from matching.bound import lagrangian_bound
from matching.flow import min_cost_flow
from matching.problem import MatchParams, MatchProblem, relative_gap
from matching.solve import solve
from simulate.matching_instance import matching_instance


@pytest.fixture(scope="module")
def standard():
    """The standard instance with 3000 orders."""
    made = matching_instance(3000, seed=5)
    return MatchProblem(
        indptr=made.indptr, supplier=made.supplier, score=made.score, pieces=made.pieces, capacity=made.capacity
    )


def test_auction_is_within_its_certified_gap_of_the_optimum(standard):
    """Its bound holds for the exact optimum, and its objective is within the gap of it."""
    result = solve(standard, params=MatchParams(method="auction"))
    best = standard.objective(min_cost_flow(standard).pieces)
    assert result.method == "auction"
    assert result.objective <= best + 1e-6 <= result.upper_bound + 1e-5
    assert result.gap <= 5e-5


def test_auction_keeps_its_own_books(standard):
    """Objective and bound counted inside the loops are those of the allocation and the prices."""
    outcome = auction(standard, epsilon=1e-3, bids_per_order=100)
    assert outcome.objective == pytest.approx(standard.objective(outcome.pieces))
    assert outcome.upper_bound == pytest.approx(lagrangian_bound(standard, outcome.prices))
    taken = np.bincount(standard.supplier, weights=outcome.pieces, minlength=standard.n_suppliers)
    assert (taken <= standard.capacity).all()
    assert (outcome.prices[taken < standard.capacity] == 0).all()


def test_finer_steps_close_the_gap_at_the_price_of_bids(standard):
    """A tenth of the step, less gap, more bids."""
    coarse, fine = (auction(standard, epsilon=step, bids_per_order=1000) for step in (1e-2, 1e-3))
    gaps = [relative_gap(outcome.objective, outcome.upper_bound) for outcome in (coarse, fine)]
    assert gaps[1] < gaps[0]
    assert fine.bids > coarse.bids


def test_arrays_grow_where_orders_split_many_times():
    """Large orders over many tiny suppliers need far more lots and longer heaps than there are orders."""
    rng = np.random.default_rng(0)
    n, m = 20, 400
    problem = MatchProblem(
        indptr=np.arange(n + 1) * m,
        supplier=np.tile(np.arange(m), n),
        score=rng.random(n * m),
        pieces=np.full(n, 400),
        capacity=np.full(m, 22),
    )
    result = solve(problem, params=MatchParams(method="auction", bids_per_order=10_000))
    exact = solve(problem, params=MatchParams(method="exact"))
    assert result.method == "auction"
    assert result.objective == pytest.approx(exact.objective, rel=1e-4)


def test_auto_takes_the_auction_for_large_problems_only(standard):
    """Above `auction_from` candidates the auction, below it the flow; a gap too wide gives way."""
    small = MatchParams(auction_from=standard.n_candidates + 1)
    assert solve(standard, params=small).method == "min_cost_flow"
    assert solve(standard, params=MatchParams(auction_from=0)).method == "auction"
    strict = solve(standard, params=MatchParams(auction_from=0, gap_tolerance=0.0))
    assert strict.method == "min_cost_flow"
    assert "gave way" in strict.notes[0]


def test_auction_runs_without_numba_and_says_so():
    """Without numba the loops are plain Python: the same answer, with a note."""
    code = (
        "import sys\n"
        "sys.modules['numba'] = None\n"
        "import numpy as np\n"
        "from matching.problem import MatchParams, MatchProblem\n"
        "from matching.solve import solve\n"
        "problem = MatchProblem(indptr=np.array([0, 2, 3]), supplier=np.array([0, 1, 0]), pieces=np.array([5, 5]),\n"
        "                       score=np.array([0.9, 0.8, 0.9]), capacity=np.array([5, 10]))\n"
        "result = solve(problem, params=MatchParams(method='auction'))\n"
        "print(result.method, result.pieces.tolist(), result.notes)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("auction [0, 5, 5]")
    assert "numba is not installed" in done.stdout
