"""Who could say that another was preferred to it: suppliers that got less of their share, and what evening out costs.

A supplier's due is its capacity-proportional part of the demand (as in `matching.floors`). It envies another over
pieces that it lists, too, and that the other serves while having got more of its own due. Giving those pieces to it
costs the difference in score; the cheapest ones up to its due are what evening it out alone would cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.floors import floor_targets
from matching.problem import Floats, Ints, MatchProblem
from matching.sums import sum_by

__all__ = ["Envy", "envy"]


@dataclass(frozen=True, kw_only=True)
class Envy:
    """Per supplier, in units of load (pieces for `envied`).

    Parameters
    ----------
    due, received
        float64 [M], the proportional part of the demand, and what the match gives.
    envied
        float64 [M], pieces that it lists and that somebody with more of its own due serves.
    cost
        float64 [M], score that bringing it to its due from those pieces would lose, the cheapest first; never below
        zero per piece in an optimal match with room left.
    """

    due: Floats
    received: Floats
    envied: Floats
    cost: Floats


def envy(problem: MatchProblem, pieces: Ints) -> Envy:
    """Return the envy report of an allocation (int [E]).

    Examples
    --------
    >>> problem = MatchProblem(indptr=np.array([0, 2]), supplier=np.array([0, 1]), score=np.array([0.9, 0.5]),
    ...                        pieces=np.array([10]), capacity=np.array([10, 10]))
    >>> found = envy(problem, np.array([10, 0]))
    >>> found.due.tolist(), found.envied.tolist(), found.cost.round(9).tolist()
    ([5.0, 5.0], [0.0, 10.0], [0.0, 2.0])
    """
    load = np.ones(problem.n_candidates) if problem.load is None else problem.load.astype(np.float64)
    due = floor_targets(problem, 1.0)
    received = sum_by(problem.supplier, pieces * load, problem.n_suppliers)
    got = np.divide(received, due, out=np.ones(due.size), where=due > 0)
    served, other = _rivals(problem, pieces)
    lacking = got[problem.supplier[other]] < got[problem.supplier[served]] - 1e-9
    served, other = served[lacking], other[lacking]
    amount = pieces[served].astype(np.float64)
    envier = problem.supplier[other]
    lost = problem.score[served].astype(np.float64) - problem.score[other]
    return Envy(
        due=due,
        received=received,
        envied=sum_by(envier, amount, problem.n_suppliers),
        cost=_cheapest(envier, amount, lost, load[other], np.maximum(due - received, 0.0)),
    )


def _rivals(problem: MatchProblem, pieces: Ints) -> tuple[Ints, Ints]:
    """Return each candidate that serves pieces beside each other candidate of its order."""
    used = np.flatnonzero(pieces)
    order = problem.order[used]
    counts = np.diff(problem.indptr)[order]
    served = np.repeat(used, counts)
    ends = np.cumsum(counts)
    other = np.arange(served.size) - np.repeat(ends - counts, counts) + np.repeat(problem.indptr[order], counts)
    apart = served != other
    return served[apart], other[apart]


def _cheapest(envier: Ints, amount: Floats, lost: Floats, load: Floats, short: Floats) -> Floats:
    """Return what filling each supplier's shortfall from the pieces it envies costs, the cheapest first."""
    ranked = np.lexsort((lost, envier))
    envier, amount, lost, load = envier[ranked], amount[ranked], lost[ranked], load[ranked]
    units = amount * load
    total = np.cumsum(units)
    first = np.searchsorted(envier, np.arange(short.size))
    before = total - units - np.append(0.0, total)[first][envier]
    taken = np.clip(short[envier] - before, 0.0, units)
    return sum_by(envier, taken / load * lost, short.size)
