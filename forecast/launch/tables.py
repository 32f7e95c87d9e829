"""The tables that a launch forecast reads beside the signals: styles, their sales and the KOLs who speak of them."""

from __future__ import annotations

from contracts.tables import Column, TableSchema

__all__ = ["KOLS", "KOL_RECORD", "LAUNCH_SALES", "STYLES"]

_STYLE = Column(name="style_id", kind="str", description="Style: anything that is launched once and then counted.")

STYLES = TableSchema(
    name="styles",
    columns=(
        _STYLE,
        Column(name="launch_at", kind="timestamp", description="When it can first be bought (or was published)."),
        Column(
            name="total",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e12,
            description="What it came to in the end, where known: such styles are history. Empty = to be forecast.",
        ),
        Column(
            name="final_at",
            kind="timestamp",
            required=False,
            nullable=True,
            description="From when on the total counts as known; the launch plus 25 days by default.",
        ),
        Column(
            name="category",
            kind="str",
            required=False,
            nullable=True,
            description="Hits are counted, and curves learnt, per category.",
        ),
    ),
    key=("style_id",),
)

LAUNCH_SALES = TableSchema(
    name="sales",
    columns=(
        _STYLE,
        Column(name="ds", kind="date", description="Day of the sale; known once the day is over."),
        Column(name="y", kind="float", minimum=0, maximum=1e12, description="Pieces sold through."),
        Column(
            name="observed_at",
            kind="timestamp",
            required=False,
            nullable=True,
            description="When the day's sales became known; the end of the day by default.",
        ),
    ),
    key=("style_id", "ds"),
    may_be_empty=True,
)

KOLS = TableSchema(
    name="kols",
    columns=(
        Column(name="kol_id", kind="str", description="KOL, as the signals name them."),
        Column(
            name="followers",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e12,
            description="How many people they reach.",
        ),
        Column(
            name="trust",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1,
            description="How far they are trusted, 0 to 1.",
        ),
    ),
    key=("kol_id",),
    may_be_empty=True,
)

KOL_RECORD = TableSchema(
    name="kol_record",
    columns=(
        Column(name="kol_id", kind="str", description="KOL, as the signals name them."),
        Column(name="category", kind="str", description="What they sold."),
        Column(name="reached", kind="float", minimum=0, maximum=1e12, description="Readers of what they posted."),
        Column(name="orders", kind="float", minimum=0, maximum=1e12, description="Orders that came of it."),
        Column(name="until", kind="timestamp", description="When this was known."),
    ),
    may_be_empty=True,
)
