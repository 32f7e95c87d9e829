"""Orders routed over the loaded network: those of a request, or its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import pandas as pd

from contracts.errors import NotReadyError
from contracts.progress import Report, silent
from graph.candidates.filters import Sight
from graph.tables import DEMANDS
from services.network_supply import known_on, require_known
from services.order_scope import require_askable, sight_of
from services.route_orders import Known, RouteReport, first_day, route_from
from services.viewer import Viewer
from store.snapshot import Snapshot

__all__ = ["Asked", "admit", "route_network", "route_on"]

_EVERYTHING = Viewer()


def route_network(
    snapshot: Snapshot, *, left: Mapping[str, float] | None = None, seed: int = 0, progress: Report = silent
) -> RouteReport:
    """Route the orders of a loaded network and keep the matches with it; `left` is that of `route_from`.

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
    report = route_on(snapshot, orders, left=left or {}, seed=seed, progress=progress)
    results = {"matches": report.matches, "alternatives": report.alternatives, "prices": report.prices}
    for name, frame in results.items():
        snapshot.write_result(name, frame)
    return report


class Asked(NamedTuple):
    """Orders that may be routed: checked, with the day they are routed on, what is known then and what may be seen."""

    demands: pd.DataFrame
    day: pd.Timestamp
    known: Known
    sight: Sight | None


def admit(
    snapshot: Snapshot, orders: pd.DataFrame, *, viewer: Viewer = _EVERYTHING, today: pd.Timestamp | None = None
) -> Asked:
    """Check orders against a loaded network and what the viewer may ask; see `route_on`.

    Raises
    ------
    TableError
        If an order names an unknown sku or party, or one the viewer may not know of; names the row.
    """
    demands = DEMANDS.check(orders, "orders")
    day = first_day(demands) if today is None else pd.Timestamp(today)
    known = known_on(snapshot, day.tz_localize(None))
    require_known(demands, known.book)
    sight = sight_of(viewer, known.book.network)
    require_askable(demands, known.book, viewer, sight)
    return Asked(demands, day, known, sight)


def route_on(
    snapshot: Snapshot,
    orders: pd.DataFrame,
    *,
    viewer: Viewer = _EVERYTHING,
    today: pd.Timestamp | None = None,
    **options: Any,
) -> RouteReport:
    """Route orders over a loaded network; keep nothing.

    The network's offers, the credit left, the price of terms and the suppliers' records are indexed once a day.

    Parameters
    ----------
    orders
        Raw orders (`graph.tables.DEMANDS`).
    viewer
        Who asks: the buyers must be its own, places of delivery known to it; suppliers and relations it may not know
        of are left out, places and carriers it may not know of are not named.
    today, options
        Those of `services.route_orders.route_from`.

    Returns
    -------
    RouteReport
        Its alternatives by order, as they were given, the best score first.

    Raises
    ------
    TableError
        If an order names an unknown sku or party, or one the viewer may not know of; names the row.
    """
    asked = admit(snapshot, orders, viewer=viewer, today=today)
    report = route_from(asked.known, asked.demands, today=asked.day, sight=asked.sight, **options)
    alternatives = report.alternatives
    place = pd.Index(orders["order_id"]).get_indexer(alternatives["order_id"])
    ranked = alternatives.assign(place=place).sort_values(
        ["place", "score"], ascending=[True, False], kind="stable", ignore_index=True
    )
    return replace(report, alternatives=ranked.drop(columns="place"))
