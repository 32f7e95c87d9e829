"""Orders that wait for room: let one wait, see how long each does, route them again, take them off."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, Field

from api.http.house import House, HouseDep, ViewerDep
from api.http.match_examples import BACKORDER_EXAMPLES, BACKORDER_ROUTE_EXAMPLES
from api.http.match_routes import RouteOptions
from api.http.match_rows import DemandedRow
from api.http.paging import CursorQuery, LimitQuery, Page, page_bounds
from api.http.responses import JsonResponse
from api.http.rows import StrictModel
from contracts.errors import UnknownIdError
from services.route_orders import TIMEZONE
from services.viewer import Viewer
from store.prices import PriceShelf

__all__ = ["router"]

router = APIRouter(prefix="/v1/backorders", tags=["matches"])

_AGEING = "Score per piece and day added to what an unserved piece costs."
OrderId = Annotated[str, Path(min_length=1, max_length=500, description="Id of the order.")]


class BackorderRequest(StrictModel):
    """An order that is to wait."""

    order: DemandedRow = Field(description="The order; `pieces` are those that wait.")  # type: ignore[valid-type]


class BackorderView(BaseModel):
    """An order that waits."""

    order_id: str = Field(description="The order.")
    pieces: int = Field(description="Pieces that wait.")
    since: datetime = Field(description="Since when.")
    waits_days: float = Field(description="For how many days.")


class BackorderRoute(RouteOptions):
    """How what waits is decided."""

    ageing: float = Field(0.05, ge=0, le=1e6, description=_AGEING)


class BackorderDecisions(BaseModel):
    """What waits, decided."""

    version: str = Field(description="Version of the loaded network.")
    decisions: list[dict[str, Any]] = Field(
        description="The most urgent first, as `POST /v1/matches/route` answers, with `waits_days` and `penalty`."
    )


class TakenOff(StrictModel, json_schema_extra={"examples": [{"pieces": 5}]}):
    """What no longer waits."""

    pieces: int | None = Field(None, ge=1, le=2**31 - 1, description="How many pieces; all without a number.")


class PiecesLeft(BaseModel):
    """What still waits of an order."""

    order_id: str = Field(description="The order.")
    pieces: int = Field(description="Pieces that still wait.")


@router.post("", status_code=201, response_model=BackorderView)
def add_backorder(
    house: HouseDep, viewer: ViewerDep, request: Annotated[BackorderRequest, Body(openapi_examples=BACKORDER_EXAMPLES)]
) -> JsonResponse:
    """Let pieces of an order wait for room; the same order again changes nothing.

    What it asks for must be known to the loaded network, and the buyer be the tenant's own.
    """
    from services.backorder_queue import BackorderQueue
    from services.network_router import route_now

    order = request.order.model_dump(exclude_unset=True)  # type: ignore[attr-defined]
    route_now(house.net.current().snapshot, PriceShelf(house.net.home.root), order, viewer=viewer)
    now = _now()
    one = BackorderQueue(house.net.home.root).add(order, at=now)
    view = {"order_id": order["order_id"], "pieces": one.pieces, "since": one.since, "waits_days": one.days(now)}
    return JsonResponse(view, status_code=201)


@router.get("", response_model=Page)
def list_backorders(
    house: HouseDep,
    viewer: ViewerDep,
    *,
    ageing: Annotated[float, Query(ge=0, le=1e6, description=_AGEING)] = 0.05,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """Return a page of what waits, the longest first: pieces, since when, for how long, what a piece costs by now."""
    now = _now()
    rows = [
        {
            "order_id": name,
            "sku_id": one.order["sku_id"],
            "buyer_id": one.order["buyer_id"],
            "pieces": one.pieces,
            "since": one.since.isoformat(),
            "waits_days": one.days(now),
            "penalty": one.penalty(now, ageing),
        }
        for name, one in _visible(house, viewer).items()
    ]
    part, following = page_bounds(cursor, limit, version="backorders", total=len(rows), query=(viewer,))
    return JsonResponse({"version": "backorders", "total": len(rows), "rows": rows[part], "next_cursor": following})


@router.post("/route", response_model=BackorderDecisions)
def route_backorders(
    house: HouseDep,
    viewer: ViewerDep,
    request: Annotated[BackorderRoute, Body(openapi_examples=BACKORDER_ROUTE_EXAMPLES)],
) -> JsonResponse:
    """Decide all that waits at the prices that serve, the most urgent first; holds nothing and takes nothing off.

    The longer an order waits, the more an unserved piece of it costs, so that one outbid today gets its turn in the
    end. Each sees the room that those before it would take.
    """
    from services.backorder_queue import BackorderQueue

    loaded = house.net.current()
    queue, shelf = BackorderQueue(house.net.home.root), PriceShelf(house.net.home.root)
    decisions = queue.route(loaded.snapshot, shelf, now=_now(), viewer=viewer, **request.model_dump())
    return JsonResponse({"version": loaded.version, "decisions": decisions})


@router.post("/{order_id:path}/done", response_model=PiecesLeft)
def take_off_backorder(house: HouseDep, viewer: ViewerDep, order_id: OrderId, request: TakenOff) -> JsonResponse:
    """Take pieces off the queue that are held by now, or no longer wanted; what is left waits on from when it came."""
    from services.backorder_queue import BackorderQueue

    if order_id not in _visible(house, viewer):
        raise UnknownIdError("waiting order", order_id)
    left = BackorderQueue(house.net.home.root).take_off(order_id, request.pieces, at=_now())
    return JsonResponse({"order_id": order_id, "pieces": left})


def _visible(house: House, viewer: Viewer) -> dict[str, Any]:
    """Return what waits of the viewer's own buyers."""
    from services.backorder_queue import BackorderQueue

    waiting = BackorderQueue(house.net.home.root).waiting()
    if viewer.tenant is None or not waiting:
        return waiting
    import pandas as pd

    network = house.net.current().snapshot.network()
    at = network.parties.ids.positions(pd.Series([one.order["buyer_id"] for one in waiting.values()], dtype="str"))
    own = (at >= 0) & viewer.owns(network, at)
    return {name: one for (name, one), mine in zip(waiting.items(), own.tolist(), strict=True) if mine}


def _now() -> datetime:
    return datetime.now(ZoneInfo(TIMEZONE))
