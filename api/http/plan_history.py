"""Plans that were kept, and what changed from one to another."""

from __future__ import annotations

from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from api.http.downloads import EXCEL, excel_file
from api.http.house import HouseDep
from api.http.paging import CursorQuery, LimitQuery, Page, PartDep, Parted, page_bounds
from api.http.responses import JsonResponse, to_rows
from contracts.errors import NotReadyError
from planning.plan_diff import diff_figures, diff_lines, plan_diff
from services.production_orders import orders_before
from store.plans import KeptPlan, PlanShelf

__all__ = ["router"]

router = APIRouter(prefix="/v1/plans", tags=["plans"])

PlanId = Annotated[str, Path(max_length=40, description="Id of the plan: `plan_id` of its summary; `current` works.")]
Against = Annotated[
    str | None, Query(max_length=40, description="Id of the plan to compare with; without it the one it replaced.")
]
_SHOWN = ("status", "version", "replaces", "orders", "pieces", "fill_rate", "load_cv", "idle_hours", "overtime_hours")


class PlanCard(BaseModel):
    """A kept plan in short."""

    plan_id: str = Field(description="Its id; ids sort by time.")
    current: bool = Field(description="Whether it is the loaded network's plan.")
    figures: dict[str, Any] = Field(description="Status, the plan it replaced, orders, pieces, fill rate, levelness.")


class PlanList(Parted):
    """The plans kept, the latest first."""

    plans: list[PlanCard] = Field(description="Plans.")


class PlanView(BaseModel):
    """A kept plan."""

    plan_id: str = Field(description="Its id.")
    summary: dict[str, Any] = Field(description="All its figures.")


class DiffView(BaseModel):
    """What changed from one plan to another."""

    plan_id: str = Field(description="The later plan.")
    against: str = Field(description="The plan before.")
    figures: dict[str, Any] = Field(description="Orders by change, hours moved, nervousness.")
    lines: list[str] = Field(description="One sentence per changed order.")
    rows: list[dict[str, Any]] = Field(description="The same as a table.")


@router.get("", response_model=PlanList)
def list_plans(house: HouseDep, part: PartDep) -> JsonResponse:
    """List the plans kept, the latest first."""
    shelf = PlanShelf(house.settings.home)
    used = shelf.current()
    cards = []
    names, following = part.of(shelf.ids(), str, "plans")
    for name in names:
        figures = {key: value for key, value in shelf.get(name).summary.items() if key in _SHOWN}
        cards.append({"plan_id": name, "current": used is not None and used.id == name, "figures": figures})
    return JsonResponse({"plans": cards, "next_cursor": following})


@router.get("/{plan_id}", response_model=PlanView)
def read_kept_plan(house: HouseDep, plan_id: PlanId) -> JsonResponse:
    """Return the figures of a plan that was kept."""
    plan = _plan(PlanShelf(house.settings.home), plan_id)
    return JsonResponse({"plan_id": plan.id, "summary": plan.summary})


@router.get("/{plan_id}/diff", response_model=DiffView)
def read_plan_diff(house: HouseDep, plan_id: PlanId, against: Against = None) -> JsonResponse:
    """Tell what a plan changed against an earlier one: orders added, moved, resized or cancelled, and why.

    The earlier one's orders count as the decisions made until the later plan left them: what people changed, ended or
    cancelled is in `GET /v1/production-orders/decisions`.
    """
    plan, before = _pair(PlanShelf(house.settings.home), plan_id, against)
    old, new = orders_before(house.settings.home, before, plan), plan.table("orders")
    diff = plan_diff(old, new)
    told = {"figures": diff_figures(old, new, diff), "lines": diff_lines(diff), "rows": to_rows(diff)}
    return JsonResponse({"plan_id": plan.id, "against": before.id, **told})


@router.get("/{plan_id}/diff.xlsx", response_class=Response, responses={200: {"content": {EXCEL: {}}}})
def download_plan_diff(house: HouseDep, plan_id: PlanId, against: Against = None) -> Response:
    """Return what a plan changed against an earlier one as an Excel file."""
    plan, before = _pair(PlanShelf(house.settings.home), plan_id, against)
    old, new = orders_before(house.settings.home, before, plan), plan.table("orders")
    diff = plan_diff(old, new)
    figures = pd.DataFrame(list(diff_figures(old, new, diff).items()), columns=["figure", "value"])
    return excel_file({"changes": diff, "figures": figures}, f"diff-{plan.id}")


@router.get("/{plan_id}/tables/{name}", response_model=Page)
def read_plan_table(
    house: HouseDep,
    plan_id: PlanId,
    name: Annotated[str, Path(max_length=40, description="`orders`, `load`, `late`, `boxes`, `pegs` or `diff`.")],
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """Return a page of a table of a plan that was kept."""
    plan = _plan(PlanShelf(house.settings.home), plan_id)
    frame = plan.table(name)
    query = ("plan's table", name, house.principal.folder)
    rows, following = page_bounds(cursor, limit, version=plan.id, total=len(frame), query=query)
    page = to_rows(frame.iloc[rows])
    return JsonResponse({"version": plan.id, "total": len(frame), "rows": page, "next_cursor": following})


def _plan(shelf: PlanShelf, plan_id: str) -> KeptPlan:
    if plan_id != "current":
        return shelf.get(plan_id)
    plan = shelf.current()
    if plan is None:
        raise NotReadyError("no plan of the loaded network is kept yet: `POST /v1/plans` with the body {}")
    return plan


def _pair(shelf: PlanShelf, plan_id: str, against: str | None) -> tuple[KeptPlan, KeptPlan]:
    plan = _plan(shelf, plan_id)
    before = against or plan.summary["replaces"]
    if before is None:
        raise NotReadyError(f"{plan.id} replaced no plan; name one with `against` (see `GET /v1/plans`)")
    return plan, _plan(shelf, before)
