"""A central factory's steps dispatched to workshops, from tables in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from contracts.errors import InputError
from contracts.progress import Report, silent
from planning.dispatch import dispatch_table
from planning.params import PlanParams
from planning.problem import PlanProblem, Reason
from planning.workshops import (
    OUTSIDE,
    QUALIFIED,
    TRANSFERS,
    WORKSHOPS,
    DispatchParams,
    qualified_routes,
    transfer_buckets,
    with_outside,
    with_transfers,
)
from services.plan_production import checked_tables, plan_checked

__all__ = ["DISPATCH_TABLES", "DispatchReport", "dispatch_steps"]

DISPATCH_TABLES = ("workshops", "qualified", "transfers", "outside")
_SCHEMAS = {"workshops": WORKSHOPS, "qualified": QUALIFIED, "transfers": TRANSFERS, "outside": OUTSIDE}


@dataclass(frozen=True, kw_only=True)
class DispatchReport:
    """What every workshop is asked to do.

    Parameters
    ----------
    dispatches
        `planning.dispatch.DISPATCH_COLUMNS`.
    orders, load
        The whole plan; `hours` of the load include other customers'.
    routes, owner
        Route rows that may be used, and the workshop of each resource (`resource, workshop`).
    summary
        The plan's figures and reasons, and per workshop `hours` of ours, `outside` hours, `load_cv` of both together.
    """

    dispatches: pd.DataFrame
    orders: pd.DataFrame
    load: pd.DataFrame
    routes: pd.DataFrame
    owner: pd.DataFrame
    summary: dict[str, Any]


def dispatch_steps(
    demand: pd.DataFrame,
    resources: pd.DataFrame,
    routes: pd.DataFrame,
    *,
    workshops: pd.DataFrame,
    qualified: pd.DataFrame | None = None,
    transfers: pd.DataFrame | None = None,
    outside: pd.DataFrame | None = None,
    items: pd.DataFrame | None = None,
    bom: pd.DataFrame | None = None,
    firm: pd.DataFrame | None = None,
    params: PlanParams | None = None,
    terms: DispatchParams | None = None,
    sources: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> DispatchReport:
    """Plan the steps of a split factory so that it and each workshop are level, and list what each is asked to do.

    Parameters
    ----------
    demand, resources, routes, items, bom, firm
        As for `services.plan_production`; `factory` of the resources names their workshop, `outside` and
        `promised_share` say what others take and what it was promised.
    workshops, qualified, transfers, outside
        As in docs/reference/files.md.
    terms
        What a workshop's record is worth.

    Raises
    ------
    TableError
        Naming the file, the column and the first bad row.
    InputError
        If no resource belongs to a workshop.
    """
    names = {name: name for name in DISPATCH_TABLES} | dict(sources or {})
    extra = zip(DISPATCH_TABLES, (workshops, qualified, transfers, outside), strict=True)
    given = {name: _SCHEMAS[name].check(t, names[name]) for name, t in extra if t is not None}
    tables = checked_tables(demand, resources, routes, {"items": items, "bom": bom, "firm": firm}, names)
    tables = replace(tables, resources=_calendar(tables.resources, given, names))
    owner = _owner(tables.resources, given["workshops"], names.get("resources", "resources"))
    rules = (owner, given["workshops"], given.get("qualified"), terms or DispatchParams())
    usable, refused = qualified_routes(tables.routes, *rules)
    plan = plan_checked(
        replace(tables, routes=usable),
        params=params or PlanParams(),
        adapt=lambda problem: _wait_for_goods(problem, given.get("transfers"), owner, refused),
        progress=progress,
    )
    dispatches = dispatch_table(plan.orders, owner, set(given["workshops"]["workshop"]))
    return DispatchReport(
        dispatches=dispatches,
        orders=plan.orders,
        load=plan.load,
        routes=usable,
        owner=owner.rename("workshop").rename_axis("resource").reset_index(),
        summary=plan.summary | {"workshops": _by_workshop(plan.load, tables.resources, owner)},
    )


def _wait_for_goods(
    problem: PlanProblem, transfers: pd.DataFrame | None, owner: pd.Series, refused: list[Reason]
) -> PlanProblem:
    """Return the problem with the time that goods are on their way, and why some may not work on them."""
    ways = pd.DataFrame({"src": [], "dst": [], "buckets": []}) if transfers is None else transfers
    buckets = transfer_buckets(ways, owner, problem.resources)
    return problem.replace(modes=with_transfers(problem.modes, buckets), notes=(*refused, *problem.notes))


def _calendar(resources: pd.DataFrame, given: Mapping[str, pd.DataFrame], names: Mapping[str, str]) -> pd.DataFrame:
    if "outside" not in given:
        return resources
    return with_outside(resources, given["outside"], source=names["outside"])


def _owner(calendar: pd.DataFrame, workshops: pd.DataFrame, source: str) -> pd.Series:
    factory = calendar["factory"] if "factory" in calendar else pd.Series(None, index=calendar.index, dtype=object)
    owner = factory.fillna(calendar["resource"]).groupby(calendar["resource"]).first()
    if not owner.isin(workshops["workshop"]).any():
        raise InputError(f"{source} factory", "a workshop of the table workshops on some resource", "none")
    return owner


def _by_workshop(load: pd.DataFrame, calendar: pd.DataFrame, owner: pd.Series) -> dict[str, dict[str, Any]]:
    """Return hours of ours, hours of others and how level both are together, per workshop."""
    others = calendar.assign(outside=calendar["outside"].fillna(0.0) if "outside" in calendar else 0.0)
    rows = load.merge(others[["resource", "bucket", "outside"]], on=["resource", "bucket"], how="left").fillna(0.0)
    rows["workshop"] = rows["resource"].map(owner)
    taken = rows.assign(outside=rows[["outside", "hours"]].min(axis=1))
    found = {}
    for name, mine in taken.groupby("workshop"):
        total = mine[mine["capacity"] > 0].groupby("bucket")["hours"].sum()
        mean = float(total.mean()) if len(total) else 0.0
        found[str(name)] = {
            "hours": float((mine["hours"] - mine["outside"]).sum()),
            "outside": float(mine["outside"].sum()),
            "load_cv": float(total.std(ddof=0)) / mean if mean > 0 else None,
        }
    return found
