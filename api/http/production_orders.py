"""Production orders: where each stands, and decisions about them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.http.house import HouseDep
from api.http.paging import CursorQuery, LimitQuery, Page, PartDep, Parted, digest, page_bounds
from api.http.responses import JsonResponse, to_rows
from api.http.rows import StrictModel
from planning.order_identity import lot_names
from planning.order_states import OrderChange
from services.production_orders import current_orders, decide_order, order_decisions

__all__ = ["router"]

router = APIRouter(prefix="/v1/production-orders", tags=["plans"])

State = Literal["proposed", "firm", "released", "done", "cancelled"]


class OrderDecision(
    StrictModel, json_schema_extra={"examples": [{"state": "released", "by": "li", "reason": "fabric is in"}]}
):
    """A decision about an order: its next state, or other pieces or another start (which make it firm)."""

    state: State | None = Field(None, description="Its next state.", examples=["released"])
    pieces: int | None = Field(None, ge=1, le=10**9, description="Pieces that start its first step.")
    start: str | None = Field(None, pattern=r"^\d{4}-\d{2}-\d{2}$", description="Day on which its first step starts.")
    by: str = Field(min_length=1, max_length=120, description="Who decides.", examples=["li"])
    reason: str = Field(min_length=1, max_length=500, description="Why.", examples=["fabric is in"])


class DecisionView(BaseModel):
    """A logged decision."""

    at: str = Field(description="When.")
    by: str = Field(description="By whom.")
    reason: str = Field(description="Why.")
    order_id: str = Field(description="The order.")
    plan_id: str = Field(description="The plan it was part of.")
    zone: str = Field(description="Whether it lay in the firm, the slushy or the free part of the horizon.")
    old: dict[str, Any] = Field(description="What was before.")
    new: dict[str, Any] = Field(description="What is now.")
    made: dict[str, Any] | None = Field(None, description="Of a done order: its last step, whose pieces are in stock.")
    version: str | None = Field(None, description="Of a done order: the network whose stock those pieces add to.")


class DecisionList(Parted):
    """Decisions, the latest first."""

    decisions: list[DecisionView] = Field(description="Decisions.")


@router.get("", response_model=Page)
def list_production_orders(
    house: HouseDep,
    *,
    state: Annotated[State | None, Query(description="Only orders in this state.")] = None,
    item: Annotated[str | None, Query(max_length=500, description="Only orders for this item.")] = None,
    resource: Annotated[str | None, Query(max_length=500, description="Only steps on this resource.")] = None,
    order_id: Annotated[str | None, Query(max_length=200, description="Only the steps of this order.")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """Return a page of the current plan's orders as the decisions since left them, one row per step."""
    found = current_orders(house.settings.home)
    orders = found.orders
    for column, wanted in (("state", state), ("item", item), ("resource", resource)):
        if wanted is not None:
            orders = orders[orders[column].astype(str) == wanted]
    if order_id is not None:
        orders = orders[(lot_names(orders) == order_id) | (orders["order_id"] == order_id)]
    version = f"{found.plan.id}.{found.decisions}"
    query = ("production orders", state, item, resource, order_id, house.principal.folder)
    rows, following = page_bounds(cursor, limit, version=version, total=len(orders), query=query)
    page = to_rows(orders.iloc[rows])
    return JsonResponse({"version": version, "total": len(orders), "rows": page, "next_cursor": following})


@router.get("/decisions", response_model=DecisionList)
def list_order_decisions(
    house: HouseDep,
    part: PartDep,
    order_id: Annotated[str | None, Query(max_length=200, description="Only decisions about this order.")] = None,
) -> JsonResponse:
    """List who changed which order when, why, from what to what, the latest first."""
    found = order_decisions(house.settings.home, order_id=order_id)
    rows, following = part.of(found, digest, "decisions", order_id)
    return JsonResponse({"decisions": rows, "next_cursor": following})


@router.post("/{order_id}/decisions", status_code=201, response_model=DecisionView)
def decide_production_order(
    house: HouseDep,
    order_id: Annotated[str, Path(max_length=200, description="The order, or one of its steps.")],
    request: OrderDecision,
) -> JsonResponse:
    """Take an order to its next state, or change its pieces or its start, and log it.

    An order goes from proposed to firm to released to done; it can be cancelled until it is done. A change by hand
    makes it firm: the next plan leaves it as it is. What a done order made is in stock until the network is loaded
    anew, with stock counted again. The plan itself stays as it was made; re-plan to see what follows.
    """
    change = OrderChange(order_id=order_id, **request.model_dump(include={"state", "pieces", "start"}))
    made = decide_order(house.settings.home, change, by=request.by, reason=request.reason)
    return JsonResponse(made, status_code=201)
