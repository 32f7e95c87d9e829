"""Production orders of the loaded network's plan: where each stands, and every decision about them, logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from contracts.errors import EvenflowError, InputError, NotReadyError
from contracts.tables import require_columns
from planning.order_identity import lot_names
from planning.order_states import OrderChange, change_order, zone
from planning.params import HorizonParams
from planning.tables import FIRM
from store.home import Home
from store.plans import KeptPlan, PlanShelf
from store.record_log import RecordLog

__all__ = [
    "CurrentOrders",
    "current_orders",
    "decide_in_table",
    "decide_order",
    "finished_orders",
    "order_decisions",
    "orders_before",
    "rows_of_order",
]


_STEP = ["item", "route", "step", "resource"]


@dataclass(frozen=True)
class CurrentOrders:
    """The current plan, its orders as the decisions since left them, and how many decisions there are."""

    plan: KeptPlan
    orders: pd.DataFrame
    decisions: int


def current_orders(home: Path) -> CurrentOrders:
    """Return the orders of the loaded network's plan after all decisions.

    Raises
    ------
    NotReadyError
        If there is no plan.
    """
    return _current(home, _log(home).read())


def decide_order(
    home: Path, change: OrderChange, *, by: str, reason: str, now: datetime | None = None
) -> dict[str, Any]:
    """Change an order's state or terms and log who did it, when, why, and what was before; return the record.

    Raises
    ------
    NotReadyError
        If there is no plan.
    UnknownIdError
        If it has no such order.
    InputError
        If the change is not allowed, or `by` or `reason` is empty.
    """
    _require_told(by, reason)
    version = Home(home).current().version

    def choose(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = _current(home, records)
        _, old, new = change_order(found.orders, change)
        told = _told(change, by, reason, now) | {"plan_id": found.plan.id, "zone": _zone(found, change.order_id)}
        sign = (new["state"] == "done") - (old["state"] == "done")  # done after all, or not done after all
        made = {"version": version, "made": _made(found.orders, change.order_id, sign)} if sign else {}
        return [told | made | {"old": old, "new": new}]

    record = _log(home).decide(choose)[0]
    _show(home)
    return record


def decide_in_table(
    orders: pd.DataFrame,
    change: OrderChange,
    log: Path,
    *,
    by: str,
    reason: str,
    source: str = "orders",
    now: datetime | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Change an order of a table (columns of `planning.tables.FIRM`, `order_id` included) and log it in a file.

    Raises
    ------
    TableError
        If the table is wrong.
    UnknownIdError, InputError
        As for `decide_order`.
    """
    _require_told(by, reason)
    checked = FIRM.check(orders, source)
    require_columns(checked, ("order_id", "state", "hours", "due"), option=source, source="a plan's orders")
    changed, old, new = change_order(checked, change)
    record = _told(change, by, reason, now) | {"old": old, "new": new}
    RecordLog(log).append(record)
    return changed, record


def order_decisions(home: Path, *, order_id: str | None = None) -> list[dict[str, Any]]:
    """Return the decisions, the latest first."""
    found = [record for record in _log(home).read() if order_id in (None, record["order_id"])]
    return found[::-1]


def finished_orders(home: Path, version: str) -> pd.DataFrame:
    """Return the last steps of orders that were done since a version of the network was loaded.

    Returns
    -------
    made
        `item, route, step, resource, pieces`; its stock was counted before. Negative where "done" was told by mistake.
    """
    records = [record for record in _log(home).read() if record.get("version") == version]
    return pd.DataFrame([record["made"] for record in records], columns=[*_STEP, "pieces"])


def orders_before(home: Path, plan: KeptPlan, later: KeptPlan) -> pd.DataFrame:
    """Return a plan's orders as the decisions made until a later plan left them: that is what the later one changed."""
    first, last = (one.summary.get("decisions") for one in (plan, later))
    orders = plan.table("orders")
    if first is not None and last is not None:
        for record in _log(home).read()[first:last]:
            orders = _repeated(orders, record)
    return orders


def _made(orders: pd.DataFrame, order_id: str, sign: int) -> dict[str, Any]:
    """Return an order's last step, whose pieces are what it has made; less than none where that is taken back."""
    mine = orders[rows_of_order(orders, order_id)].sort_values("step").iloc[-1]
    return {**{name: mine[name] for name in _STEP}, "pieces": sign * int(mine["pieces"])}


def rows_of_order(orders: pd.DataFrame, order_id: str) -> pd.Series:
    """Whether rows belong to an order, which may be named by one of its steps."""
    lots = lot_names(orders)
    return lots.isin({order_id, *lots[orders["order_id"] == order_id]})


def _require_told(by: str, reason: str) -> None:
    for name, text in (("by", by), ("reason", reason)):
        if not text.strip():
            raise InputError(name, "a text", text)


def _told(change: OrderChange, by: str, reason: str, now: datetime | None) -> dict[str, Any]:
    made = (now or datetime.now(UTC)).isoformat(timespec="milliseconds")
    return {"at": made, "by": by, "reason": reason, "order_id": change.order_id} | (
        {"corrected": True} if change.corrected else {}
    )


def _log(home: Path) -> RecordLog:
    return RecordLog(home / "production_orders.jsonl")


def _current(home: Path, records: list[dict[str, Any]]) -> CurrentOrders:
    plan = PlanShelf(home).current()
    if plan is None:
        raise NotReadyError("no plan of the loaded network is kept yet: `POST /v1/plans` with {}, or `evenflow run`")
    orders = plan.table("orders")
    for record in records[plan.summary["decisions"] :]:
        orders = _repeated(orders, record)
    return CurrentOrders(plan, orders, len(records))


def _repeated(orders: pd.DataFrame, record: Mapping[str, Any]) -> pd.DataFrame:
    """Return the orders after a logged decision; one on a plan replaced meanwhile may fit the new one no more."""
    new = record["new"]
    terms = {name: new[name] for name in ("pieces", "start") if name in new} or {"state": new["state"]}
    corrected = bool(record.get("corrected", False))
    try:
        return change_order(orders, OrderChange(order_id=record["order_id"], corrected=corrected, **terms))[0]
    except EvenflowError:
        return orders


def _zone(found: CurrentOrders, order_id: str) -> str:
    orders, summary = found.orders, found.plan.summary
    start = orders.loc[rows_of_order(orders, order_id), "start"].min()
    horizon = HorizonParams(**summary["horizon"])
    return zone(start, pd.DatetimeIndex(summary["buckets"]), firm=horizon.firm, slushy=horizon.slushy)


def _show(home: Path) -> None:
    """Let the server and its console show the orders as they stand, if their plan is the loaded version's."""
    found = current_orders(home)
    snapshot = Home(home).current()
    summary = snapshot.result("plan_summary")
    if isinstance(summary, dict) and summary.get("plan_id") == found.plan.id:
        snapshot.write_result("plan", found.orders)
