"""Rows and parameters of planning requests, made from the schemas and limits of the files."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.http.rows import AttributeRow, StrictModel, row_model
from planning.tables import BOM, DEMAND, FIRM, ITEMS, RESOURCES, ROUTES

__all__ = ["BomRow", "DemandRow", "FirmRow", "ItemRow", "ParamsModel", "ResourceRow", "RouteRow"]

DemandRow = row_model("DemandRow", DEMAND, base=AttributeRow)
ResourceRow = row_model("ResourceRow", RESOURCES)
RouteRow = row_model("RouteRow", ROUTES)
ItemRow = row_model("ItemRow", ITEMS)
BomRow = row_model("BomRow", BOM)
FirmRow = row_model("FirmRow", FIRM)

_Money = Annotated[float, Field(ge=0)]


class WeightsModel(StrictModel):
    """Prices of an uneven load, in money per hour; 0 switches a term off."""

    idle: _Money | None = Field(None, description="Per hour of capacity that is not used.")
    overtime: _Money | None = Field(None, description="Per hour above capacity.")
    load_change: _Money | None = Field(None, description="Per hour of difference between neighbouring buckets.")
    peak: _Money | None = Field(None, description="Per hour of a resource's largest load.")
    plan_change: _Money | None = Field(None, description="Per hour moved inside the slushy horizon.")
    promise: _Money | None = Field(None, description="Per hour by which a resource gets less than it was promised.")


class HorizonModel(StrictModel):
    """How far the plan is fixed, in buckets."""

    firm: int | None = Field(None, ge=0, le=1000, description="Buckets whose orders are firm.")
    slushy: int | None = Field(None, ge=0, le=1000, description="Buckets after those in which a change is charged.")


class SolveModel(StrictModel):
    """When to stop."""

    seconds: float | None = Field(None, ge=0.001, le=3600, description="Wall time of the search.")
    gap: float | None = Field(None, ge=0, le=1, description="Relative distance to the bound that is good enough.")


class ParamsModel(StrictModel):
    """The tables of `plan.toml`."""

    weights: WeightsModel | None = Field(None, description="Prices of an uneven load.")
    horizon: HorizonModel | None = Field(None, description="How far the plan is fixed.")
    solve: SolveModel | None = Field(None, description="When to stop.")
