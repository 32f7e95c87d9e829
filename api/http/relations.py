"""Changes of the loaded network between two loads, and who holds whose customers after handovers."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, Field

from api.http.examples import EVENT_EXAMPLES
from api.http.house import HouseDep, ViewerDep
from api.http.lines import lines_body, lines_route
from api.http.responses import JsonResponse
from api.http.rows import StrictModel, Table, frame_of, row_model
from contracts.errors import UnknownIdError
from graph.delta.tables import EVENTS

__all__ = ["router"]

EventRow = row_model("EventRow", EVENTS)


class EventBatch(StrictModel):
    """A batch of events: all of them count, or none."""

    events: Table[EventRow] = Field(description="Events in the order in which they happened.")  # type: ignore[valid-type]


class RecordedBatch(BaseModel):
    """What became of a batch."""

    version: str = Field(description="Version of the loaded network.")
    applied: int = Field(description="Events that count from now on.")
    known: int = Field(description="Events that were recorded already: sent again, they change nothing.")


class HeldBy(BaseModel):
    """Who holds a party's customers."""

    version: str = Field(description="Version of the loaded network.")
    party_id: str = Field(description="The party that won the customers.")
    kind: str = Field(description="The relation kind.")
    on: str = Field(description="The day.")
    holder: str = Field(description="Who holds them on that day: the party itself, its successor, or that one's.")


router = APIRouter(prefix="/v1/relations", tags=["relations"], route_class=lines_route("events"))


@router.post("", response_model=RecordedBatch, openapi_extra=lines_body("One event a line."))
def record_changes(
    house: HouseDep, viewer: ViewerDep, batch: Annotated[EventBatch, Body(openapi_examples=EVENT_EXAMPLES)]
) -> JsonResponse:
    """Record changes of parties and relations: durable and visible at once, all of them or none.

    The same event again (by `event_id`) changes nothing, so a batch whose answer got lost can be sent again. As
    `application/x-ndjson` the body is one event a line.
    """
    from services.relate import record_events

    snapshot = house.net.current().snapshot
    found = record_events(frame_of(batch.events), home=house.net.home, viewer=viewer)
    return JsonResponse({"version": snapshot.version, "applied": found.applied, "known": found.known})


@router.get("/holder", response_model=HeldBy)
def read_holder(
    house: HouseDep,
    viewer: ViewerDep,
    party_id: Annotated[str, Query(min_length=1, max_length=120, description="The party that won the customers.")],
    on: Annotated[date, Query(description="The day asked about.")],
    kind: Annotated[str, Query(max_length=40, description="The relation kind.")] = "serves",
) -> JsonResponse:
    """Return who holds a party's customers on a day, after the handovers recorded."""
    from services.relate import holder_of

    snapshot = house.net.current().snapshot
    viewer.position(snapshot.network(), party_id)
    holder = holder_of(party_id, on, kind=kind, home=house.net.home)
    network = snapshot.network()
    if not viewer.sees(network, network.position(holder)):
        raise UnknownIdError("holder of the customers of", party_id)  # who it is stays untold
    day = on.isoformat()
    return JsonResponse({"version": snapshot.version, "party_id": party_id, "kind": kind, "on": day, "holder": holder})
