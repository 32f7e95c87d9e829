"""The tables behind offers: small sellers, styles, and what became of earlier offers."""

from __future__ import annotations

from contracts.columns import date_column, text_column, whole_column
from contracts.tables import Column, TableSchema

__all__ = ["PROMOTIONS", "SELLERS", "STYLES"]

_MOST_FEN = 2**53 - 1


def _number(name: str, description: str, *, maximum: float | None = None, above: float | None = None) -> Column:
    return Column(
        name=name, kind="float", required=False, nullable=True, minimum=None if above is not None else 0, above=above,
        maximum=maximum, description=description,
    )  # fmt: skip


SELLERS = TableSchema(
    name="sellers",
    key=("seller_id",),
    columns=(
        text_column("seller_id", "Your own id of the seller: a KOL, guide, group leader or community.", required=True),
        whole_column("audience", "People a promotion reaches; 0: nothing is offered to it.", required=True),
        text_column("categories", "Categories it calls its own, joined by |; empty = not known."),
        whole_column("price_fen", "Usual price of what it sells, in fen; empty = not known.", maximum=_MOST_FEN),
        _number("trust", "Trust in it, 0 to 1; empty = not known.", maximum=1),
        whole_column("fee_fen", "What it asks per promotion, in fen; 0 without it.", maximum=_MOST_FEN),
        whole_column("approaches_per_week", "Most offers a week it wants to see; the house's limit without it."),
        whole_column("approached", "Offers it was shown already in the first week; 0 without it."),
        whole_column("quiet_from", "Hour from which it is not to be approached; empty = never quiet.", maximum=23),
        whole_column("quiet_to", "Hour at which that ends.", maximum=23),
        Column(name="opted_in", kind="bool", required=False, description="Whether it wants offers; yes without it."),
        date_column("left_on", "First day on which it is no longer there."),
    ),
)

STYLES = TableSchema(
    name="styles",
    key=("style_id",),
    columns=(
        text_column("style_id", "Your own id of the style.", required=True),
        text_column("category", "Its category.", required=True),
        text_column("brand_id", "Who offers it; the style itself without it."),
        whole_column("price_fen", "Price of a piece to the shopper, in fen.", required=True, maximum=_MOST_FEN),
        whole_column("margin_fen", "Margin of a piece, to be shared, in fen.", required=True, maximum=_MOST_FEN),
        whole_column("sellers_cap", "Most sellers that promote it; no limit without it."),
        whole_column("pieces", "Pieces there are to sell; no limit of a seller's share without it."),
        _number("appeal", "Expected sales as a multiple of a usual style's; 1 without it.", above=0, maximum=1e6),
        _number("appeal_spread", "Standard deviation of the logarithm of that; 0.5 without it.", maximum=5),
        _number("hours_per_piece", "Factory hours of a piece; 1 without it.", above=0, maximum=1e6),
        date_column("first_on", "First day it may be promoted; the first of the schedule without it."),
        date_column("last_on", "Last day it may be promoted; the last of the schedule without it."),
        Column(name="opted_in", kind="bool", required=False, description="Whether its brand offers it; yes without."),
    ),
)

PROMOTIONS = TableSchema(
    name="promotions",
    columns=(
        text_column("seller_id", "Who was shown an offer.", required=True),
        text_column("style_id", "What was offered.", required=True),
        text_column("category", "The style's category.", required=True),
        whole_column("price_fen", "Its price to the shopper, in fen.", required=True, maximum=_MOST_FEN),
        Column(name="shown_on", kind="date", description="Day of the offer, and of the promotion if it was accepted."),
        whole_column("hour", "Hour of the promotion, 0 to 23; empty = not known.", maximum=23),
        Column(name="accepted", kind="bool", description="Whether the seller promoted it."),
        whole_column("pieces", "Pieces ordered through it.", required=True),
        whole_column("returned", "Pieces of them that came back; 0 without it."),
        text_column("brand_id", "Who offered it; the style without it."),
        _number("appeal", "What was expected of the style, as a multiple of a usual style's; 1 without it.", above=0),
        whole_column("income_fen", "What the seller earned with it, in fen.", maximum=_MOST_FEN),
    ),
)
