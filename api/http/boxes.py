"""The heijunka box: of the current plan, or of orders sent along."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, Field, model_validator

from api.http.downloads import EXCEL, csv_file, excel_file
from api.http.house import HouseDep
from api.http.paging import CursorQuery, LimitQuery, Page, page_bounds
from api.http.plan_rows import FirmRow
from api.http.planning_examples import BOX_EXAMPLES
from api.http.responses import JsonResponse, to_rows
from api.http.rows import StrictModel, Table, frame_of
from contracts.errors import UnknownIdError
from planning.boxes import BoxParams
from services.make_boxes import BoxReport, make_boxes
from services.print_box import box_page
from services.production_orders import current_orders

__all__ = ["router"]

router = APIRouter(tags=["plans"])

_PAGE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
ResourceQuery = Annotated[str | None, Query(max_length=500, description="Only this resource's box.")]


class BoxRequest(StrictModel):
    """Orders of a plan, and the working day."""

    orders: Table[FirmRow] = Field(description="Production orders, with `order_id` and `hours`.")  # type: ignore[valid-type]
    slots_per_day: int = Field(8, ge=1, le=480, description="Slots of a day.")
    work_days: list[int] = Field([0, 1, 2, 3, 4], min_length=1, max_length=7, description="Weekdays, Monday = 0.")
    day_start: str = Field("08:00", max_length=5, description="When the first slot begins, HH:MM.")
    day_hours: float = Field(8.0, gt=0, le=24, description="Hours from the first slot's start to the last one's end.")
    timezone: str = Field("Asia/Shanghai", max_length=60, description="Of the moments.")

    @model_validator(mode="after")
    def _possible(self) -> BoxRequest:
        self.params()
        return self

    def params(self) -> BoxParams:
        """Return the working day."""
        given = self.model_dump(exclude={"orders", "work_days"})
        return BoxParams(work_days=tuple(self.work_days), **given)


class BoxAnswer(BaseModel):
    """Boxes, their pace, and when each order is due."""

    boxes: list[dict[str, Any]] = Field(description="One row per lot: slot, pieces, start and due moment.")
    takt: list[dict[str, Any]] = Field(description="Minutes per piece and per slot, by resource and day.")
    dues: list[dict[str, Any]] = Field(description="When each order's last lot is due.")


@router.post("/v1/boxes", response_model=BoxAnswer)
def make_box(request: Annotated[BoxRequest, Body(openapi_examples=BOX_EXAMPLES)]) -> JsonResponse:
    """Cut orders into pitch-sized lots, mix them evenly (goal chasing) and give each its slot and its due moment."""
    orders = frame_of(request.orders)
    assert orders is not None
    found = make_boxes(orders, params=request.params())
    return JsonResponse({name: to_rows(getattr(found, name)) for name in ("boxes", "takt", "dues")})


@router.get("/v1/box", response_model=Page)
def read_box(
    house: HouseDep, resource: ResourceQuery = None, limit: LimitQuery = 100, cursor: CursorQuery = None
) -> JsonResponse:
    """Return a page of the box of the current plan's orders as they stand."""
    version, found = _current(house, resource)
    query = ("box", resource, house.principal.folder)
    rows, following = page_bounds(cursor, limit, version=version, total=len(found.boxes), query=query)
    page = to_rows(found.boxes.iloc[rows])
    return JsonResponse({"version": version, "total": len(found.boxes), "rows": page, "next_cursor": following})


@router.get("/v1/box.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def download_box_csv(house: HouseDep, resource: ResourceQuery = None) -> Response:
    """Return the box of the current plan as CSV."""
    version, found = _current(house, resource)
    local = {
        name: found.boxes[name].dt.strftime("%Y-%m-%d %H:%M") for name in ("starts_at", "due_at") if len(found.boxes)
    }
    return csv_file(found.boxes.assign(**local), f"box-{version}")


@router.get("/v1/box.xlsx", response_class=Response, responses={200: {"content": {EXCEL: {}}}})
def download_box_excel(house: HouseDep, resource: ResourceQuery = None) -> Response:
    """Return the box of the current plan as an Excel file, with takt times and due moments."""
    version, found = _current(house, resource)
    return excel_file({"box": found.boxes, "takt": found.takt, "dues": found.dues}, f"box-{version}")


@router.get("/v1/box.html", response_class=Response, responses={200: {"content": {"text/html": {}}}})
def print_box(
    house: HouseDep,
    resource: ResourceQuery = None,
    language: Annotated[Literal["en", "zh"], Query(description="Of the page.")] = "en",
) -> Response:
    """Return the box of the current plan as a page to print."""
    _, found = _current(house, resource)
    text = box_page(found.boxes, found.takt, language=language)
    return Response(text, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _PAGE})


def _current(house: HouseDep, resource: str | None) -> tuple[str, BoxReport]:
    found = current_orders(house.settings.home)
    orders: pd.DataFrame = found.orders
    if resource is not None:
        orders = orders[orders["resource"].astype(str) == resource]
        if orders.empty:
            raise UnknownIdError("resource", resource, where=found.plan.id)
    return f"{found.plan.id}.{found.decisions}", make_boxes(orders)
