"""A problem planned in one piece: model, search, whole pieces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planning.evaluate import evaluate
from planning.model import PlanModel, build_model
from planning.params import PlanParams
from planning.polish import POLISH_STARTS, polish
from planning.problem import Floats, Ints, PlanProblem
from planning.rounding import whole_pieces
from planning.runs import broken_runs, mend_runs
from planning.search import search

__all__ = ["Starts", "plan_whole", "relative_gap", "relaxed_bound"]

_PIECE = 1e-6


@dataclass(frozen=True, kw_only=True)
class Starts:
    """What is started.

    Parameters
    ----------
    mode, bucket
        Shape (S,).
    exact, pieces
        Shape (S,): pieces before and after they were made whole.
    bound
        Cost that no plan can beat.
    proven, any_plan
        Whether the search ended before its time was up, and whether it found something.
    shards
        Parts that were planned on their own.
    """

    mode: Ints
    bucket: Ints
    exact: Floats
    pieces: Floats
    bound: float
    proven: bool
    any_plan: bool
    shards: int = 1


def plan_whole(problem: PlanProblem, params: PlanParams) -> Starts:
    """Solve the model and make its pieces whole."""
    model = build_model(problem, params)
    found = search(problem, model, params.solve)
    any_plan = found.values is not None
    exact = np.maximum(found.values[model.start], 0.0) if found.values is not None else np.zeros(len(model.start))
    pieces = _whole(problem, params, model, exact, found.bound)
    made = (exact > _PIECE) | (pieces > 0)
    return Starts(
        mode=model.mode[made],
        bucket=model.bucket[made],
        exact=exact[made],
        pieces=pieces[made],
        bound=found.bound,
        proven=found.proven,
        any_plan=any_plan,
    )


def relaxed_bound(problem: PlanProblem, params: PlanParams) -> float:
    """Return the cost that no plan can beat, lots left out; -inf if time was up before it was found."""
    linear = build_model(problem, params).linear
    relaxed = linear.solve(seconds=params.solve.seconds, gap=params.solve.gap, integer=np.zeros(linear.n_columns))
    return relaxed.bound


def relative_gap(cost: float, bound: float) -> float:
    """Return how far a cost may be from the best, relative to it; 0 if the bound is not below it."""
    return max(0.0, cost - bound) / max(abs(cost), 1e-9)


def _whole(problem: PlanProblem, params: PlanParams, model: PlanModel, exact: Floats, bound: float) -> Floats:
    """Round, and search near the fractional plan where that costs more than the wanted gap or breaks a run."""
    pieces = whole_pieces(problem, model.mode, model.bucket, exact)
    if len(exact) > POLISH_STARTS:
        return mend_runs(problem, model.mode, model.bucket, pieces)
    if np.allclose(pieces, exact, rtol=0, atol=_PIECE):
        return pieces
    outcome = evaluate(problem, params, model.mode, model.bucket, pieces)
    late = bool((outcome.short > _PIECE)[~problem.may_be_late].any())
    close = np.isfinite(bound) and relative_gap(outcome.total_cost, bound) <= params.solve.gap
    if close and not late and not broken_runs(problem, outcome.load).any():
        return pieces
    return polish(problem, params, model, exact, pieces)
