"""From prices to a feasible allocation in whole pieces or whole orders: place, then improve by moves.

For problems that are too large for a mixed-integer program. What the relaxation left whole stays; the rest is placed
by net score (score less prices), the orders that lose most by waiting first; then moves and ejections follow (see
`matching.moves`) as long as they gain.
"""

from __future__ import annotations

import numpy as np

from matching.bound import net_scores
from matching.greedy import place
from matching.ledger import book_of, state_of, trimmed
from matching.moves import eject, fill_floors, improve
from matching.problem import Floats, Ints, MatchProblem
from matching.sums import sum_by

__all__ = ["ROUNDS", "priced_allocation"]

ROUNDS = 30
_LOOKS, _LOOKS_PER_CANDIDATE = 30_000_000, 5


def priced_allocation(
    problem: MatchProblem,
    prices: Floats,
    line_prices: Floats,
    *,
    start: Floats | None = None,
    unsplit: bool = False,
    floors: Floats | None = None,
    rounds: int = ROUNDS,
) -> Ints:
    """Return int64 [E], a feasible allocation near the one the prices describe.

    Parameters
    ----------
    start
        float [E], pieces of a relaxed solution, feasible but for being fractional or split.
    floors
        float [M], units of load each supplier should get; filled last, as far as moves reach.
    rounds
        Most rounds of moves and ejections, >= 0.
    """
    net = net_scores(problem, prices, line_prices)
    book = book_of(problem, net, unsplit=unsplit)
    kept = None if start is None else _kept(problem, start, unsplit=unsplit)
    state = state_of(problem, book, kept, floors)
    place(_most_urgent_first(problem, net), book, state)
    looks = max(_LOOKS, _LOOKS_PER_CANDIDATE * problem.n_candidates)
    for _ in range(rounds):
        made, looks = eject(_most_regret_first(problem, net, state.pieces), book, state, looks)
        if made + improve(book, state) == 0:
            break
    if floors is not None:
        fill_floors(book, state)
    return state.pieces


def _kept(problem: MatchProblem, start: Floats, *, unsplit: bool) -> Ints:
    whole: Ints = np.floor(start + 1e-6).astype(np.int64)
    if unsplit:
        whole[whole != problem.pieces[problem.order]] = 0
    return trimmed(problem, whole, unsplit=unsplit)


def _most_urgent_first(problem: MatchProblem, net: Floats) -> Ints:
    """Return the orders by what all their pieces lose if the best candidate is gone, the greatest loss first."""
    best = np.full(problem.n_orders, -np.inf)
    np.maximum.at(best, problem.order, net)
    others = np.where(net >= best[problem.order], -np.inf, net)
    second = -problem.penalties
    np.maximum.at(second, problem.order, others)
    loss = np.where(np.isfinite(best), best - second, 0.0) * problem.pieces
    return np.argsort(-loss, kind="stable")


def _most_regret_first(problem: MatchProblem, net: Floats, pieces: Ints) -> Ints:
    """Return the orders that are not where their net score is highest, those who lose most by it first."""
    unserved = -problem.penalties
    best = unserved.copy()
    np.maximum.at(best, problem.order, net)
    got = sum_by(problem.order, net * pieces, problem.n_orders) + unserved * problem.unserved(pieces)
    regret = best * problem.pieces - got
    some = np.flatnonzero(regret > 1e-9 * np.maximum(1.0, np.abs(got)))
    return some[np.argsort(-regret[some], kind="stable")]
