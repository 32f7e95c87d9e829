"""Launches: what new styles will come to, how the estimate moved, and why."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
from fastapi import APIRouter, Body, Depends, Query, Request
from fastapi import Path as InPath
from pydantic import AwareDatetime, BaseModel, Field

from api.http.examples import LAUNCH_EXAMPLES
from api.http.house import HouseDep
from api.http.jobs import JobView, accepted
from api.http.responses import JsonResponse
from api.http.rows import AttributeRow, StrictModel, Table, frame_of, row_model
from contracts.progress import Report
from forecast.launch.tables import KOLS, LAUNCH_SALES, STYLES
from forecast.tables import SIGNALS
from services.jobs import JobResult
from store.home import Home

if TYPE_CHECKING:
    from services.launch_estimates import LaunchDesk

__all__ = ["launch_desk", "router"]

router = APIRouter(prefix="/v1/launches", tags=["launches"])

StyleRow = row_model("StyleRow", STYLES, base=AttributeRow)
SignalRow = row_model("SignalRow", SIGNALS)
LaunchSalesRow = row_model("LaunchSalesRow", LAUNCH_SALES)
KolRow = row_model("KolRow", KOLS)
_MOST_DESKS = 8  # of tenants' own networks, kept with what they learnt
_TABLES = ("styles", "signals", "sales", "kols")
_Checkpoint = Annotated[str, Field(pattern=r"^[0-9]{1,6}[mhd]$")]


class LaunchRequest(StrictModel):
    """Which styles to forecast: those of your tables, or of the loaded network."""

    styles: Table[StyleRow] | None = Field(None, description="Styles; those with a `total` are history.")  # type: ignore[valid-type]
    signals: Table[SignalRow] | None = Field(None, description="Signals of these styles.")  # type: ignore[valid-type]
    sales: Table[LaunchSalesRow] | None = Field(None, description="Daily sales of these styles.")  # type: ignore[valid-type]
    kols: Table[KolRow] | None = Field(None, description="KOLs that the signals name.")  # type: ignore[valid-type]
    style_ids: list[Annotated[str, Field(min_length=1, max_length=500)]] | None = Field(
        None,
        min_length=1,
        max_length=10_000,
        description="Of the loaded network; all whose life is not over by default.",
    )
    as_of: Annotated[AwareDatetime, Field(strict=False)] | None = Field(
        None, description="Of the loaded network: nothing observed later; now by default."
    )
    checkpoints: list[_Checkpoint] | None = Field(
        None,
        min_length=1,
        max_length=40,
        description="Times after the launch, like `24h`; of the loaded network those over.",
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="The same seed gives the same numbers.")


class Estimate(BaseModel):
    """What a style was expected to come to, as one stood at a checkpoint."""

    estimate_id: str = Field(description="Id of the estimate; it can be replayed.")
    style_id: str = Field(description="Style.")
    launch_at: str = Field(description="When it is launched.")
    checkpoint: str = Field(description="How long after the launch, `0h` before it.")
    at: str = Field(description="Moment one looked from: nothing observed later has a part in it.")
    mean: float = Field(description="Expected total.")
    quantiles: dict[str, float] = Field(description="Quantiles of the total (`q0.5`).")
    p_hit: float | None = Field(
        description="Probability of a total above the 90th percentile of its category's history."
    )
    drivers: str = Field(description="What moves it most, with factors.")
    known: dict[str, float] = Field(description="What people had done so far, by kind.")
    path: list[dict[str, Any]] = Field(
        description="By day what is still to come; empty if finished styles have no daily sales."
    )
    method: str = Field(description="The method that won the backtest of this checkpoint.")
    model_version: str = Field(description="The model.")
    inputs_hash: str = Field(description="Hash of what was known of the style.")
    history: str = Field(description="Hash of what the model learnt from.")
    seed: int = Field(description="Its seed.")
    made_at: str = Field(description="When it was computed.")


class Move(BaseModel):
    """How an estimate moved to the next."""

    before: str = Field(alias="from", description="Estimate before.")
    after: str = Field(alias="to", description="Estimate after.")
    factor: float | None = Field(description="Factor on the mean.")
    p_hit: float = Field(description="Change of the probability of a hit.")
    came: dict[str, float] = Field(description="What people did in between, by kind.")
    drivers: dict[str, list[float]] = Field(description="Drivers whose factor changed: before, after.")


class CheckpointHistory(BaseModel):
    """Every estimate of a style that was told."""

    style_id: str = Field(description="Style.")
    estimates: list[Estimate] = Field(description="In the order of the moments they looked from.")
    moves: list[Move] = Field(description="From each to the next, and why.")


class Replay(BaseModel):
    """An estimate computed again from the inputs kept with it."""

    estimate_id: str = Field(description="Id of the estimate.")
    same: bool = Field(description="Whether every number came out the same.")
    same_model_version: bool = Field(description="Whether this program would call the model by the same name.")
    told: dict[str, Any] = Field(description="What was told.")
    replayed: dict[str, Any] = Field(description="What came out now.")


def launch_desk(request: Request) -> LaunchDesk:
    """Return the server's desk of launch estimates, made when it is first asked for."""
    state = request.app.state
    if not hasattr(state, "launch_desk"):
        from services.launch_estimates import LaunchDesk

        state.launch_desk = LaunchDesk(state.house.net.home, state.house.inlet)
    desk: LaunchDesk = state.launch_desk
    return desk


def own_desk(request: Request, house: HouseDep) -> LaunchDesk:
    """Return the desk of the principal's own network: the server's for the operator."""
    if not house.principal.bound:
        return launch_desk(request)
    from services.launch_estimates import LaunchDesk

    house.own_current()
    state, home = request.app.state, house.settings.home
    if not hasattr(state, "own_launch_desks"):
        state.own_launch_desks = OrderedDict()
    desks: OrderedDict[Path, LaunchDesk] = state.own_launch_desks
    desk = desks.get(home) or desks.setdefault(home, LaunchDesk(Home(home), house.inlet))
    while len(desks) > _MOST_DESKS:
        desks.popitem(last=False)
    return desk


DeskDep = Annotated[Any, Depends(own_desk)]
StylePath = Annotated[str, InPath(min_length=1, max_length=500, description="Style of the loaded network.")]


@router.post("", status_code=202, response_model=JobView)
def create_launches(
    house: HouseDep, request: Annotated[LaunchRequest, Body(openapi_examples=LAUNCH_EXAMPLES)]
) -> JsonResponse:
    """Forecast launches in the background.

    With `styles` (and `signals`, `sales`, `kols`) of your own the job's table `launches` has what `evenflow launch`
    writes. Without, styles of the loaded network are forecast at each checkpoint that is over at `as_of` and at that
    moment itself, and the estimates are kept.
    """
    tables = {name: frame_of(getattr(request, name)) for name in _TABLES}
    asked = request.model_dump(exclude=set(_TABLES), exclude_none=True)
    if request.styles is None:
        house.own_current()  # says at once that nothing is loaded
    place = (house.settings.home, house.settings.secret())
    return accepted(house, "launch", partial(launch_work, tables, asked, place))


@router.get("/{style_id:path}/checkpoints/{estimate_id}/replay", response_model=Replay)
def replay_estimate(
    desk: DeskDep,
    style_id: StylePath,
    estimate_id: Annotated[str, InPath(max_length=40, description="Id of the estimate.")],
) -> JsonResponse:
    """Compute an estimate again from the inputs kept with it."""
    return JsonResponse(desk.replay(estimate_id, style_id=style_id))


@router.get("/{style_id:path}/checkpoints", response_model=CheckpointHistory)
def read_checkpoints(desk: DeskDep, style_id: StylePath) -> JsonResponse:
    """Return every estimate of a style that was told, how it moved from each to the next, and why."""
    from services.launch_estimates import moves

    estimates = desk.history(style_id)
    return JsonResponse({"style_id": style_id, "estimates": estimates, "moves": moves(estimates)})


@router.get("/{style_id:path}", response_model=Estimate)
def read_launch(
    desk: DeskDep,
    style_id: StylePath,
    as_of: Annotated[AwareDatetime | None, Query(description="Nothing observed later; now by default.")] = None,
    checkpoint: Annotated[
        str | None, Query(pattern=r"^[0-9]{1,6}[mhd]$", description="An earlier time after the launch, like `24h`.")
    ] = None,
) -> JsonResponse:
    """Return what a style of the loaded network is expected to come to, from all that was observed of it by `as_of`.

    A signal that came a moment ago counts. The estimate is kept; asked again before anything else is known, it is the
    same one.
    """
    return JsonResponse(desk.estimate(style_id, as_of=_moment(as_of), checkpoint=checkpoint))


def launch_work(
    tables: dict[str, pd.DataFrame | None], asked: dict[str, Any], place: tuple[Path, str | None], progress: Report
) -> JobResult:
    """Forecast the launches of some tables, or of the loaded network; runs in a process of its own."""
    given = {name: table for name, table in tables.items() if table is not None}
    if "styles" in given:
        from services.forecast_launches import forecast_launches

        options = {name: asked[name] for name in ("checkpoints", "seed") if name in asked}
        report = forecast_launches(**given, **options, sources={name: name for name in _TABLES}, progress=progress)
        return JobResult(report.summary, {"launches": report.forecast})
    from services.ingest import Inlet
    from services.launch_estimates import LaunchDesk, estimate_all

    home, key = place
    desk = LaunchDesk(Home(home), Inlet.of(home, key=key), seed=asked.get("seed", 0))
    made = estimate_all(
        desk,
        style_ids=asked.get("style_ids"),
        as_of=_moment(asked.get("as_of")),
        checkpoints=asked.get("checkpoints"),
        progress=progress,
    )
    return JobResult({"styles": int(made["style_id"].nunique()), "estimates": len(made)}, {"launches": made})


def _moment(as_of: datetime | None) -> pd.Timestamp:
    return pd.Timestamp(as_of or datetime.now(UTC)).tz_convert("UTC")
