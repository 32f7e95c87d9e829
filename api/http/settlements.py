"""Splitting the cake over HTTP: previews, sales settled once, statements of one's own parties."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, Path, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from api.http.house import House, HouseDep, ViewerDep
from api.http.lines import NDJSON, json_of, lines_body, rows_in
from api.http.paging import CursorQuery, LimitQuery, key_after, key_cursor
from api.http.responses import JsonResponse, to_rows
from api.http.rows import AttributeRow, StrictModel, Table, frame_of, row_model
from api.http.settlement_examples import PREVIEW_EXAMPLES, SETTLEMENT_EXAMPLES
from contracts.errors import InputError, NotReadyError
from services.viewer import Viewer
from settlement.tables import BINDINGS, RETURNS, SALES, SELLERS, TOUCHES

__all__ = ["ShareSellerRow", "plain_rules", "router"]

_MOST = 10_000
SettledSaleRow = row_model("SettledSaleRow", SALES, base=AttributeRow)
ReturnRow = row_model("ReturnRow", RETURNS)
TouchRow = row_model("TouchRow", TOUCHES)
BindingRow = row_model("BindingRow", BINDINGS)
ShareSellerRow = row_model("ShareSellerRow", SELLERS)
_PartyId = Annotated[str, Path(min_length=1, max_length=500, description="The party who asks for its own statement.")]
_SaleId = Annotated[str, Path(min_length=1, max_length=500, description="The sale, by the id it was settled by.")]
_Day = Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}$", description="A day of the period, included.")]


class ShareRequest(StrictModel):
    """Sales, the agreement, and who plays roles that sales do not name."""

    sales: Annotated[list[SettledSaleRow], Field(max_length=_MOST)] = Field(  # type: ignore[valid-type]
        default_factory=list, description="Sales; beside the columns one per role, with the id of who plays it."
    )
    rules: dict[str, Any] | None = Field(
        None, description="The agreement: rest, rules, discounts, attribution, max_depth, when_short."
    )
    rules_hash: str | None = Field(None, max_length=64, description="Or the hash of one that was settled by before.")
    touches: Table[TouchRow] | None = Field(None, description="For rules filled by touch.")  # type: ignore[valid-type]
    bindings: Table[BindingRow] | None = Field(None, description="For rules filled by binding.")  # type: ignore[valid-type]
    parties: Table[ShareSellerRow] | None = Field(  # type: ignore[valid-type]
        None, description="Who left, who took over, who brought whom."
    )


class SettleRequest(ShareRequest):
    """What was sold and what came back."""

    returns: Annotated[list[ReturnRow], Field(max_length=_MOST)] | None = Field(  # type: ignore[valid-type]
        None, description="Returns and refusals, of sales settled before or in this request."
    )
    strict: bool = Field(False, description="Book nothing if any row cannot be booked.")


class PreviewAnswer(BaseModel):
    """What each party would get and pay."""

    shares: list[dict[str, Any]] = Field(description="Per sale and role: takes_fen, pays_fen, share_fen, problem.")
    summary: dict[str, Any] = Field(description="Totals per party, and the sales that could not be booked.")


class SettleAnswer(BaseModel):
    """What was booked."""

    rules_hash: str = Field(description="Names the agreement from now on.")
    summary: dict[str, Any] = Field(description="Sales, returns, known and refused ones; fen by role.")
    refused: list[dict[str, Any]] = Field(description="Rows that were not booked: table, row, id, reason.")


class Statement(BaseModel):
    """What a party got and gave back in a period."""

    party_id: str = Field(description="The party.")
    share_fen: int = Field(description="Sum of the whole period, not of this page.")
    parts: list[dict[str, Any]] = Field(description="The same by role and kind of event.")
    rows: list[dict[str, Any]] = Field(description="Its entries, in the order in which they were booked.")
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; null on the last.")


class SaleSplit(BaseModel):
    """The split of a sale, as far as the reader may see it."""

    sale_id: str = Field(description="The sale.")
    share_fen: int = Field(description="Sum of the entries shown.")
    rows: list[dict[str, Any]] = Field(description="All entries for whoever gets the rest, else one's own.")


class AgreementList(BaseModel):
    """Agreements that were settled by."""

    agreements: list[dict[str, Any]] = Field(description="rules_hash, rules, first_used_at; the newest first.")


class _SettleLines(APIRoute):
    """Reads lines: first the agreement and what else is no row, then a sale or a return a line."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_lines(request: Request) -> Response:
            kind = request.headers.get("content-type", "")
            return await handle(await _as_body(request) if kind.startswith(NDJSON) else request)

        return handle_lines


router = APIRouter(prefix="/v1/settlements", tags=["settlements"], route_class=_SettleLines)


@router.post("/preview", response_model=PreviewAnswer)
def preview_settlement(
    house: HouseDep, viewer: ViewerDep, request: Annotated[ShareRequest, Body(openapi_examples=PREVIEW_EXAMPLES)]
) -> JsonResponse:
    """Show each party what it would get and pay of each sale, before anybody agrees; nothing is kept."""
    from services.settle_live import rules_of
    from services.settle_sales import preview_sales

    rules = rules_of(_desk(house, viewer), plain_rules(request.rules), request.rules_hash)
    shares, summary = preview_sales(_sales(request), rules, _told(request))
    return JsonResponse({"shares": to_rows(shares), "summary": summary})


@router.post(
    "",
    response_model=SettleAnswer,
    openapi_extra=lines_body("Settings and tables on the first line, then a sale or a return a line."),
)
def settle_batch(
    house: HouseDep, viewer: ViewerDep, request: Annotated[SettleRequest, Body(openapi_examples=SETTLEMENT_EXAMPLES)]
) -> JsonResponse:
    """Settle sales and returns in one transaction, each once by its id: sent again it changes nothing.

    A row that cannot be booked is refused as a whole, with its reason; the others are booked. As
    `application/x-ndjson` the first line has everything but sales and returns, then comes one of them a line.
    """
    from services.settle_live import rules_of, settle_live

    desk = _desk(house, viewer)
    rules = rules_of(desk, plain_rules(request.rules), request.rules_hash)
    rules_hash, found = settle_live(desk, _sales(request), rules, _told(request), strict=request.strict)
    told = {"rules_hash": rules_hash, "summary": found.summary, "refused": found.refused.to_dict("records")}
    return JsonResponse(told)


@router.get("/rules", response_model=AgreementList)
def list_share_rules(house: HouseDep, viewer: ViewerDep) -> JsonResponse:
    """Return the agreements that you settled by."""
    from services.settle_live import list_rules

    return JsonResponse({"agreements": list_rules(_desk(house, viewer))})


@router.get("/statements/{party_id:path}", response_model=Statement)
def read_statement(
    house: HouseDep,
    viewer: ViewerDep,
    party_id: _PartyId,
    *,
    since: Annotated[_Day, Query(alias="from")] = None,
    until: Annotated[_Day, Query(alias="to")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """Return what one of your own parties got and gave back in a period."""
    from services.settle_live import party_statement

    first, last = _day(since, "from"), _day(until, "to")
    if first is not None and last is not None and last < first:
        raise InputError("to", f"a day from {first} on", last)
    query = ("statement", party_id, str(first), str(last), viewer.tenant, viewer.party)
    keys = key_after(cursor, query, n_keys=1)
    after = _position(keys[0]) if keys else 0
    found = party_statement(_desk(house, viewer), party_id, since=first, until=last, after=after, limit=limit)
    position = found.pop("after")
    found["next_cursor"] = None if position is None else key_cursor(query, (str(position),))
    return JsonResponse(found)


@router.get("/sales/{sale_id:path}", response_model=SaleSplit)
def read_sale_split(house: HouseDep, viewer: ViewerDep, sale_id: _SaleId) -> JsonResponse:
    """Return how a sale was divided: all of it to whoever gets the rest, to others what is their own."""
    from services.settle_live import sale_split

    return JsonResponse(sale_split(_desk(house, viewer), sale_id))


def _desk(house: House, viewer: Viewer) -> Any:
    from services.settle_live import SalesDesk

    try:
        network = house.net.current().snapshot.network()
    except NotReadyError:
        if viewer.tenant is not None:
            raise
        network = None  # the operator settles without a network, too
    return SalesDesk(database=house.database, viewer=viewer, network=network)


def _sales(request: ShareRequest) -> Any:
    import pandas as pd

    return frame_of(request.sales) if request.sales else pd.DataFrame({name: [] for name in SALES.required})


def _told(request: ShareRequest) -> Any:
    from services.settle_sales import Told

    frames = {name: frame_of(getattr(request, name)) for name in ("touches", "bindings")}
    returns = getattr(request, "returns", None) or None
    return Told(**frames, sellers=frame_of(request.parties), returns=frame_of(returns), sources={"sellers": "parties"})


def plain_rules(rules: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return an agreement that can be kept as text.

    Raises
    ------
    InputError
        If a name in it is none, or a number too large.
    """
    try:
        orjson.dumps(rules)
    except orjson.JSONEncodeError:
        raise InputError("rules", "text and numbers", "half a character, or a number too large") from None
    return rules


def _day(text: str | None, name: str) -> dt.date | None:
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(name, "a day of the calendar", text) from None


def _position(text: str) -> int:
    if not text.isdigit() or len(text) > 18:
        raise InputError("cursor", "a `next_cursor` of an earlier page", text)
    return int(text)


async def _as_body(request: Request) -> Request:
    """Return the request with its lines as one JSON body."""
    rows = await rows_in(request)
    body = rows.pop(0) if rows and not {"sale_id", "return_id"} & set(rows[0]) else {}
    for name, mine in (("returns", True), ("sales", False)):
        found = [row for row in rows if ("return_id" in row) is mine]
        given = body.get(name, [])
        if found:
            body[name] = given + found if isinstance(given, list) else given
    headers = [(key, value) for key, value in request.scope["headers"] if key != b"content-type"]
    scope = {**request.scope, "headers": [*headers, (b"content-type", b"application/json")]}
    whole = json_of(body)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": whole, "more_body": False}

    return Request(scope, receive)
