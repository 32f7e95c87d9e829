"""Orders routed over the loaded network: those of a request, or its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from contracts.errors import NotReadyError, TableError
from contracts.progress import Report, silent
from services.route_orders import RouteReport, route_orders
from store.snapshot import Snapshot

__all__ = ["offered_on", "require_known", "route_network", "route_on"]


def route_network(snapshot: Snapshot, *, seed: int = 0, progress: Report = silent) -> RouteReport:
    """Route the orders of a loaded network and keep the matches with it.

    Raises
    ------
    NotReadyError
        If it has no orders, or no supply in pieces.
    InputError
        If an order names something unknown.
    """
    orders, supply = snapshot.table("orders"), snapshot.table("supply")
    if orders.empty:
        raise NotReadyError("the loaded network has no orders: add orders.csv and load again with `evenflow load DIR`")
    if "sku_id" not in supply or supply["sku_id"].isna().all():
        raise NotReadyError("the loaded network has no supply rows with a sku_id: add them and load again")
    report = route_on(snapshot, orders, seed=seed, progress=progress)
    results = {"matches": report.matches, "alternatives": report.alternatives, "prices": report.prices}
    for name, frame in results.items():
        snapshot.write_result(name, frame)
    return report


def route_on(snapshot: Snapshot, orders: pd.DataFrame, **options: Any) -> RouteReport:
    """Route orders over a loaded network; keep nothing.

    Parameters
    ----------
    orders
        Raw orders (`graph.tables.DEMANDS`).
    options
        Those of `services.route_orders`.

    Returns
    -------
    RouteReport
        Its alternatives by order, as they were given, the best score first.

    Raises
    ------
    TableError
        If an order names an unknown sku or party; names the row.
    """
    products, supply = snapshot.table("products"), snapshot.table("supply")
    require_known(orders, products, supply)
    report = route_orders(snapshot.network(), supply, products, orders, offered=offered_on(snapshot), **options)
    alternatives = report.alternatives
    place = pd.Index(orders["order_id"]).get_indexer(alternatives["order_id"])
    ranked = alternatives.assign(place=place).sort_values(
        ["place", "score"], ascending=[True, False], kind="stable", ignore_index=True
    )
    return replace(report, alternatives=ranked.drop(columns="place"))


def offered_on(snapshot: Snapshot) -> dict[str, pd.DataFrame]:
    """Return what else than supply decides who may fill an order: stock, routes, lanes, exclusive territories."""
    return {name: snapshot.table(name) for name in ("stock", "routes", "lanes", "exclusives")}


def require_known(orders: pd.DataFrame, products: pd.DataFrame, supply: pd.DataFrame) -> None:
    """Refuse orders of skus that the network has never heard of; `gather` does the same for parties."""
    if "sku_id" not in orders:
        return
    asked = orders["sku_id"]
    known: set[Any] = set()
    for table in (products, supply):
        known |= set(table["sku_id"][table["sku_id"].isin(asked.unique())]) if "sku_id" in table else set()
    unknown = asked.notna() & ~asked.isin(known)
    if unknown.any():
        row = int(unknown.to_numpy().argmax())
        raise TableError(
            "orders",
            "sku_id",
            "an sku of the loaded network",
            asked.iloc[row],
            row=row + 1,
            bad_rows=int(unknown.sum()),
        )
