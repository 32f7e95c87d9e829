"""Dispatches: steps sent to workshops, where each stands, and the link that a workshop without software answers by."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import APIRouter, Body, Path, Query, Request
from pydantic import BaseModel, Field

from api.http.house import HouseDep
from api.http.jobs import JobView, accepted
from api.http.paging import CursorQuery, LimitQuery, Page, page_bounds
from api.http.plan_rows import DemandRow, ParamsModel, PlanTablesModel
from api.http.planning_examples import DISPATCH_EXAMPLES
from api.http.responses import JsonResponse, to_rows
from api.http.rows import StrictModel, Table, frame_of, row_model
from contracts.progress import Report
from planning.workshops import OUTSIDE, QUALIFIED, TRANSFERS, WORKSHOPS
from services.dispatches import end_links, list_dispatches, read_dispatch
from services.jobs import JobResult
from services.signed_links import sign_link
from store.link_key import link_key

__all__ = ["router"]

router = APIRouter(prefix="/v1/dispatches", tags=["workshops"])

WorkshopRow = row_model("WorkshopRow", WORKSHOPS)
QualifiedRow = row_model("QualifiedRow", QUALIFIED)
TransferRow = row_model("TransferRow", TRANSFERS)
OutsideRow = row_model("OutsideRow", OUTSIDE)
State = Literal["sent", "accepted", "done", "rejected", "unplaced", "withdrawn"]


class TermsModel(StrictModel):
    """What a workshop's record is worth."""

    otif_floor: float = Field(0.0, ge=0, le=1, description="Workshops whose `otif_low` lies below get nothing.")
    late_cost: float = Field(0.0, ge=0, le=1e9, description="Money per piece late or short, times 1 - `otif_low`.")


class DispatchRequest(PlanTablesModel):
    """A plan's tables, the workshops, and what is known of them."""

    demand: Table[DemandRow] = Field(description="`y`, or quantile columns such as `q0.5`.")  # type: ignore[valid-type]
    workshops: Table[WorkshopRow] = Field(description="Workshops: `factory` of their resources.")  # type: ignore[valid-type]
    qualified: Table[QualifiedRow] | None = Field(None, description="Who may do what; without it all.")  # type: ignore[valid-type]
    transfers: Table[TransferRow] | None = Field(None, description="Buckets from one to another.")  # type: ignore[valid-type]
    outside: Table[OutsideRow] | None = Field(None, description="Hours that others take.")  # type: ignore[valid-type]
    params: ParamsModel | None = Field(None, description="Weights, horizon, when to stop.")
    terms: TermsModel | None = Field(None, description="What a workshop's record is worth.")


class DispatchView(BaseModel):
    """A dispatch and where it stands."""

    dispatch_id: str = Field(description="Its id: the order's step; `.2` and so on once others rejected it.")
    workshop: str = Field(description="Who is asked.")
    resource: str = Field(description="On which resource.")
    item: str = Field(description="What.")
    route: str = Field(description="By which route.")
    step: int = Field(description="Which step.")
    pieces: int = Field(description="How many pieces.")
    hours: float = Field(description="Hours it takes.")
    start: str = Field(description="Bucket in which it starts.")
    due: str = Field(description="Bucket in which its output is wanted.")
    earliest: str = Field(description="Bucket in which the goods are there.")
    latest: str = Field(description="Last bucket in which it may start.")
    state: State = Field(description="Where it stands.")
    done_pieces: int = Field(description="Pieces reported as done.")
    note: str = Field(description="What the workshop wrote.")
    tries: list[str] = Field(description="Workshops that rejected it before.")
    why: str = Field(description="Why nobody can do it, once it is unplaced.")
    sent_at: str = Field(description="When it was sent.")
    plan_id: str = Field(description="The plan it is part of.")
    links_ended: int = Field(description="How often its links were taken back.")


class LinkRequest(StrictModel, json_schema_extra={"examples": [{"days": 14}]}):
    """How long a link holds."""

    days: int = Field(14, ge=1, le=366, description="Days from now.")


class RevokeRequest(
    StrictModel, json_schema_extra={"examples": [{"by": "li", "reason": "sent to the wrong workshop"}]}
):
    """Who takes links back, and why."""

    by: str = Field(min_length=1, max_length=500, description="Who takes them back.", examples=["li"])
    reason: str = Field(min_length=1, max_length=500, description="Why.", examples=["sent to the wrong workshop"])


class LinkView(BaseModel):
    """A link that answers for one dispatch."""

    url: str = Field(description="To be sent to the workshop; whoever has it can answer.")
    expires_at: str = Field(description="Until when it holds.")


@router.post("", status_code=202, response_model=JobView)
def dispatch_steps(
    house: HouseDep, request: Annotated[DispatchRequest, Body(openapi_examples=DISPATCH_EXAMPLES)]
) -> JsonResponse:
    """Plan a split factory in the background and send each workshop the steps it is asked to do.

    Only qualified workshops with a good enough record get work; hours that others take are theirs; goods take their
    time between two of them; each one's whole load is levelled, and a promised share is kept or paid. The job's table
    `dispatches` has what was sent; dispatches of an earlier plan that nobody accepted are withdrawn.
    """
    from services.dispatch_steps import DISPATCH_TABLES

    extra = {name: frame for name in DISPATCH_TABLES if (frame := frame_of(getattr(request, name))) is not None}
    params = request.params.model_dump(exclude_none=True) if request.params else {}
    terms = request.terms.model_dump() if request.terms else {}
    work = partial(dispatch_work, request.frames() | extra, params, terms, house.settings.home)
    return accepted(house, "dispatch", work)


@router.get("", response_model=Page)
def list_sent_dispatches(
    house: HouseDep,
    *,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
    workshop: Annotated[str | None, Query(max_length=500, description="Only this workshop's.")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """Return a page of the dispatches, by start, with where each stands."""
    found = list_dispatches(house.settings.home)
    for column, wanted in (("state", state), ("workshop", workshop)):
        if wanted is not None:
            found = found[found[column] == wanted]
    rows, following = page_bounds(cursor, limit, version="dispatches", total=len(found), query=(state, workshop))
    page = to_rows(found.iloc[rows])
    return JsonResponse({"version": "dispatches", "total": len(found), "rows": page, "next_cursor": following})


@router.get("/{dispatch_id}", response_model=DispatchView)
def read_one_dispatch(
    house: HouseDep, dispatch_id: Annotated[str, Path(max_length=200, description="Id of the dispatch.")]
) -> JsonResponse:
    """Return a dispatch and where it stands."""
    return JsonResponse(read_dispatch(house.settings.home, dispatch_id))


@router.post("/{dispatch_id}/link", status_code=201, response_model=LinkView)
def make_dispatch_link(
    house: HouseDep,
    http: Request,
    dispatch_id: Annotated[str, Path(max_length=200, description="Id of the dispatch.")],
    request: LinkRequest,
) -> JsonResponse:
    """Make a link by which a workshop without software reads this dispatch, accepts or rejects it, reports pieces done.

    It is signed, holds for this dispatch only, and expires; it can be taken back before (`/link/revoke`).
    """
    home = house.settings.home
    ended = read_dispatch(home, dispatch_id)["links_ended"]
    link = sign_link(link_key(home), dispatch_id, now=time.time(), days=request.days, ended=ended)
    url = f"{str(http.base_url).rstrip('/')}{link.path}"
    return JsonResponse(
        {"url": url, "expires_at": datetime.fromtimestamp(link.expires, UTC).isoformat()}, status_code=201
    )


@router.post("/{dispatch_id}/link/revoke", response_model=DispatchView)
def revoke_dispatch_links(
    house: HouseDep,
    dispatch_id: Annotated[str, Path(max_length=200, description="Id of the dispatch.")],
    request: RevokeRequest,
) -> JsonResponse:
    """Take back every link of this dispatch that was made so far; one made afterwards holds again.

    Who did it and why is kept with the dispatches.
    """
    return JsonResponse(end_links(house.settings.home, dispatch_id, by=request.by, reason=request.reason))


def dispatch_work(
    tables: dict[str, pd.DataFrame], params: dict[str, Any], terms: dict[str, Any], home: FilePath, progress: Report
) -> JobResult:
    """Plan and send; runs in a process of its own."""
    from planning.params import PlanParams
    from planning.workshops import DispatchParams
    from services.dispatch_steps import dispatch_steps as dispatch
    from services.dispatches import keep_dispatches

    report = dispatch(
        **tables,
        params=PlanParams.from_tables(params, where="params"),
        terms=DispatchParams(**terms),
        sources={name: name for name in tables},
        progress=progress,
    )
    plan_id = keep_dispatches(home, report)
    made = {"dispatches": report.dispatches, "orders": report.orders, "load": report.load}
    return JobResult(report.summary | {"plan_id": plan_id}, made)
