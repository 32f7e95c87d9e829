"""Scenarios compared side by side, and the frontier of cost, fill and levelness, from tables in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError
from contracts.progress import Report, silent
from planning.build import PlanTables
from planning.params import PlanParams, ReplayParams
from planning.plan_diff import diff_figures, plan_diff
from planning.scenarios import Scenario, apply_scenario
from services.network_plan import network_case, network_params
from services.plan_production import PlanReport, checked_tables, plan_checked
from services.replay_policies import replay_policies
from store.snapshot import Snapshot

__all__ = ["BASE", "WhatIfReport", "compare_network", "compare_scenarios", "frontier", "network_frontier"]

BASE = "base"
_LATE_PARTS = ("backlog", "lost")
_MOST_POINTS = 100


@dataclass(frozen=True, kw_only=True)
class WhatIfReport:
    """One row per scenario or point of the frontier, and the reasons of each."""

    table: pd.DataFrame
    summary: dict[str, Any]


def compare_scenarios(
    scenarios: Sequence[Scenario],
    demand: pd.DataFrame,
    resources: pd.DataFrame,
    routes: pd.DataFrame,
    *,
    items: pd.DataFrame | None = None,
    bom: pd.DataFrame | None = None,
    firm: pd.DataFrame | None = None,
    params: PlanParams | None = None,
    sources: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> WhatIfReport:
    """Plan each scenario and the tables as they are (``base``), and compare them.

    Lateness and shortage are charged at the base's prices in every row, so that costs compare.

    Returns
    -------
    report
        `table` has per scenario `status`, `cost` and its parts, `cost_change` against the base, `fill_rate`,
        `short_pieces`, `load_cv`, `peak_to_mean`, `idle_hours`, `overtime_hours`, `orders`, and the `hours_moved`
        against the base's plan.

    Raises
    ------
    InputError
        A table or a scenario is wrong; says where.
    """
    params = params or PlanParams()
    if any(scenario.name == BASE for scenario in scenarios):
        raise InputError("scenarios", f"a name other than {BASE}, which is the tables as they are", BASE)
    tables = checked_tables(demand, resources, routes, {"items": items, "bom": bom, "firm": firm}, dict(sources or {}))
    cases = [(scenario, *apply_scenario(scenario, tables, params)) for scenario in (Scenario(name=BASE), *scenarios)]
    rows: list[dict[str, Any]] = []
    reasons: dict[str, Any] = {}
    base: PlanReport | None = None
    for done, (scenario, changed, terms) in enumerate(cases):
        progress("scenarios", done, len(cases))
        plan = plan_checked(changed, params=terms)
        base = base or plan
        diff = plan_diff(base.orders, plan.orders)
        moved = diff_figures(base.orders, plan.orders, diff)["hours_moved"]
        rows.append({"scenario": scenario.name} | _figures(plan, scenario.late) | {"hours_moved": moved})
        reasons[scenario.name] = plan.summary["reasons"]
    progress("scenarios", len(cases), len(cases))
    table = pd.DataFrame(rows)
    table.insert(3, "cost_change", table["cost"] - table["cost"].iloc[0])
    return WhatIfReport(table=table, summary={"scenarios": table.to_dict("records"), "reasons": reasons})


def frontier(
    late: Sequence[float],
    firm_buckets: Sequence[int],
    tables: Mapping[str, pd.DataFrame | None],
    *,
    paths: pd.DataFrame | None = None,
    params: PlanParams | None = None,
    settings: ReplayParams | None = None,
    policy: str = "ours",
    sources: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> WhatIfReport:
    """Trace cost, fill and levelness over the price of being late and the firm weeks.

    With `paths` each point is a replay of the policy on them, which is what firm weeks cost for real: the plan is
    revised bucket by bucket and only what is not firm yet may still change. Without, each point is one plan of the
    demand; firm buckets then matter only with orders in `firm`. Costs are at the given prices in every point.

    Parameters
    ----------
    late
        Factors on `backlog_cost` and `lost_cost`.
    firm_buckets
        Firm buckets.
    tables
        `demand` (without `paths`), `resources`, `routes`, and where there are `items`, `bom`, `firm`.
    paths
        As for `services.replay_policies`.

    Returns
    -------
    report
        `table` has `late, firm, cost, fill_rate, load_cv, nervousness` and more; `efficient` marks the points that no
        other beats in cost, fill and levelness at once.

    Raises
    ------
    InputError
        A table is wrong, or more than 100 points are asked for.
    """
    params, points = params or PlanParams(), list(product(late, firm_buckets))
    if not 1 <= len(points) <= _MOST_POINTS:
        raise InputError("late x firm", f"1 to {_MOST_POINTS} points", len(points))
    chosen = [Scenario(name=f"late x {x:g}, firm {n}", late=x, firm=n) for x, n in points]
    rows = []
    for done, scenario in enumerate(chosen):
        progress("frontier", done, len(chosen))
        if paths is None:
            figures = _planned(scenario, tables, params, dict(sources or {}))
        else:
            rules = {"settings": settings, "policies": [policy], "sources": sources}
            figures = _replayed(scenario, tables, paths, params, rules)
        rows.append({"late": scenario.late, "firm": scenario.firm} | figures)
    progress("frontier", len(chosen), len(chosen))
    table = pd.DataFrame(rows)
    table["efficient"] = _efficient(table)
    best = table.sort_values("cost").iloc[0]
    summary = {"points": table.to_dict("records"), "cheapest": {"late": float(best["late"]), "firm": int(best["firm"])}}
    return WhatIfReport(table=table, summary=summary | {"measured_by": "plan" if paths is None else "replay"})


def compare_network(
    snapshot: Snapshot,
    scenarios: Sequence[Scenario],
    *,
    params: Mapping[str, Any] | None = None,
    progress: Report = silent,
) -> WhatIfReport:
    """Compare scenarios of the loaded network, in fen, beside its orders as they stand (see `compare_scenarios`).

    Raises
    ------
    NotReadyError
        If the network cannot be planned.
    """
    case: Any = network_case(snapshot)
    return compare_scenarios(scenarios, **case, params=network_params(params), progress=progress)


def network_frontier(
    snapshot: Snapshot,
    late: Sequence[float],
    firm_buckets: Sequence[int],
    *,
    params: Mapping[str, Any] | None = None,
    progress: Report = silent,
) -> WhatIfReport:
    """Trace the frontier of the loaded network's plan, in fen (see `frontier`).

    Raises
    ------
    NotReadyError
        If the network cannot be planned.
    """
    return frontier(late, firm_buckets, network_case(snapshot), params=network_params(params), progress=progress)


def _planned(
    scenario: Scenario, tables: Mapping[str, pd.DataFrame | None], params: PlanParams, sources: dict[str, str]
) -> dict[str, Any]:
    demand, resources, routes = (tables[name] for name in ("demand", "resources", "routes"))
    assert demand is not None and resources is not None and routes is not None  # noqa: PT018 (for the type checker)
    optional = {name: tables.get(name) for name in ("items", "bom", "firm")}
    checked: PlanTables = checked_tables(demand, resources, routes, optional, sources)
    changed, terms = apply_scenario(scenario, checked, params)
    plan = plan_checked(changed, params=terms)
    return _figures(plan, scenario.late) | {"nervousness": plan.summary["nervousness"]}


def _replayed(
    scenario: Scenario,
    tables: Mapping[str, pd.DataFrame | None],
    paths: pd.DataFrame,
    params: PlanParams,
    rules: Mapping[str, Any],
) -> dict[str, Any]:
    resources, routes, items = tables["resources"], tables["routes"], tables.get("items")
    assert resources is not None and routes is not None  # noqa: PT018 (for the type checker)
    priced = None
    if items is not None:
        late = {n: pd.to_numeric(items[n]) * scenario.late for n in ("backlog_cost", "lost_cost") if n in items}
        priced = items.assign(**late)
    assert scenario.firm is not None
    terms = replace(params, horizon=replace(params.horizon, firm=scenario.firm))
    found = replay_policies(paths, resources, routes, items=priced, params=terms, **rules)
    (told,) = found.summary["policies"].values()
    parts = pd.DataFrame([_repriced(one["cost"], scenario.late) for one in told["paths"].values()]).mean()
    mean = told["mean"]
    return {"cost": float(parts.drop("total").sum()), **{n: v for n, v in mean.items() if n != "cost"}}


def _figures(plan: PlanReport, late: float) -> dict[str, Any]:
    summary = plan.summary
    cost = _repriced(summary["cost"], late)
    told = ("fill_rate", "short_pieces", "load_cv", "peak_to_mean", "idle_hours", "overtime_hours", "orders")
    parts = {f"cost_{name}": value for name, value in cost.items() if name != "total"}
    total = sum(parts.values())
    return {"status": summary["status"], "cost": total} | {name: summary[name] for name in told} | parts


def _repriced(cost: Mapping[str, float], late: float) -> dict[str, float]:
    """Return cost parts with lateness at the price before it was weighed by a factor."""
    return {name: value / late if name in _LATE_PARTS and late > 0 else value for name, value in cost.items()}


def _efficient(table: pd.DataFrame) -> np.ndarray:
    """Return which points no other beats in cost, fill and load variation at once."""
    worse = np.column_stack([table["cost"], -table["fill_rate"].astype(float), table["load_cv"].astype(float)])
    worse = np.nan_to_num(worse, nan=np.inf)
    no_worse = (worse[:, None, :] <= worse[None, :, :] + 1e-12).all(axis=2)
    better = (worse[:, None, :] < worse[None, :, :] - 1e-12).any(axis=2)
    return np.asarray(~(no_worse & better).any(axis=0))
