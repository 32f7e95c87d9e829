"""Tables of the supply net: parties, relations, products, supply and the orders placed on it."""

from __future__ import annotations

from contracts.tables import Column, TableSchema

__all__ = [
    "AMOUNT_LIMIT",
    "COUNT_LIMIT",
    "DEMANDS",
    "EXCLUSIVES",
    "LANES",
    "PARTIES",
    "PARTY_KINDS",
    "PRODUCTS",
    "RELATIONS",
    "RELATION_KINDS",
    "STOCK",
    "SUPPLY",
]

PARTY_KINDS = (
    "brand",
    "factory",
    "workshop",
    "distributor",
    "franchisee",
    "store",
    "warehouse",
    "carrier",
    "guide",
    "group_leader",
    "kol",
    "community",
)
COUNT_LIMIT, AMOUNT_LIMIT = 2**31 - 1, 2**53 - 1
"""The largest count and amount of a relation that the net and its files hold exactly."""

RELATION_KINDS = ("supplies", "distributes", "serves", "refers", "vouches", "influences", "owes", "earns")


def _text(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name=name, kind="str", required=required, nullable=not required, description=description)


def _number(name: str, description: str, *, minimum: float = 0, maximum: float | None = None) -> Column:
    return Column(
        name=name,
        kind="float",
        required=False,
        nullable=True,
        minimum=minimum,
        maximum=maximum,
        description=description,
    )


def _whole(name: str, description: str, *, maximum: float | None = None) -> Column:
    return Column(
        name=name,
        kind="int",
        required=False,
        nullable=True,
        minimum=0,
        maximum=maximum,
        description=description,
    )


def _date(name: str, description: str) -> Column:
    return Column(name=name, kind="date", required=False, nullable=True, description=description)


PARTIES = TableSchema(
    name="parties",
    key=("id",),
    columns=(
        _text("id", "Your own id of the party, as it is in your systems; at most 120 bytes.", required=True),
        Column(name="kind", kind="str", choices=PARTY_KINDS, description="What the party is."),
        _text("name", "Name shown to people."),
        _text("region", "Region the party is in; territories name the same regions."),
        _number("lat", "Latitude in degrees.", minimum=-90, maximum=90),
        _number("lon", "Longitude in degrees.", minimum=-180, maximum=180),
        _text("tenant", "Whose data the row is."),
        _number("capacity_per_day", "Pieces a day the party can make or pass on."),
        _number("lead_time_days", "Days from order to delivery, unless its supply says otherwise."),
        _text("categories", "Categories the party makes or trades, joined by |."),
    ),
)

RELATIONS = TableSchema(
    name="relations",
    may_be_empty=True,
    columns=(
        _text("src", "Party the relation starts from (the one who supplies, serves, refers, owes…).", required=True),
        _text("dst", "Party the relation leads to.", required=True),
        Column(name="kind", kind="str", choices=RELATION_KINDS, description="What src does for dst."),
        _number("weight", "Tie strength; 1 without the column.", maximum=3.4e38),
        _date("first_at", "Day of the first trade."),
        _date("last_at", "Day of the last trade, not before first_at."),
        _whole("count", "Trades so far.", maximum=COUNT_LIMIT),
        _whole("amount_fen", "Value of the trades so far, in fen."),
        _date("valid_from", "First day on which the relation holds; empty = always has."),
        _date("valid_to", "First day on which it no longer holds, after valid_from; empty = open."),
    ),
)

PRODUCTS = TableSchema(
    name="products",
    key=("sku_id",),
    may_be_empty=True,
    columns=(
        _text("sku_id", "Stock-keeping unit: what an order asks for.", required=True),
        _text("style_id", "Style the sku belongs to."),
        _text("category", "Category; suppliers of the category can be asked to make the sku."),
        _text("brand", "Brand; exclusive territories may be of a brand."),
        _whole("unit_cost_fen", "Usual cost of a piece, in fen."),
        _whole("price_fen", "Usual price of a piece to the shopper, in fen."),
        _number("weight_kg", "Weight of a piece, in kilograms."),
        _number("repurchase_days", "Usual days until a shopper buys it again."),
    ),
)

SUPPLY = TableSchema(
    name="supply",
    may_be_empty=True,
    columns=(
        _text("supplier_id", "Party that supplies.", required=True),
        _text("sku_id", "What it supplies; exactly one of sku_id and resource is given."),
        _text("resource", "Production resource it offers instead; routes name the same resources."),
        Column(
            name="capacity",
            kind="float",
            minimum=0,
            description="Pieces a day of the sku, or hours per bucket of the resource.",
        ),
        _date("bucket", "First day of the bucket the row holds for; empty = every bucket."),
        _number("overtime", "Extra hours per bucket at overtime cost (resources only)."),
        _whole("unit_cost_fen", "Cost of a piece, in fen; the product's without it."),
        _whole("minimum_order", "Fewest pieces of one order."),
        _number(
            "lead_time_days",
            "Days from order to delivery, or to the carrier's pick-up where lanes are given; the party's without it.",
        ),
        _text("territory", "Regions it may deliver to, joined by |; empty = everywhere."),
    ),
)

STOCK = TableSchema(
    name="stock",
    may_be_empty=True,
    columns=(
        _text("place_id", "Party where the goods lie: a warehouse, or anybody with stock.", required=True),
        _text("sku_id", "What lies there.", required=True),
        _text("owner_id", "Party whose goods they are, and who sells them; the place itself without it."),
        Column(name="pieces", kind="float", minimum=0, description="Pieces on hand that are free to sell."),
        _whole("unit_cost_fen", "Cost of a piece, in fen; the product's without it."),
        _whole("minimum_order", "Fewest pieces of one order."),
        _number(
            "lead_time_days",
            "Days until they are handed to a carrier. Without it 0 where lanes are given, else the place's own lead "
            "time.",
        ),
        _text("territory", "Regions they may be delivered to, joined by |; empty = everywhere."),
    ),
)

LANES = TableSchema(
    name="lanes",
    may_be_empty=True,
    columns=(
        _text(
            "carrier_id",
            "Who drives: a carrier, for everybody; any other party, for its own goods only.",
            required=True,
        ),
        _text("from_region", "Region where the goods are picked up; empty = anywhere."),
        _text("to_region", "Region they are delivered to; empty = everywhere."),
        Column(name="transit_days", kind="float", minimum=0, description="Days from pick-up to delivery."),
        _number("fen_per_kg", "Price of a kilogram, in fen; 0 without it."),
        _number("fen_per_order", "Price of an order, in fen; 0 without it."),
        _number("max_kg", "Heaviest order taken, in kilograms; empty = any."),
    ),
)

EXCLUSIVES = TableSchema(
    name="exclusives",
    may_be_empty=True,
    columns=(
        _text("holder_id", "Party that alone may deliver there.", required=True),
        _text("region", "Region held; empty = everywhere."),
        _text("sku_id", "Only this sku; empty = any."),
        _text("category", "Only skus of this category; empty = any."),
        _text("brand", "Only skus of this brand; empty = any."),
        _date("valid_from", "First day on which it holds; empty = always has."),
        _date("valid_to", "First day on which it no longer holds; empty = open."),
    ),
)

DEMANDS = TableSchema(
    name="orders",
    key=("order_id",),
    may_be_empty=True,
    columns=(
        _text("order_id", "Your own id of the order.", required=True),
        _text("sku_id", "What is asked for.", required=True),
        Column(name="pieces", kind="int", above=0, description="How many pieces."),
        _text("buyer_id", "Party that buys.", required=True),
        _text("ship_to", "Party or region the goods go to; the buyer's place without it."),
        _date("due_date", "Day by which the goods must be there."),
        _whole("max_price_fen", "Most the buyer pays per piece, in fen."),
    ),
)
