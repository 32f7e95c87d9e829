"""Forecasts and capacity → level-loaded production orders, from tables in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import TableError
from contracts.progress import Report, silent
from planning.boxes import heijunka_boxes
from planning.build import PlanTables, problem_from_tables
from planning.chase import held_figures, held_hours, hold_chase, is_held
from planning.evaluate import load_figures
from planning.hours import hours_by_reason
from planning.orders import ORDER_COLUMNS, load_table, nervousness, order_table
from planning.params import PlanParams
from planning.pegging import peg_orders
from planning.plan import PlanResult
from planning.plan_diff import diff_figures, plan_diff
from planning.problem import PlanProblem, Reason
from planning.recourse import can_branch
from planning.recourse_plan import solve_revisable
from planning.run_tables import forecast_runs, has_runs, newest_run, runs_schema
from planning.shards import needs_shards
from planning.shortages import late_by_reason, late_table
from planning.tables import (
    BOM,
    FIRM,
    ITEMS,
    RESOURCES,
    ROUTES,
    demand_schema,
    quantile_levels,
    require_rising,
    with_quantiles,
)
from planning.whole import relative_gap
from services.plan_workers import solve_on_workers

__all__ = ["PLAN_TABLES", "PlanReport", "checked_demand", "checked_tables", "plan_checked", "plan_production"]

PLAN_TABLES = ("orders", "load", "late", "boxes", "pegs", "diff")
"""The tables of a report; the last three where they were asked for."""

_STAGES = 4


@dataclass(frozen=True, kw_only=True)
class PlanReport:
    """A plan as tables and figures.

    Parameters
    ----------
    orders
        Production orders: `order_id, item, route, step, resource, pieces, hours, start, due, state, reason`.
    boxes
        `resource, day, slot, item, order_id, pieces, hours`, if they were asked for.
    load
        `resource, bucket, capacity, hours, idle, overtime, reason` (what binds idle hours and overtime).
    late
        `item, bucket, pieces, reason`: pieces expected to be owed at a bucket's end, and what keeps them late.
    pegs
        Which demand each order covers (`planning.pegging.PEG_COLUMNS`), if it was asked for.
    diff
        What changed against the previous plan (`planning.plan_diff.DIFF_COLUMNS`), if there was one.
    summary
        Status, reasons, cost by part, bound, gap, levelness per resource, fill rate, nervousness, seconds, and
        `diff` in figures.
    """

    orders: pd.DataFrame
    boxes: pd.DataFrame | None
    load: pd.DataFrame
    late: pd.DataFrame
    pegs: pd.DataFrame | None
    diff: pd.DataFrame | None
    summary: dict[str, Any]


def plan_production(
    demand: pd.DataFrame,
    resources: pd.DataFrame,
    routes: pd.DataFrame,
    *,
    items: pd.DataFrame | None = None,
    bom: pd.DataFrame | None = None,
    firm: pd.DataFrame | None = None,
    previous: pd.DataFrame | None = None,
    params: PlanParams | None = None,
    seed: int = 0,
    boxes: bool = False,
    pegs: bool = False,
    sources: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> PlanReport:
    """Plan level-loaded production.

    Parameters
    ----------
    demand, resources, routes, items, bom, firm
        Raw tables as in docs/reference/files.md. A forecast's columns `unique_id` and `ds` are taken as `item` and
        `bucket`.
    previous
        The last plan's orders, to be compared with; they stand in for `firm` where that is not given.
    params
        Weights, horizon and limits; defaults if None.
    boxes, pegs
        Whether to sequence the orders into heijunka boxes, and to peg them to demand.
    sources
        Table name -> file name, for messages.

    Raises
    ------
    TableError
        Naming the file, the column and the first bad row.
    """
    params = params or PlanParams()
    names = dict(sources or {})
    before = None if previous is None else FIRM.check(previous, names.get("previous", "previous"))
    if firm is None and previous is not None:
        firm, names = previous, {"firm": names.get("previous", "previous"), **names}
    tables = checked_tables(demand, resources, routes, {"items": items, "bom": bom, "firm": firm}, names)
    return plan_checked(tables, previous=before, params=params, seed=seed, boxes=boxes, pegs=pegs, progress=progress)


def plan_checked(
    tables: PlanTables,
    *,
    previous: pd.DataFrame | None = None,
    params: PlanParams,
    seed: int = 0,
    boxes: bool = False,
    pegs: bool = False,
    adapt: Callable[[PlanProblem], PlanProblem] | None = None,
    progress: Report = silent,
) -> PlanReport:
    """Plan level-loaded production from tables that were checked (`checked_tables`); see `plan_production`.

    `adapt` may change the problem before it is solved.
    """
    progress("plan", 1, _STAGES)
    tables = hold_chase(tables, params.weights)
    problem, firm_orders = problem_from_tables(tables, firm_buckets=params.horizon.firm)
    if adapt is not None:
        problem = adapt(problem)
    progress("plan", 2, _STAGES)
    result, learnt = _solved(problem, tables.runs, params, seed)
    progress("plan", 3, _STAGES)
    known = tables.firm if previous is None else previous
    orders = order_table(problem, result, firm_orders, params.horizon, known)
    late = _late(problem, result)
    orders, load = held_hours(orders, load_table(problem, result).assign(reason=result.hours_why.ravel()))
    changed = None if previous is None else _compared(previous, orders)
    report = PlanReport(
        orders=orders,
        boxes=heijunka_boxes(orders) if boxes else None,
        load=load,
        late=late,
        pegs=peg_orders(problem, orders, tables.routes, tables.bom) if pegs else None,
        diff=None if changed is None else changed[0],
        summary=_summary(problem, result, params, orders, late)
        | ({} if learnt is None else {"recourse": learnt})
        | ({} if changed is None else {"diff": changed[1]}),
    )
    progress("plan", _STAGES, _STAGES)
    return report


def _late(problem: PlanProblem, result: PlanResult) -> pd.DataFrame:
    late = late_table(problem, result.outcome)
    return late[~is_held(late["item"])].reset_index(drop=True)


def _compared(before: pd.DataFrame, orders: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
    told = before.reindex(columns=list(ORDER_COLUMNS))
    told["state"] = told["state"].fillna("firm")
    diff = plan_diff(told, orders)
    return diff, diff_figures(told, orders, diff)


def checked_tables(
    demand: pd.DataFrame,
    resources: pd.DataFrame,
    routes: pd.DataFrame,
    optional: Mapping[str, pd.DataFrame | None],
    sources: dict[str, str],
) -> PlanTables:
    """Return a plan's tables with their types.

    Parameters
    ----------
    optional
        `items`, `bom` and `firm`, as far as they are given.
    sources
        Table name -> file name, for messages.

    Raises
    ------
    TableError
        Naming the file, the column and the first bad row.
    """
    schemas = {"items": ITEMS, "bom": BOM, "firm": FIRM}
    checked: dict[str, Any] = {
        name: None if frame is None else schemas[name].check(frame, sources.get(name))
        for name, frame in optional.items()
    }
    wanted, notes = _without_negatives(demand, sources.get("demand", "demand"))
    return PlanTables(
        demand=checked_demand(wanted, sources.get("demand", "demand")),
        resources=_checked_resources(resources, sources.get("resources", "resources")),
        routes=ROUTES.check(routes, sources.get("routes")),
        runs=_runs(wanted, sources.get("demand", "demand")),
        sources=sources,
        notes=notes,
        **checked,
    )


def _checked_resources(raw: pd.DataFrame, source: str) -> pd.DataFrame:
    checked = with_quantiles(RESOURCES, raw, nullable=True).check(raw, source)
    require_rising(checked, source)
    return checked


def _without_negatives(raw: pd.DataFrame, source: str) -> tuple[pd.DataFrame, tuple[Reason, ...]]:
    """Take a row with negative demand as no demand, with a reason, and plan the rest."""
    columns = [name for name in ("y", "mean", *quantile_levels(raw)) if name in raw]
    numbers = raw[columns].apply(pd.to_numeric, errors="coerce")
    negative = numbers.lt(0) & numbers.gt(-np.inf)
    if not negative.to_numpy().any():
        return raw, ()
    item = raw["item" if "item" in raw else "unique_id"].astype(str) if {"item", "unique_id"} & set(raw) else None
    rows = np.flatnonzero(negative.any(axis=1))
    notes = [
        Reason(
            "negative_demand",
            f"{source}: column {column!r}, row {row + 1}: {numbers[column].iloc[row]:g} pieces: taken as 0",
            item=None if item is None else item.iloc[row],
        )
        for row in rows
        for column in [next(name for name in columns if negative[name].iloc[row])]
    ]
    kept = raw.astype(dict.fromkeys(columns, object))
    kept.loc[negative.any(axis=1).to_numpy(), columns] = 0
    return kept, tuple(notes)


def checked_demand(raw: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return a demand table with its types; a forecast's `unique_id` and `ds` become `item` and `bucket`.

    Raises
    ------
    TableError
        Naming the source, the column and the first bad row.
    """
    frame = _as_demand(raw)
    if has_runs(frame):
        frame = newest_run(runs_schema(frame).check(frame, source))
    checked = demand_schema(frame).check(frame, source)
    if "y" not in checked and not quantile_levels(checked):
        raise TableError(source, "y", "this column or quantile columns such as q0.5", ", ".join(map(str, raw.columns)))
    require_rising(checked, source)
    return checked


def _as_demand(raw: pd.DataFrame) -> pd.DataFrame:
    names = {"unique_id": "item", "ds": "bucket"}
    return raw.rename(columns={old: new for old, new in names.items() if new not in raw.columns})


def _runs(raw: pd.DataFrame, source: str) -> pd.DataFrame | None:
    frame = _as_demand(raw)
    return runs_schema(frame).check(frame, source) if has_runs(frame) else None


def _solved(
    problem: PlanProblem, runs: pd.DataFrame | None, params: PlanParams, seed: int
) -> tuple[PlanResult, dict[str, Any] | None]:
    """Plan for revisions where earlier runs are given and that can be done; say what was made of them."""
    if runs is None or params.recourse.branches == 1:
        return solve_on_workers(problem, params, seed), None
    forecasts, sold, now = forecast_runs(runs, problem)
    if len(forecasts.levels) == 1 or not can_branch(problem) or needs_shards(problem, params):
        return solve_on_workers(problem, params, seed), {"runs": int(runs["as_of"].nunique()), "branched": False}
    result, found = solve_revisable(problem, forecasts, sold, now=now, params=params)
    bound = min(found.bound, found.cost) if np.isfinite(found.bound) else None
    return result, {
        "runs": int(runs["as_of"].nunique()),
        "branched": True,
        "expected_cost": found.cost,
        "bound": bound,
        "gap": None if bound is None else relative_gap(found.cost, bound),
    }


def _summary(
    problem: PlanProblem, result: PlanResult, params: PlanParams, orders: pd.DataFrame, late: pd.DataFrame
) -> dict[str, Any]:
    outcome, held = result.outcome, held_figures(problem, result.outcome.position)
    cost, weights = dict(outcome.cost), params.weights
    if held["expected_hours"] > 0:
        unused, unmet = weights.idle * held["unused_hours"], weights.chase * held["unmet_hours"]
        cost |= {"leftover": cost["leftover"] - unused, "lost": cost["lost"] - unmet, "held": unused + unmet}
    on_time = outcome.on_time - held["expected_hours"] + held["unmet_hours"]
    demanded = outcome.demanded - held["expected_hours"]
    by_resource = load_figures(problem, outcome.load)
    total = outcome.load.sum(axis=0)
    worked = total[(problem.capacity + problem.overtime).sum(axis=0) > 0]
    return {
        "status": result.status,
        "reasons": [reason.as_dict() for reason in result.reasons if not is_held(np.array([reason.item]))[0]],
        "orders": len(orders),
        "pieces": int(result.pieces[~is_held(problem.items)[problem.modes.item[result.mode]]].sum()),
        "cost": {**cost, "total": outcome.total_cost},
        "bound": result.bound,
        "gap": result.gap,
        "fill_rate": on_time / demanded if demanded > 1e-9 else None,
        "short_pieces": float(outcome.short[~is_held(problem.items)].sum()),
        "load_cv": float(np.std(worked) / np.mean(worked)) if worked.sum() > 0 else None,
        "peak_to_mean": float(np.max(worked) / np.mean(worked)) if worked.sum() > 0 else None,
        "idle_hours": float(sum(r["idle_hours"] for r in by_resource.values())),
        "overtime_hours": float(sum(r["overtime_hours"] for r in by_resource.values())),
        "hours_by_reason": hours_by_reason(problem, outcome, result.hours_why),
        "late_by_reason": late_by_reason(late),
        "resources": by_resource,
        "nervousness": nervousness(problem, result, params.horizon),
        "shards": result.shards,
        "horizon": {"firm": params.horizon.firm, "slushy": params.horizon.slushy},
        "buckets": [str(bucket) for bucket in problem.buckets],
        "seconds": result.seconds,
        **({"held": held} if held["expected_hours"] > 0 else {}),
    }
