"""What happened outside: orders, sales, signals, capacity changes, progress, and what corrects or cancels them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, Field, model_validator

from api.http.fact_examples import FACT_EXAMPLES
from api.http.house import HouseDep, ViewerDep
from api.http.lines import lines_body, lines_route
from api.http.responses import JsonResponse
from api.http.rows import StrictModel
from contracts.errors import InputError, UnknownIdError

__all__ = ["router"]

_MOST = 10_000
_MEANING = (
    "A fact: `key`, `kind` (order, sale, signal, capacity_change, progress, push, cancellation), `occurred_at`, and "
    "what its kind says; `corrects` names the original fact, `sequence` orders corrections of one moment."
)
Rows = Annotated[list[dict[str, Any]], Field(min_length=1, max_length=_MOST, description=_MEANING)]
KeyPath = Annotated[str, Path(min_length=1, max_length=150, description="The fact's key.")]


class FactBatch(StrictModel):
    """Facts under a name; a single one, or a bare list, is taken, too."""

    facts: Rows

    @model_validator(mode="before")
    @classmethod
    def _of_one(cls, given: Any) -> Any:
        if isinstance(given, list):
            return {"facts": given}
        return {"facts": [given]} if isinstance(given, dict) and "kind" in given else given


class FactResult(BaseModel):
    """What became of a row."""

    row: int = Field(description="Its number, 1 = the first.")
    key: str | None = Field(description="Its key.")
    status: Literal["accepted", "known", "refused"] = Field(description="New, there already, or of no use.")
    id: str | None = Field(description="Its id among the causes of what follows from it.")
    reason: str | None = Field(description="Why it was refused.")


class FactReport(BaseModel):
    """What became of a batch."""

    accepted: int = Field(description="Facts that are new, and on the disk.")
    known: int = Field(description="Facts that were there already: sent again, they change nothing.")
    refused: int = Field(description="Rows that cannot be used; the others count without them.")
    results: list[FactResult] = Field(description="Row by row.")


class FactView(BaseModel):
    """A fact, and whether it counts."""

    id: str = Field(description="Its id.")
    key: str = Field(description="Your own name of it.")
    kind: str = Field(description="What it is.")
    subject: str = Field(description="What it is about.")
    corrects: str | None = Field(description="Key of the original fact that it corrects or cancels.")
    payload: dict[str, Any] = Field(description="What it says.")
    sequence: int = Field(description="Orders corrections of one moment.")
    occurred_at: str = Field(description="When it happened.")
    accepted_at: str = Field(description="When it was accepted.")
    counts: str | None = Field(description="Key of the fact that counts in its place now; null if none does.")


router = APIRouter(prefix="/v1/facts", tags=["facts"], route_class=lines_route("facts"))


@router.post("", response_model=FactReport, openapi_extra=lines_body("One fact a line."))
def record_facts(
    house: HouseDep, viewer: ViewerDep, batch: Annotated[FactBatch, Body(openapi_examples=FACT_EXAMPLES)]
) -> JsonResponse:
    """Take in what happened; the worker carries it to forecast, plan and prices.

    Each fact names itself by its key: sent again it changes nothing, so a batch whose answer got lost can be repeated,
    and no order of arrival matters. A correction names the original fact and says everything anew. Rows that
    cannot be used are told with their reason, the others are kept; a single fact that cannot be used is a 422. As
    `application/x-ndjson` the body is one fact a line.
    """
    from services.flow.intake import take_facts

    snapshot = house.net.current().snapshot if viewer.tenant is not None else None
    now_ms, names = house.desk.clock(), house.inlet.names
    made = take_facts(house.database, batch.facts, now_ms=now_ms, viewer=viewer, snapshot=snapshot, names=names)
    if len(batch.facts) == 1 and made["refused"]:
        raise InputError("fact", "one that can be used", made["results"][0]["reason"])
    return JsonResponse(made)


@router.get("/{key}", response_model=FactView)
def read_fact(house: HouseDep, viewer: ViewerDep, key: KeyPath) -> JsonResponse:
    """Return a fact that you sent, and which fact counts in its place: itself, or the last of its corrections."""
    from services.effective import effective
    from store.booking.rows import moment_text
    from store.fact_book import families, find_fact

    tenant = viewer.tenant or ""
    fact = find_fact(house.database, key, tenant=tenant)
    if fact is None:
        raise UnknownIdError("fact", key)
    counting = effective(families(house.database, [(tenant, fact.root)]))[tenant, fact.root]
    told = {name: getattr(fact, name) for name in ("id", "key", "kind", "subject", "payload", "sequence")}
    moments = {name: moment_text(getattr(fact, f"{name}_ms")) for name in ("occurred_at", "accepted_at")}
    corrects = None if fact.root == fact.key else fact.root
    return JsonResponse({**told, **moments, "corrects": corrects, "counts": counting and counting.key})
