"""How the model is solved: directly where it is linear or small, by relax-and-fix where it has many lots."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from planning.linear import NOTHING, LinearSolution
from planning.model import PlanModel
from planning.params import SolveParams
from planning.problem import Floats, PlanProblem

__all__ = ["DIRECT_LOTS", "search"]

DIRECT_LOTS = 1500
"""Up to this many yes-or-no decisions the mixed-integer program is only solved whole."""

_WINDOW_LOTS = 400
_WHOLE_SHARE = 0.6


def search(problem: PlanProblem, model: PlanModel, limits: SolveParams) -> LinearSolution:
    """Minimise the model's cost.

    Without lots this is one linear program. With lots, plans that are on time wherever they must be are searched
    first: without the large price on forbidden lateness the search is several times faster. Only if there is
    none may demand be short. Many lots are searched whole for part of the time, which gives the bound, and are then
    decided window by window along time, the later ones relaxed (relax-and-fix).
    """
    linear = model.linear
    if linear.n_integer == 0:
        return linear.solve(seconds=limits.seconds, gap=limits.gap)
    began = time.monotonic()
    found = NOTHING
    for lower in _wishes(problem, model):
        left = max(limits.seconds - (time.monotonic() - began), 1.0)
        found = _search_lots(problem, model, replace(limits, seconds=left), lower)
        if found.values is not None:
            break
    return found


def _wishes(problem: PlanProblem, model: PlanModel) -> list[Floats]:
    """Lower bounds of the columns from the most that may be asked for to the least.

    On time means that all demand that may not be late is met in its bucket; minimum runs that firm orders begin are
    filled up if that can be done.
    """
    plain, upper = np.concatenate(model.linear.lower), np.concatenate(model.linear.upper)
    met = model.segment[~problem.may_be_late, :, 0]
    on_time = plain.copy()
    on_time[met[met >= 0]] = upper[met[met >= 0]]
    if not len(model.begun_runs):
        return [on_time, plain]
    filled, both = plain.copy(), on_time.copy()
    filled[model.begun_runs] = both[model.begun_runs] = 1.0
    return [both, on_time, filled, plain]


def _search_lots(problem: PlanProblem, model: PlanModel, limits: SolveParams, lower: Floats) -> LinearSolution:
    """Search few lots whole; many whole for part of the time, then window by window, and keep the best of both."""
    began = time.monotonic()
    few = model.linear.n_integer <= DIRECT_LOTS
    seconds = limits.seconds * (1.0 if few else _WHOLE_SHARE)
    whole = model.linear.solve(seconds=seconds, gap=limits.gap, lower=lower)
    if whole.proven or (few and whole.values is not None):
        return whole
    left = max(limits.seconds - (time.monotonic() - began), 1.0)
    fixed = _relax_and_fix(problem, model, replace(limits, seconds=left), lower)
    best = min((whole, fixed), key=lambda found: found.objective if found.values is not None else np.inf)
    bound = max(whole.bound, fixed.bound)
    return replace(best, bound=bound, proven=best.values is not None and _is_close(best.objective, bound, limits.gap))


def _is_close(cost: float, bound: float, gap: float) -> bool:
    return cost - bound <= gap * max(abs(cost), 1.0)


def _relax_and_fix(problem: PlanProblem, model: PlanModel, limits: SolveParams, lower: Floats) -> LinearSolution:
    linear = model.linear
    began = time.monotonic()
    whole = np.concatenate(linear.integer)
    lower, upper = lower.copy(), np.concatenate(linear.upper)
    relaxed = linear.solve(seconds=limits.seconds, gap=limits.gap, integer=np.zeros(len(whole)), lower=lower)
    if relaxed.values is None:
        return relaxed
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
    proven = found.proven and _is_close(found.objective, relaxed.bound, limits.gap)
    return LinearSolution(values=found.values, objective=found.objective, bound=relaxed.bound, proven=proven)


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
