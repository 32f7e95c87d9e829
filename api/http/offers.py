"""Offers to small sellers: the house makes them; sellers and brands read and answer those they are a side of."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, Field

from api.http.house import House, HouseDep, ViewerDep
from api.http.offer_examples import ANSWER_EXAMPLES, OFFER_EXAMPLES
from api.http.paging import CursorQuery, LimitQuery, Page, page_bounds
from api.http.responses import JsonResponse, to_rows
from api.http.rows import AttributeRow, StrictModel, Table, frame_of, row_model
from api.http.scores import ScoreDeskDep
from api.http.settlements import ShareSellerRow, plain_rules
from contracts.errors import InputError, NotReadyError
from contracts.params import params_from
from forecast.offers.tables import PROMOTIONS, SELLERS, STYLES
from graph.network import SupplyNetwork
from matching.offer_tables import ANSWERS
from planning.promotion_tables import CURVE, FREE_HOURS
from store.offers import OfferShelf

__all__ = ["router"]

router = APIRouter(prefix="/v1/offers", tags=["offers"])

SmallSellerRow = row_model("SmallSellerRow", SELLERS)
OfferedStyleRow = row_model("OfferedStyleRow", STYLES, base=AttributeRow)
PromotionRow = row_model("PromotionRow", PROMOTIONS)
OfferAnswerRow = row_model("OfferAnswerRow", ANSWERS)
FreeHoursRow = row_model("FreeHoursRow", FREE_HOURS)
CurveRow = row_model("CurveRow", CURVE)
Id = Annotated[str, Query(max_length=500, min_length=1, description="Its id.")]
Date = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class OfferRequest(StrictModel):
    """Small sellers, styles and what became of earlier offers."""

    sellers: Table[SmallSellerRow] = Field(description="Who may be approached, and how often.")  # type: ignore[valid-type]
    styles: Table[OfferedStyleRow] = Field(  # type: ignore[valid-type]
        description="What is offered; with `rules` a column per role says who plays it."
    )
    history: Table[PromotionRow] = Field(description="What became of earlier offers: it is learned from.")  # type: ignore[valid-type]
    answers: Table[OfferAnswerRow] | None = Field(  # type: ignore[valid-type]
        None, description="Answers so far, before those sent to `/v1/offers/answers`."
    )
    free: Table[FreeHoursRow] | None = Field(  # type: ignore[valid-type]
        None, description="Free factory hours by day: gives each offer its day."
    )
    curve: Table[CurveRow] | None = Field(None, description="How orders follow a promotion.")  # type: ignore[valid-type]
    rules: dict[str, Any] | None = Field(
        None,
        description="The agreement they would be settled by, as for `/v1/settlements`; the seller's percentage of "
        "the margin without it. Roles other than the seller's and the rest are columns of the styles.",
    )
    rules_hash: str | None = Field(None, max_length=64, description="Or the hash of one that was settled by before.")
    seller_role: str | None = Field(None, max_length=100, description="The role that sellers play in it; `kol` …")
    parties: Table[ShareSellerRow] | None = Field(  # type: ignore[valid-type]
        None, description="Who left, who took over, who brought whom: for rules filled by referrer."
    )
    model: Literal["champion"] | None = Field(
        None, description="`champion`: expect by the promoted model `offers`; learn anew from the history without it."
    )
    limits: dict[str, float] = Field(
        default_factory=dict, description="Limits of the house, like `approaches_per_week`; the usual ones without it."
    )
    today: Date | None = Field(None, description="First day planned; else the day after the history.")
    weeks: int = Field(1, ge=1, le=52, description="Weeks whose approaches count.")
    loss_per_day: float = Field(0.0, ge=0, lt=1, description="Share of its orders a promotion loses per day it waits.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Decides among equals.")


class OffersMade(BaseModel):
    """What was made."""

    offers_id: str = Field(description="Id of these offers; they are the current ones now.")
    summary: dict[str, Any] = Field(description="Offers, sales per offer shown, gap, reasons, the schedule's figures.")


class OfferAnswer(StrictModel):
    """What one side says to an offer."""

    seller_id: str = Field(max_length=500, min_length=1, description="The seller.")
    style_id: str = Field(max_length=500, min_length=1, description="The style.")
    state: Literal["accepted", "refused", "withdrawn"] = Field(description="`refused` after `accepted` is withdrawn.")
    promote_on: Date | None = Field(None, description="Day agreed on.")
    pieces: int | None = Field(None, ge=0, le=2**31 - 1, description="Pieces sold through it so far.")


class AnswerKept(BaseModel):
    """What was recorded."""

    shares: list[dict[str, Any]] = Field(
        description="What was promised: role, party_id, share_fen a piece, expected_fen; one's own, to the brand all."
    )
    answer: dict[str, Any] = Field(description="The answer as it counts, by whom and when.")


class LevelDays(BaseModel):
    """Days of the schedule."""

    offers_id: str = Field(description="Id of the offers.")
    days: list[dict[str, Any]] = Field(description="Free hours, the level line, expected hours and their range by day.")


@router.post("", response_model=OffersMade)
def create_offers(
    house: HouseDep, request: Annotated[OfferRequest, Body(openapi_examples=OFFER_EXAMPLES)]
) -> JsonResponse:
    """Offer styles to small sellers within every cap of both sides, keep the offers and make them the current ones."""
    from services.kept_offers import keep_offers
    from services.offer_params import OfferParams

    names = ("sellers", "styles", "history", "answers", "free", "curve")
    tables = {name: frame_of(getattr(request, name)) for name in names}
    cake = _cake(house, request)
    _require_roles(tables["styles"], cake)
    whole = {name: int(value) if float(value).is_integer() else value for name, value in request.limits.items()}
    told = keep_offers(
        _shelf(house),
        tables,
        params=params_from(whole, OfferParams, where="limits"),
        today=None if request.today is None else _day(request.today),
        weeks=request.weeks,
        loss_per_day=request.loss_per_day,
        seed=request.seed,
        cake=cake,
        model=_champion(house) if request.model else None,
    )
    return JsonResponse({"offers_id": told.pop("offers_id"), "summary": told})


@router.get("", response_model=Page)
def list_offers(
    house: HouseDep, viewer: ViewerDep, *, limit: LimitQuery = 100, cursor: CursorQuery = None
) -> JsonResponse:
    """List the current offers that the key's party or tenant is a side of, with their days if they are scheduled.

    Beside each stands what its parties would get of a piece and of the pieces expected: all of it to the brand, to
    others their own.
    """
    from services.kept_offers import offers_seen, shares_seen

    shelf, network = _shelf(house), _network(house)
    name, rows = offers_seen(shelf, network, viewer)
    query = ("offers", viewer.tenant, viewer.party)
    part, following = page_bounds(cursor, limit, version=name, total=len(rows), query=query)
    shares = shares_seen(shelf, network, viewer, rows.iloc[part])
    page = [row | {"shares": own} for row, own in zip(to_rows(rows.iloc[part]), shares, strict=True)]
    return JsonResponse({"version": name, "total": len(rows), "rows": page, "next_cursor": following})


@router.get("/search", response_model=Page)
def search_offers(
    house: HouseDep, viewer: ViewerDep, seller_id: Id, *, limit: LimitQuery = 100, cursor: CursorQuery = None
) -> JsonResponse:
    """Return what a small seller finds when it searches: its offers, then what it was not offered, with the reasons."""
    from services.kept_offers import search_seen

    name, rows = search_seen(_shelf(house), _network(house), viewer, seller_id)
    return _page(name, rows, ("search", seller_id, viewer.tenant, viewer.party), limit=limit, cursor=cursor)


@router.get("/sellers", response_model=Page)
def find_sellers(
    house: HouseDep,
    viewer: ViewerDep,
    desk: ScoreDeskDep,
    style_id: Id,
    *,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """Return the small sellers a brand would propose its style to, best first, with the reasons of the others.

    Sellers that opted out of scores are left out: what they would bring is a score of theirs.
    """
    from services.kept_offers import sellers_seen

    name, rows = sellers_seen(_shelf(house), _network(house), viewer, style_id)
    rows = rows[~rows["seller_id"].isin(list(desk.rights.opted_out()))].reset_index(drop=True)
    return _page(name, rows, ("sellers", style_id, viewer.tenant, viewer.party), limit=limit, cursor=cursor)


@router.post("/answers", response_model=AnswerKept)
def answer_offer(
    house: HouseDep, viewer: ViewerDep, request: Annotated[OfferAnswer, Body(openapi_examples=ANSWER_EXAMPLES)]
) -> JsonResponse:
    """Accept or refuse an offer of one's own, on either side; refused places go to others when offers are next made."""
    from services.kept_offers import answer_offer as answered
    from services.kept_offers import offers_seen, shares_seen

    answer = request.model_dump()
    if request.promote_on is not None:
        _day(request.promote_on)
    shelf, network = _shelf(house), _network(house)
    kept = answered(shelf, network, viewer, answer, by=house.principal.name)
    rows = offers_seen(shelf, network, viewer)[1]
    rows = rows[(rows["seller_id"] == answer["seller_id"]) & (rows["style_id"] == answer["style_id"])]
    return JsonResponse({"answer": kept, "shares": shares_seen(shelf, network, viewer, rows)[0]})


@router.get("/days", response_model=LevelDays)
def read_level_days(house: HouseDep) -> JsonResponse:
    """Return the days of the schedule: free hours, the level line, and the hours that orders are expected to take."""
    shelf = _shelf(house)
    return JsonResponse({"days": to_rows(shelf.table("days")), "offers_id": shelf.current()})


def _cake(house: House, request: OfferRequest) -> Any:
    """Return the agreement of a request, None without one."""
    from services.offer_cake import cake_of
    from services.settle_live import SalesDesk, rules_of
    from services.viewer import Viewer

    if request.rules is None and request.rules_hash is None:
        return None
    desk = SalesDesk(database=house.database, viewer=Viewer(), network=None)
    rules = rules_of(desk, plain_rules(request.rules), request.rules_hash)
    return cake_of(rules, request.seller_role, frame_of(request.parties))


def _require_roles(styles: pd.DataFrame | None, cake: Any) -> None:
    """Refuse columns of the styles that are neither the table's own nor roles of the agreement."""
    roles = () if cake is None else cake.rules.roles
    for name in [] if styles is None else styles.columns:
        if name not in STYLES.by_name and name not in roles:
            raise InputError(f"/styles: field {name}", "no such field, or a role of the rules", name)


def _champion(house: House) -> Any:
    from services.offer_models import champion_offers

    return champion_offers(house.settings.home)[0]


def _shelf(house: House) -> OfferShelf:
    """Return the shelf of the house: offers are made for all tenants, and each sees its own of them."""
    return OfferShelf(house.net.home.root)


def _network(house: House) -> SupplyNetwork | None:
    try:
        return house.net.current().snapshot.network()
    except NotReadyError:
        return None


def _page(name: str, rows: pd.DataFrame, query: tuple[object, ...], *, limit: int, cursor: str | None) -> JsonResponse:
    part, following = page_bounds(cursor, limit, version=name, total=len(rows), query=query)
    page = to_rows(rows.iloc[part])
    return JsonResponse({"version": name, "total": len(rows), "rows": page, "next_cursor": following})


def _day(text: str) -> pd.Timestamp:
    try:
        return pd.Timestamp(text)
    except ValueError:
        raise InputError("day", "a date (YYYY-MM-DD)", text) from None
