"""What group orders are planned from: communities, and the waves that might be sent to them."""

from __future__ import annotations

from contracts.tables import Column, TableSchema

__all__ = ["COMMUNITIES", "WAVES"]

_MOST_FEN = 2**53 - 1


def _whole(
    name: str, description: str, *, required: bool = False, minimum: int = 0, maximum: int = 2**31 - 1
) -> Column:
    return Column(
        name=name, kind="int", required=required, nullable=not required, minimum=minimum, maximum=maximum,
        description=description,
    )  # fmt: skip


def _text(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name=name, kind="str", required=required, nullable=not required, description=description)


COMMUNITIES = TableSchema(
    name="communities",
    key=("community_id",),
    columns=(
        _text("community_id", "Your own id of the community.", required=True),
        _whole("members", "Members who would get a push; nothing is sent to whom nobody listens.", required=True),
        _whole("pushes_per_week", "Most pushes a week it wants to see; the house's limit without it."),
        _whole("pushed", "Pushes it got already in the first week; 0 without it."),
        _whole("quiet_from", "Hour from which nothing is to be sent; empty = never quiet.", maximum=23),
        _whole("quiet_to", "Hour at which that ends.", maximum=23),
        Column(name="opted_in", kind="bool", required=False, description="Whether it wants pushes; yes without it."),
        Column(
            name="left_on", kind="date", required=False, nullable=True,
            description="First day on which it is no longer there.",
        ),
    ),
)  # fmt: skip

WAVES = TableSchema(
    name="waves",
    key=("wave_id",),
    columns=(
        _text("wave_id", "Your own id of the wave: one coupon pushed at one hour.", required=True),
        Column(name="push_at", kind="timestamp", description="When the push would be sent."),
        _text("sku_id", "What is sold.", required=True),
        _whole("margin_fen", "Margin of an order before the coupon, in fen.", required=True, maximum=_MOST_FEN),
        _text("coupon", "Coupon or kind of offer, as in earlier pushes; all alike without it."),
        _whole("coupon_fen", "What the coupon costs per order, in fen; 0 without it.", maximum=_MOST_FEN),
        _whole("pieces_per_order", "Pieces of an order; 1 without it.", minimum=1, maximum=10**6),
        _whole("pieces", "Pieces there are for it; no limit without it, but what the supplier has left."),
        _text("supplier_id", "Who promises the pieces; nothing can be held without it."),
        _text("good", "What the supplier's capacity is of; the sku without it."),
        _text("bucket", "First day of the capacity's bucket; empty = stock."),
        _text("buyer_id", "Party that buys, for the hold."),
        _whole("unit_price_fen", "What a piece takes of the buyer's credit, in fen; 0 without it.", maximum=10**12),
    ),
)
