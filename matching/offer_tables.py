"""What sellers and brands answered to offers."""

from __future__ import annotations

from contracts.tables import Column, TableSchema

__all__ = ["ANSWERS", "STATES"]

STATES = ("accepted", "refused", "withdrawn")

ANSWERS = TableSchema(
    name="answers",
    key=("seller_id", "style_id"),
    may_be_empty=True,
    columns=(
        Column(name="seller_id", kind="str", description="A seller of the table sellers."),
        Column(name="style_id", kind="str", description="A style of the table styles."),
        Column(
            name="state",
            kind="str",
            choices=STATES,
            description="accepted offers stand; refused ones, and those withdrawn after they were accepted, are not "
            "made again.",
        ),
        Column(
            name="promote_on", kind="date", required=False, nullable=True, description="Day agreed on, if it stands."
        ),
        Column(
            name="pieces", kind="int", required=False, nullable=True, minimum=0, maximum=2**31 - 1,
            description="Pieces ordered through it so far, once it was promoted.",
        ),
    ),
)  # fmt: skip
