"""Why each candidate was taken or not: price, margin, runner-up and one reason code.

========================  ============================================================================
code                      meaning
========================  ============================================================================
``chosen``                serves pieces of the order
``outscored``             another candidate is worth more to this order
``outbid``                its capacity is worth more to other orders
``full``                  it has not the capacity
``no_credit``             the buyer's credit line at it is used up
``exposure_cap`` …        a limit on what is served together (also ``ceiling``, ``mix_limit``)
``below_minimum``         its orders together do not reach its minimum
``not_worth``             its score is below the penalty of leaving the piece unserved
``no_candidates``         nobody offers the good
``out_of_territory`` …    hard limits found with the candidates (also ``exclusive``, ``no_delivery``,
                          ``below_minimum``, ``late``, ``over_price``, ``unqualified``)
========================  ============================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.jit import compiled
from matching.bound import net_scores
from matching.ledger import book_of, state_of
from matching.problem import Floats, Ints, MatchProblem, MatchResult

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Per candidate.

    Parameters
    ----------
    reason
        object [E], a code of the table above.
    price
        float64 [E], score that its supplier's capacity is worth per piece.
    net
        float64 [E], score less price.
    runner_up
        int64 [E], the best other candidate of the same order, -1 for none.
    margin
        float64 [E], net less that of the runner-up (or of staying unserved).
    """

    reason: npt.NDArray[np.object_]
    price: Floats
    net: Floats
    runner_up: Ints
    margin: Floats


def explain(problem: MatchProblem, result: MatchResult, *, unsplit: bool = False) -> Explanation:
    """Explain every candidate of a solved problem; `unsplit` says whether orders were matched whole."""
    net = net_scores(problem, result.prices, result.line_prices)
    if result.toll is not None:
        net = net - result.toll
    runner_up, runner_net = _runners_up(problem, net)
    return Explanation(
        reason=_reasons(problem, result, unsplit=unsplit),
        price=problem.score - net,
        net=net,
        runner_up=runner_up,
        margin=net - runner_net,
    )


def _runners_up(problem: MatchProblem, net: Floats) -> tuple[Ints, Floats]:
    """Return each candidate's best rival within its order, and the rival's net score."""
    rival = _rivals(problem.indptr.astype(np.int64), net)
    unserved = -problem.penalties[problem.order]
    return rival, np.where(rival >= 0, np.maximum(net[rival], unserved), unserved)


@compiled
def _rivals(indptr: Ints, net: Floats) -> Ints:
    """Return the best other candidate of each one's order, of equal ones the first; -1 for none."""
    rival = np.empty(len(net), np.int64)
    for i in range(len(indptr) - 1):
        best, second = -1, -1
        for row in range(indptr[i], indptr[i + 1]):
            if best < 0 or net[row] > net[best]:
                best, second = row, best
            elif second < 0 or net[row] > net[second]:
                second = row
        for row in range(indptr[i], indptr[i + 1]):
            rival[row] = second if row == best else best
    return rival


def _reasons(problem: MatchProblem, result: MatchResult, *, unsplit: bool) -> npt.NDArray[np.object_]:
    book = book_of(problem)
    state = state_of(problem, book, result.pieces)
    chosen = result.pieces > 0
    score = problem.score.astype(np.float64)
    # What the order has now: its worst served pieces, or being unserved.
    has = np.full(problem.n_orders, np.inf)
    np.minimum.at(has, problem.order[chosen], score[chosen])
    has = np.where(result.unserved > 0, -problem.penalties, has)
    preferred = score > has[problem.order] + 1e-12
    least = book.load * problem.pieces[problem.order] if unsplit else book.load
    no_room = state.capacity[problem.supplier] < least
    no_line = state.limit[book.line] < book.use * (problem.pieces[problem.order] if unsplit else 1)
    worth = score >= -problem.penalties[problem.order]
    codes = np.full(problem.n_candidates, "outscored", dtype=object)
    codes[preferred] = "outbid"
    codes[preferred & no_room & (problem.capacity[problem.supplier] < least)] = "full"
    codes[preferred & no_room & (result.method == "greedy")] = "full"
    codes[preferred & no_line] = "no_credit"
    if result.barred is not None:
        held = preferred & (result.barred != "") & (~no_room | (result.barred == "below_minimum"))
        codes[held] = result.barred[held]
    codes[~worth] = "not_worth"
    codes[chosen] = "chosen"
    return codes
