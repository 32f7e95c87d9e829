"""Tables of trade credit: what happened in each trade, and the terms two parties agreed on."""

from __future__ import annotations

from contracts.tables import Column, TableSchema

__all__ = ["EVENTS", "LEDGER", "MAX_FEN", "TERMS"]

EVENTS = (
    "ordered",
    "cancelled",
    "reserved",
    "released",
    "delivered",
    "invoiced",
    "paid",
    "accepted",
    "disputed",
    "resolved",
)
MAX_FEN = 10**12  # ten billion CNY in one event: sums of millions of them still fit into 64 bits


def _party(name: str, description: str) -> Column:
    return Column(name=name, kind="str", description=description)


def _date(name: str, description: str) -> Column:
    return Column(name=name, kind="date", required=False, nullable=True, description=description)


LEDGER = TableSchema(
    name="ledger",
    may_be_empty=True,
    columns=(
        _party("trade_id", "Your own id of the trade (the order): all its events carry it."),
        _party("buyer_id", "Who buys and owes."),
        _party("supplier_id", "Who delivers and grants the credit."),
        Column(name="at", kind="date", description="Day of the event."),
        Column(
            name="event",
            kind="str",
            choices=EVENTS,
            description="What happened; a trade may have several events of a kind, each with a part of the amount.",
        ),
        Column(
            name="amount_fen",
            kind="int",
            minimum=0,
            maximum=MAX_FEN,
            description="Value of this event, in fen: what was ordered, delivered, invoiced, paid … this time.",
        ),
        _date("due_at", "Day by which an invoice is to be paid; the terms' days after the invoice without it."),
        Column(
            name="event_id",
            kind="str",
            required=False,
            nullable=True,
            description="Your own id of the event; without it, the very same row again counts as a duplicate.",
        ),
    ),
)

TERMS = TableSchema(
    name="terms",
    may_be_empty=True,
    columns=(
        _party("buyer_id", "Who buys."),
        _party("supplier_id", "Who grants the terms."),
        Column(
            name="limit_fen",
            kind="int",
            minimum=0,
            maximum=MAX_FEN,
            description="Most that the buyer may owe, wait for and have reserved at once, in fen.",
        ),
        Column(name="terms_days", kind="int", minimum=0, maximum=3_650, description="Days from invoice to due date."),
        Column(
            name="retained_share",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1,
            description="Share of what was delivered that is kept back until its quality is accepted; 0 without it.",
        ),
        Column(
            name="annual_rate",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=10,
            description="Interest a year that a day of waiting is priced at (0.06 = 6 %).",
        ),
        _date("valid_from", "First day on which the terms hold; empty = always have."),
        _date("valid_to", "First day on which they no longer hold, after valid_from; empty = open."),
    ),
)
