"""What a fact of each kind says."""

from __future__ import annotations

from contracts.tables import Column, TableSchema
from forecast.tables import SIGNALS
from graph.tables import DEMANDS
from planning.order_states import NEXT_STATES

__all__ = ["CAPACITY_CHANGES", "PAYLOADS", "PROGRESS", "PUSH_FACTS", "SALE_FACTS", "SUBJECTS"]

SALE_FACTS = TableSchema(
    name="sale",
    columns=(
        Column(name="unique_id", kind="str", description="Series of the loaded network."),
        Column(name="ds", kind="date", description="Day of the sale."),
        Column(
            name="pieces",
            kind="float",
            minimum=0,
            maximum=1e12,
            description="Pieces sold, added to what was loaded and told of that day.",
        ),
        Column(
            name="returned",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e12,
            description="Pieces brought back.",
        ),
    ),
)

CAPACITY_CHANGES = TableSchema(
    name="capacity_change",
    columns=(
        Column(name="supplier_id", kind="str", description="Supplier (a party)."),
        Column(
            name="left_share",
            kind="float",
            minimum=0,
            maximum=1,
            description="Share of what it offers that it has left: 0 = down, 1 = all again.",
        ),
    ),
)

PROGRESS = TableSchema(
    name="progress",
    columns=(
        Column(name="order_id", kind="str", description="Production order of the current plan."),
        Column(name="state", kind="str", choices=tuple(NEXT_STATES), description="The state it has reached."),
    ),
)

PUSH_FACTS = TableSchema(
    name="push",
    columns=(
        Column(name="wave_id", kind="str", description="Wave: one push at one time, to many communities."),
        Column(name="push_at", kind="timestamp", description="When the push is sent."),
        Column(name="coupon", kind="str", required=False, nullable=True, description="Coupon or kind of offer."),
        Column(name="communities", kind="str", description="List of `community_id` and `members` who get it."),
    ),
)

PAYLOADS = {
    "order": DEMANDS,
    "sale": SALE_FACTS,
    "signal": SIGNALS,
    "capacity_change": CAPACITY_CHANGES,
    "progress": PROGRESS,
    "push": PUSH_FACTS,
    "cancellation": TableSchema(name="cancellation", columns=()),
}
"""The payload of each kind as a table of one row."""

SUBJECTS = {
    "order": "order_id",
    "sale": "unique_id",
    "signal": "style_id",
    "capacity_change": "supplier_id",
    "progress": "order_id",
    "push": "wave_id",
}
"""The column of a payload that names what the fact is about; a cancellation is about what it cancels."""
