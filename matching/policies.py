"""How routing products decide, as baselines: one order after another by a fixed rule, prices unknown.

=================  =================================================================================
policy             an order goes to
=================  =================================================================================
``best_score``     the candidate with the highest score that has room
``nearest``        the nearest
``cheapest``       the cheapest
``fewest_splits``  the best one with room for all of it, else those with most room
``priority``       the first on the suppliers' list
``round_robin``    whose turn it is
=================  =================================================================================
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matching.greedy import place
from matching.ledger import book_of, state_of
from matching.problem import Floats, Ints, MatchProblem, only

__all__ = ["RULES", "accepted", "at_prices", "by_rule", "fewest_splits", "key_of"]

RULES = ("best_score", "nearest", "cheapest", "fewest_splits", "priority", "round_robin")


def by_rule(problem: MatchProblem, key: Floats, *, unsplit: bool = False) -> Ints:
    """Return int64 [E], orders served as given, each by the highest key (float [E]) that has room.

    Examples
    --------
    >>> problem = MatchProblem(indptr=np.array([0, 2]), supplier=np.array([0, 1]), score=np.array([0.9, 0.5]),
    ...                        pieces=np.array([10]), capacity=np.array([6, 9]))
    >>> by_rule(problem, np.array([1.0, 2.0])).tolist()
    [1, 9]
    """
    book = book_of(problem, key, unsplit=unsplit)
    state = state_of(problem, book)
    place(np.arange(problem.n_orders), book, state)
    return state.pieces


def accepted(problem: MatchProblem, paid: Floats, margin: float) -> npt.NDArray[np.bool_]:
    """Return bool [E], which candidates an online router takes at what is paid for each (float [E], score per piece).

    An order is refused only where serving it costs others more than ``1 + margin`` times what it gains, as in
    `matching.online_kernel.decide`.
    """
    gain = problem.score + problem.penalties[problem.order]
    taken: npt.NDArray[np.bool_] = (gain >= 0) & (gain - paid >= -margin * gain)
    return taken


def at_prices(problem: MatchProblem, paid: Floats, *, margin: float) -> Ints:
    """Return int64 [E], orders served as given, as an online router at those prices would (see `accepted`)."""
    taken = accepted(problem, paid, margin)
    pieces = np.zeros(problem.n_candidates, np.int64)
    pieces[taken] = by_rule(only(problem, taken), (problem.score - paid)[taken])
    return pieces


def fewest_splits(problem: MatchProblem) -> Ints:
    """Return int64 [E]: each order whole at its best candidate with room for it, else where most room is."""
    whole, parts = book_of(problem, unsplit=True), book_of(problem)
    state = state_of(problem, whole)
    for i in range(problem.n_orders):
        one = np.array([i])
        place(one, whole, state)
        if state.left[i] == 0:
            continue
        rows = slice(int(problem.indptr[i]), int(problem.indptr[i + 1]))
        parts.ranked[rows] = rows.start + np.argsort(-state.capacity[problem.supplier[rows]], kind="stable")
        place(one, parts, state)
    return state.pieces


def key_of(rule: str, problem: MatchProblem, parts: dict[str, Floats]) -> Floats:
    """Return float64 [E], what a rule goes by.

    Parameters
    ----------
    rule
        One of `RULES` but for ``fewest_splits``.
    parts
        float [E] by name: ``distance`` (km or days) for ``nearest``, ``cost`` (per piece) for ``cheapest``.
    """
    if rule == "best_score":
        return problem.score.astype(np.float64)
    if rule == "priority":
        return -problem.supplier.astype(np.float64)
    if rule == "round_robin":
        return -((problem.supplier - problem.order) % problem.n_suppliers).astype(np.float64)
    return -parts["distance" if rule == "nearest" else "cost"]
