"""Group orders: who gets which push, the wave expected of it, and the pieces held for that wave."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from api.http.group_order_examples import GROUP_EXAMPLES, HOLD_WAVES_EXAMPLES
from api.http.house import House, HouseDep, ViewerDep
from api.http.idempotency import KeyHeader
from api.http.responses import JsonResponse, to_rows
from api.http.rows import StrictModel, Table, frame_of, row_model
from api.http.waves import PushRow, WaveOrderRow, moment_of
from contracts.params import params_from
from matching.group_order_tables import COMMUNITIES, WAVES
from services.viewer import Viewer

__all__ = ["router"]

router = APIRouter(prefix="/v1/group-orders", tags=["group orders"])

CommunityRow = row_model("CommunityRow", COMMUNITIES)
PlannedWaveRow = row_model("PlannedWaveRow", WAVES)
_Id = Annotated[str, Field(min_length=1, max_length=200)]


class GroupRequest(StrictModel):
    """Communities, waves that might be sent, and earlier waves to learn from."""

    communities: Table[CommunityRow] = Field(description="Who may get pushes, and how often.")  # type: ignore[valid-type]
    waves: Table[PlannedWaveRow] = Field(description="Coupon x hour, and the pieces each draws on.")  # type: ignore[valid-type]
    pushes: Table[PushRow] = Field(description="Earlier pushes.")  # type: ignore[valid-type]
    orders: Table[WaveOrderRow] = Field(description="The orders that followed them.")  # type: ignore[valid-type]
    limits: dict[str, float] = Field(
        default_factory=dict, description="Limits like `pushes_per_week` and `service`; the usual ones without it."
    )
    as_of: str | None = Field(None, max_length=40, description="Moment until which orders are known (ISO 8601).")
    live: bool = Field(True, description="Whether what suppliers have left now counts, beside the column `pieces`.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Decides among equals.")


class GroupAnswer(BaseModel):
    """Who gets which push."""

    summary: dict[str, Any] = Field(description="Pushes, orders expected, pieces to hold, gap, reasons.")
    waves: list[dict[str, Any]] = Field(description="Per wave: orders with their range, and what is to be held.")
    pushes: list[dict[str, Any]] = Field(description="Who gets which push.")
    refusals: list[dict[str, Any]] = Field(description="Pushes that are not sent, each with its reason.")
    buckets: list[dict[str, Any]] = Field(description="Each wave by quarter of an hour.")


class WaveHoldRow(StrictModel):
    """What one wave needs, as a plan's `waves` tell it."""

    wave_id: _Id = Field(description="The wave; its id is the order's.")
    sku_id: _Id = Field(description="What is sold.")
    buyer_id: _Id = Field(description="Party that buys.")
    supplier_id: _Id = Field(description="Who promises the pieces.")
    pieces: int = Field(ge=1, le=2**31 - 1, description="How many.")
    good: str = Field("", max_length=200, description="What its capacity is of; the sku without it.")
    bucket: str = Field("", max_length=40, description="First day of the capacity's bucket; empty = stock.")
    unit_price_fen: int = Field(0, ge=0, le=10**12, description="What a piece takes of the buyer's credit.")


class HoldWavesRequest(StrictModel):
    """Waves whose pieces are to be held."""

    waves: Annotated[list[WaveHoldRow], Field(min_length=1, max_length=1_000)] = Field(description="Each wave once.")
    ttl_seconds: int = Field(86_400, ge=1, le=7 * 86_400, description="After how long holds expire unless confirmed.")


class WavesHeld(BaseModel):
    """What became of each hold."""

    holds: list[dict[str, Any]] = Field(
        description="wave_id, status (held, refused), reason, pieces, reservation_id, expires_at; send what is held."
    )


@router.post("/plan", response_model=GroupAnswer)
def plan_group_orders(
    house: HouseDep, viewer: ViewerDep, request: Annotated[GroupRequest, Body(openapi_examples=GROUP_EXAMPLES)]
) -> JsonResponse:
    """Choose who gets which push, so that stock or capacity fills the wave that comes of it; nothing is kept."""
    from services.group_book import GroupParams, places_of
    from services.group_orders import plan_group_orders as plan
    from services.hold_waves import room_of

    tables = {name: frame_of(getattr(request, name)) for name in ("communities", "waves", "pushes", "orders")}
    whole = {name: int(value) if float(value).is_integer() else value for name, value in request.limits.items()}
    params = params_from(whole, GroupParams, where="limits")
    room = room_of(house.desk, _network(house, viewer), places_of(tables["waves"]), viewer) if request.live else None
    found = plan(tables, params=params, room=room, as_of=moment_of(request.as_of), seed=request.seed)
    frames = {name: to_rows(getattr(found, name)) for name in ("waves", "pushes", "refusals", "buckets")}
    return JsonResponse({"summary": found.summary, **frames})


@router.post("/holds", response_model=WavesHeld)
def hold_waves(
    house: HouseDep,
    viewer: ViewerDep,
    key: KeyHeader,
    request: Annotated[HoldWavesRequest, Body(openapi_examples=HOLD_WAVES_EXAMPLES)],
) -> JsonResponse:
    """Hold the pieces of each wave; send the pushes of those that are held, confirm or release them as reservations."""
    from services.hold_waves import WaveHold
    from services.hold_waves import hold_waves as held

    holds = [WaveHold(**row.model_dump()) for row in request.waves]
    told = held(house.desk, _network(house, viewer), holds, viewer=viewer, key=key, ttl_seconds=request.ttl_seconds)
    return JsonResponse({"holds": told})


def _network(house: House, viewer: Viewer) -> Any:
    """Return the network that knows the parties; the operator needs none."""
    return None if viewer.tenant is None else house.net.current().snapshot.network()
