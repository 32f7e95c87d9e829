"""The tables behind offers: small sellers, styles, and what became of earlier offers."""

from __future__ import annotations

from contracts.tables import Column, TableSchema

__all__ = ["PROMOTIONS", "SELLERS", "STYLES"]

_MOST_FEN = 2**53 - 1


def _text(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name=name, kind="str", required=required, nullable=not required, description=description)


def _whole(name: str, description: str, *, required: bool = False, maximum: float = 2**31 - 1) -> Column:
    return Column(
        name=name, kind="int", required=required, nullable=not required, minimum=0, maximum=maximum,
        description=description,
    )  # fmt: skip


def _number(name: str, description: str, *, maximum: float | None = None, above: float | None = None) -> Column:
    return Column(
        name=name, kind="float", required=False, nullable=True, minimum=None if above is not None else 0, above=above,
        maximum=maximum, description=description,
    )  # fmt: skip


def _date(name: str, description: str) -> Column:
    return Column(name=name, kind="date", required=False, nullable=True, description=description)


SELLERS = TableSchema(
    name="sellers",
    key=("seller_id",),
    columns=(
        _text("seller_id", "Your own id of the small seller: a KOL, guide, group leader or community.", required=True),
        _whole("audience", "People a promotion reaches; nothing is offered to whom nobody listens.", required=True),
        _text("categories", "Categories it calls its own, joined by |; empty = not known."),
        _whole("price_fen", "Usual price of what it sells, in fen; empty = not known.", maximum=_MOST_FEN),
        _number("trust", "Trust in it, 0 to 1; empty = not known.", maximum=1),
        _whole("fee_fen", "What it asks per promotion, in fen; 0 without it.", maximum=_MOST_FEN),
        _whole("approaches_per_week", "Most offers a week it wants to see; the house's limit without it."),
        _whole("approached", "Offers it was shown already in the first week; 0 without it."),
        _whole("quiet_from", "Hour from which it is not to be approached; empty = never quiet.", maximum=23),
        _whole("quiet_to", "Hour at which that ends.", maximum=23),
        Column(name="opted_in", kind="bool", required=False, description="Whether it wants offers; yes without it."),
        _date("left_on", "First day on which it is no longer there."),
    ),
)

STYLES = TableSchema(
    name="styles",
    key=("style_id",),
    columns=(
        _text("style_id", "Your own id of the style.", required=True),
        _text("category", "Its category.", required=True),
        _text("brand_id", "Who offers it; the style itself without it."),
        _whole("price_fen", "Price of a piece to the shopper, in fen.", required=True, maximum=_MOST_FEN),
        _whole("margin_fen", "Margin of a piece, to be shared, in fen.", required=True, maximum=_MOST_FEN),
        _whole("sellers_cap", "Most sellers that promote it; no limit without it."),
        _whole("pieces", "Pieces there are to sell; no limit of a seller's share without it."),
        _number("appeal", "Expected sales as a multiple of a usual style's; 1 without it.", above=0, maximum=1e6),
        _number("appeal_spread", "Standard deviation of the logarithm of that; 0.5 without it.", maximum=5),
        _number("hours_per_piece", "Factory hours of a piece; 1 without it.", above=0, maximum=1e6),
        _date("first_on", "First day it may be promoted; the first of the schedule without it."),
        _date("last_on", "Last day it may be promoted; the last of the schedule without it."),
        Column(name="opted_in", kind="bool", required=False, description="Whether its brand offers it; yes without."),
    ),
)

PROMOTIONS = TableSchema(
    name="promotions",
    columns=(
        _text("seller_id", "Who was shown an offer.", required=True),
        _text("style_id", "What was offered.", required=True),
        _text("category", "The style's category.", required=True),
        _whole("price_fen", "Its price to the shopper, in fen.", required=True, maximum=_MOST_FEN),
        Column(name="shown_on", kind="date", description="Day of the offer, and of the promotion if it was accepted."),
        _whole("hour", "Hour of the promotion, 0 to 23; empty = not known.", maximum=23),
        Column(name="accepted", kind="bool", description="Whether the seller promoted it."),
        _whole("pieces", "Pieces ordered through it.", required=True),
        _whole("returned", "Pieces of them that came back; 0 without it."),
        _text("brand_id", "Who offered it; the style without it."),
        _number("appeal", "What was expected of the style, as a multiple of a usual style's; 1 without it.", above=0),
        _whole("income_fen", "What the seller earned with it, in fen.", maximum=_MOST_FEN),
    ),
)
