"""The tables that settlement reads and writes."""

from __future__ import annotations

from contracts.tables import Column, TableSchema
from settlement.rules import LARGEST_FEN

__all__ = ["BINDINGS", "ENTRIES", "RETURNS", "REVERSALS", "SALES", "SELLERS", "TOUCHES"]

REVERSALS = ("return", "refusal")
_KINDS = ("sale", *REVERSALS)
_MOST_PIECES = 1_000_000

SALES = TableSchema(
    name="sales to settle",
    key=("sale_id",),
    may_be_empty=True,
    columns=(
        Column(name="sale_id", kind="str", description="Your own id of the sale: sent again it is settled once."),
        Column(
            name="sold_at", kind="timestamp", description="When it was sold: windows, bindings and leavers go by it."
        ),
        Column(
            name="price_fen",
            kind="int",
            minimum=0,
            maximum=LARGEST_FEN,
            description="List price of the whole sale, before discounts, in fen.",
        ),
        Column(
            name="cost_fen",
            kind="int",
            minimum=0,
            maximum=LARGEST_FEN,
            description="What of it is no margin (goods, freight), in fen. Not what the rules pay for.",
        ),
        Column(
            name="pieces",
            kind="int",
            minimum=1,
            maximum=_MOST_PIECES,
            required=False,
            nullable=True,
            description="Pieces sold: piece rates and partial returns go by them. Default 1.",
        ),
        Column(
            name="order_number",
            kind="int",
            minimum=1,
            maximum=1_000_000,
            required=False,
            nullable=True,
            description="Which order of the shopper it is, for discounts. Empty = none that is discounted.",
        ),
        Column(
            name="journey_id",
            kind="str",
            required=False,
            nullable=True,
            description="Of the touches that led to it: a shared link, a coupon. No shopper's id; it is not kept.",
        ),
        Column(
            name="binding_id",
            kind="str",
            required=False,
            nullable=True,
            description="Of the binding under which it counts: a membership, a round. No shopper's id; it is not kept.",
        ),
    ),
)
"""Beside these, one column per role with the id of who plays it; the rest's role on every sale."""

TOUCHES = TableSchema(
    name="touches",
    may_be_empty=True,
    columns=(
        Column(name="journey_id", kind="str", description="Journey that the sale names."),
        Column(name="touched_at", kind="timestamp", description="When."),
        Column(name="channel", kind="str", description="Channel: decides how long it counts."),
        Column(name="party_id", kind="str", description="Whose post, link or push it was."),
    ),
)

BINDINGS = TableSchema(
    name="bindings",
    key=("binding_id", "starts_on"),
    may_be_empty=True,
    columns=(
        Column(name="binding_id", kind="str", description="Binding that sales name."),
        Column(
            name="party_id", kind="str", description="Who holds it from then on: brought the customers, or took over."
        ),
        Column(name="starts_on", kind="date", description="First day. A later row of the same binding is a handover."),
        Column(
            name="ends_on",
            kind="date",
            required=False,
            nullable=True,
            description="Last day. Empty = until the next row's first day, or for life.",
        ),
    ),
)

SELLERS = TableSchema(
    name="sellers",
    key=("party_id",),
    may_be_empty=True,
    columns=(
        Column(name="party_id", kind="str", description="A party that takes part in shares."),
        Column(
            name="left_on",
            kind="date",
            required=False,
            nullable=True,
            description="First day on which it is gone: what it would get of later sales goes to its successor.",
        ),
        Column(
            name="successor_id",
            kind="str",
            required=False,
            nullable=True,
            description="Who takes over from then on. Empty = nobody: the share stays with the rest.",
        ),
        Column(
            name="referred_by",
            kind="str",
            required=False,
            nullable=True,
            description="Who brought the party, for rules of depth 2.",
        ),
    ),
)

RETURNS = TableSchema(
    name="returns",
    key=("kind", "return_id"),
    may_be_empty=True,
    columns=(
        Column(name="return_id", kind="str", description="Your own id of the return: sent again it counts once."),
        Column(name="sale_id", kind="str", description="Sale it takes back, settled before or in the same batch."),
        Column(name="returned_at", kind="timestamp", description="When; not before the sale."),
        Column(
            name="pieces",
            kind="int",
            minimum=1,
            maximum=_MOST_PIECES,
            required=False,
            nullable=True,
            description="Pieces that came back. Empty = all that are left.",
        ),
        Column(
            name="kind",
            kind="str",
            required=False,
            nullable=True,
            choices=REVERSALS,
            description="`return`, or `refusal`: the order was refused after it had been accepted. Default `return`.",
        ),
    ),
)

ENTRIES = TableSchema(
    name="ledger",
    key=("entry",),
    may_be_empty=True,
    columns=(
        Column(name="entry", kind="int", minimum=1, description="Place in the ledger. Entries are only ever added."),
        Column(name="sale_id", kind="str", description="Sale."),
        Column(name="event_id", kind="str", description="Id of the sale or of its return."),
        Column(name="kind", kind="str", choices=_KINDS, description="What it is: an original share or its reversal."),
        Column(name="at", kind="timestamp", description="When it was sold, or came back."),
        Column(name="pieces", kind="int", minimum=1, description="Pieces sold, or returned."),
        Column(name="role", kind="str", description="Role for which the party gets it."),
        Column(name="party_id", kind="str", description="Who gets it (or gives it back, if negative)."),
        Column(name="share_fen", kind="int", description="Fen. Per event they sum to its margin exactly."),
        Column(
            name="digest",
            kind="int",
            description="Of the row that it was booked from: tells a repetition from a change.",
        ),
    ),
)
