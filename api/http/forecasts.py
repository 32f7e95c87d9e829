"""Forecasts: ask for one as a job, read those of the loaded network."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Body
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from api.http.examples import FORECAST_EXAMPLES
from api.http.house import HouseDep, NetDep
from api.http.jobs import JobView, accepted
from api.http.paging import CursorQuery, LimitQuery, Page, page_bounds
from api.http.responses import JsonResponse, to_rows
from api.http.rows import AttributeRow, StrictModel, Table, frame_of, row_model
from contracts.errors import UnknownIdError
from contracts.progress import Report
from forecast.tables import CALENDAR, KNOWN, SALES, STATIC
from services.jobs import JobResult

__all__ = ["router"]

router = APIRouter(prefix="/v1/forecasts", tags=["forecasts"])

SalesRow = row_model("SalesRow", SALES)
StaticRow = row_model("StaticRow", STATIC, base=AttributeRow)
KnownRow = row_model("KnownRow", KNOWN, base=AttributeRow)
CalendarRow = row_model("CalendarRow", CALENDAR, base=AttributeRow)
_TABLES = ("sales", "static", "known", "calendar")


class ForecastRequest(StrictModel):
    """Which series to forecast and how far; without `sales`, those of the loaded network."""

    sales: Table[SalesRow] | None = Field(None, description="Sell-through so far.")  # type: ignore[valid-type]
    static: Table[StaticRow] | None = Field(None, description="Attributes by series; one without sales is new.")  # type: ignore[valid-type]
    known: Table[KnownRow] | None = Field(None, description="Regressors known ahead, by series and date.")  # type: ignore[valid-type]
    calendar: Table[CalendarRow] | None = Field(None, description="What holds for all series, by date.")  # type: ignore[valid-type]
    horizon: int = Field(28, ge=1, le=366, description="Periods ahead.")
    quantiles: list[Annotated[float, Field(gt=0, lt=1)]] | None = Field(
        None, min_length=1, max_length=99, description="Levels; nine from 0.005 to 0.995 by default."
    )
    hierarchy: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default_factory=list, max_length=10, description="Static columns whose totals must agree (`a`, `a+b`)."
    )
    freq: str = Field("D", min_length=1, max_length=10, description="Period of the rows, a pandas offset alias.")
    bucket: str | None = Field(None, min_length=1, max_length=10, description="Sum into buckets, e.g. `W-MON`.")
    backtest: int = Field(0, ge=0, le=12, description="Earlier origins to measure on.")
    model: str = Field("auto", min_length=1, max_length=40, description="Model; `auto` chooses.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of everything random.")


class SeriesForecast(BaseModel):
    """The forecast of one series of the loaded network."""

    version: str = Field(description="Version of the loaded network.")
    unique_id: str = Field(description="Series.")
    rows: list[dict[str, Any]] = Field(description="`ds`, `mean` and one column per quantile (`q0.5`).")


@router.post("", status_code=202, response_model=JobView)
def create_forecast(
    house: HouseDep, request: Annotated[ForecastRequest, Body(openapi_examples=FORECAST_EXAMPLES)]
) -> JsonResponse:
    """Compute a probabilistic forecast in the background.

    The answer names the job; its table `forecast` has `unique_id`, `ds`, `mean` and one column per quantile. Without
    `sales` those of the loaded network are forecast, and kept with it: by series as asked (days only, without a
    hierarchy), and by item and week (`weekly_forecast`) for its plan.
    """
    tables = {name: frame_of(getattr(request, name)) for name in _TABLES}
    options = request.model_dump(exclude=set(_TABLES), exclude_none=True)
    if request.sales is None:
        house.net.current()  # says at once that nothing is loaded
    return accepted(house, "forecast", partial(forecast_work, tables, options, house.settings.home))


@router.get("", response_model=Page)
def list_forecasts(loaded: NetDep, limit: LimitQuery = 100, cursor: CursorQuery = None) -> JsonResponse:
    """List the series of the loaded network that have a forecast, with their total over the horizon."""
    series = list(loaded.rows_by("forecast", "unique_id").items())
    rows, following = page_bounds(cursor, limit, version=loaded.version, total=len(series))
    page = [{"unique_id": name, "periods": len(part), "mean": float(part["mean"].sum())} for name, part in series[rows]]
    return JsonResponse({"version": loaded.version, "total": len(series), "rows": page, "next_cursor": following})


@router.get("/{unique_id:path}", response_model=SeriesForecast)
def read_forecast(
    loaded: NetDep,
    unique_id: Annotated[str, InPath(min_length=1, max_length=500, description="Series.")],
) -> JsonResponse:
    """Return the forecast of one series of the loaded network, as it was last computed."""
    rows = loaded.rows_by("forecast", "unique_id").get(unique_id)
    if rows is None:
        raise UnknownIdError("series", unique_id)
    return JsonResponse(
        {"version": loaded.version, "unique_id": unique_id, "rows": to_rows(rows.drop(columns="unique_id"))}
    )


def forecast_work(
    tables: dict[str, pd.DataFrame | None], options: dict[str, Any], home: Path, progress: Report
) -> JobResult:
    """Compute one forecast, or those of the loaded network; runs in a process of its own."""
    given = {name: table for name, table in tables.items() if table is not None}
    if "sales" not in given:
        return _network_work(given, options, home, progress)
    from services.forecast_demand import forecast_demand

    sales = given.pop("sales")
    report = forecast_demand(sales, **given, **options, sources={name: name for name in _TABLES}, progress=progress)
    return JobResult({**report.summary, "version": None}, {"forecast": report.forecast})


def _network_work(given: dict[str, pd.DataFrame], options: dict[str, Any], home: Path, progress: Report) -> JobResult:
    from services.network_forecast import forecast_network
    from store.home import Home

    snapshot = Home(home).current()
    found = forecast_network(snapshot, tables=given, options=options, progress=progress)
    summary = {**found.asked.summary, "version": snapshot.version, "kept": found.kept}
    return JobResult(summary, {"forecast": found.asked.forecast, "weekly_forecast": found.weekly.forecast})
