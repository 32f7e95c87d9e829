"""Sellers matched with offers: both sides opt in, may refuse and have caps; blocking pairs counted and priced."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from api.http.match_examples import TWO_SIDED_EXAMPLES
from api.http.responses import JsonResponse, to_rows
from api.http.rows import AttributeRow, StrictModel, Table, frame_of, row_model
from matching.two_sided_frames import OFFERS, PAIRS, SELLERS

__all__ = ["router"]

router = APIRouter(prefix="/v1/matches", tags=["matches"])

SellerCapRow = row_model("SellerCapRow", SELLERS)
OfferCapRow = row_model("OfferCapRow", OFFERS)
PairRow = row_model("PairRow", PAIRS, base=AttributeRow)


class TwoSidedRequest(StrictModel):
    """Who may have how many, and what each pair is worth."""

    sellers: Table[SellerCapRow] = Field(description="Sellers and their caps, in each period or by period.")  # type: ignore[valid-type]
    offers: Table[OfferCapRow] = Field(description="Offers and theirs.")  # type: ignore[valid-type]
    pairs: Annotated[list[PairRow], Field(min_length=1, max_length=500_000)] = Field(  # type: ignore[valid-type]
        description="Who could have whom. `accepted` pairs stand, `refused` ones are not offered again."
    )
    stable: bool = Field(False, description="Return the match without blocking pairs that sellers like best.")
    gap: float = Field(5e-3, ge=0, lt=1, description="Certified gap at which a match is good enough.")


class TwoSidedAnswer(BaseModel):
    """Who has whom."""

    matches: list[dict[str, Any]] = Field(description="The pairs, the offer's price and whether they stood before.")
    blocking: list[dict[str, Any]] = Field(
        description="Pairs that would rather have each other: what each side gains and what giving in would cost."
    )
    summary: dict[str, Any] = Field(description="Joint value, bound, gap, blocking pairs, the price of stability.")


@router.post("/two-sided", response_model=TwoSidedAnswer)
def match_two_sided(
    request: Annotated[TwoSidedRequest, Body(openapi_examples=TWO_SIDED_EXAMPLES)],
) -> JsonResponse:
    """Match sellers with offers for the highest joint value within every cap; keeps nothing.

    After answers came in, send the pairs again with their `state`: what is accepted stands, what is refused is offered
    to others.
    """
    from services.match_two_sided import match_two_sided as solve

    names = ("sellers", "offers", "pairs")
    report = solve(*(frame_of(getattr(request, name)) for name in names), stable=request.stable, gap=request.gap)
    tables = {"matches": to_rows(report.matches), "blocking": to_rows(report.blocking)}
    return JsonResponse(tables | {"summary": report.summary})
