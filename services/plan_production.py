"""Forecasts and capacity → level-loaded production orders, from tables in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import TableError
from contracts.progress import Report, silent
from planning.boxes import heijunka_boxes
from planning.build import PlanTables, problem_from_tables
from planning.evaluate import load_figures
from planning.orders import load_table, nervousness, order_table
from planning.params import PlanParams
from planning.plan import PlanResult, solve
from planning.problem import PlanProblem
from planning.tables import BOM, FIRM, ITEMS, RESOURCES, ROUTES, demand_schema, quantile_levels, require_rising

__all__ = ["PlanReport", "plan_production"]

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
        `resource, bucket, capacity, hours, idle, overtime`.
    summary
        Status, reasons, cost by part, bound, gap, levelness per resource, fill rate, nervousness, seconds.
    """

    orders: pd.DataFrame
    boxes: pd.DataFrame | None
    load: pd.DataFrame
    summary: dict[str, Any]


def plan_production(
    demand: pd.DataFrame,
    resources: pd.DataFrame,
    routes: pd.DataFrame,
    *,
    items: pd.DataFrame | None = None,
    bom: pd.DataFrame | None = None,
    firm: pd.DataFrame | None = None,
    params: PlanParams | None = None,
    seed: int = 0,
    boxes: bool = False,
    sources: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> PlanReport:
    """Plan level-loaded production.

    Parameters
    ----------
    demand, resources, routes, items, bom, firm
        Raw tables as in docs/reference/files.md. A forecast's columns `unique_id` and `ds` are taken as `item` and
        `bucket`.
    params
        Weights, horizon and limits; defaults if None.
    boxes
        Whether to sequence the orders into heijunka boxes.
    sources
        Table name -> file name, for messages.

    Raises
    ------
    TableError
        Naming the file, the column and the first bad row.
    """
    params = params or PlanParams()
    tables = _checked(demand, resources, routes, {"items": items, "bom": bom, "firm": firm}, dict(sources or {}))
    progress("plan", 1, _STAGES)
    problem, firm_orders = problem_from_tables(tables, firm_buckets=params.horizon.firm)
    progress("plan", 2, _STAGES)
    result = solve(problem, params=params, seed=seed)
    progress("plan", 3, _STAGES)
    orders = order_table(problem, result, firm_orders, params.horizon)
    report = PlanReport(
        orders=orders,
        boxes=heijunka_boxes(orders) if boxes else None,
        load=load_table(problem, result),
        summary=_summary(problem, result, params, orders),
    )
    progress("plan", _STAGES, _STAGES)
    return report


def _checked(
    demand: pd.DataFrame,
    resources: pd.DataFrame,
    routes: pd.DataFrame,
    optional: Mapping[str, pd.DataFrame | None],
    sources: dict[str, str],
) -> PlanTables:
    schemas = {"items": ITEMS, "bom": BOM, "firm": FIRM}
    checked = {
        name: None if frame is None else schemas[name].check(frame, sources.get(name))
        for name, frame in optional.items()
    }
    return PlanTables(
        demand=_demand(demand, sources.get("demand", "demand")),
        resources=RESOURCES.check(resources, sources.get("resources")),
        routes=ROUTES.check(routes, sources.get("routes")),
        sources=sources,
        **checked,
    )


def _demand(raw: pd.DataFrame, source: str) -> pd.DataFrame:
    names = {"unique_id": "item", "ds": "bucket"}
    frame = raw.rename(columns={old: new for old, new in names.items() if new not in raw.columns})
    checked = demand_schema(frame).check(frame, source)
    if "y" not in checked and not quantile_levels(checked):
        raise TableError(source, "y", "this column or quantile columns such as q0.5", ", ".join(map(str, raw.columns)))
    require_rising(checked, source)
    return checked


def _summary(problem: PlanProblem, result: PlanResult, params: PlanParams, orders: pd.DataFrame) -> dict[str, Any]:
    outcome = result.outcome
    by_resource = load_figures(problem, outcome.load)
    total = outcome.load.sum(axis=0)
    worked = total[(problem.capacity + problem.overtime).sum(axis=0) > 0]
    return {
        "status": result.status,
        "reasons": [reason.as_dict() for reason in result.reasons],
        "orders": len(orders),
        "pieces": int(result.pieces.sum()),
        "cost": {**outcome.cost, "total": outcome.total_cost},
        "bound": result.bound,
        "gap": result.gap,
        "fill_rate": outcome.on_time / outcome.demanded if outcome.demanded > 0 else None,
        "short_pieces": float(outcome.short.sum()),
        "load_cv": float(np.std(worked) / np.mean(worked)) if worked.sum() > 0 else None,
        "peak_to_mean": float(np.max(worked) / np.mean(worked)) if worked.sum() > 0 else None,
        "idle_hours": float(sum(r["idle_hours"] for r in by_resource.values())),
        "overtime_hours": float(sum(r["overtime_hours"] for r in by_resource.values())),
        "resources": by_resource,
        "nervousness": nervousness(problem, result, params.horizon),
        "seconds": result.seconds,
    }
