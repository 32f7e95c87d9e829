"""Signals as they come: kept at once, each row once."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field, model_validator

from api.http.examples import SIGNAL_EXAMPLES
from api.http.house import HouseDep
from api.http.lines import lines_body, lines_route
from api.http.responses import JsonResponse
from api.http.rows import MAX_ROWS, StrictModel

__all__ = ["router"]

_MEANING = "A signal: the columns of the file `signals`; other fields are not read."
Rows = Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_ROWS, description=_MEANING)]


class SignalBatch(StrictModel):
    """Signals under a name; a bare list of them is taken, too."""

    signals: Rows

    @model_validator(mode="before")
    @classmethod
    def _of_list(cls, given: Any) -> Any:
        return {"signals": given} if isinstance(given, list) else given


class SignalResult(BaseModel):
    """What became of a row."""

    row: int = Field(description="Its number, 1 = the first.")
    status: Literal["applied", "known", "quarantined"] = Field(description="New, there already, or of no use.")
    reason: str | None = Field(description="Why it cannot be used.")


class SignalReport(BaseModel):
    """What became of a batch."""

    applied: int = Field(description="Rows that are new, and on the disk.")
    known: int = Field(description="Rows that were there already: sent again, they change nothing.")
    quarantined: int = Field(description="Rows that cannot be used; the others count without them.")
    ignored_fields: list[str] = Field(description="Fields that were not read.")
    results: list[SignalResult] = Field(description="Row by row.")


router = APIRouter(prefix="/v1/signals", tags=["launches"], route_class=lines_route("signals"))


@router.post("", response_model=SignalReport, openapi_extra=lines_body("One signal a line."))
def record_signals(
    house: HouseDep, batch: Annotated[SignalBatch, Body(openapi_examples=SIGNAL_EXAMPLES)]
) -> JsonResponse:
    """Keep signals of styles; the next launch forecast of a style sees them.

    The same row again changes nothing, so a batch whose answer got lost can be sent again, and no order of arrival
    matters. Rows that cannot be used are told with their reason; the others are kept. Only the columns of `signals`
    are read, and `kol_id` is kept as a keyed hash. As `application/x-ndjson` the body is one signal a line.
    """
    from services.post_signals import post_signals

    return JsonResponse(post_signals(batch.signals, house.inlet))
