"""A level plan of the loaded network: what its sales will ask for, on the lines and routes it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from contracts.errors import NotReadyError
from contracts.progress import Report, silent
from planning.params import PlanParams
from services.network_forecast import forecast_network, network_series, series_items
from services.overrides import in_force, weekly_with_overrides
from services.plan_production import PLAN_TABLES, PlanReport, plan_production
from services.production_orders import CurrentOrders, current_orders, finished_orders, order_decisions
from services.stakes import BACKLOG, HOLDING, LEFTOVER
from services.wave_demand import with_waves
from store.plans import PlanShelf
from store.prices import PriceShelf
from store.snapshot import Snapshot

__all__ = [
    "FEN_PER_HOUR",
    "REPLAN_HORIZON",
    "NetworkPlan",
    "NetworkTables",
    "network_case",
    "network_items",
    "network_params",
    "network_tables",
    "on_known_routes",
    "plan_network",
]

_IDLE = 2_500.0
FEN_PER_HOUR = {"idle": _IDLE, "overtime": 3_750.0, "load_change": 1_000.0, "plan_change": _IDLE, "promise": 5_000.0}
"""What uneven loads and moved hours cost where the request says nothing: 25 yuan an idle hour, others in proportion."""

REPLAN_HORIZON = {"firm": 1, "slushy": 4}
"""Weeks in which a re-plan leaves orders as they are, and weeks after those in which moving them has a price."""

_STEP = ["item", "route", "step", "resource"]


@dataclass(frozen=True)
class NetworkTables:
    """The tables of a plan, and the items left out because the network has no route for them."""

    demand: pd.DataFrame
    resources: pd.DataFrame
    routes: pd.DataFrame
    without_route: list[str]


@dataclass(frozen=True)
class NetworkPlan:
    """A plan of the loaded network and the tables it was made from."""

    report: PlanReport
    tables: NetworkTables


def plan_network(
    snapshot: Snapshot,
    *,
    params: Mapping[str, Any] | None = None,
    boxes: bool = True,
    replan: bool = False,
    seed: int = 0,
    progress: Report = silent,
) -> NetworkPlan:
    """Plan the loaded network and keep the plan with it; forecast its weeks first if nobody did.

    Parameters
    ----------
    params
        The tables of ``plan.toml``; what they leave out costs `FEN_PER_HOUR`.
    replan
        Start from the orders as they stand: what is firm or released stays to the bit, the others keep their ids, and
        moving them inside `REPLAN_HORIZON` (unless `params` says otherwise) costs `plan_change`.

    Raises
    ------
    NotReadyError
        If the network has no routes, no resources, or no sales; if there is nothing to re-plan from.
    InputError
        If `params` are wrong.
    """
    home = snapshot.root.parent.parent
    before = current_orders(home) if replan else None
    chosen = network_params({**({"horizon": REPLAN_HORIZON} if replan else {}), **(params or {})})
    _require_lines(snapshot)
    if snapshot.result("weekly_forecast") is None:
        forecast_network(snapshot, options={"seed": seed}, progress=progress)
    tables = network_tables(snapshot)
    report = plan_production(
        tables.demand,
        tables.resources,
        tables.routes,
        items=_items(snapshot, tables),
        previous=None if before is None else on_known_routes(before.orders, tables.routes),
        params=chosen,
        boxes=boxes,
        pegs=True,
        seed=seed,
        progress=progress,
    )
    if before is not None:
        gone = len(before.orders) - len(on_known_routes(before.orders, tables.routes))
        report.summary.update(steps_without_route=gone)
    prices = {"idle": chosen.weights.idle, "overtime": chosen.weights.overtime}
    report.summary.update(items_without_route=tables.without_route, fen_per_hour=prices)
    _keep(snapshot, report, before)
    return NetworkPlan(report, tables)


def network_params(params: Mapping[str, Any] | None) -> PlanParams:
    """Return a plan's parameters in fen: what the tables of ``plan.toml`` leave out costs `FEN_PER_HOUR`.

    Raises
    ------
    InputError
        Naming what is wrong.
    """
    given = dict(params or {})
    return PlanParams.from_tables({**given, "weights": {**FEN_PER_HOUR, **given.get("weights", {})}}, where="params")


def network_tables(snapshot: Snapshot) -> NetworkTables:
    """Return demand (the weekly forecast), resources (the supply in hours) and routes of a loaded network.

    A supply row without a bucket holds for every bucket of the demand. A supplier that lost capacity has the share of
    its hours that is left, until it is told to have more.

    Raises
    ------
    NotReadyError
        If no weekly forecast was computed, or the network names no routes, no resources, or no route of anything sold.
    """
    supply = _require_lines(snapshot)
    demand, routes = snapshot.result("weekly_forecast"), snapshot.table("routes")
    if not isinstance(demand, pd.DataFrame):
        raise NotReadyError("no weekly forecast has been computed on this network yet: `POST /v1/forecasts` with {}")
    demand = with_waves(snapshot, _adjusted(snapshot, demand)).rename(columns={"unique_id": "item", "ds": "bucket"})
    known = demand["item"].isin(routes["item"])
    if not known.any():
        raise NotReadyError(f"no route makes what is sold (the first item sold: {demand['item'].iloc[0]})")
    return NetworkTables(
        demand=demand[known],
        resources=_by_bucket(_left_of(supply, snapshot), demand["bucket"].drop_duplicates().sort_values()),
        routes=routes,
        without_route=sorted(demand.loc[~known, "item"].unique()),
    )


def _left_of(supply: pd.DataFrame, snapshot: Snapshot) -> pd.DataFrame:
    """Return the supply in hours less what its suppliers have lost."""
    left = PriceShelf(snapshot.root.parent.parent).left()
    share = supply["supplier_id"].map(left).astype("float64").fillna(1.0)
    return supply.assign(**{name: supply[name] * share for name in ("capacity", "overtime") if name in supply})


def _adjusted(snapshot: Snapshot, weekly: pd.DataFrame) -> pd.DataFrame:
    """Return the weekly demand after the planners' overrides of the kept forecast."""
    overrides, daily = in_force(snapshot.root.parent.parent), snapshot.result("forecast")
    if not overrides or not isinstance(daily, pd.DataFrame):
        return weekly
    return weekly_with_overrides(weekly, daily, overrides, network_series(snapshot)["static"], series_items(snapshot))


def network_case(snapshot: Snapshot) -> dict[str, pd.DataFrame | None]:
    """Return the tables of a loaded network's plan by name: demand, resources with their factory, routes, items, firm.

    `firm` are its orders as they stand; None without a plan.

    Raises
    ------
    NotReadyError
        If the network cannot be planned.
    """
    tables = network_tables(snapshot)
    try:
        firm = on_known_routes(current_orders(snapshot.root.parent.parent).orders, tables.routes)
    except NotReadyError:
        firm = None
    supply = snapshot.table("supply")
    owner = supply[supply["resource"].notna()].drop_duplicates("resource").set_index("resource")["supplier_id"]
    return {
        "demand": tables.demand,
        "resources": tables.resources.assign(factory=tables.resources["resource"].map(owner)),
        "routes": tables.routes,
        "items": _items(snapshot, tables),
        "firm": firm,
    }


def _items(snapshot: Snapshot, tables: NetworkTables) -> pd.DataFrame:
    """Return the terms of the items; what was done since the network was loaded is in their stock."""
    items = network_items(snapshot.table("products"), sorted(tables.demand["item"].unique()))
    made = finished_orders(snapshot.root.parent.parent, snapshot.version)
    if made.empty:
        return items
    made = made.merge(tables.routes.drop_duplicates(_STEP), on=_STEP)
    good = made["pieces"] * (made["yield"].fillna(1.0) if "yield" in made else 1.0)
    stock = items.get("initial_stock", 0.0)
    return items.assign(initial_stock=stock + items["item"].map(good.groupby(made["item"]).sum()).fillna(0.0))


def network_items(products: pd.DataFrame, items: list[str]) -> pd.DataFrame:
    """Return what the pieces of each item cost the planner, in fen, from the mean price of its skus.

    A week in stock costs 0.3 % of the price, a week late 5 %, a lost sale the price, and a piece left at the end 10 %:
    what sells all year is early rather than worthless, but it ties up money and a place. ``stock_pieces``, an
    attribute of products, is on hand.

    Examples
    --------
    >>> products = pd.DataFrame({"sku_id": ["a/s", "a/l"], "style_id": ["a", "a"], "price_fen": [800, 1200]})
    >>> network_items(products, ["a"]).iloc[0].to_dict()
    {'item': 'a', 'holding_cost': 3.0, 'backlog_cost': 50.0, 'leftover_cost': 100.0, 'lost_cost': 1000.0}
    """
    named = [products.assign(item=products[name]) for name in ("style_id", "sku_id") if name in products]
    rows = pd.concat(named, ignore_index=True) if named else pd.DataFrame({"item": []})
    groups = rows[rows["item"].isin(items)].groupby("item")
    found = pd.DataFrame({"item": items})
    if "price_fen" in rows:
        price = found["item"].map(groups["price_fen"].mean()).astype("float64")
        costs = {"holding_cost": HOLDING, "backlog_cost": BACKLOG, "leftover_cost": LEFTOVER, "lost_cost": 1.0}
        found = found.assign(**{name: (price * share).round(3) for name, share in costs.items()})
    if "stock_pieces" in rows:
        stock = pd.to_numeric(rows["stock_pieces"], errors="coerce").groupby(rows["item"]).sum()
        found["initial_stock"] = found["item"].map(stock).fillna(0.0)
    return found


def _require_lines(snapshot: Snapshot) -> pd.DataFrame:
    """Return the supply in hours of a network that can be planned."""
    supply = snapshot.table("supply")
    supply = supply[supply["resource"].notna()] if "resource" in supply else supply.iloc[:0]
    tables = {"routes": snapshot.table("routes"), "supply rows with a resource": supply}
    for name, table in tables.items():
        if table.empty:
            raise NotReadyError(f"the loaded network has no {name}: add them and load again with `evenflow load DIR`")
    return supply


def on_known_routes(orders: pd.DataFrame, routes: pd.DataFrame) -> pd.DataFrame:
    """Return the production orders whose step still is one of the network's routes."""
    steps = routes[_STEP].drop_duplicates()
    return orders.merge(steps, on=_STEP, how="inner").reindex(columns=orders.columns)


def _keep(snapshot: Snapshot, report: PlanReport, before: CurrentOrders | None) -> None:
    """Keep the plan with the network, and on the shelf as the current one."""
    home = snapshot.root.parent.parent
    decisions = len(order_decisions(home)) if before is None else before.decisions
    replaces = None if before is None else before.plan.id
    tables = {name: frame for name in PLAN_TABLES if (frame := getattr(report, name)) is not None}
    told = {"version": snapshot.version, "replaces": replaces, "decisions": decisions}
    report.summary["plan_id"] = PlanShelf(home).put(tables, report.summary | told, current=True)
    snapshot.write_result("plan_summary", report.summary)
    for name, frame in tables.items():
        snapshot.write_result({"orders": "plan"}.get(name, name), frame)


def _by_bucket(supply: pd.DataFrame, buckets: pd.Series) -> pd.DataFrame:
    kept = [name for name in ("resource", "bucket", "capacity", "overtime") if name in supply]
    rows = supply[kept]
    dated = rows[rows["bucket"].notna()] if "bucket" in rows else rows.iloc[:0]
    standing = rows.drop(index=dated.index).drop(columns="bucket", errors="ignore")
    every = standing.merge(buckets.to_frame("bucket"), how="cross")
    summed = pd.concat([dated, every]).groupby(["resource", "bucket"], as_index=False).sum()
    return summed[summed["bucket"].isin(buckets)]
