"""Level-loaded planning: problem and parameters in, whole-piece starts with cost, bound and reasons out."""

from __future__ import annotations

import time
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planning.evaluate import Outcome, evaluate
from planning.hours import explain_hours
from planning.model import forbidden_late_price
from planning.params import PlanParams
from planning.problem import Ints, PlanProblem, Reason
from planning.reasons import explain_starts
from planning.shards import needs_shards, plan_shards
from planning.shortages import explain_shortage
from planning.starts import allowed_starts
from planning.whole import Starts, plan_whole, relative_gap

__all__ = ["PlanResult", "result_of", "solve"]

_UNPLANNABLE = {"no_route", "firm_overload"}
_SHORT = 1e-3  # pieces


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
        Cost that no plan can beat, of what can be made; None if it is unknown, or something is late that could be made
        and may not be late.
    gap
        (cost - bound) / cost; None without a bound.
    hours_why
        Shape (R, T): why a resource's hours are idle or overtime in a bucket, '' where it is just full.
    reasons
        What could not be planned as asked, by name.
    shards
        Parts that were planned on their own; 1 = the whole at once.
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
    hours_why: NDArray[np.object_]
    reasons: tuple[Reason, ...]
    shards: int
    seconds: float


def solve(
    problem: PlanProblem, *, params: PlanParams | None = None, seed: int = 0, executor: Executor | None = None
) -> PlanResult:
    """Plan the cheapest level-loaded production.

    Parameters
    ----------
    problem
        From `planning.build.problem_from_tables`, or made by hand.
    params
        Weights, horizon and limits.
    seed
        Taken for the sake of one signature everywhere; the search is deterministic.
    executor
        Where the parts of a large problem are planned; None = here, one after the other. The plan is the same.
    """
    del seed
    params = params or PlanParams()
    began = time.perf_counter()
    parts = needs_shards(problem, params)
    starts = plan_shards(problem, params, executor) if parts else plan_whole(problem, params)
    return result_of(problem, params, starts, began)


def result_of(problem: PlanProblem, params: PlanParams, starts: Starts, began: float) -> PlanResult:
    """Count what starts cost and do, and say why they are where they are; `began` is the clock at the beginning."""
    made = starts.pieces > 0
    mode, bucket, pieces = starts.mode[made], starts.bucket[made], starts.pieces[made]
    outcome = evaluate(problem, params, mode, bucket, pieces)
    exact = evaluate(problem, params, starts.mode, starts.bucket, starts.exact)
    reasons, feasible = _reasons(problem, outcome, exact)
    lowest = _bound(problem, params, starts.bound, exact)
    bound = min(lowest, outcome.total_cost) if np.isfinite(lowest) else None
    gap = None if bound is None else relative_gap(outcome.total_cost, bound)
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
        hours_why=explain_hours(problem, outcome),
        reasons=reasons if starts.proven else (*reasons, _out_of_time(params, any_plan=starts.any_plan)),
        shards=starts.shards,
        seconds=time.perf_counter() - began,
    )


def _bound(problem: PlanProblem, params: PlanParams, bound: float, exact: Outcome) -> float:
    """Return what no plan can beat, -inf if that is not known: without the price of lateness that is forbidden.

    Items that nobody can make are as late in every plan. Where others are late that may not be, the price decided how
    late, and what the rest would cost without it is not known.
    """
    makeable = np.isin(np.arange(problem.shape[0]), problem.modes.item[allowed_starts(problem).any(axis=1)])
    forbidden = ~problem.may_be_late
    if (exact.short > _SHORT)[forbidden & makeable].any():
        return -np.inf
    late = float(exact.late[forbidden & ~makeable].sum())
    return bound - forbidden_late_price(problem, params.weights) * late if late > 0 else bound


def _reasons(problem: PlanProblem, outcome: Outcome, exact: Outcome) -> tuple[tuple[Reason, ...], bool]:
    """Collect reasons; whether all that must be on time is, judged before pieces were made whole."""
    forbidden = ~problem.may_be_late
    short = exact.short > _SHORT
    named = {r.item for r in problem.notes if r.code in _UNPLANNABLE and r.item is not None}
    whole, rounded = [], []
    for r in explain_shortage(problem, outcome):
        if r.item is None or (r.item not in named and short[np.searchsorted(problem.items, r.item)]):
            whole.append(r)
        elif r.item not in named:
            detail = f"item {r.item}: whole pieces leave {r.pieces:.3g} open"
            rounded.append(Reason("rounding", detail, item=r.item, pieces=r.pieces))
    kept = whole + rounded
    reasons = (*problem.notes, *kept)
    feasible = not (short & forbidden).any() and not any(r.code in _UNPLANNABLE for r in reasons)
    return reasons, feasible


def _out_of_time(params: PlanParams, *, any_plan: bool) -> Reason:
    end = "the best plan found is given" if any_plan else "no plan was found"
    return Reason("time", f"the search stopped after {params.solve.seconds:g} s before it was done: {end}")
