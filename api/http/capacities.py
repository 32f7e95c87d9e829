"""What suppliers offer and buyers may take on credit: what reservations draw on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, Field

from api.http.house import HouseDep, ViewerDep
from api.http.paging import CursorQuery, LimitQuery, key_after, key_cursor
from api.http.reservation_examples import CAPACITY_EXAMPLES
from api.http.responses import JsonResponse
from api.http.rows import StrictModel
from contracts.errors import InputError, NotReadyError

__all__ = ["router"]

router = APIRouter(prefix="/v1/capacities", tags=["reservations"])

_DAY = r"^\d{4}-\d{2}-\d{2}$"
_Id = Annotated[str, Field(min_length=1, max_length=200)]
_MOST = 5_000


class CapacityRow(StrictModel):
    """Pieces that a supplier offers."""

    supplier_id: _Id = Field(description="The supplier.")
    good: _Id = Field(description="A sku, a category made on request, or `SKU @ PLACE` for stock.")
    bucket: str = Field("", max_length=40, description="First day of the bucket; empty = no bucket: stock.")
    offered: int = Field(ge=0, le=2**53, description="Pieces offered in all, promised ones included.")


class CreditLine(StrictModel):
    """Fen that a buyer may take from a supplier before it pays."""

    buyer_id: _Id = Field(description="The buyer.")
    supplier_id: _Id = Field(description="The supplier.")
    limit_fen: int = Field(ge=0, le=2**53, description="Most it may owe through reservations, in fen.")


class CapacityUpdate(StrictModel):
    """What is offered from now on; what is promised stays promised."""

    capacities: Annotated[list[CapacityRow], Field(max_length=_MOST)] = Field(
        default_factory=list, description="Capacities to set; others stay as they are."
    )
    credits: Annotated[list[CreditLine], Field(max_length=_MOST)] = Field(
        default_factory=list, description="Credit lines to set; others stay as they are."
    )


class NetworkSync(StrictModel, json_schema_extra={"examples": [{"day": "2026-03-02"}]}):
    """The day whose capacities are set from the loaded network."""

    day: str | None = Field(None, pattern=_DAY, description="Day; today (Asia/Shanghai) without it.")
    spare: bool = Field(False, description="Only the hours of each line that the current plan leaves free.")


class CapacityChange(BaseModel):
    """What was set."""

    capacities: int = Field(description="Capacities set.")
    credits: int = Field(description="Credit lines set.")
    short_pieces: int = Field(description="Pieces promised beyond what is offered now, over all capacities.")
    short_fen: int = Field(description="Fen promised beyond the limits, over all credit lines.")


class CapacityView(BaseModel):
    """A capacity and how much of it is promised."""

    supplier_id: str = Field(description="The supplier.")
    good: str = Field(description="What it is of.")
    bucket: str = Field(description="Its bucket; empty = stock.")
    offered: int = Field(description="Pieces offered.")
    reserved: int = Field(description="Pieces held or confirmed.")


class CapacityList(BaseModel):
    """A page of capacities."""

    capacities: list[CapacityView] = Field(description="By supplier, good and bucket.")
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; null on the last.")


@router.put("", response_model=CapacityChange)
def put_capacities(
    house: HouseDep,
    viewer: ViewerDep,
    request: Annotated[CapacityUpdate, Body(openapi_examples=CAPACITY_EXAMPLES)],
) -> JsonResponse:
    """Set what suppliers offer and what buyers may take on credit, all or nothing; a tenant of its own only."""
    from services.capacities import set_capacities

    try:
        snapshot = house.net.current().snapshot
    except NotReadyError:
        if viewer.tenant is not None:
            raise
        snapshot = None
    rows = [row.model_dump() for row in request.capacities]
    lines = [row.model_dump() for row in request.credits]
    return JsonResponse(set_capacities(house.database, snapshot, rows, lines, viewer=viewer, now_ms=house.desk.clock()))


@router.post("/from-network", response_model=CapacityChange)
def sync_capacities(house: HouseDep, viewer: ViewerDep, request: NetworkSync) -> JsonResponse:
    """Set a day's capacities, the stock on hand and the credit left to what the network offers (operators only)."""
    import pandas as pd

    from services import capacities
    from services.route_orders import TIMEZONE

    viewer.require_operator()
    today = pd.Timestamp.now(tz=TIMEZONE).normalize().tz_localize(None)
    try:
        day = today if request.day is None else pd.Timestamp(request.day)
    except ValueError:
        raise InputError("day", "a day of the calendar (YYYY-MM-DD)", request.day) from None
    snapshot = house.net.current().snapshot
    made = capacities.sync_capacities(house.database, snapshot, day, spare=request.spare, now_ms=house.desk.clock())
    return JsonResponse(made)


@router.get("", response_model=CapacityList)
def list_capacities(
    house: HouseDep,
    viewer: ViewerDep,
    *,
    supplier_id: Annotated[str | None, Query(max_length=200, description="Only of this supplier.")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """List capacities and how much of each is promised, in pages; a tenant or party sees its own suppliers'."""
    from store.booking import capacity

    query = ("capacities", supplier_id, viewer.tenant, viewer.party)
    rows = capacity.list_capacities(
        house.database,
        tenant=viewer.tenant,
        party=viewer.party,
        supplier_id=supplier_id,
        after=key_after(cursor, query, n_keys=3),
        limit=limit + 1,
    )
    last = rows[limit - 1] if len(rows) > limit else None
    following = None if last is None else key_cursor(query, (last["supplier_id"], last["good"], last["bucket"]))
    return JsonResponse({"capacities": rows[:limit], "next_cursor": following})
