"""Tables of density: who lives where, what was ordered from where, how far a store's catchment goes."""

from __future__ import annotations

from contracts.columns import text_column
from contracts.tables import Column, TableSchema

__all__ = ["AREAS", "CATCHMENTS", "PLACED_ORDERS"]


def _number(name: str, description: str, minimum: float = 0, maximum: float | None = None) -> Column:
    return Column(
        name=name,
        kind="float",
        required=False,
        nullable=True,
        minimum=minimum,
        maximum=maximum,
        description=description,
    )


def _date(name: str, description: str) -> Column:
    return Column(name=name, kind="date", required=False, nullable=True, description=description)


AREAS = TableSchema(
    name="areas",
    may_be_empty=True,
    columns=(
        text_column("cell", "H3 cell, at least as fine as the resolution asked for; or give lat and lon, or a region."),
        _number("lat", "Latitude of a point in degrees: an estate, a block.", -90, 90),
        _number("lon", "Longitude in degrees.", -180, 180),
        text_column("region", "Region of parties; needed with `--by region`."),
        _number("households", "Households that live there."),
        _number("population", "People who live there."),
        _number("potential", "What they could buy, in any unit; households, then people without it."),
        _number("customers", "Of them, active customers: a count, never who."),
    ),
)

PLACED_ORDERS = TableSchema(
    name="orders",
    may_be_empty=True,
    columns=(
        text_column("store_id", "Party that won the order; buyer_id without it."),
        text_column("buyer_id", "Party that buys."),
        text_column("ship_to", "Party or region the goods go to; the buyer's place without it."),
        _number("lat", "Latitude of the place of delivery, where no party is there.", -90, 90),
        _number("lon", "Longitude of the place of delivery.", -180, 180),
        _number("pieces", "Pieces; 1 without it."),
        _date("at", "Day of the order, for dated catchments."),
    ),
)

CATCHMENTS = TableSchema(
    name="catchments",
    may_be_empty=True,
    columns=(
        text_column("store_id", "Party whose catchment it is.", required=True),
        text_column("cell", "H3 cell of any resolution that belongs to it.", required=True),
        _date("valid_from", "First day on which it does; empty = always has."),
        _date("valid_to", "First day on which it no longer does; empty = open."),
    ),
)
