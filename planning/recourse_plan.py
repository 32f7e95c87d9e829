"""A production plan that counts on being revised, from a forecast and the runs before it."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from planning.forecasts import Forecasts
from planning.params import PlanParams, RecourseParams
from planning.plan import PlanResult, result_of
from planning.problem import Floats, PlanProblem
from planning.recourse import RecoursePlan, plan_with_recourse
from planning.recourse_history import history_of
from planning.recourse_outlook import Outlook, outlook
from planning.recourse_tree import Branches, Quantiles, branch
from planning.rounding import whole_pieces
from planning.whole import Starts, relaxed_bound

__all__ = ["branches_of", "planning_params", "solve_revisable", "weighted", "where_late"]

_PIECE = 1e-6
_WORTH = (0.1, 10.0)  # worth, by the mean, beyond which a piece's own no longer counts


def solve_revisable(
    problem: PlanProblem, forecasts: Forecasts, sold: Floats, *, now: int, params: PlanParams
) -> tuple[PlanResult, RecoursePlan]:
    """Plan for what may be learnt later; starts after an item's next update are averages over what it may say.

    The result's cost and bound are those of plans that are carried out as they are now; the plan over branches comes
    with its own.

    Parameters
    ----------
    problem
        Without lots, minimum runs and components (`planning.recourse.can_branch`); its paths of demand are the
        quantiles at the forecasts' levels.
    forecasts
        Runs made until now, buckets counted along an axis on which the problem's first one is `now`.
    sold
        Shape (P, buckets of the axis): pieces demanded in past buckets; NaN = not known.
    """
    began = time.perf_counter()
    quantiles = Quantiles(pieces=problem.demand.pieces, levels=forecasts.levels)
    known = outlook(history_of(forecasts, sold), now, problem.shape[2], prior_items=params.recourse.prior_items)
    branches = branches_of(quantiles, where_late(_as_stated(known, problem), problem), params)
    terms = planning_params(params, params.horizon.slushy)
    terms = replace(terms, weights=replace(terms.weights, plan_change=params.weights.plan_change))
    found = plan_with_recourse(weighted(problem, params.recourse), branches, terms)
    mode, bucket = np.nonzero(found.pieces > _PIECE)
    exact = found.pieces[mode, bucket]
    starts = Starts(
        mode=mode,
        bucket=bucket,
        exact=exact,
        pieces=whole_pieces(problem, mode, bucket, exact),
        bound=relaxed_bound(problem, params),
        proven=True,
        any_plan=True,
    )
    return result_of(problem, params, starts, began), found


def _as_stated(known: Outlook, problem: PlanProblem) -> Outlook:
    """Let what no run has forecast be as uncertain as its quantiles say, until the end."""
    pieces = problem.demand.pieces
    own = (known.stated == 0) & (pieces[:, -1] > pieces[:, 0]).any(axis=1)
    return replace(known, stated=np.where(own, 1.0, known.stated), spread=np.where(own[:, None], 1.0, known.spread))


def branches_of(quantiles: Quantiles, expected: Outlook, params: PlanParams) -> Branches:
    """Branch as `[recourse]` says."""
    r = params.recourse
    return branch(
        quantiles,
        expected,
        firm=params.horizon.firm,
        own=(r.branches,),
        market=r.market_branches,
        n_paths=r.paths,
    )


def where_late(expected: Outlook, problem: PlanProblem) -> Outlook:
    """Let the level of items that may not be late be known: without a price for it their median is planned."""
    late = problem.may_be_late
    return replace(
        expected,
        stated=np.where(late, expected.stated, 0.0),
        spread=np.where(late[:, None], expected.spread, 0.0),
        factor=np.where(late, expected.factor, 1.0),
    )


def weighted(problem: PlanProblem, recourse: RecourseParams) -> PlanProblem:
    """Return the problem with late, lost and left pieces weighed as the plan is to weigh them."""
    alike = _worth_share(problem.lost_cost) ** -recourse.late_by_piece
    near = problem.last < recourse.lost_buckets
    return problem.replace(
        leftover_cost=problem.leftover_cost * recourse.leftover_factor,
        backlog_cost=problem.backlog_cost * recourse.late_factor * alike,
        lost_cost=problem.lost_cost * recourse.lost_factor * near,
    )


def _worth_share(lost_cost: Floats) -> Floats:
    """Return what losing a piece costs, by the mean over the items that have a price for it; 1 for the others."""
    priced = lost_cost > 0
    if not priced.any():
        return np.ones(len(lost_cost))
    return np.where(priced, np.clip(lost_cost / lost_cost[priced].mean(), *_WORTH), 1.0)


def planning_params(params: PlanParams, change_buckets: int) -> PlanParams:
    """Return the parameters with hours weighed as the plan is to weigh them, changes charged over some buckets."""
    r, w = params.recourse, params.weights
    weights = replace(
        w,
        idle=w.idle * r.idle_factor,
        overtime=w.overtime * r.overtime_factor,
        load_change=w.load_change * r.load_change_factor,
        plan_change=r.plan_change,
    )
    return replace(params, weights=weights, horizon=replace(params.horizon, slushy=change_buckets))
