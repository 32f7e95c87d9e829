"""The table that settlement reads: sales with the margin that is divided."""

from __future__ import annotations

from contracts.tables import Column, TableSchema

__all__ = ["MARGINS"]

MARGINS = TableSchema(
    name="sales to settle",
    key=("sale_id",),
    may_be_empty=True,
    columns=(
        Column(name="sale_id", kind="str", description="Your own id of the sale."),
        Column(
            name="margin_fen",
            kind="int",
            minimum=-9e14,
            maximum=9e14,
            description="What the sale leaves to divide, in fen; whoever gets the rest bears a loss.",
        ),
    ),
)
