"""Quotes: dates that each factory can promise for new orders, and their prices."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Body
from pydantic import Field

from api.http.house import HouseDep
from api.http.jobs import JobView, accepted
from api.http.plan_rows import PLAN_TABLES, ParamsModel, PlanTablesModel
from api.http.planning_examples import QUOTE_EXAMPLES
from api.http.responses import JsonResponse
from api.http.rows import Table, frame_of, row_model
from contracts.progress import Report
from planning.tables import QUOTES
from services.jobs import JobResult

__all__ = ["router"]

router = APIRouter(tags=["plans"])

QuoteOrderRow = row_model("QuoteOrderRow", QUOTES)


class QuoteRequest(PlanTablesModel):
    """New orders, and the tables of a plan; without those the loaded network's plan."""

    orders: Table[QuoteOrderRow] = Field(description="What is asked about, each order on its own.")  # type: ignore[valid-type]
    params: ParamsModel | None = Field(None, description="Weights, horizon, when to stop.")
    options: int = Field(5, ge=1, le=50, description="Most dates per factory.")


@router.post("/v1/quotes", status_code=202, response_model=JobView)
def quote_dates(
    house: HouseDep, request: Annotated[QuoteRequest, Body(openapi_examples=QUOTE_EXAMPLES)]
) -> JsonResponse:
    """Tell in the background what each factory can promise for new orders, and what an earlier date would cost.

    The job's table `quotes` has one row per order, factory and date: what the date `takes` (spare hours, overtime, or
    free orders displaced; firm ones never move), its `cost` against the plan without the order and its `premium`
    against the factory's cheapest date.
    """
    orders = frame_of(request.orders)
    tables = request.frames()
    if not tables:
        house.net.current()
    params = request.params.model_dump(exclude_none=True) if request.params else {}
    work = partial(quote_work, orders, tables, params, home=house.settings.home, options=request.options)
    return accepted(house, "quote", work)


def quote_work(
    orders: pd.DataFrame,
    tables: dict[str, pd.DataFrame],
    params: dict[str, Any],
    progress: Report,
    *,
    home: Path,
    options: int,
) -> JobResult:
    """Quote; runs in a process of its own."""
    from planning.params import PlanParams
    from services.quote_dates import quote_network, quote_orders
    from store.home import Home

    if not tables:
        found = quote_network(Home(home).current(), orders, params=params, options=options, progress=progress)
        return JobResult(found.summary, {"quotes": found.quotes})
    found = quote_orders(
        orders,
        **tables,
        params=PlanParams.from_tables(params, where="params"),
        options=options,
        sources={name: name for name in (*PLAN_TABLES, "orders")},
        progress=progress,
    )
    return JobResult(found.summary, {"quotes": found.quotes})
