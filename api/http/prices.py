"""Prices of capacity: what one more piece of each supplier is worth, how that was made, and which version serves."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, Field

from api.http.house import House, HouseDep, ViewerDep
from api.http.jobs import JobView, accepted
from api.http.match_examples import REFRESH_EXAMPLES
from api.http.match_rows import DemandedRow
from api.http.paging import CursorQuery, LimitQuery, PartDep, Parted, page_bounds
from api.http.responses import JsonResponse, to_rows
from api.http.rows import StrictModel, Table, frame_of
from contracts.errors import UnknownIdError
from contracts.progress import Report
from matching.words import Language, words_of
from services.jobs import JobResult
from services.viewer import Viewer
from store.prices import PriceShelf, PriceVersion
from store.snapshot import Snapshot

__all__ = ["router"]

router = APIRouter(prefix="/v1/prices", tags=["matches"])

Cause = Literal["nightly", "supplier_down", "supplier_back", "capacity_cut", "wave", "manual"]
_OF_ALL: dict[str, Any] = dict.fromkeys(("orders", "pieces", "offers", "old_objective", "new_objective"))
_OF_ALL |= {"left": {}, "left_now": {}}  # what is told of everybody's orders and suppliers: to the operator alone
_COLUMNS = ["supplier_id", "good", "price", "capacity"]
Version = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the version.")]


class PriceFacts(BaseModel):
    """How a version was made."""

    version: int = Field(description="Its number; 0 = none was published, and capacity costs nothing.")
    serves: bool = Field(description="Whether orders are decided by it now.")
    cause: str = Field(description="Why it was made.")
    made_at: datetime | None = Field(None, description="When.")
    as_of: str | None = Field(None, description="Day whose offers and terms counted.")
    network: str | None = Field(None, description="Version of the network it was made on.")
    share: float | None = Field(None, description="How many such days of orders were to come.")
    orders: int | None = Field(None, description="Orders it was learnt from.")
    pieces: int | None = Field(None, description="Their pieces.")
    offers: int | None = Field(None, description="Offers that have a price.")
    left: dict[str, float] = Field({}, description="Share of its offers that a supplier had left, where not all.")
    before: int | None = Field(None, description="The version that served when it was made.")
    better: bool | None = Field(None, description="Whether it was no worse in the replay, and so served at once.")
    old_objective: float | None = Field(None, description="What the version before reached in the replay.")
    new_objective: float | None = Field(None, description="What prices learnt from the other half reached.")


class PricePage(PriceFacts):
    """A version with a page of its prices."""

    left_now: dict[str, float] = Field(description="Share of its offers that a supplier has left now, where not all.")
    total: int = Field(description="Prices in all.")
    rows: list[dict[str, Any]] = Field(
        description="supplier_id, good, price (score that one more piece is worth), capacity; the dearest first."
    )
    next_cursor: str | None = Field(description="Where the next page starts; null on the last.")


class PriceVersions(Parted):
    """The versions kept, the latest first."""

    versions: list[PriceFacts] = Field(description="How each was made.")


class SupplierEvent(StrictModel):
    """What happened to a supplier."""

    event: Literal["supplier_down", "supplier_back", "capacity_cut"] = Field(description="What happened.")
    supplier_id: str = Field(min_length=1, max_length=120, description="To whom.")
    left_share: float | None = Field(None, ge=0, lt=1, description="Share of its offers left (capacity_cut).")


class RefreshRequest(StrictModel):
    """Why new prices are wanted, and from which orders."""

    cause: Cause = Field("nightly", description="Why.")
    events: list[SupplierEvent] = Field(
        [], max_length=10_000, description="What suppliers lost or have again; counts for every order at once."
    )
    orders: Table[DemandedRow] | None = Field(  # type: ignore[valid-type]
        None, description="Orders like those to come; without them the loaded network's."
    )
    share: float = Field(1.0, gt=0, le=1000, description="How many such days of orders are still to come today.")
    top: int = Field(20, ge=1, le=100, description="Candidates per order.")


@router.get("", response_model=PricePage)
def read_prices(
    house: HouseDep,
    viewer: ViewerDep,
    *,
    supplier_id: Annotated[str | None, Query(max_length=120, description="Only this supplier's.")] = None,
    language: Annotated[Language | None, Query(description="Tell each in words, too.")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """Return the prices that serve: per supplier and good, what one more piece of its capacity is worth.

    A tenant reads the prices of suppliers that it may know of, and not from how many of everybody's orders they come.
    """
    asked = _Listing(viewer, limit, cursor, supplier_id, language)
    return _page(house, PriceShelf(house.net.home.root).current(), asked)


@router.get("/versions", response_model=PriceVersions)
def list_price_versions(house: HouseDep, part: PartDep) -> JsonResponse:
    """List the versions kept, the latest first, and how each was made."""
    shelf = PriceShelf(house.net.home.root)
    serving = shelf.current()
    found, following = part.of(shelf.versions(), lambda version: version.number, "price versions")
    return JsonResponse({"versions": [_facts(one, serving) for one in found], "next_cursor": following})


@router.get("/versions/{version}", response_model=PricePage)
def read_price_version(
    house: HouseDep, viewer: ViewerDep, version: Version, limit: LimitQuery = 100, cursor: CursorQuery = None
) -> JsonResponse:
    """Return a version, serving or not, with a page of its prices."""
    return _page(house, PriceShelf(house.net.home.root).get(version), _Listing(viewer, limit, cursor))


@router.post("/versions/{version}/activate", response_model=PriceFacts)
def activate_prices(house: HouseDep, version: Version) -> JsonResponse:
    """Let a version serve: one that the replay held back, or an earlier one again. Again changes nothing."""
    shelf = PriceShelf(house.net.home.root)
    return JsonResponse(_facts(shelf.activate(version), shelf.current()))


@router.post("/refresh", status_code=202, response_model=JobView)
def refresh_prices(
    house: HouseDep, request: Annotated[RefreshRequest, Body(openapi_examples=REFRESH_EXAMPLES)]
) -> JsonResponse:
    """Make new prices in the background; they serve once a replay of the orders is no worse for them.

    `events` count at once, before the job: no order goes to a supplier that is down. The job's summary says whether the
    version serves; one held back is kept and can be activated.
    """
    from services.refresh_prices import record_left

    loaded = house.net.current()
    shelf = PriceShelf(house.net.home.root)
    record_left(loaded.snapshot, shelf, [event.model_dump() for event in request.events])
    at = datetime.now(UTC).isoformat(timespec="seconds")
    options = request.model_dump(include={"cause", "share", "top"}) | {"at": at, "orders": frame_of(request.orders)}
    return accepted(house, "prices", partial(refresh_work, options, house.net.home.root))


def refresh_work(options: dict[str, Any], home: FilePath, progress: Report) -> JobResult:
    """Make prices; runs in a process of its own."""
    from services.refresh_prices import refresh_prices as refresh
    from store.home import Home

    report = refresh(Home(home).current(), PriceShelf(home), progress=progress, **options)
    return JobResult(report.summary, {"prices": report.prices})


def _facts(version: PriceVersion | None, serving: PriceVersion | None) -> dict[str, Any]:
    if version is None:
        return {"version": 0, "serves": True, "cause": "start"}
    return version.facts | {"serves": serving is not None and serving.number == version.number}


class _Listing(NamedTuple):
    """Which prices are asked for, by whom, from where on."""

    viewer: Viewer
    limit: int
    cursor: str | None
    supplier_id: str | None = None
    language: Language | None = None


def _page(house: House, version: PriceVersion | None, asked: _Listing) -> JsonResponse:
    shelf, tenant = PriceShelf(house.net.home.root), asked.viewer.tenant
    table = pd.DataFrame(columns=_COLUMNS) if version is None else version.table()
    if tenant is not None:
        table = _seen(house.net.current().snapshot, asked.viewer, table)
    if asked.supplier_id is not None:
        table = table[table["supplier_id"] == asked.supplier_id]
        if version is not None and table.empty:
            raise UnknownIdError("supplier with a price", asked.supplier_id)
    table = table.sort_values("price", ascending=False, kind="stable", ignore_index=True)
    facts = _facts(version, shelf.current())
    query = (asked.supplier_id, asked.viewer)
    rows, following = page_bounds(
        asked.cursor, asked.limit, version=f"prices-{facts['version']}", total=len(table), query=query
    )
    page = to_rows(table.iloc[rows])
    if asked.language is not None:
        page = [row | {"words": _worth(row, asked.language)} for row in page]
    told = facts | ({"left_now": shelf.left()} if tenant is None else _OF_ALL)
    return JsonResponse({**told, "total": len(table), "rows": page, "next_cursor": following})


def _worth(row: dict[str, Any], language: Language) -> str:
    code = "worth" if row["price"] > 0 else "spare"
    return words_of(code, language, supplier=row["supplier_id"], price=row["price"])


def _seen(snapshot: Snapshot, viewer: Viewer, table: pd.DataFrame) -> pd.DataFrame:
    """Return the prices of suppliers that a tenant may know of."""
    network = snapshot.network()
    at = network.parties.ids.positions(table["supplier_id"].astype("str"))
    return table[np.where(at >= 0, viewer.seen(network)[at], False)]
