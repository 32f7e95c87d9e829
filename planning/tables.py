"""The tables that planning reads: their columns, units and bounds.

Money is one currency throughout, per piece unless the column says otherwise. A bucket is a date: the first day of a
day, a week or whatever grain the files share. Upper bounds keep the sums of a plan within what its solver computes
exactly.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd

from contracts.errors import TableError
from contracts.tables import Column, TableSchema

__all__ = [
    "BOM",
    "DEMAND",
    "FIRM",
    "ITEMS",
    "PATHS",
    "QUOTES",
    "RESOURCES",
    "ROUTES",
    "demand_schema",
    "paths_schema",
    "quantile_levels",
    "require_rising",
    "with_quantiles",
]

_QUANTILE = re.compile(r"^q(0?\.\d+)$")

DEMAND = TableSchema(
    name="demand",
    key=("item", "bucket"),
    columns=(
        Column(name="item", kind="str", description="what is demanded (`unique_id` of a forecast is taken too)"),
        Column(name="bucket", kind="date", description="when it is demanded (`ds` of a forecast is taken too)"),
        Column(
            name="y",
            kind="float",
            required=False,
            minimum=0,
            maximum=1e9,
            description="pieces; without it the quantile columns (`q0.1`, `q0.5`, ...) are the demand",
        ),
        Column(
            name="mean",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="expected pieces beside quantiles: what lies above the median is scaled to average it",
        ),
    ),
)

RESOURCES = TableSchema(
    name="resources",
    key=("resource", "bucket"),
    columns=(
        Column(name="resource", kind="str", description="a line, a machine group or a workshop"),
        Column(name="bucket", kind="date", description="the bucket the capacity is for"),
        Column(name="capacity", kind="float", minimum=0, maximum=1e9, description="regular hours; 0 = closed"),
        Column(
            name="overtime",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="hours that may be added",
        ),
        Column(
            name="min_run",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="hours it runs at least in a bucket in which it runs at all",
        ),
        Column(
            name="outside",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="hours of it that other customers take",
        ),
        Column(
            name="promised_share",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1,
            description="share of the hours left by others that it was promised work for, over the whole plan",
        ),
        Column(
            name="factory",
            kind="str",
            required=False,
            nullable=True,
            description="whose it is, for quotes and dispatches; empty = its own",
        ),
    ),
)

ROUTES = TableSchema(
    name="routes",
    key=("item", "route", "step", "resource"),
    columns=(
        Column(name="item", kind="str", description="what is made"),
        Column(name="route", kind="str", description="one way of making it"),
        Column(name="step", kind="int", minimum=0, maximum=1e6, description="order of the process steps in the route"),
        Column(
            name="resource", kind="str", description="who can do the step; rows that share the step are alternatives"
        ),
        Column(name="hours_per_unit", kind="float", minimum=0, maximum=1e6, description="hours per piece started"),
        Column(
            name="cost",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="money per piece started",
        ),
        Column(
            name="setup_hours",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="hours per lot and bucket",
        ),
        Column(
            name="minimum_lot",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="pieces, if any are made",
        ),
        Column(
            name="lot_multiple",
            kind="int",
            required=False,
            nullable=True,
            minimum=1,
            maximum=1e6,
            description="pieces come in multiples",
        ),
        Column(
            name="lead_buckets",
            kind="int",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e6,
            description="buckets from the start of the step until its output can be used (0 = the same bucket)",
        ),
        Column(
            name="yield",
            kind="float",
            required=False,
            nullable=True,
            above=0,
            maximum=1,
            description="good pieces per piece started",
        ),
    ),
)

ITEMS = TableSchema(
    name="items",
    key=("item",),
    columns=(
        Column(name="item", kind="str", description="the item"),
        Column(
            name="holding_cost",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="per piece and bucket",
        ),
        Column(
            name="backlog_cost",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="per piece late and bucket; empty = being late is forbidden",
        ),
        Column(
            name="leftover_cost",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="per piece in stock when the item ends",
        ),
        Column(
            name="setup_cost",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="money per lot and bucket",
        ),
        Column(
            name="initial_stock",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="pieces before the plan",
        ),
        Column(
            name="lost_cost",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="per piece still owed when the item ends",
        ),
        Column(
            name="first_bucket", kind="date", required=False, nullable=True, description="first bucket of its demand"
        ),
        Column(
            name="last_bucket",
            kind="date",
            required=False,
            nullable=True,
            description="bucket at whose end it ends: nothing arrives or is sold later",
        ),
        Column(
            name="known_from", kind="date", required=False, nullable=True, description="no order for it starts earlier"
        ),
    ),
)

BOM = TableSchema(
    name="bom",
    key=("parent", "component"),
    columns=(
        Column(name="parent", kind="str", description="the item made"),
        Column(name="component", kind="str", description="the item it takes when its first step starts"),
        Column(
            name="quantity", kind="float", above=0, maximum=1e6, description="pieces of the component per piece started"
        ),
    ),
)

FIRM = TableSchema(
    name="firm",
    may_be_empty=True,
    columns=(
        Column(name="order_id", kind="str", required=False, nullable=True, description="kept as it is"),
        Column(name="item", kind="str", description="what is made"),
        Column(name="route", kind="str", description="by which route"),
        Column(name="step", kind="int", minimum=0, maximum=1e6, description="which of its steps"),
        Column(name="resource", kind="str", description="where"),
        Column(name="pieces", kind="int", minimum=0, maximum=1e9, description="pieces started"),
        Column(
            name="hours",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="hours it takes; computed from the route if empty",
        ),
        Column(name="start", kind="date", description="bucket in which the step starts"),
        Column(
            name="due", kind="date", required=False, nullable=True, description="bucket in which its output can be used"
        ),
        Column(
            name="state",
            kind="str",
            required=False,
            nullable=True,
            choices=("proposed", "firm", "released", "done", "cancelled"),
            description="firm and released stay as they are; proposed is the last plan; empty = firm",
        ),
        Column(name="reason", kind="str", required=False, nullable=True, description="ignored"),
    ),
)

QUOTES = TableSchema(
    name="orders",
    key=("order_id",),
    columns=(
        Column(name="order_id", kind="str", description="the order asked about"),
        Column(name="item", kind="str", description="what is ordered"),
        Column(name="pieces", kind="int", minimum=1, maximum=1e9, description="how many, on top of the demand"),
    ),
)

PATHS = TableSchema(
    name="paths",
    key=("path", "item", "bucket", "as_of"),
    columns=(
        Column(name="path", kind="str", description="one history; policies are compared path by path"),
        Column(name="item", kind="str", description="what was demanded"),
        Column(name="bucket", kind="date", description="when"),
        Column(
            name="y",
            kind="float",
            minimum=0,
            maximum=1e9,
            description="pieces demanded, the same in all rows of a bucket",
        ),
        Column(
            name="as_of",
            kind="date",
            nullable=True,
            description="when the row's quantiles were forecast; a run covers all items; empty = no forecast",
        ),
    ),
)


def quantile_levels(frame: pd.DataFrame) -> dict[str, float]:
    """Return the quantile columns of a frame with their levels, ascending.

    Examples
    --------
    >>> quantile_levels(pd.DataFrame(columns=["item", "q0.9", "mean", "q0.5"]))
    {'q0.5': 0.5, 'q0.9': 0.9}
    """
    found = {str(name): float(match[1]) for name in frame.columns if (match := _QUANTILE.match(str(name)))}
    return dict(sorted(((name, level) for name, level in found.items() if 0 < level < 1), key=lambda pair: pair[1]))


def demand_schema(frame: pd.DataFrame) -> TableSchema:
    """Return the demand schema with the quantile columns that a frame has."""
    return with_quantiles(DEMAND, frame, nullable=False)


def paths_schema(frame: pd.DataFrame) -> TableSchema:
    """Return the schema of replay paths with the quantile columns that a frame has."""
    return with_quantiles(PATHS, frame, nullable=True)


def require_rising(checked: pd.DataFrame, source: str) -> None:
    """Raise if two quantile columns have the same level, or a row's quantiles fall where their levels rise.

    Raises
    ------
    TableError
        Naming the column and the first such row.
    """
    levels = quantile_levels(checked)
    names, values = list(levels), checked[list(levels)].to_numpy(float)
    for low, high in pairwise(names):
        if levels[low] == levels[high]:
            raise TableError(source, high, f"each level once ({low} is the same)", high)
    below, above = values[:, :-1], values[:, 1:]
    falls = below > above + 1e-9 * np.maximum(1.0, below)
    if falls.any():
        row, column = (int(at) for at in np.argwhere(falls)[0])
        expected = f"no less than {names[column]} ({below[row, column]:g})"
        rows = int(falls.any(axis=1).sum())
        raise TableError(source, names[column + 1], expected, f"{above[row, column]:g}", row=row + 1, bad_rows=rows)


def with_quantiles(schema: TableSchema, frame: pd.DataFrame, *, nullable: bool) -> TableSchema:
    """Return a schema with the quantile columns that a frame has."""
    quantiles = tuple(
        Column(
            name=name,
            kind="float",
            minimum=0,
            maximum=1e9,
            nullable=nullable,
            description=f"quantile {level:g} of the bucket's demand",
        )
        for name, level in quantile_levels(frame).items()
    )
    return replace(schema, columns=schema.columns + quantiles)
