"""The tables that forecasting reads: sales, attributes, what is known ahead, calendars and social signals."""

from __future__ import annotations

from contracts.tables import Column, TableSchema

SIGNAL_KINDS = (
    "view",
    "like",
    "comment",
    "repost",
    "share",
    "favorite",
    "click",
    "add_to_cart",
    "preorder",
    "order",
    "cancel",
    "refund",
)

_ID = Column(name="unique_id", kind="str", description="Series, e.g. one product in one store.")

SALES = TableSchema(
    name="sales",
    columns=(
        _ID,
        Column(name="ds", kind="date", description="Day (or other period) of the sale."),
        Column(
            name="y",
            kind="float",
            minimum=0,
            maximum=1e12,
            description="Sell-through in pieces, returns netted. Periods missing after a series' first row are zeros; "
            "periods before it did not exist.",
        ),
        Column(
            name="available",
            kind="bool",
            required=False,
            nullable=True,
            description="False = stocked out: a censored period, not zero demand; `y` is what was sold before. "
            "Empty = available.",
        ),
        Column(
            name="returned",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e12,
            description="Pieces brought back: of this day's sale if that is known, else on this day. They come off "
            "`y`, what is more than `y` off the days after.",
        ),
    ),
    key=("unique_id", "ds"),
)

STATIC = TableSchema(
    name="static",
    columns=(_ID,),
    key=("unique_id",),
)

KNOWN = TableSchema(
    name="known",
    columns=(_ID, Column(name="ds", kind="date", description="Day (or other period), in the history or ahead.")),
    key=("unique_id", "ds"),
    may_be_empty=True,
)

CALENDAR = TableSchema(
    name="calendar",
    columns=(
        Column(name="ds", kind="date", description="Day (or other period), in the history or ahead."),
        Column(
            name="feast",
            kind="str",
            required=False,
            nullable=True,
            description="Feast that begins on this day; list its past days too. Adds to `--country`.",
        ),
        Column(name="day_off", kind="bool", required=False, nullable=True, description="True = a day off by decree."),
        Column(
            name="workday",
            kind="bool",
            required=False,
            nullable=True,
            description="True = a weekend day that is worked to make up for a day off.",
        ),
    ),
    key=("ds",),
    may_be_empty=True,
)

_SOURCE = Column(name="source", kind="str", required=False, nullable=True, description="Platform or export.")
_OBSERVED = Column(
    name="observed_at",
    kind="timestamp",
    description="When the count became known: a checkpoint uses only what was observed by then.",
)

_DISTRIBUTOR = Column(name="distributor_id", kind="str", description="Distributor (a party of the network).")
_SUPPLIER = Column(
    name="supplier_id", kind="str", required=False, nullable=True, description="Whose goods they are (a party)."
)

SELL_IN = TableSchema(
    name="sell_in",
    columns=(
        _DISTRIBUTOR,
        Column(name="ds", kind="date", description="Day of the shipment."),
        Column(
            name="pieces",
            kind="float",
            minimum=-1e12,
            maximum=1e12,
            description="Pieces sent to the distributor; sent back by it: negative. Rows of one day are added up.",
        ),
        Column(name="sku_id", kind="str", required=False, nullable=True, description="Sku, where it is known."),
        _SUPPLIER,
    ),
)

SELL_THROUGH = TableSchema(
    name="sell_through",
    columns=(
        _DISTRIBUTOR,
        Column(name="ds", kind="date", description="Day of the sales."),
        Column(
            name="pieces",
            kind="float",
            minimum=-1e12,
            maximum=1e12,
            description="Pieces that shoppers bought of it, brought back: negative. Rows of one day are added up.",
        ),
        Column(name="sku_id", kind="str", required=False, nullable=True, description="Sku, where it is known."),
        _SUPPLIER,
    ),
)

SIGNALS = TableSchema(
    name="signals",
    columns=(
        Column(name="style_id", kind="str", description="Style the signal is about."),
        Column(name="signal_time", kind="timestamp", description="End of the period that the count covers."),
        _OBSERVED,
        Column(name="kind", kind="str", choices=SIGNAL_KINDS, description="What people did."),
        Column(name="count", kind="float", minimum=0, maximum=1e12, description="How often, in `unit`."),
        Column(
            name="period_seconds",
            kind="int",
            required=False,
            nullable=True,
            minimum=0,
            description="Length of the period.",
        ),
        _SOURCE,
        Column(name="account_id", kind="str", required=False, nullable=True, description="Account that published."),
        Column(name="content_id", kind="str", required=False, nullable=True, description="Post, video or live room."),
        Column(name="kol_id", kind="str", required=False, nullable=True, description="KOL (a pseudonym)."),
        Column(name="community_id", kind="str", required=False, nullable=True, description="Community."),
        Column(name="store_id", kind="str", required=False, nullable=True, description="Store."),
        Column(
            name="sku_id", kind="str", required=False, nullable=True, description="Sku, where the signal is that fine."
        ),
        Column(
            name="unit",
            kind="str",
            required=False,
            nullable=True,
            choices=("users", "events", "pieces"),
            description="What `count` counts; events by default.",
        ),
        Column(
            name="cumulative",
            kind="bool",
            required=False,
            nullable=True,
            description="True = total since publication, false = this period only (default).",
        ),
        Column(name="amount_fen", kind="int", required=False, nullable=True, description="Money of orders, in fen."),
        Column(name="is_final", kind="bool", required=False, nullable=True, description="True = will not be revised."),
    ),
)

STYLE_MAP = TableSchema(
    name="style map",
    columns=(
        Column(name="external_id", kind="str", description="The platform's id of a post, product, page or account."),
        Column(name="style_id", kind="str", description="Style it is about."),
        Column(
            name="source",
            kind="str",
            required=False,
            nullable=True,
            description="Source of `evenflow ingest` whose id it is; every source if empty.",
        ),
    ),
    key=("external_id", "source"),
)

ORDER_LINES = TableSchema(
    name="order lines",
    columns=(
        Column(name="order_id", kind="str", description="The platform's id of the order."),
        Column(name="line_id", kind="str", description="The platform's id of the line in it."),
        Column(name="style_id", kind="str", description="Style ordered."),
        Column(name="ordered_at", kind="timestamp", description="When it was placed."),
        Column(name="pieces", kind="int", minimum=0, maximum=1e9, description="Pieces ordered."),
        Column(
            name="state",
            kind="str",
            choices=("unpaid", "paid", "shipped", "done", "cancelled"),
            description="How far it is, when observed.",
        ),
        _OBSERVED,
        _SOURCE,
        Column(name="sku_id", kind="str", required=False, nullable=True, description="The platform's sku."),
        Column(name="paid_at", kind="timestamp", required=False, nullable=True, description="When it was paid."),
        Column(name="amount_fen", kind="int", required=False, nullable=True, description="Its price, in fen."),
        Column(
            name="returned",
            kind="int",
            required=False,
            nullable=True,
            minimum=0,
            description="Pieces whose return is over.",
        ),
        Column(name="preorder", kind="bool", required=False, nullable=True, description="True = sold ahead."),
        Column(name="kol_id", kind="str", required=False, nullable=True, description="Who sold it (a pseudonym)."),
        Column(name="account_id", kind="str", required=False, nullable=True, description="Shop it was bought in."),
        Column(name="store_id", kind="str", required=False, nullable=True, description="Store it is credited to."),
    ),
)

ACTIVITY = TableSchema(
    name="activity",
    columns=(
        Column(name="signal_time", kind="timestamp", description="End of the period that the value covers."),
        _OBSERVED,
        Column(name="measure", kind="str", description="What is measured, in the platform's words."),
        Column(name="value", kind="float", description="Its value."),
        Column(
            name="cumulative",
            kind="bool",
            required=False,
            nullable=True,
            description="True = as of that time, false = of the period.",
        ),
        Column(name="period_seconds", kind="int", required=False, nullable=True, minimum=0, description="The period."),
        _SOURCE,
        Column(name="account_id", kind="str", required=False, nullable=True, description="Account."),
        Column(name="kol_id", kind="str", required=False, nullable=True, description="Whose it is (a pseudonym)."),
    ),
)
