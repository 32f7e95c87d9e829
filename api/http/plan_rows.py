"""Rows and parameters of planning requests, made from the schemas and limits of the files."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import pandas as pd
from pydantic import Field, model_validator

from api.http.rows import AttributeRow, StrictModel, Table, frame_of, row_model
from planning.tables import BOM, DEMAND, FIRM, ITEMS, PATHS, RESOURCES, ROUTES, quantile_levels

__all__ = [
    "PLAN_TABLES",
    "BomRow",
    "DemandRow",
    "FirmRow",
    "ItemRow",
    "ParamsModel",
    "PathRow",
    "PlanTablesModel",
    "ResourceRow",
    "RouteRow",
]

_NEEDED = ("demand", "resources", "routes")
PLAN_TABLES = (*_NEEDED, "items", "bom", "firm")


class QuantileRow(AttributeRow):
    """A row whose further columns are quantiles such as `q0.9`."""

    @model_validator(mode="after")
    def _only_quantiles(self) -> QuantileRow:
        extra = pd.DataFrame(columns=list(self.model_extra or {}))
        unknown = [name for name in extra if name not in quantile_levels(extra)]
        if unknown:
            raise ValueError(f"only the named columns and quantiles such as q0.9; {unknown[0]} is neither")
        return self


# negative demand is taken as none and told as a reason, as from files
_SIGNED = replace(DEMAND, columns=tuple(replace(column, minimum=None) for column in DEMAND.columns))
DemandRow = row_model("DemandRow", _SIGNED, base=AttributeRow)
ResourceRow = row_model("ResourceRow", RESOURCES, base=QuantileRow)
RouteRow = row_model("RouteRow", ROUTES)
ItemRow = row_model("ItemRow", ITEMS)
BomRow = row_model("BomRow", BOM)
FirmRow = row_model("FirmRow", FIRM)
PathRow = row_model("PathRow", PATHS, base=AttributeRow)

_Money = Annotated[float, Field(ge=0, le=1e9)]
_Factor = Annotated[float, Field(ge=0, le=100)]


class WeightsModel(StrictModel):
    """Prices of an uneven load, in money per hour; 0 switches a term off."""

    idle: _Money | None = Field(None, description="Per hour of capacity that is not used.")
    overtime: _Money | None = Field(None, description="Per hour above capacity.")
    load_change: _Money | None = Field(None, description="Per hour of difference between neighbouring buckets.")
    large_change: _Money | None = Field(None, description="The same on top beyond `small_change`.")
    small_change: float | None = Field(None, ge=0, le=1, description="Share of a resource's capacity.")
    peak: _Money | None = Field(None, description="Per hour of a resource's largest load.")
    plan_change: _Money | None = Field(None, description="Per hour moved inside the slushy horizon.")
    promise: _Money | None = Field(None, description="Per hour by which a resource gets less than it was promised.")
    chase: _Money | None = Field(None, description="Per hour of work not known yet that finds no hours held for it.")


class HorizonModel(StrictModel):
    """How far the plan is fixed, in buckets."""

    firm: int | None = Field(None, ge=0, le=1000, description="Buckets whose orders are firm.")
    slushy: int | None = Field(None, ge=0, le=1000, description="Buckets after those in which a change is charged.")


class SolveModel(StrictModel):
    """When to stop."""

    seconds: float | None = Field(None, ge=0.001, le=3600, description="Wall time of the search.")
    gap: float | None = Field(None, ge=0, le=1, description="Relative distance to the bound that is good enough.")
    whole_starts: int | None = Field(None, ge=0, le=1_000_000, description="Possible starts planned at once.")
    shard_items: int | None = Field(None, ge=1, le=1_000_000, description="Items of a part of a larger plan.")
    workers: int | None = Field(None, ge=0, le=64, description="Processes that plan parts; 0 = one per processor.")


class RecourseModel(StrictModel):
    """How a plan counts on being revised, where earlier runs of the forecast are given (`as_of`)."""

    branches: int | None = Field(None, ge=1, le=9, description="What an item's next update may say; 1 = no branches.")
    paths: int | None = Field(None, ge=1, le=9, description="Paths of demand within a branch.")
    market_branches: int | None = Field(None, ge=1, le=3, description="Moves of the market that are told apart.")
    leftover_factor: float | None = Field(None, ge=1, le=100, description="Times the price of a piece left.")
    late_factor: float | None = Field(None, ge=0.01, le=100, description="Times the price of a late piece.")
    late_by_piece: float | None = Field(None, ge=0, le=1, description="How far late pieces count alike.")
    lost_factor: _Factor | None = Field(None, description="Times the price of a piece owed at the end of a life.")
    lost_buckets: int | None = Field(
        None, ge=0, le=1000, description="Buckets before the end from which that price counts."
    )
    idle_factor: _Factor | None = Field(None, description="Times the price of an idle hour.")
    overtime_factor: _Factor | None = Field(None, description="Times the price of an hour of overtime.")
    load_change_factor: _Factor | None = Field(None, description="Times the price of a change of load.")
    plan_change: _Money | None = Field(None, description="Per hour moved within the next four free buckets.")
    prior_items: float | None = Field(None, ge=0.1, le=1e6, description="Settled items counted as unrevised at first.")


class ParamsModel(StrictModel):
    """The tables of `plan.toml`."""

    weights: WeightsModel | None = Field(None, description="Prices of an uneven load.")
    horizon: HorizonModel | None = Field(None, description="How far the plan is fixed.")
    solve: SolveModel | None = Field(None, description="When to stop.")
    recourse: RecourseModel | None = Field(None, description="How the plan counts on being revised.")


class PlanTablesModel(StrictModel):
    """The tables of a plan: demand, resources and routes together, or no table at all."""

    demand: Table[DemandRow] | None = Field(None, description="`y`, or quantile columns such as `q0.5`.")  # type: ignore[valid-type]
    resources: Table[ResourceRow] | None = Field(None, description="Hours, and quantiles of hours to hold.")  # type: ignore[valid-type]
    routes: Table[RouteRow] | None = Field(None, description="How each item is made.")  # type: ignore[valid-type]
    items: Table[ItemRow] | None = Field(None, description="Costs, stock and life of each item.")  # type: ignore[valid-type]
    bom: Table[BomRow] | None = Field(None, description="Components.")  # type: ignore[valid-type]
    firm: Table[FirmRow] | None = Field(None, description="Orders of the plan; firm ones stay as they are.")  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _all_or_none(self) -> PlanTablesModel:
        given = [name for name in PLAN_TABLES if getattr(self, name) is not None]
        given += ["demand"] if getattr(self, "paths", None) is not None else []
        missing = [name for name in _NEEDED if name not in given]
        if given and missing:
            raise ValueError(f"demand, resources and routes together, or no table at all; {missing[0]} is missing")
        return self

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return the tables that were given."""
        found = {name: frame_of(getattr(self, name)) for name in PLAN_TABLES}
        return {name: frame for name, frame in found.items() if frame is not None}
