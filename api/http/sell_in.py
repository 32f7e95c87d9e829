"""Shipments to a distributor against its sales."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.http.house import NetDep, ViewerDep
from api.http.responses import JsonResponse

__all__ = ["router"]

router = APIRouter(prefix="/v1/parties", tags=["sell-in"])

_EXAMPLE: JsonDict = {
    "version": "5d1f0c2a9b7e4d36",
    "party_id": "distributor-7",
    "scope": "all",
    "months": [{"month": "2025-02", "sell_in": 1450.0, "sell_through": 980.0}],
    "check": {
        "sell_in": 11_800.0,
        "sell_through": 9_900.0,
        "bullwhip": 6.2,
        "excess_months": 1.9,
        "end_share": 0.61,
        "usual_share": 0.16,
        "score": 0.97,
        "low": 0.86,
        "high": 1.0,
        "stuffing": True,
        "reasons": "1.9 months of sales in stock beyond what growth explains",
        "as_of": "2025-02-28",
    },
    "reason": "",
}


class SellInMonth(BaseModel):
    """Pieces of a month."""

    month: str = Field(description="Month, `2025-02`.")
    sell_in: float | None = Field(description="Pieces sent to the distributor; null if nothing is known.")
    sell_through: float | None = Field(description="Pieces that shoppers bought of it; null if nothing is known.")


class PartySellIn(BaseModel):
    """What was sent to a distributor and what shoppers bought of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    version: str = Field(description="Version of the loaded network.")
    party_id: str = Field(description="The distributor.")
    scope: Literal["all", "own goods"] = Field(
        description="`all` of your own distributor; of another's what names your parties as suppliers."
    )
    months: list[SellInMonth] = Field(description="Pieces by month.")
    check: dict[str, Any] | None = Field(
        description="Bullwhip, excess stock, end-of-period share, score with its range, whether it is stuffing, why."
    )
    reason: str = Field(description="Why there is no check, else empty.")


@router.get("/{party_id:path}/sell-in", response_model=PartySellIn)
def read_sell_in(
    loaded: NetDep,
    viewer: ViewerDep,
    party_id: Annotated[str, Path(min_length=1, max_length=120, description="Your id of the distributor.")],
    as_of: Annotated[date | None, Query(description="Last day that counts; the last one there is without it.")] = None,
) -> JsonResponse:
    """Return what was sent to a distributor, what shoppers bought of it, by month, and whether it is being stuffed."""
    from services.network_sell_in import party_sell_in

    day = None if as_of is None else pd.Timestamp(as_of)
    return JsonResponse({"version": loaded.version, **party_sell_in(loaded.snapshot, viewer, party_id, as_of=day)})
