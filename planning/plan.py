"""Level-loaded planning: problem and parameters in, whole-piece starts with cost, bound and reasons out."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from planning.evaluate import Outcome, evaluate
from planning.model import PlanModel, build_model
from planning.params import PlanParams
from planning.polish import POLISH_STARTS, breaks_runs, polish
from planning.problem import Floats, Ints, PlanProblem, Reason
from planning.reasons import explain_shortage, explain_starts
from planning.rounding import whole_pieces
from planning.search import search

__all__ = ["PlanResult", "solve"]

_PIECE = 1e-6
_UNPLANNABLE = {"no_route", "firm_overload"}


@dataclass(frozen=True, kw_only=True)
class PlanResult:
    """A plan.

    Parameters
    ----------
    mode, bucket, pieces, why
        The starts: which mode, in which bucket, how many whole pieces, and the binding reason.
    outcome
        Loads, stocks, lateness and cost that follow.
    status
        ``optimal`` (the cost in whole pieces is within the wanted gap of the bound), ``feasible`` (it is not, or time
        was up) or ``infeasible`` (something that must be on time is not; the rest is planned).
    bound
        Cost that no plan can beat; None if infeasible or unknown.
    gap
        (cost - bound) / cost; None without a bound.
    reasons
        What could not be planned as asked, by name.
    seconds
        Wall time of the solve.
    """

    mode: Ints
    bucket: Ints
    pieces: Ints
    why: list[str]
    outcome: Outcome
    status: str
    bound: float | None
    gap: float | None
    reasons: tuple[Reason, ...]
    seconds: float


def solve(problem: PlanProblem, *, params: PlanParams | None = None, seed: int = 0) -> PlanResult:
    """Plan the cheapest level-loaded production.

    Parameters
    ----------
    problem
        From `planning.build.problem_from_tables`, or made by hand.
    params
        Weights, horizon and limits.
    seed
        Taken for the sake of one signature everywhere; the search is deterministic.
    """
    del seed
    params = params or PlanParams()
    began = time.perf_counter()
    model = build_model(problem, params)
    found = search(problem, model, params.solve)
    exact = np.maximum(found.values[model.start], 0.0) if found.values is not None else np.zeros(len(model.start))
    pieces = _whole(problem, params, model, exact, found.bound)
    made = pieces > 0
    mode, bucket, pieces = model.mode[made], model.bucket[made], pieces[made]
    outcome = evaluate(problem, params, mode, bucket, pieces)
    reasons, feasible = _reasons(problem, params, model, exact, outcome)
    bound = min(found.bound, outcome.total_cost) if feasible and np.isfinite(found.bound) else None
    gap = _gap(outcome.total_cost, bound)
    proven = gap is not None and gap <= params.solve.gap
    return PlanResult(
        mode=mode,
        bucket=bucket,
        pieces=np.rint(pieces).astype(np.int64),
        why=explain_starts(problem, outcome.load, mode, bucket, pieces),
        outcome=outcome,
        status=("optimal" if proven else "feasible") if feasible else "infeasible",
        bound=bound,
        gap=gap,
        reasons=reasons if found.proven else (*reasons, _out_of_time(params, any_plan=found.values is not None)),
        seconds=time.perf_counter() - began,
    )


def _whole(problem: PlanProblem, params: PlanParams, model: PlanModel, exact: Floats, bound: float) -> Floats:
    """Round, and search near the fractional plan where that costs more than the wanted gap or breaks a run."""
    pieces = whole_pieces(problem, model.mode, model.bucket, exact)
    if len(exact) > POLISH_STARTS or np.allclose(pieces, exact, rtol=0, atol=_PIECE):
        return pieces
    outcome = evaluate(problem, params, model.mode, model.bucket, pieces)
    late = bool((outcome.short > _PIECE)[~problem.may_be_late].any())
    close = np.isfinite(bound) and (_gap(outcome.total_cost, bound) or 0.0) <= params.solve.gap
    if close and not late and not breaks_runs(problem, outcome):
        return pieces
    return polish(problem, params, model, exact, pieces)


def _reasons(
    problem: PlanProblem, params: PlanParams, model: PlanModel, exact: Floats, outcome: Outcome
) -> tuple[tuple[Reason, ...], bool]:
    """Collect reasons; whether all that must be on time is, judged before pieces were made whole."""
    before = evaluate(problem, params, model.mode, model.bucket, np.where(exact > _PIECE, exact, 0.0))
    forbidden = ~problem.may_be_late
    found = explain_shortage(problem, outcome)
    short = before.short > 1e-3
    rounded = [r for r in found if r.item is not None and not short[np.searchsorted(problem.items, r.item)]]
    kept = [r for r in found if r not in rounded]
    kept += [
        Reason("rounding", f"item {r.item}: whole pieces leave {r.pieces:.3g} open", item=r.item, pieces=r.pieces)
        for r in rounded
    ]
    named = {r.item for r in problem.notes if r.code in _UNPLANNABLE}
    kept = [r for r in kept if r.item is None or r.item not in named]
    reasons = (*problem.notes, *kept)
    feasible = not (short & forbidden).any() and not any(r.code in _UNPLANNABLE for r in reasons)
    return reasons, feasible


def _gap(cost: float, bound: float | None) -> float | None:
    return None if bound is None else max(0.0, cost - bound) / max(abs(cost), 1e-9)


def _out_of_time(params: PlanParams, *, any_plan: bool) -> Reason:
    end = "the best plan found is given" if any_plan else "no plan was found"
    return Reason("time", f"the search stopped after {params.solve.seconds:g} s before it was done: {end}")
