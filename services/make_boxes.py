"""Production orders → heijunka boxes with their takt, from tables in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from contracts.tables import require_columns
from planning.boxes import BoxParams, heijunka_boxes, order_dues, takt_times
from planning.tables import FIRM

__all__ = ["BoxReport", "make_boxes"]

_ENDED = ("done", "cancelled")


@dataclass(frozen=True, kw_only=True)
class BoxReport:
    """Boxes, the pace of each resource and day, when each order is due to the minute, and figures."""

    boxes: pd.DataFrame
    takt: pd.DataFrame
    dues: pd.DataFrame
    summary: dict[str, Any]


def make_boxes(orders: pd.DataFrame, *, params: BoxParams | None = None, source: str = "orders") -> BoxReport:
    """Cut the orders of a plan into pitch-sized lots and give each its slot and its moment.

    Parameters
    ----------
    orders
        A plan's orders (columns of `planning.tables.FIRM`, with `order_id` and `hours`); those done or cancelled are
        left out.

    Raises
    ------
    TableError, InputError
        If the table is wrong.
    """
    params = params or BoxParams()
    checked = FIRM.check(orders, source)
    require_columns(checked, ("order_id", "hours"), option=source, source="a plan's orders")
    if "state" in checked:
        checked = checked[~checked["state"].isin(_ENDED)]
    boxes = heijunka_boxes(checked.assign(hours=checked["hours"].fillna(0.0)), params)
    takt = takt_times(boxes, params)
    summary = {"resources": int(boxes["resource"].nunique()), "days": int(boxes["day"].nunique()), "lots": len(boxes)}
    dues = order_dues(boxes).reset_index() if len(boxes) else pd.DataFrame(columns=["order_id", "due_at"])
    return BoxReport(boxes=boxes, takt=takt, dues=dues, summary=summary)
