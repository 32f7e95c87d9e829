"""How the model is solved: directly where it is linear or small, by relax-and-fix where it has many lots."""

from __future__ import annotations

import time

import numpy as np

from planning.linear import LinearSolution
from planning.model import PlanModel
from planning.params import SolveParams
from planning.problem import Floats, PlanProblem

__all__ = ["DIRECT_LOTS", "search"]

DIRECT_LOTS = 1500
"""Up to this many yes-or-no decisions the mixed-integer program is solved whole."""

_WINDOW_LOTS = 400


def search(problem: PlanProblem, model: PlanModel, limits: SolveParams) -> LinearSolution:
    """Minimise the model's cost.

    Without lots this is one linear program. Many lots are decided window by window along time, the later ones
    relaxed (relax-and-fix); the bound is then that of the linear relaxation.
    """
    linear = model.linear
    if linear.n_integer <= DIRECT_LOTS:
        found = linear.solve(seconds=limits.seconds, gap=limits.gap)
        if found.values is not None or linear.n_integer == 0:
            return found
    return _relax_and_fix(problem, model, limits)


def _relax_and_fix(problem: PlanProblem, model: PlanModel, limits: SolveParams) -> LinearSolution:
    linear = model.linear
    began = time.monotonic()
    whole = np.concatenate(linear.integer)
    lower, upper = np.concatenate(linear.lower), np.concatenate(linear.upper)
    relaxed = linear.solve(seconds=limits.seconds, gap=limits.gap, integer=np.zeros(len(whole)))
    stage = _stage_of_columns(problem, model)
    last = int(stage.max(initial=0))
    found = relaxed
    for window in range(last + 1):
        left = limits.seconds - (time.monotonic() - began)
        now = np.where((stage >= 0) & (stage <= window), whole, 0.0)
        seconds = max(left / (last + 1 - window), 0.5)
        found = linear.solve(seconds=seconds, gap=limits.gap, integer=now, lower=lower, upper=upper)
        if found.values is None:
            break
        decided = (stage == window) & (whole > 0)
        lower[decided] = upper[decided] = np.rint(found.values[decided])
    gap = (found.objective - relaxed.bound) / max(abs(found.objective), 1.0)
    return LinearSolution(
        values=found.values, objective=found.objective, bound=relaxed.bound, proven=found.proven and gap <= limits.gap
    )


def _stage_of_columns(problem: PlanProblem, model: PlanModel) -> Floats:
    """Window along time in which each integer column is decided; -1 for the others."""
    lots = model.lot >= 0
    per_bucket = np.bincount(model.bucket[lots], minlength=problem.shape[2])
    window = (np.cumsum(per_bucket) - per_bucket) // _WINDOW_LOTS
    window = np.unique(window, return_inverse=True)[1]
    stage = np.full(model.linear.n_columns, -1.0)
    stage[model.lot[lots]] = window[model.bucket[lots]]
    counted = model.whole_pieces >= 0
    stage[model.whole_pieces[counted]] = window[model.bucket[counted]]
    other = (np.concatenate(model.linear.integer) > 0) & (stage < 0)
    stage[other] = window.max(initial=0)
    return stage
