"""From any number back to its causes, by ids and versions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from api.http.house import HouseDep, ViewerDep
from api.http.responses import JsonResponse

__all__ = ["router"]

router = APIRouter(prefix="/v1/why", tags=["events"])

RecordPath = Annotated[
    str,
    Path(min_length=1, max_length=300, description="Id of whatever is kept or shown: an order, reservation, decision, "
         "event, fact, price, plan, production order, forecast, launch, score, sale, job …", examples=["prices-1"]),
]  # fmt: skip


class WhyRecord(BaseModel):
    """One thing that is kept, and what led to it."""

    id: str = Field(description="Its id.")
    kind: str = Field(description="What it is.")
    told: str = Field(description="The same in words.")
    at: str | None = Field(description="When it was made.")
    facts: dict[str, Any] = Field(description="Figures and versions.")
    causes: list[str] = Field(description="Ids of the records that led to it.")
    left_out: int = Field(description="How many more causes there are.")


class WhyAnswer(BaseModel):
    """A record and everything that led to it."""

    id: str = Field(description="What was asked for.")
    records: list[WhyRecord] = Field(description="Each record once, what was asked for first.")
    tree: list[str] = Field(description="The same as a tree, in lines for people.")


@router.get("/{record_id:path}", response_model=WhyAnswer)
def tell_why(house: HouseDep, viewer: ViewerDep, record_id: RecordPath) -> JsonResponse:
    """Tell what led to something: match, prices, plan, forecast, signals and sales, by ids and versions.

    A tenant's key is told of its own records; of the whole house's only which version it was.
    """
    from services.why import as_rows, lines_of, why

    found = why(house.net.home.root, house.database, record_id, viewer=viewer)
    return JsonResponse({"id": found.id, "records": as_rows(found), "tree": list(lines_of(found))})
