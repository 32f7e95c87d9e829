"""Forecasts: ask for one as a job, read those of the loaded network."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
import pandas as pd
from fastapi import APIRouter, Body, Query, Request
from fastapi import Path as InPath
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response
from starlette.types import Scope

from api.http.examples import FORECAST_EXAMPLES
from api.http.forecast_store import MOST_HELD, NDJSON, IfNoneMatch, ReaderDep, Readers, cached, ndjson, tag_of, written
from api.http.house import HouseDep, Net
from api.http.jobs import JobView, told_job
from api.http.paging import CursorQuery, LimitQuery, Page, page_bounds
from api.http.responses import JsonResponse, to_rows
from api.http.rows import AttributeRow, StrictModel, Table, frame_of, row_model
from api.http.sight import SightDep
from api.http.straight import StraightAgain, StraightRead
from contracts.errors import InputError, UnknownIdError
from contracts.progress import Report
from forecast.tables import CALENDAR, KNOWN, SALES, STATIC
from services.jobs import JobBoard, JobResult

__all__ = ["asked_again", "forecast_straight", "router"]

T = TypeVar("T")

router = APIRouter(prefix="/v1/forecasts", tags=["forecasts"])

SalesRow = row_model("SalesRow", SALES)
StaticRow = row_model("StaticRow", STATIC, base=AttributeRow)
KnownRow = row_model("KnownRow", KNOWN, base=AttributeRow)
CalendarRow = row_model("CalendarRow", CALENDAR, base=AttributeRow)
_TABLES = ("sales", "static", "known", "calendar")
_PAST_SECONDS = 3600
_MOST_JOBS = 1_000
_HELD: dict[int | str, dict[str, Any]] = {304: {"description": "The answer you hold is right."}}


class ForecastRequest(StrictModel):
    """Which series to forecast and how far; without `sales`, those of the loaded network."""

    sales: Table[SalesRow] | None = Field(None, description="Sell-through so far.")  # type: ignore[valid-type]
    static: Table[StaticRow] | None = Field(None, description="Attributes by series; one without sales is new.")  # type: ignore[valid-type]
    known: Table[KnownRow] | None = Field(None, description="Regressors known ahead, by series and date.")  # type: ignore[valid-type]
    calendar: Table[CalendarRow] | None = Field(None, description="What holds for all series, by date.")  # type: ignore[valid-type]
    horizon: int | None = Field(
        None, ge=1, le=366, description="Periods ahead; 28, or as long as the champion learnt, by default."
    )
    quantiles: list[Annotated[float, Field(gt=0, lt=1)]] | None = Field(
        None, min_length=1, max_length=99, description="Levels; nine from 0.005 to 0.995 by default."
    )
    hierarchy: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default_factory=list, max_length=10, description="Static columns whose totals must agree (`a`, `a+b`)."
    )
    freq: str | None = Field(
        None, min_length=1, max_length=10, description="Period of the rows: `D` (the default), `W`, `W-MON`, `M` …"
    )
    country: str | None = Field(
        None, min_length=2, max_length=10, description="Code of the country whose feasts count, e.g. `CN`."
    )
    bucket: str | None = Field(None, min_length=1, max_length=10, description="Sum into buckets, e.g. `W-MON`.")
    backtest: int = Field(0, ge=0, le=12, description="Earlier origins to measure on.")
    model: str = Field(
        "auto",
        min_length=1,
        max_length=60,
        description="Model; `auto` chooses; `champion` asks the promoted one.",
    )
    reconcile: Literal["scaled", "least_squares", "bottom_up"] | None = Field(
        None, description="How levels and series are made to agree; `scaled` by default."
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of everything random.")


class SeriesForecast(BaseModel):
    """The forecast of one series or node of the loaded network."""

    version: str = Field(description="Version of the loaded network.")
    unique_id: str = Field(description="Series or node.")
    run: str | None = Field(description="Name of the computation.")
    computed_at: datetime | None = Field(description="When it was computed.")
    seen_to: str | None = Field(description="Last day of sales it saw.")
    model_version: str | None = Field(description="Trained model that made it; null if one was learnt for it alone.")
    statistical: float = Field(description="Expected pieces over these rows.")
    final: float = Field(description="The same after the overrides.")
    overrides: list[str] = Field(description="Ids of the overrides in force.")
    rows: list[dict[str, Any]] = Field(description="`ds`, `mean`, one column per quantile (`q0.5`), `final`.")


class DriversView(BaseModel):
    """What moved the forecast of one series."""

    version: str = Field(description="Version of the loaded network.")
    unique_id: str = Field(description="Series.")
    model_version: str = Field(description="Trained model that made it.")
    model: str | None = Field(description="Model behind the series; null where nothing is expected.")
    factors: dict[str, float] = Field(description="Factor of each driver over the horizon; the level is in pieces.")
    rows: list[dict[str, Any]] = Field(description="By day `ds`, `mean` and the factors, whose product it is.")


SeriesPath = Annotated[str, InPath(min_length=1, max_length=500, description="Series or node.")]
LevelQuery = Annotated[str, Query(min_length=1, max_length=200, description="`series`, or a level that was computed.")]
HorizonQuery = Annotated[int | None, Query(ge=1, le=730, description="Only the first periods.")]
QuantilesQuery = Annotated[
    str | None, Query(max_length=200, description="Only these of the quantiles kept, e.g. `0.1,0.9`; none is guessed.")
]
AsOfQuery = Annotated[
    AwareDatetime | None, Query(description="As it counted at this moment (with its time zone); now by default.")
]


@router.post("", status_code=202, response_model=JobView)
def create_forecast(
    http: Request, house: HouseDep, request: Annotated[ForecastRequest, Body(openapi_examples=FORECAST_EXAMPLES)]
) -> JsonResponse:
    """Compute a probabilistic forecast in the background.

    The answer names the job; its table `forecast` has `unique_id`, `ds`, `mean` and one column per quantile. Without
    `sales` those of the loaded network are forecast, and kept with it: by series and by node of the hierarchy as asked
    (days only), and by item and week (`weekly_forecast`) for its plan. `champion` forecasts without learning anew.

    The operator's own tables asked about again, byte for byte the same, are answered with the job that has computed
    just that, as long as it is remembered: no other seed or table could make it another one.
    """
    tables = {name: frame_of(getattr(request, name)) for name in _TABLES}
    options = request.model_dump(exclude=set(_TABLES), exclude_none=True)
    if request.sales is None:
        house.own_current()  # says at once that nothing is loaded
    job = house.board.submit(
        "forecast", partial(forecast_work, tables, options, house.settings.home), folder=house.principal.folder
    )
    if request.sales is not None and request.model == "auto" and not house.principal.bound:
        _remember(http.app.state.forecast_jobs, http.scope["state"]["body"].digest(), job.id)
    return told_job(job)


@router.get(
    "", response_model=Page, responses={200: {"content": {NDJSON: {}}}, 304: {"description": "As you hold it."}}
)
def list_forecasts(
    request: Request,
    sight: SightDep,
    reader: ReaderDep,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
    *,
    level: LevelQuery = "series",
    horizon: HorizonQuery = None,
    quantiles: QuantilesQuery = None,
    as_of: AsOfQuery = None,
    held: IfNoneMatch = None,
) -> Response:
    """List the series of the loaded network that have a forecast, with their total over the horizon.

    With `Accept: application/x-ndjson` all of them are streamed, one line each with its rows. `level` lists the nodes
    of a level of the `hierarchy` that was asked for instead. Of a network that is not its own a tenant sees the series
    of its own stores (`store_id` of the sales), and no levels.
    """
    view = sight.forecast(reader.view(sight.loaded.snapshot, as_of))
    names = view.levels.get(level)
    if names is None:
        raise InputError("level", f"one of {', '.join(view.levels)}", level)
    levels = _quantiles(quantiles)
    if NDJSON in request.headers.get("accept", ""):
        for name in names[:1]:
            view.read(name, horizon=horizon, quantiles=levels)  # a wrong question is told before the stream begins
        return cached(
            lambda: ndjson(view, list(names), lambda name: view.read(name, horizon=horizon, quantiles=levels)),
            tag_of(request, view.tag),
            held,
        )
    query = ("forecasts", level, as_of, sight.home, sight.viewer)
    rows, following = page_bounds(cursor, limit, version=sight.loaded.version, total=len(names), query=query)
    page = [_totals(name, view.read(name, horizon=horizon)) for name in names[rows]]
    body = {"version": sight.loaded.version, "total": len(names), "rows": page, "next_cursor": following}
    return cached(body, tag_of(request, view.tag), held)


@router.get("/{unique_id:path}/drivers", response_model=DriversView)
def read_drivers(
    request: Request, sight: SightDep, reader: ReaderDep, unique_id: SeriesPath, held: IfNoneMatch = None
) -> Response:
    """Tell what moved the forecast of a series, in a planner's words.

    Factors multiply to the forecast of each day. The forecast must have been made by a promoted model.
    """
    view = sight.forecast(reader.view(sight.loaded.snapshot))
    if unique_id not in view.rows:
        raise UnknownIdError("series", unique_id)

    def body() -> dict[str, Any]:
        found, days = reader.drivers(sight.loaded.snapshot, unique_id)
        told = {"version": sight.loaded.version, "unique_id": unique_id, "model_version": view.meta["model_version"]}
        if found is None:
            return {**told, "model": None, "factors": {}, "rows": []}
        frame = pd.DataFrame(np.exp(found.logs), columns=list(found.words)).assign(ds=days.astype("datetime64[s]"))
        rows = to_rows(frame.assign(mean=found.mean)[["ds", "mean", *found.words]])
        return {**told, "model": found.model, "factors": found.summary(), "rows": rows}

    return cached(body, tag_of(request, view.tag), held)


@router.get("/{unique_id:path}", response_model=SeriesForecast, responses=_HELD)
def read_forecast(
    request: Request,
    sight: SightDep,
    reader: ReaderDep,
    unique_id: SeriesPath,
    *,
    horizon: HorizonQuery = None,
    quantiles: QuantilesQuery = None,
    as_of: AsOfQuery = None,
    held: IfNoneMatch = None,
) -> Response:
    """Return the forecast of a series, or of a node (`total`, `region=North`), of the loaded network.

    `mean` and `q…` are the statistical forecast; `final` (and `final_q…` where somebody moved it) is what counts after
    the planners' overrides, and what plans use.
    """
    view = sight.forecast(reader.view(sight.loaded.snapshot, as_of))
    tag = tag_of(request, view.tag)
    if tag not in view.written:
        view.read(unique_id, horizon=horizon, quantiles=_quantiles(quantiles))  # a wrong question is told before all

    def body() -> dict[str, Any]:
        rows = view.read(unique_id, horizon=horizon, quantiles=_quantiles(quantiles))
        return {
            "version": view.meta.get("data_version") or sight.loaded.version,
            "unique_id": unique_id,
            **{name: view.meta.get(name) for name in ("run", "computed_at", "seen_to", "model_version")},
            "statistical": float(rows["mean"].sum()),
            "final": float(rows["final"].sum()),
            "overrides": list(view.overrides.get(unique_id, ())),
            "rows": to_rows(rows),
        }

    over = as_of is not None and as_of < datetime.now(UTC)  # a moment still to come may yet be told otherwise
    return cached(written(view, tag, body), tag, held, seconds=_PAST_SECONDS if over else 0)


def forecast_straight(net: Net, readers: Readers) -> StraightRead:
    """Return the way in which an answer about a forecast that was written before is sent again at once."""

    def answer(scope: Scope) -> Response | None:
        request, snapshot, reader = Request(scope), net.at_hand(), readers.get(net.home.root)
        view = None if snapshot is None or reader is None else reader.at_hand(snapshot)
        held = request.headers.get("if-none-match", "")
        if view is None or len(held) > MOST_HELD:
            return None
        tag = tag_of(request, view.tag)
        known = view.written.get(tag)
        return None if known is None else cached(partial(Response, known, media_type="application/json"), tag, held)

    return StraightRead("/v1/forecasts/{unique_id:path}", "/v1/forecasts/", "read_forecast", answer)


def asked_again(board: JobBoard, jobs: dict[str, str]) -> StraightAgain:
    """Return the way in which tables that were forecast before are answered with the job that did it."""
    answers: dict[str, Response] = {}

    def answer(digest: str) -> Response | None:
        job_id = jobs.get(digest)
        if job_id is None or not board.remembers(job_id):
            return None
        if job_id not in answers:
            job = board.get(job_id)
            if job.state != "succeeded":
                return None
            _remember(answers, job_id, told_job(job))
        return answers[job_id]

    return StraightAgain("/v1/forecasts", "create_forecast", "read_job", answer)


def _remember(kept: dict[str, T], name: str, value: T) -> None:
    """Keep a value, and forget the oldest beyond a thousand."""
    kept[name] = value
    while len(kept) > _MOST_JOBS:
        del kept[next(iter(kept))]


def _totals(name: str, rows: pd.DataFrame) -> dict[str, Any]:
    total = {"mean": float(rows["mean"].sum()), "final": float(rows["final"].sum())}
    return {"unique_id": name, "periods": len(rows), **total}


def _quantiles(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError("quantiles", "levels separated by commas (0.1,0.9)", text) from None


def forecast_work(
    tables: dict[str, pd.DataFrame | None], options: dict[str, Any], home: Path, progress: Report
) -> JobResult:
    """Compute one forecast, or those of the loaded network; runs in a process of its own."""
    given = {name: table for name, table in tables.items() if table is not None}
    if "sales" not in given:
        return _network_work(given, options, home, progress)
    from services.champion import forecast_by

    sales, model = given.pop("sales"), options.pop("model", "auto")
    report = forecast_by(
        sales,
        home=home,
        model=model,
        options=options,
        **given,
        sources={name: name for name in _TABLES},
        progress=progress,
    )
    return JobResult({**report.summary, "version": None}, {"forecast": report.forecast})


def _network_work(given: dict[str, pd.DataFrame], options: dict[str, Any], home: Path, progress: Report) -> JobResult:
    from services.champion import champion_name, open_champion, shelf_of
    from services.network_forecast import forecast_network
    from store.home import Home

    snapshot, name = Home(home).current(), champion_name(options.get("model", "auto"))
    champion = open_champion(shelf_of(home, name)) if name else None
    found = forecast_network(snapshot, tables=given, options=options, champion=champion, progress=progress)
    summary = {**found.asked.summary, "version": snapshot.version, "kept": found.kept}
    return JobResult(summary, {"forecast": found.asked.forecast, "weekly_forecast": found.weekly.forecast})
