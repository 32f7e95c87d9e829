"""Guaranteed shares: how much each supplier must get so that neither side comes first."""

from __future__ import annotations

import numpy as np

from matching.problem import Floats, Ints, MatchProblem
from matching.sums import sum_by

__all__ = ["eligible_load", "floor_targets", "missed_units", "relaxed_floors", "served_load"]


def eligible_load(problem: MatchProblem) -> Floats:
    """Return float64 [M], the load that each supplier would have if it served all orders that list it."""
    load = 1.0 if problem.load is None else problem.load
    return sum_by(problem.supplier, problem.pieces[problem.order] * load, problem.n_suppliers)


def floor_targets(problem: MatchProblem, share: float) -> Floats:
    """Return float64 [M], ``share · capacity · min(1, demand / total capacity)``, at most the eligible load.

    Rounded down to whole pieces (of the heaviest load that the supplier's candidates have): what no whole pieces can
    reach exactly is not asked for, so that a share below one piece asks nothing.

    Where a piece takes different loads at different suppliers, an order's demand is its pieces times the mean load
    over its candidates.

    Examples
    --------
    >>> problem = MatchProblem(indptr=np.array([0, 2]), supplier=np.array([0, 1]), score=np.array([0.9, 0.5]),
    ...                        pieces=np.array([10]), capacity=np.array([10, 10]))
    >>> floor_targets(problem, 0.5).tolist()
    [2.0, 2.0]
    """
    demand = float(problem.demand)
    if problem.load is not None:
        counts = np.diff(problem.indptr)
        sums = sum_by(problem.order, problem.load, problem.n_orders)
        demand = float(np.dot(sums / np.maximum(counts, 1), problem.pieces))
    total = float(problem.capacity.sum())
    ratio = min(1.0, demand / total) if total > 0 else 0.0
    shares = np.minimum(share * problem.capacity * ratio, eligible_load(problem))
    heaviest = np.ones(problem.n_suppliers)
    if problem.load is not None:
        heaviest = np.zeros(problem.n_suppliers)
        np.maximum.at(heaviest, problem.supplier, problem.load)
    pieces = np.floor(shares / np.where(heaviest > 0, heaviest, 1.0) + 1e-9)
    floors: Floats = pieces * heaviest
    return floors


def served_load(problem: MatchProblem, pieces: Ints) -> Floats:
    """Return float64 [M], the load that an allocation (int [E]) gives each supplier."""
    used = np.flatnonzero(pieces)
    load = 1.0 if problem.load is None else problem.load[used]
    return sum_by(problem.supplier[used], pieces[used] * load, problem.n_suppliers)


def missed_units(problem: MatchProblem, pieces: Ints, floors: Floats | Ints | None) -> float:
    """Return the units of the floors that an allocation misses in all."""
    return 0.0 if floors is None else float(np.maximum(floors - served_load(problem, pieces), 0.0).sum())


def relaxed_floors(problem: MatchProblem, pieces: Ints, floors: Floats | None) -> tuple[tuple[int, float, float], ...]:
    """Return (supplier, floor, reached) of each floor that an allocation misses."""
    if floors is None:
        return ()
    reached = served_load(problem, pieces)
    short = np.flatnonzero(reached < floors - 1e-6)
    return tuple((int(j), float(floors[j]), float(reached[j])) for j in short)
