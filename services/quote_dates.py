"""New orders → dates that each factory can promise, and their prices, from tables in memory or the loaded network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from contracts.progress import Report, silent
from contracts.tables import require_known
from planning.build import PlanTables, problem_from_tables
from planning.params import PlanParams
from planning.problem import PlanProblem
from planning.quote import QuoteOption, quote_dates
from planning.tables import QUOTES
from services.network_plan import network_case, network_params
from services.plan_production import checked_tables
from store.snapshot import Snapshot

__all__ = ["QuoteReport", "quote_network", "quote_orders"]

_COLUMNS = (
    "order_id",
    "item",
    "pieces",
    "factory",
    "promise",
    "takes",
    "cost",
    "premium",
    "overtime_hours",
    "displaced_hours",
    "late_pieces",
    "displaced",
)
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class QuoteReport:
    """Dates and prices, one row per order, factory and date (`promise` is empty where there is none), and figures."""

    quotes: pd.DataFrame
    summary: dict[str, Any]


def quote_orders(
    orders: pd.DataFrame,
    demand: pd.DataFrame,
    resources: pd.DataFrame,
    routes: pd.DataFrame,
    *,
    items: pd.DataFrame | None = None,
    bom: pd.DataFrame | None = None,
    firm: pd.DataFrame | None = None,
    params: PlanParams | None = None,
    options: int = 5,
    sources: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> QuoteReport:
    """Tell what each factory can promise for new orders, each on its own on top of the plan.

    Parameters
    ----------
    orders
        `order_id, item, pieces`.
    demand, resources, routes, items, bom, firm
        As for `services.plan_production`; firm and released orders are never moved. `factory` of the resources groups
        them.
    options
        Most dates per factory.

    Raises
    ------
    TableError
        Naming the file, the column and the first bad row; an item that no route makes.
    """
    names = dict(sources or {})
    params = params or PlanParams()
    asked = QUOTES.check(orders, names.get("orders"))
    tables = checked_tables(demand, resources, routes, {"items": items, "bom": bom, "firm": firm}, names)
    made = tables.routes["item"].unique()
    require_known(asked, "item", made, source=names.get("orders", "orders"), kind="item of the routes")
    tables = _with_asked(tables, asked)
    problem, _ = problem_from_tables(tables, firm_buckets=params.horizon.firm)
    factory = _factories(tables.resources, problem)
    index = pd.Index(problem.items)
    rows: list[dict[str, Any]] = []
    for done, order in enumerate(asked.itertuples()):
        progress("quote", done, len(asked))
        item = int(index.get_loc(order.item))
        found = quote_dates(problem, factory, item=item, pieces=int(order.pieces), params=params, options=options)
        told = {"order_id": order.order_id, "item": order.item, "pieces": int(order.pieces)}
        rows += [told | _row(option, problem) for option in found] or [told | {"takes": "nothing"}]
    progress("quote", len(asked), len(asked))
    quotes = pd.DataFrame(rows, columns=list(_COLUMNS)).assign(promise=lambda t: pd.to_datetime(t["promise"]))
    return QuoteReport(quotes=quotes, summary=_summary(quotes) | {"reasons": [r.as_dict() for r in problem.notes]})


def quote_network(
    snapshot: Snapshot,
    orders: pd.DataFrame,
    *,
    params: Mapping[str, Any] | None = None,
    options: int = 5,
    progress: Report = silent,
) -> QuoteReport:
    """Tell what each factory of the loaded network can promise for new orders, in fen, beside its current plan.

    Raises
    ------
    NotReadyError
        If the network cannot be planned.
    """
    case: Any = network_case(snapshot)
    found = quote_orders(orders, **case, params=network_params(params), options=options, progress=progress)
    return replace(found, summary=found.summary | {"network": snapshot.version})


def _with_asked(tables: PlanTables, asked: pd.DataFrame) -> PlanTables:
    """Let the plan know items that only the new orders ask for."""
    strange = sorted(set(asked["item"]) - set(tables.demand["item"]))
    if not strange:
        return tables
    first = tables.resources["bucket"].min()
    values = {name: 0.0 for name in tables.demand.columns if name not in ("item", "bucket")}
    none = pd.DataFrame({"item": strange, "bucket": first}).assign(**values)
    return replace(tables, demand=pd.concat([tables.demand, none], ignore_index=True))


def _factories(resources: pd.DataFrame, problem: PlanProblem) -> np.ndarray:
    names = pd.Series(problem.resources, index=problem.resources)
    if "factory" in resources:
        given = resources.dropna(subset=["factory"]).drop_duplicates("resource").set_index("resource")["factory"]
        names = given.reindex(problem.resources).fillna(names)
    return np.asarray(names.to_numpy(object))


def _row(option: QuoteOption, problem: PlanProblem) -> dict[str, Any]:
    row = {name: getattr(option, name) for name in _COLUMNS if hasattr(option, name)}
    told = [f"{item} {hours:.4g} h" for item, hours in option.displaced[:_NAMED]]
    more = len(option.displaced) - _NAMED
    row["displaced"] = ", ".join([*told, f"{more} more"] if more > 0 else told)
    row["promise"] = None if option.bucket is None else str(problem.buckets[option.bucket])
    return row if option.bucket is not None else {"factory": option.factory, "takes": "nothing"}


def _summary(quotes: pd.DataFrame) -> dict[str, Any]:
    possible = quotes[quotes["promise"].notna()]
    best = possible.sort_values(["promise", "cost"]).drop_duplicates("order_id")
    told = {row.order_id: _told(row) for row in best.itertuples()}
    refused = sorted(set(quotes["order_id"]) - set(told))
    return {"orders": int(quotes["order_id"].nunique()), "earliest": told, "not_within_horizon": refused}


def _told(row: Any) -> dict[str, Any]:
    day = f"{row.promise:%Y-%m-%d}"
    return {"factory": row.factory, "promise": day, "takes": row.takes, "cost": row.cost, "premium": row.premium}
