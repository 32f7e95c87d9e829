"""The tables that a match is made of: orders, suppliers, candidates, credit lines and limits."""

from __future__ import annotations

from contracts.tables import Column, TableSchema

__all__ = ["CANDIDATES", "CREDIT", "DAYS", "LIMITS", "MAX_PIECES", "MAX_SCORE", "ORDERS", "SUPPLIERS"]

MAX_PIECES = 2**31 - 1
MAX_LOAD = 10**12
MAX_SCORE = 1e12
MAX_DAYS = 1000

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
            maximum=MAX_SCORE,
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
        Column(
            name="minimum_order",
            kind="int",
            required=False,
            nullable=True,
            minimum=0,
            maximum=MAX_PIECES,
            description="fewest pieces of one order, or of the orders pooled by --pool-by, that it makes (empty = any)",
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
            minimum=-MAX_SCORE,
            maximum=MAX_SCORE,
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
        Column(
            name="minimum_order",
            kind="int",
            required=False,
            nullable=True,
            minimum=0,
            maximum=MAX_PIECES,
            description="fewest pieces that this supplier makes for it, instead of the supplier's own (empty = any)",
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

LIMITS = TableSchema(
    name="limits",
    columns=(
        Column(name="limit_id", kind="str", description="the limit"),
        Column(
            name="kind",
            kind="str",
            choices=("exposure_cap", "ceiling", "mix_limit", "no_credit"),
            description="what it is; the reason given where it binds",
        ),
        Column(
            name="per",
            kind="str",
            required=False,
            nullable=True,
            description="columns of candidates, orders or suppliers, with commas: one limit for each of their values",
        ),
        Column(
            name="column",
            kind="str",
            required=False,
            nullable=True,
            description="limits only candidates whose `column` holds `value` (empty = all)",
        ),
        Column(name="value", kind="str", required=False, nullable=True, description="the value meant by `column`"),
        Column(
            name="most",
            kind="int",
            required=False,
            nullable=True,
            minimum=0,
            maximum=10**15,
            description="most that may be served in all, in `unit`",
        ),
        Column(
            name="share",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1,
            description="instead of `most`: a share of `of`",
        ),
        Column(
            name="of",
            kind="str",
            required=False,
            nullable=True,
            choices=("capacity", "orders", "served"),
            description="of the suppliers' capacity, of the pieces ordered, or of all that is served in the same `per`",
        ),
        Column(
            name="unit",
            kind="str",
            required=False,
            nullable=True,
            choices=("pieces", "load", "fen"),
            description="what is counted (empty = pieces; load for a share of capacity); fen needs unit_price_fen",
        ),
    ),
    key=("limit_id",),
    may_be_empty=True,
)

DAYS = TableSchema(
    name="orders",
    columns=(
        Column(name="order_id", kind="str", description="the order"),
        Column(
            name="first_day",
            kind="int",
            required=False,
            nullable=True,
            minimum=0,
            maximum=MAX_DAYS,
            description="with --steady: first day on which it may be made (0 = today; empty = 0)",
        ),
        Column(
            name="last_day",
            kind="int",
            nullable=True,
            minimum=0,
            maximum=MAX_DAYS,
            description="with --steady: last such day (empty = the latest of all orders)",
        ),
    ),
)
