"""Reservations: pieces held at the supplier who should fill an order, then confirmed, or given back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, Discriminator, Field, Tag

from api.http.house import House, HouseDep, ViewerDep
from api.http.idempotency import KeyHeader, respond_with
from api.http.paging import CursorQuery, LimitQuery, key_after, key_cursor
from api.http.reservation_examples import HOLD_EXAMPLES
from api.http.responses import JsonResponse
from api.http.rows import StrictModel
from services.viewer import Viewer
from store.booking.answers import Answer, Write

__all__ = ["router"]

router = APIRouter(prefix="/v1/reservations", tags=["reservations"])

State = Literal["held", "confirmed", "released", "expired", "rejected", "cancelled"]
_Id = Annotated[str, Field(min_length=1, max_length=200)]
_Reason = Annotated[str, Field(max_length=500, description="Why, in your words.")]
ReservationPath = Annotated[str, Path(min_length=1, max_length=100, description="The reservation's id.")]
_PIECES = Field(ge=1, le=2**31 - 1, description="How many pieces; one supplier holds all of them.", examples=[30])


class _HeldOrder(StrictModel):
    order_id: _Id = Field(description="Your own id of the order.", examples=["o-4711"])
    sku_id: _Id = Field(description="What is asked for.", examples=["soap"])
    pieces: int = _PIECES
    buyer_id: _Id = Field(description="Party that buys.", examples=["s1"])
    ttl_seconds: int = Field(900, ge=1, le=7 * 86_400, description="After how long it expires unless confirmed.")


class NetworkHold(_HeldOrder):
    """An order: the candidates are gathered from the loaded network."""

    ship_to: str | None = Field(None, max_length=200, description="Party or region the goods go to.")
    due_date: str | None = Field(None, pattern=r"^\d{4}-\d{2}-\d{2}$", description="Day by which they must be there.")
    max_price_fen: int | None = Field(None, ge=0, le=2**53, description="Most the buyer pays per piece, in fen.")
    top: int = Field(20, ge=1, le=100, description="Candidates to consider.")


class HoldCandidate(StrictModel):
    """A supplier that could fill the order, and the capacity it would be taken from."""

    supplier_id: _Id = Field(description="The supplier.", examples=["f1"])
    good: _Id = Field(description="What its capacity is of.", examples=["soap"])
    bucket: str = Field("", max_length=40, description="First day of the capacity's bucket; empty = stock.")
    score: float = Field(0.0, ge=-1e12, le=1e12, description="Gain per piece; higher is better.")
    price: float = Field(0.0, ge=-1e12, le=1e12, description="What a piece of it is worth to other orders.")
    unit_price_fen: int = Field(0, ge=0, le=10**12, description="What a piece takes of the buyer's credit.")
    minimum: int = Field(1, ge=1, le=2**31 - 1, description="Fewest pieces it takes.")


class GivenHold(_HeldOrder):
    """An order with candidates of your own; a single one is held without deciding."""

    candidates: Annotated[list[HoldCandidate], Field(min_length=1, max_length=100)] = Field(description="Candidates.")


class Considered(BaseModel):
    """A candidate, and what became of it."""

    supplier_id: str = Field(description="The supplier.")
    good: str = Field(description="What its capacity is of.")
    bucket: str = Field(description="The capacity's bucket.")
    score: float = Field(description="Gain per piece.")
    price: float = Field(description="What a piece of its capacity is worth to other orders.")
    reason: str = Field(description="`chosen`, or why not: full, no_credit, outscored, outbid, rejected, late …")


class ReservationView(BaseModel):
    """A reservation."""

    id: str = Field(description="Its id; ids sort by time.")
    order_id: str = Field(description="Your own id of the order.")
    buyer_id: str = Field(description="Party that buys.")
    sku_id: str = Field(description="What was asked for.")
    supplier_id: str = Field(description="Party that supplies.")
    good: str = Field(description="What the capacity is of.")
    bucket: str = Field(description="The capacity's bucket; empty = stock.")
    pieces: int = Field(description="Pieces that were held.")
    taken_pieces: int = Field(description="Pieces it takes now: fewer after a partial confirmation, 0 once over.")
    unit_price_fen: int = Field(description="What a piece takes of the buyer's credit, where there is a line.")
    state: State = Field(description="Where it stands.")
    reason: str = Field(description="Why it went there.")
    decision_id: str | None = Field(description="The decision that chose the supplier.")
    replaces: str | None = Field(description="The rejected reservation it was made instead of.")
    created_at: str = Field(description="When it was held.")
    expires_at: str = Field(description="When a hold expires.")
    updated_at: str = Field(description="When it last changed.")


class HoldAnswer(BaseModel):
    """What became of a hold."""

    status: Literal["held", "refused"] = Field(description="Whether pieces are held.")
    reason: str | None = Field(description="Why not: the best candidate's reason.")
    reservation: ReservationView | None = Field(description="The reservation; null if refused.")
    considered: list[Considered] = Field(description="Candidates, the best first; empty where a single one was named.")


class ChangeAnswer(BaseModel):
    """What became of a reservation."""

    status: State = Field(description="Its state now.")
    reason: str | None = Field(description="Why.")
    reservation: ReservationView = Field(description="The reservation now.")
    given_back_pieces: int = Field(description="Pieces that are free again.")


class RejectAnswer(ChangeAnswer):
    """What became of a rejected reservation, and of its order."""

    rerouted: HoldAnswer | None = Field(description="The hold at another supplier, if it was routed again.")


class ReservationList(BaseModel):
    """A page of reservations."""

    reservations: list[ReservationView] = Field(description="The newest first.")
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; null on the last.")


class DecisionReplay(BaseModel):
    """A decision and the same computed again."""

    id: str = Field(description="The decision.")
    same: bool = Field(description="Whether the answer is the one that was given.")
    chosen: dict[str, Any] | None = Field(description="The candidate chosen.")
    inputs: dict[str, Any] = Field(description="Order, candidates with what was left, prices, versions.")
    outcome: dict[str, Any] = Field(description="What was decided.")
    replayed: dict[str, Any] = Field(description="What is decided from the same inputs now.")


class Confirmation(StrictModel, json_schema_extra={"examples": [{"pieces": 3}]}):
    """All pieces, or some."""

    pieces: int | None = Field(
        None, ge=1, le=2**31 - 1, description="How many; all without it. The rest is free again."
    )


class Ending(StrictModel, json_schema_extra={"examples": [{"reason": "the buyer withdrew"}]}):
    """Why it ends."""

    reason: _Reason = ""


class Rejection(Ending, json_schema_extra={"examples": [{"reason": "the machine broke", "reroute": True}]}):
    """Why the supplier rejects, and whether to look for another."""

    reroute: bool = Field(True, description="Hold the pieces at the next best candidate of its decision.")


def _form(value: Any) -> str:
    given = value.get("candidates") if isinstance(value, dict) else getattr(value, "candidates", None)
    return "form:network" if given is None else "form:given"


HoldRequest = Annotated[
    Annotated[GivenHold, Tag("form:given")] | Annotated[NetworkHold, Tag("form:network")], Discriminator(_form)
]


@router.post("", status_code=201, response_model=HoldAnswer, responses={200: {"model": HoldAnswer}})
def hold_pieces(
    house: HouseDep,
    viewer: ViewerDep,
    key: KeyHeader,
    request: Annotated[HoldRequest, Body(openapi_examples=HOLD_EXAMPLES)],
) -> JsonResponse:
    """Hold an order's pieces at the best supplier that has room, in one call; the next best if that has just filled.

    201 with the reservation, or 200 with `status` "refused" and each candidate's reason. Give only the order and let
    the loaded network find who could fill it, or bring candidates of your own. What it was decided by is kept: read it
    at `/v1/reservations/{reservation_id}/decision`.
    """
    body = request.model_dump(exclude_unset=True)
    with house.desk.write(viewer, key, {"hold": body}) as write:
        held = _held_given if isinstance(request, GivenHold) else _held_on_network
        return respond_with(held(house, viewer, write, request))


def _held_given(house: House, viewer: Viewer, write: Write, request: Any) -> Answer:
    from services.hold_candidates import require_visible
    from services.hold_decision import Candidate, Found
    from services.reserve import HoldTerms, hold_at, reserve

    candidates = [Candidate(**row.model_dump()) for row in request.candidates]
    order, terms = _order(request), HoldTerms(ttl_seconds=request.ttl_seconds)
    if viewer.tenant is not None:
        require_visible(house.net.current().snapshot, order, candidates, viewer)
    if len(candidates) == 1:
        return hold_at(house.desk, write, order, candidates[0], terms)
    return reserve(house.desk, write, order, lambda: Found(candidates, {}), terms)


def _held_on_network(house: House, viewer: Viewer, write: Write, request: Any) -> Answer:
    from services.hold_candidates import network_candidates
    from services.reserve import HoldTerms, reserve

    snapshot = house.net.current().snapshot
    terms = HoldTerms(ttl_seconds=request.ttl_seconds)
    asked = request.model_dump(exclude_none=True, exclude={"top", "ttl_seconds"})
    return reserve(
        house.desk,
        write,
        _order(request),
        lambda: network_candidates(house.desk, snapshot, asked, viewer=viewer, top=request.top),
        terms,
    )


def _order(request: Any) -> Any:
    from services.hold_decision import Order

    return Order(**request.model_dump(include={"order_id", "buyer_id", "sku_id", "pieces"}))


@router.get("", response_model=ReservationList)
def list_reservations(
    house: HouseDep,
    viewer: ViewerDep,
    *,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
    supplier_id: Annotated[str | None, Query(max_length=200, description="Only those at this supplier.")] = None,
    order_id: Annotated[str | None, Query(max_length=200, description="Only those for this order.")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """List the reservations you hold or supply, the newest first, in pages."""
    from store.booking import lookup

    asked = {"state": state, "supplier_id": supplier_id, "order_id": order_id}
    query = ("reservations", *asked.values(), viewer.tenant, viewer.party)
    before = key_after(cursor, query, n_keys=1)
    rows = lookup.list_reservations(
        house.database,
        tenant=viewer.tenant,
        party=viewer.party,
        **asked,
        before=None if before is None else before[0],
        limit=limit + 1,
    )
    following = key_cursor(query, (rows[limit - 1].id,)) if len(rows) > limit else None
    return JsonResponse({"reservations": [row.told() for row in rows[:limit]], "next_cursor": following})


@router.get("/{reservation_id}", response_model=ReservationView)
def read_reservation(house: HouseDep, viewer: ViewerDep, reservation_id: ReservationPath) -> JsonResponse:
    """Return a reservation that you hold or supply."""
    from store.booking.lookup import find_reservation

    found = find_reservation(house.database, reservation_id, tenant=viewer.tenant, party=viewer.party)
    return JsonResponse(found.told())


@router.get("/{reservation_id}/decision", response_model=DecisionReplay)
def replay_decision(house: HouseDep, viewer: ViewerDep, reservation_id: ReservationPath) -> JsonResponse:
    """Return the decision behind a reservation, or one by its own id, computed again from what it was made by."""
    from services.replay_decision import replay_decision as replay

    return JsonResponse(replay(house.database, reservation_id, viewer=viewer))


@router.post("/{reservation_id}/confirm", response_model=ChangeAnswer)
def confirm_reservation(
    house: HouseDep, viewer: ViewerDep, key: KeyHeader, reservation_id: ReservationPath, request: Confirmation
) -> JsonResponse:
    """Confirm a hold before it expires: all its pieces, or some; the others are free again."""
    return _changed(house, viewer, key, reservation_id, action="confirm", request=request)


@router.post("/{reservation_id}/release", response_model=ChangeAnswer)
def release_reservation(
    house: HouseDep, viewer: ViewerDep, key: KeyHeader, reservation_id: ReservationPath, request: Ending
) -> JsonResponse:
    """Give a hold back."""
    return _changed(house, viewer, key, reservation_id, action="release", request=request)


@router.post("/{reservation_id}/cancel", response_model=ChangeAnswer)
def cancel_reservation(
    house: HouseDep, viewer: ViewerDep, key: KeyHeader, reservation_id: ReservationPath, request: Ending
) -> JsonResponse:
    """Cancel what was confirmed; its pieces are free again."""
    return _changed(house, viewer, key, reservation_id, action="cancel", request=request)


@router.post("/{reservation_id}/reject", response_model=RejectAnswer)
def reject_reservation(
    house: HouseDep, viewer: ViewerDep, key: KeyHeader, reservation_id: ReservationPath, request: Rejection
) -> JsonResponse:
    """Reject a reservation for its supplier, and hold its pieces elsewhere, never again at one who rejected them."""
    from services.reserve import reject

    with house.desk.write(viewer, key, {"reject": reservation_id, **request.model_dump()}) as write:
        answer = reject(
            house.desk, write, reservation_id, viewer=viewer, reason=request.reason, reroute=request.reroute
        )
        return respond_with(answer)


def _changed(
    house: House, viewer: Viewer, key: str, reservation_id: str, *, action: Any, request: StrictModel
) -> JsonResponse:
    from services.reserve import change

    asked = request.model_dump()
    with house.desk.write(viewer, key, {action: reservation_id, **asked}) as write:
        return respond_with(change(house.desk, write, reservation_id, action, viewer=viewer, **asked))
