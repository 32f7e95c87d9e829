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


def polish(problem: PlanProblem, params: PlanParams, model: PlanModel, exact: Floats, rounded: Floats) -> Floats:
    """Return the better of the rounded plan and the best whole plan found near the fractional one.

    Parameters
    ----------
    exact, rounded
        Shape (S,): pieces of each possible start before and after rounding.
    """
    linear = model.linear
    lower, upper = np.concatenate(linear.lower), np.concatenate(linear.upper)
    whole = np.concatenate(linear.integer).copy()
    whole[model.start] = 1.0
    lower[model.start] = np.maximum(np.floor(exact + 1e-9) - _REACH, 0.0)
    upper[model.start] = np.ceil(exact - 1e-9) + _REACH
    limits = params.solve
    found = linear.solve(seconds=limits.seconds, gap=limits.gap, integer=whole, lower=lower, upper=upper, nodes=_NODES)
    if found.values is None:
        return rounded
    other = np.rint(found.values[model.start])
    return min((rounded, other), key=lambda pieces: _score(problem, params, model, pieces))


def _score(problem: PlanProblem, params: PlanParams, model: PlanModel, pieces: Floats) -> tuple[bool, float]:
    outcome = evaluate(problem, params, model.mode, model.bucket, pieces)
    late = float(outcome.late[~problem.may_be_late].sum())
    return bool(broken_runs(problem, outcome.load).any()), outcome.total_cost + model.late_price * late
