"""The tables that decisions about new styles read: forecasts of their totals, their economics, their curves."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from contracts.tables import Column, TableSchema
from planning.tables import quantile_levels

__all__ = ["LAUNCH_FORECASTS", "LAUNCH_PATHS", "LAUNCH_TERMS", "launch_forecast_schema"]

_STYLE = Column(name="style_id", kind="str", description="Style.")

LAUNCH_FORECASTS = TableSchema(
    name="launches",
    key=("style_id", "checkpoint"),
    columns=(
        _STYLE,
        Column(name="checkpoint", kind="str", description="Time since the launch, like `0h`, `90m`, `7d`."),
        Column(name="mean", kind="float", required=False, nullable=True, minimum=0, description="Not used."),
        Column(
            name="p_hit",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1,
            description="Probability of a hit; a choice counts hits by it where `hit_pieces` is not given.",
        ),
    ),
)


def _pieces(name: str, description: str) -> Column:
    return Column(
        name=name, kind="float", required=False, nullable=True, minimum=0, maximum=1e9, description=description
    )


def _money(name: str, description: str, *, required: bool = True) -> Column:
    return Column(
        name=name,
        kind="int",
        required=required,
        nullable=not required,
        minimum=0,
        maximum=1e9,
        description=description,
    )


def _days(name: str, description: str) -> Column:
    return Column(
        name=name, kind="float", required=False, nullable=True, minimum=0, maximum=365, description=description
    )


LAUNCH_TERMS = TableSchema(
    name="styles",
    key=("style_id",),
    columns=(
        _STYLE,
        _money("price_fen", "What a sale brings, fen per piece."),
        _money("unit_cost_fen", "What an ordered piece costs, fen; less than the price."),
        _money("salvage_fen", "What a piece left over brings, fen; less than the cost; 0 by default.", required=False),
        _money(
            "chase_cost_fen", "Cost of a piece of an order after the first; as the first by default.", required=False
        ),
        _days("first_lead_days", "Days until a first order can be sold; 0 by default: it is on the shelf at launch."),
        _days("lead_time_days", "Days until an order after the first can be sold; 0 by default."),
        _pieces("minimum_order", "Fewest pieces of an order; 1 by default."),
        _pieces("demanded", "Pieces asked for since the launch; 0 by default."),
        _pieces("stock", "Pieces on hand; 0 by default."),
        _pieces("on_order", "Pieces ordered and not there yet; 0 by default."),
        _days("on_order_days", "Age of the style, in days, at which they arrive; at once by default."),
        _pieces("reserved", "Pieces of shared capacity held for the style; without the column capacity does not bind."),
        _pieces("hit_pieces", "From how many pieces on the style is a hit."),
        Column(
            name="launch_at",
            kind="timestamp",
            required=False,
            nullable=True,
            description="Launch; with it the latest useful order has a date.",
        ),
    ),
)

LAUNCH_PATHS = TableSchema(
    name="path",
    key=("style_id", "ds"),
    columns=(
        Column(name="style_id", kind="str", description="Style (`item` is taken too)."),
        Column(name="ds", kind="date", description="Day of the style's life (`bucket` is taken too)."),
        Column(name="mean", kind="float", minimum=0, maximum=1e12, description="Pieces expected on that day."),
    ),
)


def launch_forecast_schema(frame: pd.DataFrame) -> TableSchema:
    """Return the schema of launch forecasts with the quantile columns that a frame has."""
    quantiles = tuple(
        Column(name=name, kind="float", minimum=0, maximum=1e12, description=f"Quantile {level:g} of the total.")
        for name, level in quantile_levels(frame).items()
    )
    return replace(LAUNCH_FORECASTS, columns=LAUNCH_FORECASTS.columns + quantiles)
