"""One order routed at the prices that serve: ranked alternatives, the room left and a reason each. Nothing is held."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from api.http.house import HouseDep, Net, ViewerDep
from api.http.match_examples import ROUTE_EXAMPLES
from api.http.match_rows import DemandedRow
from api.http.responses import JsonResponse
from api.http.rows import StrictModel
from api.http.straight import StraightRoute

__all__ = ["RouteAnswer", "RouteOptions", "route_straight", "router"]

router = APIRouter(prefix="/v1/matches", tags=["matches"])


class RouteOptions(StrictModel):
    """How single orders are decided."""

    top: int = Field(20, ge=1, le=100, description="Candidates looked at.")
    unsplit: bool = Field(False, description="One supplier serves the whole order or nobody does.")
    margin: float = Field(
        0.05, ge=0, le=10, description="Refuse only where serving costs others more than 1 + margin times the gain."
    )
    language: Literal["en", "zh"] | None = Field(None, description="Tell every reason in words, too.")


class RouteRequest(RouteOptions):
    """One order, and who refused it before."""

    order: DemandedRow = Field(description="What is asked for; `unmatched_penalty` and `placed_at` count if given.")  # type: ignore[valid-type]
    rejected_by: list[Annotated[str, Field(min_length=1, max_length=120)]] = Field(
        [], max_length=1000, description="Suppliers that refused this order: it is routed around them."
    )


_OPTIONS = tuple(RouteRequest.model_fields.keys() - {"order"})


class RouteAnswer(BaseModel):
    """A decision about one order."""

    version: str = Field(description="Version of the loaded network.")
    price_version: int = Field(description="Version of the prices it was decided at; 0 = none were published.")
    order_id: str = Field(description="The order.")
    unserved: int = Field(description="Pieces that nobody serves.")
    margin: float | None = Field(description="Net score of the worst chosen less that of the best not chosen.")
    matches: list[dict[str, Any]] = Field(description="Who serves how many pieces, with the money for these pieces.")
    alternatives: list[dict[str, Any]] = Field(
        description="Every candidate by net score (excluded ones last): cost parts in fen for the whole order, score "
        "parts, price, net score, room left, promised date, path and the reason."
    )
    lacking: dict[str, Any] | None = Field(description="What would have served the pieces left; null if all are.")


def route_straight(net: Net) -> StraightRoute:
    """Return the way in which the operator's orders are routed at once, while the network they go by is at hand."""

    def answer(body: bytes) -> bytes | None:
        snapshot = net.at_hand()
        if snapshot is None:
            return None
        try:
            asked = RouteRequest.model_validate(orjson.loads(body))
        except ValueError:
            return None
        from services.network_router import route_at_once

        told = route_at_once(snapshot, net.shelf, _order(asked), **_options(asked))
        return None if told is None else orjson.dumps({"version": snapshot.version, **told})

    return StraightRoute("/v1/matches/route", "route_order", answer)


def _order(request: RouteRequest) -> dict[str, Any]:
    order: dict[str, Any] = request.order.model_dump(exclude_unset=True)  # type: ignore[attr-defined]
    return order


def _options(request: RouteRequest) -> dict[str, Any]:
    asked = request.__dict__
    return {name: asked[name] for name in _OPTIONS}


@router.post("/route", response_model=RouteAnswer)
def route_order(
    house: HouseDep, viewer: ViewerDep, request: Annotated[RouteRequest, Body(openapi_examples=ROUTE_EXAMPLES)]
) -> JsonResponse:
    """Decide who serves one order, now, at the prices that serve; the same question has the same answer.

    Nothing is held: this is the evaluation that a hold starts from. Candidates come from the loaded network. An order
    that a supplier refused is routed again in one call by naming it in `rejected_by`.
    """
    from services.network_router import route_now

    loaded = house.net.current()
    told = route_now(loaded.snapshot, house.net.shelf, _order(request), viewer=viewer, **_options(request))
    return JsonResponse({"version": loaded.version, **told})
