"""Orders of the loaded network as the tables of a match: what its candidates score, cost and take."""

from __future__ import annotations

import pandas as pd

from contracts.errors import NotReadyError
from graph.tables import DEMANDS
from services.network_supply import known_on, require_known
from services.route_orders import candidate_rows, first_day, pools_of
from store.snapshot import Snapshot

__all__ = ["past_orders", "past_tables"]

_PARTS = ("score", "cost_fen", "lead_time_days", "distance_km")


def past_orders(snapshot: Snapshot) -> pd.DataFrame:
    """Return the orders that were loaded.

    Raises
    ------
    NotReadyError
        If there are none.
    """
    orders = snapshot.table("orders")
    if orders.empty:
        raise NotReadyError("the loaded network has no orders: add orders.csv and load again with `evenflow load DIR`")
    return orders


def past_tables(
    snapshot: Snapshot, orders: pd.DataFrame | None = None, *, top: int = 20
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return orders, suppliers and eligible candidates as `services.match_orders` takes them.

    Parameters
    ----------
    orders
        Raw orders (`graph.tables.DEMANDS`); None = those of the network.
    top
        Candidates per order, >= 1.

    Returns
    -------
    orders, suppliers, candidates
        ``supplier_id`` names what a supplier has of a good (``F1: soap``); ``due_days`` of the orders counts from the
        first day on which one was placed.
    """
    demands = DEMANDS.check(past_orders(snapshot) if orders is None else orders, "orders")
    day = first_day(demands)
    known = known_on(snapshot, day.tz_localize(None))
    require_known(demands, known.book)
    rows = candidate_rows(known, demands, day, top=top)
    rows = rows.assign(supplier_id=rows["supplier_id"].astype(str) + ": " + pd.Series(pools_of(rows)[1]).astype(str))
    suppliers = rows.groupby("supplier_id", sort=False)["capacity"].max().reset_index()
    able = rows[rows["reason"] == ""].drop_duplicates(["order_id", "supplier_id"])
    asked = demands[["order_id", "pieces", *(["due_date"] if "due_date" in demands else [])]]
    if "due_date" in asked:
        due = (pd.to_datetime(asked["due_date"]) - day.tz_localize(None)).dt.days
        asked = asked.drop(columns="due_date").assign(due_days=due)
    return asked, suppliers, able[["order_id", "supplier_id", *_PARTS]].reset_index(drop=True)
