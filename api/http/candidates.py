"""Candidates of orders, from the loaded network: a search that decides and keeps nothing."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from api.http.examples import CANDIDATE_EXAMPLES
from api.http.house import NetDep, ViewerDep
from api.http.responses import JsonResponse, to_rows
from api.http.rows import AttributeRow, StrictModel, frame_of, row_model
from graph.tables import DEMANDS, PARTY_KINDS

__all__ = ["router"]

router = APIRouter(prefix="/v1/candidates", tags=["matches"])

WantedOrderRow = row_model("WantedOrderRow", DEMANDS, base=AttributeRow)
PartyKind = Literal[PARTY_KINDS]  # type: ignore[valid-type]
_Text = Annotated[str, Field(min_length=1, max_length=120)]


class FilterModel(StrictModel):
    """Only candidates with all of these properties are found."""

    kinds: list[PartyKind] = Field([], max_length=12, description="Kinds of supplier; all if empty.")
    category: _Text | None = Field(None, description="The supplier makes or trades this category.")
    max_distance_km: float | None = Field(None, ge=0, description="From where the goods leave; unknown is too far.")
    max_lead_time_days: float | None = Field(None, ge=0, description="Until delivery, the carrier's days included.")
    min_tie_strength: float = Field(0.0, ge=0, description="Weakest tie on the path; above 0 no stranger is found.")
    strangers: bool = Field(True, description="Whether suppliers that no path leads to are found.")
    stock_only: bool = Field(False, description="Only goods on hand.")
    without: list[_Text] = Field([], max_length=1000, description="Suppliers left out, e.g. those who rejected.")


class CandidateRequest(StrictModel):
    """Orders to find candidates for."""

    orders: Annotated[list[WantedOrderRow], Field(min_length=1, max_length=10_000)] = Field(  # type: ignore[valid-type]
        description="What is asked for."
    )
    top: int = Field(20, ge=1, le=100, description="Candidates per order.")
    filters: FilterModel | None = Field(None, description="Which candidates are wanted; all by default.")
    introductions: bool = Field(
        False, description="Look for the best introduction to each eligible stranger (the first 200)."
    )


class CandidateAnswer(BaseModel):
    """Who could fill the orders."""

    version: str = Field(description="Version of the loaded network.")
    candidates: list[dict[str, Any]] = Field(
        description="By order, the best first: supplier, from where and from what (`basis`), terms, carrier, days "
        "until delivery, the path that leads there, whether it may serve the order and, if not, the first reason; "
        "`violated_id` holds the exclusive territory."
    )
    summary: dict[str, Any] = Field(description="How many, from what, and why not.")


@router.post("", response_model=CandidateAnswer)
def find_candidates(
    loaded: NetDep,
    viewer: ViewerDep,
    request: Annotated[CandidateRequest, Body(openapi_examples=CANDIDATE_EXAMPLES)],
) -> JsonResponse:
    """Find who could fill these orders, by which path and from what; decides nothing and keeps nothing.

    Orders as for `POST /v1/matches`. A tenant asks for buyers of its own.
    """
    from graph.candidates.filters import Filters
    from services.find_candidates import find_candidates as find

    asked: dict[str, Any] = {} if request.filters is None else request.filters.model_dump(exclude_none=True)
    asked |= {name: tuple(value) for name, value in asked.items() if isinstance(value, list)}
    filters = Filters(**asked)
    report = find(
        loaded.snapshot,
        frame_of(request.orders),
        top=request.top,
        filters=filters,
        introductions=request.introductions,
        viewer=viewer,
    )
    answer = {"candidates": to_rows(report.candidates), "summary": report.summary}
    return JsonResponse({"version": loaded.version, **answer})
