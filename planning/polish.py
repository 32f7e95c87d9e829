"""Whole pieces searched near the fractional plan, where rounding piece by piece costs something or breaks a rule."""

from __future__ import annotations

import numpy as np

from planning.evaluate import evaluate
from planning.model import PlanModel
from planning.params import PlanParams
from planning.problem import Floats, PlanProblem
from planning.runs import broken_runs

__all__ = ["POLISH_STARTS", "polish"]

POLISH_STARTS = 400
"""Up to this many possible starts whole pieces are searched; above, they are only rounded."""

_NODES = 20
_REACH = 1.0
_PIECE = 1e-6


def polish(problem: PlanProblem, params: PlanParams, model: PlanModel, exact: Floats, rounded: Floats) -> Floats:
    """Return the better of the rounded plan and the best whole plan found near the fractional one.

    No start is opened for less than a piece of the fractional plan, however little it would save: a factory cannot live
    on orders of one piece. Only where that makes a piece late that may not be, or a run too short, any may be.

    Parameters
    ----------
    exact, rounded
        Shape (S,): pieces of each possible start before and after rounding.
    """

    def score(pieces: Floats) -> tuple[float, float]:
        return _score(problem, params, model, pieces)

    worth = exact > 1 - _PIECE
    found = [*_nearby(params, model, exact, worth), *([] if (rounded[~worth] > 0).any() else [rounded])]
    if not found or min(map(score, found))[0] > _PIECE:
        found += [rounded, *_nearby(params, model, exact, np.ones(len(exact), bool))]
    return min(found, key=score)


def _nearby(params: PlanParams, model: PlanModel, exact: Floats, started: np.ndarray) -> list[Floats]:
    """Search whole pieces within a piece of the fractional ones, where starts are allowed; none if there are none."""
    linear = model.linear
    lower, upper = np.concatenate(linear.lower), np.concatenate(linear.upper)
    whole = np.concatenate(linear.integer).copy()
    whole[model.start] = 1.0
    lower[model.start] = np.maximum(np.floor(exact + 1e-9) - _REACH, 0.0)
    upper[model.start] = np.where(started, np.ceil(exact - 1e-9) + _REACH, 0.0)
    limits = params.solve
    found = linear.solve(seconds=limits.seconds, gap=limits.gap, integer=whole, lower=lower, upper=upper, nodes=_NODES)
    return [] if found.values is None else [np.rint(found.values[model.start])]


def _score(problem: PlanProblem, params: PlanParams, model: PlanModel, pieces: Floats) -> tuple[float, float]:
    """Return how much is wrong (runs too short, pieces late that may not be), and the cost."""
    outcome = evaluate(problem, params, model.mode, model.bucket, pieces)
    late = outcome.late[~problem.may_be_late].sum()
    return round(float(broken_runs(problem, outcome.load).sum() + late), 6), outcome.total_cost
