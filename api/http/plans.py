"""Plans: ask for one as a job, read the current one."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
from fastapi import APIRouter, Body, Query, Response
from pydantic import Field, model_validator

from api.http.downloads import EXCEL, csv_file, excel_file
from api.http.examples import PLAN_EXAMPLES
from api.http.house import HouseDep
from api.http.jobs import JobView, accepted
from api.http.paging import CursorQuery, LimitQuery, Page, page_bounds
from api.http.plan_rows import PLAN_TABLES, FirmRow, ParamsModel, PlanTablesModel
from api.http.responses import JsonResponse, to_rows
from api.http.rows import Table, frame_of
from api.http.sight import SightDep
from contracts.errors import UnknownIdError
from contracts.progress import Report
from services.jobs import JobResult
from services.production_orders import current_orders
from store.plans import PlanShelf

if TYPE_CHECKING:
    from services.plan_production import PlanReport

__all__ = ["router"]

router = APIRouter(tags=["plans"])

_TABLES = (*PLAN_TABLES, "previous")


class PlanRequest(PlanTablesModel):
    """What to plan: demand, resources and routes together, or none of them for the loaded network."""

    previous: Table[FirmRow] | None = Field(None, description="The last plan: ids are kept, changes told.")  # type: ignore[valid-type]
    params: ParamsModel | None = Field(None, description="Weights, horizon, when to stop.")
    boxes: bool = Field(False, description="Also make the heijunka box per resource and day.")
    pegs: bool = Field(False, description="Also tell which demand each order covers.")
    replan: bool = Field(
        False, description="Of the loaded network: start from its orders as they stand; what is firm stays to the bit."
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of everything random.")

    @model_validator(mode="after")
    def _previous_fits(self) -> PlanRequest:
        if self.demand is None and self.previous is not None:
            raise ValueError("previous beside demand, resources and routes; for the loaded network send replan")
        if self.demand is not None and self.replan:
            raise ValueError("replan without tables; with tables send the last plan as `previous`")
        return self


@router.post("/v1/plans", status_code=202, response_model=JobView)
def create_plan(house: HouseDep, request: Annotated[PlanRequest, Body(openapi_examples=PLAN_EXAMPLES)]) -> JsonResponse:
    """Compute a level-loaded production plan in the background.

    The answer names the job; its tables are `orders` (production orders), `load` (hours by resource and bucket, and
    what binds idle hours and overtime), `late` (pieces owed by item and bucket, and what keeps them late) and, if asked
    for, `boxes`, `pegs` and (with `previous` or `replan`) `diff`. An infeasible problem is a result, not a
    failure: `summary.status` says so, with reasons. Without tables the loaded network is planned from its weekly
    forecast (computed first if nobody did), and the plan is kept with it. Every plan stays readable under
    `summary.plan_id`.
    """
    previous = frame_of(request.previous)
    tables = request.frames() | ({} if previous is None else {"previous": previous})
    params = request.params.model_dump(exclude_none=True) if request.params else {}
    if request.demand is None:
        house.own_current()  # says at once that nothing is loaded
        if request.replan:
            current_orders(house.settings.home)
    options = request.model_dump(include={"boxes", "pegs", "replan", "seed"})
    work = partial(plan_work, tables, params, house.settings.home, options)
    return accepted(house, "plan", work)


@router.get("/v1/plan", response_model=Page)
def read_plan(
    sight: SightDep,
    item: Annotated[str | None, Query(max_length=500, description="Only orders for this item.")] = None,
    resource: Annotated[str | None, Query(max_length=500, description="Only orders on this resource.")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """Return a page of the current plan's production orders; an item or a resource nobody knows is a 404.

    Of a network that is not its own a tenant sees the orders on resources of its own suppliers.
    """
    orders, loaded = sight.plan("plan"), sight.loaded
    for column, wanted in (("item", item), ("resource", resource)):
        if wanted is not None:
            found = orders[orders[column].astype(str) == wanted]
            if found.empty and not sight.knows(column, wanted):
                raise UnknownIdError(column, wanted)
            orders = found
    query = ("plan", item, resource, sight.home, sight.viewer)
    rows, following = page_bounds(cursor, limit, version=loaded.version, total=len(orders), query=query)
    page = to_rows(orders.iloc[rows])
    return JsonResponse({"version": loaded.version, "total": len(orders), "rows": page, "next_cursor": following})


@router.get("/v1/plan.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def download_plan_csv(sight: SightDep) -> Response:
    """Return the current plan's production orders as CSV."""
    return csv_file(sight.plan("plan"), f"plan-{sight.loaded.version}")


@router.get("/v1/plan.xlsx", response_class=Response, responses={200: {"content": {EXCEL: {}}}})
def download_plan_excel(sight: SightDep) -> Response:
    """Return the current plan as an Excel file: production orders, and the load of each resource by bucket."""
    sheets = {"orders": sight.plan("plan")}
    if sight.loaded.result("load") is not None:
        sheets["load"] = sight.plan("load")
    return excel_file(sheets, f"plan-{sight.loaded.version}")


def plan_work(
    tables: dict[str, pd.DataFrame],
    params: dict[str, Any],
    home: Path,
    options: dict[str, Any],
    progress: Report,
) -> JobResult:
    """Compute one plan; runs in a process of its own."""
    if not tables:
        return _network_work(params, home, options, progress)
    from planning.params import PlanParams
    from services.plan_production import plan_production

    report = plan_production(
        **tables,
        params=PlanParams.from_tables(params, where="params"),
        boxes=options["boxes"],
        pegs=options["pegs"],
        seed=options["seed"],
        sources={name: name for name in _TABLES},
        progress=progress,
    )
    made = _made(report)
    told = report.summary | {"version": None, "replaces": None}
    return JobResult(told | {"plan_id": PlanShelf(home).put(made, told)}, made)


def _network_work(params: dict[str, Any], home: Path, options: dict[str, Any], progress: Report) -> JobResult:
    from services.network_plan import plan_network
    from store.home import Home

    snapshot = Home(home).current()
    asked = {name: options[name] for name in ("boxes", "replan", "seed")}
    report = plan_network(snapshot, params=params, progress=progress, **asked).report
    return JobResult(report.summary | {"version": snapshot.version}, _made(report))


def _made(report: PlanReport) -> dict[str, pd.DataFrame]:
    tables = {"orders": report.orders, "load": report.load, "late": report.late, "boxes": report.boxes}
    tables |= {"pegs": report.pegs, "diff": report.diff}
    return {name: table for name, table in tables.items() if table is not None}
