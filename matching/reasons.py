"""Why pieces stayed unserved: one code per order, of the candidate that came nearest.

``outbid``         a candidate with room for it was taken by pieces that gain more there
``full``           a candidate has not the capacity for it, whoever else comes
``no_credit``      the buyer's credit line at a candidate is used up
``not_worth``      every candidate scores below the penalty for leaving the piece unserved
``exposure_cap``   a candidate has room, but a limit on what is served together keeps it (``ceiling``, ``mix_limit``)
``below_minimum``  the orders of a candidate together do not reach its minimum
``no_candidates``  nobody was offered
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matching.bound import net_scores
from matching.ledger import book_of, state_of
from matching.problem import Ints, MatchProblem, MatchResult

__all__ = ["CODES", "LIMIT_CODES", "reasons"]

LIMIT_CODES = ("below_minimum", "mix_limit", "ceiling", "exposure_cap")
CODES = ("no_candidates", "not_worth", "full", "no_credit", "outbid", *LIMIT_CODES)
_NOT_WORTH, _FULL, _NO_CREDIT, _OUTBID = 1, 2, 3, 4


def reasons(
    problem: MatchProblem, result: MatchResult, orders: Ints, *, unsplit: bool = False
) -> npt.NDArray[np.object_]:
    """Return the reason code of each of the orders, which all have unserved pieces.

    Parameters
    ----------
    orders
        int, orders with unserved pieces.
    unsplit
        Whether the match gave whole orders only.
    """
    if not orders.size:
        return np.zeros(0, dtype=object)
    nearest = np.zeros(problem.n_orders, np.int64)
    np.maximum.at(nearest, problem.order, _candidate_codes(problem, result, unsplit=unsplit))
    return np.array(CODES, dtype=object)[nearest[orders]]


def _candidate_codes(problem: MatchProblem, result: MatchResult, *, unsplit: bool) -> Ints:
    """Return int [E], why each candidate takes no more of its order."""
    book = book_of(problem)
    state = state_of(problem, book, result.pieces)
    least = problem.pieces[problem.order] if unsplit else np.ones(problem.n_candidates)
    load, use = book.load * least, book.use * least
    no_room = state.capacity[problem.supplier] < load
    # What the order itself holds there was not taken from it by others.
    without_others = problem.capacity[problem.supplier] - result.pieces * book.load
    bid_away = no_room & (without_others >= load)
    first_come = result.method == "greedy"
    net = net_scores(problem, result.prices, result.line_prices) - (0.0 if result.toll is None else result.toll)
    contested = bid_away & (not first_come) & (net <= -problem.penalties[problem.order] + 1e-9 * np.abs(problem.score))
    code = np.full(problem.n_candidates, _OUTBID)
    code[no_room & ~contested] = _FULL
    code[state.limit[book.line] < use] = _NO_CREDIT
    if result.barred is not None:
        for rank in range(_OUTBID + 1, len(CODES)):
            # More room would not open a lot that is too small.
            code[(result.barred == CODES[rank]) & (~no_room | (CODES[rank] == "below_minimum"))] = rank
        code[(result.barred == "no_credit") & ~no_room] = _NO_CREDIT
    code[problem.score < -problem.penalties[problem.order]] = _NOT_WORTH
    return code
