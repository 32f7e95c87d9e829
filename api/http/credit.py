"""Trade credit on the loaded network: positions of a party and of a pair, and the price of terms."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, Field

from api.http.examples import CREDIT_PRICE_EXAMPLES
from api.http.house import NetDep, ViewerDep
from api.http.responses import JsonResponse, to_rows
from api.http.rows import Row, StrictModel

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["credit"])

_AsOf = Annotated[date | None, Query(description="Day of the answer; that of the ledger's last event without it.")]


class PartyCredit(BaseModel):
    """A party's credit as buyer and as supplier."""

    version: str = Field(description="Version of the loaded network.")
    party_id: str = Field(description="The party.")
    as_of: str = Field(description="Day of the positions.")
    as_supplier: list[dict[str, Any]] = Field(
        description="Its positions with those who buy from it: exposure by its parts, limit, room, ageing. "
        "`exposure_share` is the buyer's share of its exposure."
    )
    as_buyer: list[dict[str, Any]] = Field(
        description="Its positions with those it buys from. `purchase_share` is the supplier's share of its purchases."
    )
    concentration: list[dict[str, Any]] | None = Field(
        description="How much hangs on one counterparty, by side; null for those who do not own the party."
    )
    irregularities: list[dict[str, Any]] = Field(description="Trades whose events cannot be, and why.")


class PairCredit(BaseModel):
    """The credit position of a pair."""

    version: str = Field(description="Version of the loaded network.")
    as_of: str = Field(description="Day of the position.")
    position: dict[str, Any] | None = Field(description="The position; null if they neither trade nor have terms.")
    irregularities: list[dict[str, Any]] = Field(description="Trades of the pair whose events cannot be, and why.")


class TermsOfOrder(Row):
    """An order and the terms it would be paid on."""

    amount_fen: int = Field(ge=0, le=10**12, description="What the order is worth, in fen.")
    days: float = Field(ge=0, le=3650, description="Days from invoice to due date.")
    annual_rate: float = Field(ge=0, le=10, description="Interest a year (0.06 = 6 %).")
    retained_share: float = Field(0.0, ge=0, le=1, description="Share kept back until its quality is accepted.")
    acceptance_days: float = Field(0.0, ge=0, le=3650, description="Days until its quality is accepted.")
    p_late: float = Field(0.0, ge=0, le=1, description="Probability that the buyer pays late; from its scorecard.")
    days_late: float = Field(0.0, ge=0, le=3650, description="How late a late payment is on average, in days.")
    p_unpaid: float = Field(0.0, ge=0, le=1, description="Probability that the buyer never pays.")
    loss_share: float = Field(1.0, ge=0, le=1, description="Share of an unpaid order that is lost in the end.")


class PriceRequest(StrictModel):
    """Orders whose terms are to be priced."""

    orders: Annotated[list[TermsOfOrder], Field(min_length=1, max_length=10_000)] = Field(description="The orders.")


class OrderPrice(BaseModel):
    """What the terms of one order cost, in fen."""

    financing_fen: float = Field(description="Interest on the money that waits as agreed.")
    delay_fen: float = Field(description="Interest on the money expected to come late.")
    loss_fen: float = Field(description="Money expected never to come.")
    total_fen: float = Field(description="Sum of the three.")


class TermsPrices(BaseModel):
    """What the terms cost, one row per order, in the order they were sent."""

    prices: list[OrderPrice] = Field(description="The prices.")


@router.get("/parties/{party_id:path}/credit", response_model=PartyCredit)
def read_party_credit(
    loaded: NetDep,
    viewer: ViewerDep,
    party_id: Annotated[str, Path(min_length=1, max_length=120, description="Your id of the party.")],
    as_of: _AsOf = None,
) -> JsonResponse:
    """Return a party's credit positions as buyer and as supplier.

    A position is seen by its two ends only, a party's concentration by itself only.
    """
    from services.credit_positions import party_credit

    return _answer(loaded.version, party_credit(loaded.snapshot, party_id, viewer, as_of=_day(as_of)))


@router.get("/credit", response_model=PairCredit)
def read_pair_credit(
    loaded: NetDep,
    viewer: ViewerDep,
    buyer_id: Annotated[str, Query(min_length=1, max_length=120, description="Who buys.")],
    supplier_id: Annotated[str, Query(min_length=1, max_length=120, description="Who grants the credit.")],
    as_of: _AsOf = None,
) -> JsonResponse:
    """Return the credit position of a buyer at a supplier; seen by these two only."""
    from services.credit_positions import pair_credit

    found = pair_credit(loaded.snapshot, buyer_id, supplier_id, viewer, as_of=_day(as_of))
    rows = to_rows(found.pop("position"))
    return _answer(loaded.version, found | {"position": rows[0] if rows else None})


@router.post("/credit/price", response_model=TermsPrices)
def price_terms(request: Annotated[PriceRequest, Body(openapi_examples=CREDIT_PRICE_EXAMPLES)]) -> JsonResponse:
    """Price terms of payment as money per order: financing, expected delay, expected loss. Nothing is kept."""
    from graph.credit.price import price_of_terms

    given = pd.DataFrame.from_records([order.model_dump() for order in request.orders])
    price = price_of_terms(**{str(name): given[name].to_numpy(float) for name in given})
    names = ("financing_fen", "delay_fen", "loss_fen", "total_fen")
    return JsonResponse({"prices": to_rows(pd.DataFrame({name: getattr(price, name) for name in names}))})


def _day(day: date | None) -> pd.Timestamp | None:
    return None if day is None else pd.Timestamp(day)


def _answer(version: str, found: dict[str, Any]) -> JsonResponse:
    plain = {name: to_rows(part) if isinstance(part, pd.DataFrame) else part for name, part in found.items()}
    return JsonResponse({"version": version, **plain})
