"""Exceptions: what changed and needs a person, ranked by the money at stake; closed with what was done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.http.house import House, HouseDep
from api.http.paging import CursorQuery, LimitQuery, Part, Parted, digest, page_bounds
from api.http.responses import JsonResponse
from api.http.rows import StrictModel
from services.exceptions import Closing, Known, close_exception, closings, list_exceptions
from services.viewer import Viewer

__all__ = ["exception_row", "router"]

router = APIRouter(prefix="/v1/exceptions", tags=["exceptions"])

ExceptionPath = Annotated[str, Path(max_length=100, description="The exception's id.")]
StateQuery = Annotated[Literal["open", "closed", "all"], Query(description="Which ones.")]


class ClosingView(BaseModel):
    """What was done about an exception."""

    by: str = Field(description="Who closed it.")
    done: str = Field(description="What was done, in words.")
    at: str = Field(description="When.")
    stake_fen: float = Field(description="What was at stake then; it is open again at half as much again.")


class ExceptionView(BaseModel):
    """Something that needs a person."""

    id: str = Field(description="The same for the same trouble, however much of it there is.")
    kind: str = Field(
        description="`unfilled order`, `late promise`, `short of items`, `overtime`, `idle`, `plan change`, "
        "`backorder`, `capacity cut`, `prices refused`, `forecast shift` or `parked work`."
    )
    subject: str = Field(description="What it touches: an order, an item, a supplier, a resource.")
    place: str | None = Field(description="Whom else it touches.")
    when: str | None = Field(description="The day it is about.")
    amount: float = Field(description="How much.")
    unit: str = Field(description="Of what.")
    stake_fen: float = Field(
        description="Expected loss if nobody acts, in fen, alike for all kinds; 0 where there is no price."
    )
    why: str = Field(description="What happened.")
    action: str = Field(description="What is proposed.")
    closed: ClosingView | None = Field(description="How it was closed; null while it is open.")


class ExceptionList(BaseModel):
    """A page of exceptions."""

    total: int = Field(description="Exceptions in all.")
    stake_fen: float = Field(description="Money at stake in all of them.")
    exceptions: list[ExceptionView] = Field(description="Open ones first, then the most money at stake.")
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; null on the last.")


class ClosingRequest(StrictModel, json_schema_extra={"examples": [{"done": "moved 200 pieces to line 2"}]}):
    """What was done."""

    done: str = Field(min_length=1, max_length=1000, description="In words.", examples=["moved 200 pieces to line 2"])


class ClosedException(ClosingView):
    """An exception that was closed."""

    id: str = Field(description="Its id.")
    kind: str = Field(description="Its kind.")
    subject: str = Field(description="What it touched.")


class Closings(Parted):
    """What was ever closed."""

    closings: list[ClosedException] = Field(description="The latest first.")


@router.get("", response_model=ExceptionList)
def list_open_exceptions(
    house: HouseDep, state: StateQuery = "open", limit: LimitQuery = 100, cursor: CursorQuery = None
) -> JsonResponse:
    """Return what needs a person: whom it touches, the money at stake, what to do; the most money first.

    A tenant's or party's key is told of what touches its own orders, stores, factories and lines; the operator of all.
    """
    found = _of(house)
    wanted = [one for one in found if state == "all" or (one.closed is None) == (state == "open")]
    query = (state, house.principal.folder)
    bounds, following = page_bounds(cursor, limit, version="exceptions", total=len(wanted), query=query)
    told = {"total": len(wanted), "stake_fen": sum(one.found.stake_fen for one in wanted)}
    return JsonResponse(told | {"exceptions": [exception_row(one) for one in wanted[bounds]], "next_cursor": following})


@router.get("/closings", response_model=Closings)
def list_closings(house: HouseDep, limit: LimitQuery = 100, cursor: CursorQuery = None) -> JsonResponse:
    """Return what was closed and what was done about it, the latest first."""
    part = Part(limit, cursor, house.principal.folder)
    rows, following = part.of([closing_row(one) for one in closings(house.settings.home)], digest, "closings")
    return JsonResponse({"closings": rows, "next_cursor": following})


@router.post("/{exception_id}/close", response_model=ClosedException)
def end_exception(house: HouseDep, exception_id: ExceptionPath, request: ClosingRequest) -> JsonResponse:
    """Close an exception with what was done about it; it is open again if half as much again is at stake later."""
    home, by = house.settings.home, house.principal.name
    closed = close_exception(home, house.database, exception_id, by=by, done=request.done, now=datetime.now(UTC))
    return JsonResponse(closing_row(closed))


def _of(house: House) -> list[Known]:
    """Return what concerns who asks: everything of a network of its own, of the shared one what touches its parties."""
    own = house.own_network()
    viewer = house.principal.viewer if own is None else Viewer()
    database = None if own is not None else house.database  # its events are of the shared network
    home = (own or house.net).home.root
    return list_exceptions(home, database, now=datetime.now(UTC), viewer=viewer)


def closing_row(closing: Closing) -> dict[str, Any]:
    """Return a closing as plain data."""
    return {name: getattr(closing, name) for name in ("id", "kind", "subject", "by", "done", "at", "stake_fen")}


def exception_row(known: Known) -> dict[str, Any]:
    """Return an exception as plain data."""
    found = known.found
    told = {name: getattr(found, name) for name in ("kind", "subject", "place", "amount", "unit", "why", "action")}
    when = None if found.when is None else found.when.date().isoformat()
    closed = None if known.closed is None else closing_row(known.closed)
    return {"id": known.id, **told, "when": when, "stake_fen": found.stake_fen, "closed": closed}
