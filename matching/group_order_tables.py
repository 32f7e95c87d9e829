"""What group orders are planned from: communities, and the waves that might be sent to them."""

from __future__ import annotations

from contracts.columns import date_column, text_column, whole_column
from contracts.tables import Column, TableSchema

__all__ = ["COMMUNITIES", "WAVES"]

_MOST_FEN = 2**53 - 1


COMMUNITIES = TableSchema(
    name="communities",
    key=("community_id",),
    columns=(
        text_column("community_id", "Your own id of the community.", required=True),
        whole_column("members", "Members who would get a push; nothing is sent to whom nobody listens.", required=True),
        whole_column("pushes_per_week", "Most pushes a week it wants to see; the house's limit without it."),
        whole_column("pushed", "Pushes it got already in the first week; 0 without it."),
        whole_column("quiet_from", "Hour from which nothing is to be sent; empty = never quiet.", maximum=23),
        whole_column("quiet_to", "Hour at which that ends.", maximum=23),
        Column(name="opted_in", kind="bool", required=False, description="Whether it wants pushes; yes without it."),
        date_column("left_on", "First day on which it is no longer there."),
    ),
)  # fmt: skip

WAVES = TableSchema(
    name="waves",
    key=("wave_id",),
    columns=(
        text_column("wave_id", "Your own id of the wave: one coupon pushed at one hour.", required=True),
        Column(name="push_at", kind="timestamp", description="When the push would be sent."),
        text_column("sku_id", "What is sold.", required=True),
        whole_column("margin_fen", "Margin of an order before the coupon, in fen.", required=True, maximum=_MOST_FEN),
        text_column("coupon", "Coupon or kind of offer, as in earlier pushes; all alike without it."),
        whole_column("coupon_fen", "What the coupon costs per order, in fen; 0 without it.", maximum=_MOST_FEN),
        whole_column("pieces_per_order", "Pieces of an order; 1 without it.", minimum=1, maximum=10**6),
        whole_column("pieces", "Pieces there are for it; no limit without it, but what the supplier has left."),
        text_column("supplier_id", "Who promises the pieces; nothing can be held without it."),
        text_column("good", "What the supplier's capacity is of; the sku without it."),
        text_column("bucket", "First day of the capacity's bucket; empty = stock."),
        text_column("buyer_id", "Party that buys, for the hold."),
        whole_column("unit_price_fen", "Fen that a piece takes of the buyer's credit; 0 without it.", maximum=10**12),
    ),
)
