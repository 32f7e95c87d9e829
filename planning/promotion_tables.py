"""The tables of levelled promotion: what a factory has free by day, and how orders follow a promotion."""

from __future__ import annotations

from contracts.tables import Column, TableSchema

__all__ = ["CURVE", "FREE_HOURS"]

FREE_HOURS = TableSchema(
    name="free hours",
    key=("ds",),
    columns=(
        Column(name="ds", kind="date", description="Day, one row for each without gaps; the schedule covers them."),
        Column(
            name="free_hours", kind="float", minimum=0, maximum=1e12,
            description="Factory hours that are free: the level line has their shape.",
        ),
        Column(
            name="coming_hours", kind="float", required=False, minimum=0, maximum=1e12,
            description="Hours of orders that come anyway; 0 without it.",
        ),
        Column(
            name="shopping", kind="float", required=False, above=0, maximum=1000,
            description="How much people order on the day, against a usual day; 1 without it.",
        ),
    ),
)  # fmt: skip

CURVE = TableSchema(
    name="curve",
    key=("days_after",),
    columns=(
        Column(name="days_after", kind="int", minimum=0, maximum=120, description="Days after the promotion."),
        Column(name="share", kind="float", minimum=0, maximum=1, description="Share of its orders on that day."),
    ),
)
