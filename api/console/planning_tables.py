"""The tables of the planner's views: columns for AG Grid and the rows that go into them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from api.console.grid import NUMBER, ONE_ROW, PERCENT, column, grid

__all__ = [
    "box_grid",
    "diff_grid",
    "dispatch_grid",
    "frontier_grid",
    "order_grid",
    "peg_grid",
    "quote_grid",
    "scenario_grid",
]

_MAX_ROWS = 2_000


def order_grid(orders: pd.DataFrame) -> dict[str, Any]:
    """Return production orders, one row per step, by start."""
    columns = [
        column("order_id", "Order", width=230, filter=True),
        column("state", "State", width=105, filter=True),
        column("item", "Item", width=170, filter=True),
        column("step", "Step", width=80, kind="number"),
        column("resource", "Resource", width=160, filter=True),
        column("pieces", "Pieces", width=95, kind="number", show=NUMBER),
        column("hours", "Hours", width=90, kind="number", show=NUMBER),
        column("start", "Start", width=110, filter=True),
        column("due", "Due", width=110),
        column("reason", "Why there", flex=1, width=200, filter=True),
    ]
    return grid(columns, orders.sort_values(["start", "order_id"]).head(_MAX_ROWS)) | ONE_ROW


def peg_grid(pegs: pd.DataFrame) -> dict[str, Any]:
    """Return what orders are for."""
    columns = [
        column("covers", "Covers", width=130),
        column("item", "Item", width=200),
        column("bucket", "Of the week", width=130),
        column("pieces", "Pieces", width=100, kind="number", show=NUMBER),
        column("parent_order", "For order", flex=1, width=200),
    ]
    return grid(columns, pegs.head(_MAX_ROWS))


def box_grid(boxes: pd.DataFrame, takt: pd.DataFrame, resource: str) -> dict[str, Any]:
    """Return the box of a resource: a row per day, a column per slot, `item x pieces` in each."""
    mine = boxes[boxes["resource"].astype(str) == resource]
    text = mine["item"].astype(str) + " \u00d7 " + mine["pieces"].astype(str)
    cells = text.groupby([mine["day"], mine["slot"]]).agg(", ".join).unstack("slot").fillna("")  # noqa: PD010
    slots = range(1, int(boxes["slot"].max()) + 1)
    named = {f"s{slot}": cells.get(slot, "") for slot in slots}
    pace = takt[takt["resource"].astype(str) == resource].set_index("day")["takt_minutes"].round(2)
    rows = pd.DataFrame({"day": cells.index, "takt": pace.reindex(cells.index).to_numpy()}, index=cells.index)
    columns = [
        column("day", "Day", width=110),
        column("takt", "Takt, min", width=100, kind="number"),
        *(column(f"s{slot}", f"Slot {slot}", flex=1, width=120, wrap=True) for slot in slots),
    ]
    return grid(columns, rows.assign(**named).reset_index(drop=True))


def diff_grid(diff: pd.DataFrame) -> dict[str, Any]:
    """Return what changed from one plan to another, the most hours first."""
    names = ("order_id", "item", "change", "what", "why", "hours_before", "hours_after")
    shown = diff.reindex(columns=list(names))
    size = shown[["hours_before", "hours_after"]].astype(float).max(axis=1)
    columns = [
        column("change", "Change", width=110, filter=True),
        column("order_id", "Order", width=200, filter=True),
        column("item", "Item", width=150, filter=True),
        column("what", "What", flex=2, width=240, wrap=True),
        column("why", "Why", flex=1, width=160, wrap=True),
        column("hours_before", "Hours before", width=120, kind="number", show=NUMBER),
        column("hours_after", "After", width=90, kind="number", show=NUMBER),
    ]
    return grid(columns, shown.loc[size.sort_values(ascending=False).index].head(_MAX_ROWS))


def scenario_grid(table: pd.DataFrame) -> dict[str, Any]:
    """Return scenarios side by side."""
    columns = [
        column("scenario", "Scenario", flex=1, width=160),
        column("status", "Status", width=110),
        column("cost", "Cost", width=130, kind="number", show=NUMBER),
        column("cost_change", "Against base", width=130, kind="number", show=NUMBER),
        column("fill_rate", "Fill", width=90, kind="number", show=PERCENT),
        column("load_cv", "Load varies by", width=130, kind="number", show=PERCENT),
        column("idle_hours", "Idle h", width=100, kind="number", show=NUMBER),
        column("overtime_hours", "Over h", width=100, kind="number", show=NUMBER),
        column("hours_moved", "Hours moved", width=120, kind="number", show=NUMBER),
    ]
    return grid(columns, table)


def frontier_grid(table: pd.DataFrame) -> dict[str, Any]:
    """Return the points of a frontier."""
    columns = [
        column("late", "Late, times", width=110, kind="number"),
        column("firm", "Firm weeks", width=110, kind="number"),
        column("cost", "Cost", flex=1, width=130, kind="number", show=NUMBER),
        column("fill_rate", "Fill", width=100, kind="number", show=PERCENT),
        column("load_cv", "Load varies by", width=130, kind="number", show=PERCENT),
        column("efficient", "Efficient", width=110),
    ]
    return grid(columns, table)


def quote_grid(table: pd.DataFrame) -> dict[str, Any]:
    """Return the dates that factories can promise."""
    columns = [
        column("item", "Item", width=170),
        column("pieces", "Pieces", width=95, kind="number", show=NUMBER),
        column("factory", "Factory", width=170, filter=True),
        column("promise", "Promise", width=120),
        column("takes", "Takes", width=110),
        column("cost", "Cost", width=120, kind="number", show=NUMBER),
        column("premium", "Premium", width=120, kind="number", show=NUMBER),
        column("overtime_hours", "Over h", width=95, kind="number", show=NUMBER),
        column("displaced", "Displaces", flex=1, width=200, wrap=True),
    ]
    return grid(columns, table)


def dispatch_grid(found: pd.DataFrame) -> dict[str, Any]:
    """Return the steps sent to workshops and where each stands."""
    columns = [
        column("dispatch_id", "Dispatch", width=210, filter=True),
        column("workshop", "Workshop", width=140, filter=True),
        column("state", "State", width=110, filter=True),
        column("item", "Item", width=130, filter=True),
        column("step", "Step", width=75, kind="number"),
        column("pieces", "Pieces", width=90, kind="number", show=NUMBER),
        column("done_pieces", "Done", width=85, kind="number", show=NUMBER),
        column("hours", "Hours", width=85, kind="number", show=NUMBER),
        column("start", "Start", width=110),
        column("due", "Due", width=110),
        column("note", "Note", flex=1, width=140, wrap=True),
        column("why", "Why nobody", flex=1, width=140, wrap=True),
    ]
    return grid(columns, found.head(_MAX_ROWS))
