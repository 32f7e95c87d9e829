"""The tables that a match is made of: orders, suppliers, candidates and credit lines."""

from __future__ import annotations

from contracts.tables import Column, TableSchema

__all__ = ["CANDIDATES", "CREDIT", "MAX_PIECES", "ORDERS", "SUPPLIERS"]

MAX_PIECES = 2**31 - 1
MAX_LOAD = 10**12

ORDERS = TableSchema(
    name="orders",
    columns=(
        Column(name="order_id", kind="str", description="the order"),
        Column(name="pieces", kind="int", above=0, maximum=MAX_PIECES, description="pieces ordered"),
        Column(
            name="unmatched_penalty",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            description="score lost per piece that nobody serves (empty = 1)",
        ),
        Column(name="buyer_id", kind="str", required=False, nullable=True, description="who pays; needed with credit"),
    ),
    key=("order_id",),
)

SUPPLIERS = TableSchema(
    name="suppliers",
    columns=(
        Column(name="supplier_id", kind="str", description="the supplier"),
        Column(
            name="capacity", kind="int", minimum=0, maximum=MAX_LOAD, description="pieces (units of load) it can take"
        ),
    ),
    key=("supplier_id",),
)

CANDIDATES = TableSchema(
    name="candidates",
    columns=(
        Column(name="order_id", kind="str", description="an order of the orders table"),
        Column(name="supplier_id", kind="str", description="a supplier of the suppliers table"),
        Column(
            name="score",
            kind="float",
            required=False,
            minimum=-1e12,
            maximum=1e12,
            description="gain per piece, higher is better; without it, computed from the parts with --weights",
        ),
        Column(
            name="load",
            kind="float",
            required=False,
            minimum=1e-6,
            maximum=1e9,
            description="capacity that one piece takes at that supplier (default 1)",
        ),
        Column(
            name="lead_time_days",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            description="days to deliver; a part kept for the explanation",
        ),
        Column(
            name="cost_fen",
            kind="float",
            required=False,
            nullable=True,
            description="landed cost per piece in fen; a part kept for the explanation",
        ),
        Column(
            name="unit_price_fen",
            kind="int",
            required=False,
            minimum=0,
            description="price per piece in fen; with it, credit limits are in fen",
        ),
    ),
    key=("order_id", "supplier_id"),
    may_be_empty=True,
)

CREDIT = TableSchema(
    name="credit",
    columns=(
        Column(name="buyer_id", kind="str", description="who buys on credit"),
        Column(name="supplier_id", kind="str", description="who grants it"),
        Column(
            name="limit",
            kind="int",
            minimum=0,
            description="most that the buyer may take from the supplier: pieces, or fen with unit_price_fen",
        ),
    ),
    key=("buyer_id", "supplier_id"),
    may_be_empty=True,
)
