"""Requirements: wanted styles translated into components, steps, resources and hours."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from api.http.plan_rows import BomRow, DemandRow, ItemRow, RouteRow
from api.http.planning_examples import REQUIREMENT_EXAMPLES
from api.http.responses import JsonResponse, to_rows
from api.http.rows import StrictModel, Table, frame_of

__all__ = ["router"]

router = APIRouter(tags=["plans"])


class RequirementsRequest(StrictModel):
    """What is wanted and how things are made."""

    demand: Table[DemandRow] = Field(description="Wanted pieces: `y`, else `mean`, else `q0.5`.")  # type: ignore[valid-type]
    routes: Table[RouteRow] = Field(description="How each item is made.")  # type: ignore[valid-type]
    bom: Table[BomRow] | None = Field(None, description="Components.")  # type: ignore[valid-type]
    items: Table[ItemRow] | None = Field(None, description="Stock on hand (`initial_stock`).")  # type: ignore[valid-type]


class RequirementsAnswer(BaseModel):
    """What has to be done."""

    summary: dict[str, Any] = Field(description="Hours by resource, the first release, what is bought, reasons.")
    steps: list[dict[str, Any]] = Field(description="Pieces, hours, release and due by item, bucket and step.")
    needs: list[dict[str, Any]] = Field(description="What is wanted of each item, from stock, made and left.")
    load: list[dict[str, Any]] = Field(description="Hours by resource and the bucket in which the work starts.")


@router.post("/v1/requirements", response_model=RequirementsAnswer)
def explode_requirements(
    request: Annotated[RequirementsRequest, Body(openapi_examples=REQUIREMENT_EXAMPLES)],
) -> JsonResponse:
    """Translate wanted styles into what each component, step and resource has to do, and when.

    Stock is netted, lots are sized, yields and lead times counted; capacity is not looked at (`POST /v1/plans` does).
    """
    from services import explode_requirements as service

    names = ("demand", "routes", "bom", "items")
    tables = {name: frame_of(getattr(request, name)) for name in names}
    given = {name: table for name, table in tables.items() if table is not None}
    found = service.explode_requirements(**given, sources={name: name for name in names})
    parts = {name: to_rows(getattr(found, name)) for name in ("steps", "needs", "load")}
    return JsonResponse({"summary": found.summary, **parts})
