"""The tables that a wave's forecast reads: who got a push, and the orders that followed."""

from __future__ import annotations

from contracts.tables import Column, TableSchema

__all__ = ["PUSHES", "WAVE_ORDERS"]

_WAVE = Column(name="wave_id", kind="str", description="Wave: one push at one time, to many communities.")
_COMMUNITY = Column(name="community_id", kind="str", description="Community.")

PUSHES = TableSchema(
    name="pushes",
    key=("wave_id", "community_id"),
    columns=(
        _WAVE,
        _COMMUNITY,
        Column(name="push_at", kind="timestamp", description="When the push is sent, the same in all rows of a wave."),
        Column(name="members", kind="float", minimum=0, maximum=1e9, description="Members who get it."),
        Column(
            name="coupon",
            kind="str",
            required=False,
            nullable=True,
            description="Coupon or kind of offer, the same in all rows of a wave; all alike by default.",
        ),
    ),
)

WAVE_ORDERS = TableSchema(
    name="orders",
    may_be_empty=True,
    columns=(
        _WAVE,
        _COMMUNITY,
        Column(name="placed_at", kind="timestamp", description="When it was placed, or the start of the period."),
        Column(
            name="orders",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="How many, where rows are counts of a period; 1 by default.",
        ),
    ),
)
