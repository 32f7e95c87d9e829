"""One order routed at the prices that serve: ranked alternatives, the room left and a reason each. Nothing is held."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from api.http.house import HouseDep, ViewerDep
from api.http.match_examples import ROUTE_EXAMPLES
from api.http.match_rows import DemandedRow
from api.http.responses import JsonResponse
from api.http.rows import StrictModel
from store.prices import PriceShelf

__all__ = ["RouteAnswer", "RouteOptions", "router"]

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
    options = request.model_dump(exclude={"order"})
    order = request.order.model_dump(exclude_unset=True)  # type: ignore[attr-defined]
    told = route_now(loaded.snapshot, PriceShelf(house.net.home.root), order, viewer=viewer, **options)
    return JsonResponse({"version": loaded.version, **told})
