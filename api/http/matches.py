"""Matches: who should fill these orders, at what cost, by when and why. A dry run: nothing is held or kept."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, Discriminator, Field, Tag

from api.http.examples import MATCH_EXAMPLES
from api.http.house import HouseDep, ViewerDep
from api.http.match_rows import (
    CandidateRow,
    CreditRow,
    DemandedRow,
    MatchOrderRow,
    ScoreWeightsModel,
    SupplierRow,
    weights_of,
)
from api.http.responses import JsonResponse, to_rows
from api.http.rows import StrictModel, frame_of

__all__ = ["router"]

router = APIRouter(prefix="/v1/matches", tags=["matches"])

_ORDERS = Field(min_length=1, max_length=10_000)


class MatchOptions(StrictModel):
    """How to match."""

    unsplit: bool = Field(False, description="One supplier serves the whole order or nobody does.")
    method: Literal["auto", "auction", "exact", "greedy"] = Field("auto", description="Which solver.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of everything random.")
    weights: ScoreWeightsModel | None = Field(None, description="How the parts make the score.")


class TablesMatch(MatchOptions):
    """Orders, suppliers and candidates, all given."""

    orders: Annotated[list[MatchOrderRow], _ORDERS] = Field(description="What is asked for.")  # type: ignore[valid-type]
    suppliers: Annotated[list[SupplierRow], _ORDERS] = Field(description="Who has how much.")  # type: ignore[valid-type]
    candidates: Annotated[list[CandidateRow], Field(min_length=1, max_length=200_000)] = Field(  # type: ignore[valid-type]
        description="Who could serve what, with a score or the parts of one."
    )
    credit: Annotated[list[CreditRow], Field(max_length=200_000)] | None = Field(  # type: ignore[valid-type]
        None, description="Credit lines."
    )
    floor: float = Field(0.0, ge=0, le=1, description="Share of its capacity that each supplier gets at least.")


class NetworkMatch(MatchOptions):
    """Orders only: the candidates are gathered from the loaded network."""

    orders: Annotated[list[DemandedRow], _ORDERS] = Field(description="What is asked for.")  # type: ignore[valid-type]
    top: int = Field(20, ge=1, le=100, description="Candidates per order.")


class Matches(BaseModel):
    """Who fills what, and what else was considered."""

    version: str | None = Field(description="Version of the loaded network; null for tables of your own.")
    matches: list[dict[str, Any]] = Field(
        description="Order, supplier, pieces, price; from the network also the promised date, the cost and score "
        "parts, the runner-up and the reason."
    )
    alternatives: list[dict[str, Any]] | None = Field(
        description="Each candidate, the chosen ones too, with its parts and why it was or wasn't taken; by order, "
        "the best score first (network only)."
    )
    prices: list[dict[str, Any]] = Field(description="Shadow price of a unit of each supplier's capacity.")
    summary: dict[str, Any] = Field(description="Objective, bound, gap, pieces matched and not.")


def _form(value: Any) -> str:
    names = value if isinstance(value, dict) else getattr(value, "model_fields_set", ())
    return "form:tables" if "candidates" in names or "suppliers" in names else "form:network"


MatchRequest = Annotated[
    Annotated[TablesMatch, Tag("form:tables")] | Annotated[NetworkMatch, Tag("form:network")], Discriminator(_form)
]


@router.post("", response_model=Matches)
def match(
    house: HouseDep, viewer: ViewerDep, request: Annotated[MatchRequest, Body(openapi_examples=MATCH_EXAMPLES)]
) -> JsonResponse:
    """Match orders with suppliers; holds nothing and keeps nothing.

    Give orders, suppliers and candidates, or only orders (`order_id`, `sku_id`, `pieces`, `buyer_id`) and let the
    loaded network find who could fill them. There a tenant asks for buyers of its own and is matched with suppliers
    that it may know of.
    """
    return JsonResponse(_given(request) if isinstance(request, TablesMatch) else _routed(house, viewer, request))


def _given(request: TablesMatch) -> dict[str, Any]:
    from services.match_orders import match_orders

    names = ("orders", "suppliers", "candidates", "credit")
    report = match_orders(
        *(frame_of(getattr(request, name)) for name in names[:3]),
        credit=frame_of(request.credit),
        floor=request.floor,
        sources={name: name for name in names},
        **_options(request),
    )
    return _answer(None, report.allocation, None, report.prices, report.summary)


def _routed(house: HouseDep, viewer: ViewerDep, request: NetworkMatch) -> dict[str, Any]:
    loaded = house.net.current()
    snapshot = loaded.snapshot
    from services.network_routes import route_on

    report = route_on(snapshot, frame_of(request.orders), top=request.top, viewer=viewer, **_options(request))
    return _answer(loaded.version, report.matches, report.alternatives, report.prices, report.summary)


def _options(request: MatchOptions) -> dict[str, Any]:
    options: dict[str, Any] = {"unsplit": request.unsplit, "method": request.method, "seed": request.seed}
    if request.weights is not None:
        options["weights"] = weights_of(request.weights)
    return options


def _answer(version: str | None, matches: Any, alternatives: Any, prices: Any, summary: Any) -> dict[str, Any]:
    return {
        "version": version,
        "matches": to_rows(matches),
        "alternatives": None if alternatives is None else to_rows(alternatives),
        "prices": to_rows(prices),
        "summary": summary,
    }
