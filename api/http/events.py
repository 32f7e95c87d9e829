"""Events: what happened, for those who poll."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.http.house import HouseDep, ViewerDep
from api.http.paging import CursorQuery, LimitQuery, key_cursor, position_after
from api.http.responses import JsonResponse
from services.events import cloud_event, events_after, newest_position, oldest_position

__all__ = ["router"]

router = APIRouter(prefix="/v1/events", tags=["events"])

_SECONDS_BETWEEN_LOOKS = 0.25
TopicsQuery = Annotated[
    list[str] | None,
    Query(max_length=20, description="Only these topics or those below them (`reservation`); all without it."),
]


class CloudEvent(BaseModel):
    """One thing that happened, in the envelope of CloudEvents 1.0."""

    specversion: str = Field(description="Always `1.0`.")
    id: str = Field(description="Its name for ever; whoever gets it twice drops the second.")
    source: str = Field(description="Always `/evenflow`.")
    type: str = Field(description="`evenflow.` and the topic, such as `evenflow.reservation.held`.")
    subject: str = Field(description="What it is about: the id of a reservation, an order, …")
    time: str = Field(description="When it happened (RFC 3339).")
    datacontenttype: str = Field(description="Always `application/json`.")
    sequence: str = Field(description="Grows with every event: of two on one subject the later is larger.")
    data: dict[str, Any] = Field(description="What happened; `causes` name what led to it.")


class EventPage(BaseModel):
    """Some events."""

    events: list[CloudEvent] = Field(description="In the order in which they happened.")
    next_cursor: str = Field(description="Pass it as `cursor` for what comes after, now or later.")


@router.get("", response_model=EventPage)
async def list_events(
    house: HouseDep,
    viewer: ViewerDep,
    *,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
    topics: TopicsQuery = None,
    start: Annotated[
        Literal["oldest", "newest"], Query(description="Without a cursor: from the first event kept, or only new ones.")
    ] = "oldest",
    wait_seconds: Annotated[
        float, Query(ge=0, le=20, description="How long to wait for an event if there is none.")
    ] = 0,
) -> JsonResponse:
    """Return what happened since a cursor, each event once, none skipped; waits for one if asked to.

    A tenant's key sees what its tenant did and what it supplies; the operator's sees all. A cursor older than what is
    kept (`EVENFLOW_RETENTION_DAYS`) is answered 410: some events were missed, start again without it.
    """
    query = ("events", viewer.tenant, viewer.party, tuple(sorted(topics or ())))
    after = position_after(cursor, query)
    if after is None:
        first = oldest_position if start == "oldest" else newest_position
        after = await run_in_threadpool(first, house.database)
    until = time.monotonic() + wait_seconds
    while True:
        found, looked = await run_in_threadpool(
            events_after, house.database, viewer, after=after, limit=limit, topics=topics or ()
        )
        if found or time.monotonic() >= until:
            page = {"events": [cloud_event(event) for event in found], "next_cursor": key_cursor(query, (str(looked),))}
            return JsonResponse(page)
        after = looked
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
