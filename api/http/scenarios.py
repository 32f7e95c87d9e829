"""What-if: scenarios compared, the frontier traced, policies replayed; all as jobs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Body
from pydantic import Field

from api.http.house import HouseDep
from api.http.jobs import JobView, accepted
from api.http.plan_rows import (
    PLAN_TABLES,
    ItemRow,
    ParamsModel,
    PathRow,
    PlanTablesModel,
    ResourceRow,
    RouteRow,
)
from api.http.planning_examples import FRONTIER_EXAMPLES, REPLAY_EXAMPLES, SCENARIO_EXAMPLES
from api.http.responses import JsonResponse
from api.http.rows import StrictModel, Table, frame_of
from contracts.errors import InputError
from contracts.progress import Report
from services.jobs import JobResult

__all__ = ["router"]

router = APIRouter(tags=["plans"])

_DAY = r"^\d{4}-\d{2}-\d{2}$"
Day = Annotated[str | None, Field(pattern=_DAY)]


class DemandChangeModel(StrictModel):
    """Demand times a factor."""

    factor: float = Field(ge=0, le=100, description="Times the demand.")
    item: str | None = Field(None, max_length=500, description="Only of this item.")
    start: Day = Field(None, description="From this day on.")
    end: Day = Field(None, description="Up to this day.")


class OutageModel(StrictModel):
    """A resource or a factory without hours."""

    resource: str | None = Field(None, max_length=500, description="The resource; or a factory.")
    factory: str | None = Field(None, max_length=500, description="All resources of this factory.")
    start: Day = Field(None, description="From this day on.")
    end: Day = Field(None, description="Up to this day.")


class ScenarioModel(StrictModel):
    """What is different in a scenario."""

    name: str = Field(min_length=1, max_length=120, description="Its name.", examples=["fair"])
    demand: float | list[DemandChangeModel] | None = Field(None, description="A factor, or changes one after another.")
    down: list[OutageModel] | None = Field(None, description="Outages.")
    overtime: float | None = Field(None, ge=0, le=10, description="Hours that may be added, as a share of capacity.")
    firm: int | None = Field(None, ge=0, le=1000, description="Firm buckets.")
    slushy: int | None = Field(None, ge=0, le=1000, description="Slushy buckets.")
    late: float = Field(1.0, ge=0, le=1000, description="Times the price of being late or short.")
    weights: dict[str, float] | None = Field(None, max_length=10, description="Money per hour, as in `params.weights`.")


class RuleModel(StrictModel):
    """What a release rule was tuned to."""

    smoothing: int | None = Field(None, ge=1, le=1_000_000, description="Buckets averaged, or in which a gap closes.")
    cover: int | None = Field(None, ge=0, le=1_000_000, description="Buckets covered beyond those until arrival.")
    safety: float | None = Field(None, ge=-1, le=10, description="Part of the way to the highest quantile.")


class PaceModel(StrictModel):
    """One pace for a whole factory, from past orders alone."""

    reach: int | None = Field(None, ge=1, le=1_000_000, description="Buckets in which the stock is back in its band.")
    band: float | None = Field(None, ge=0, le=1e6, description="Half its width, as a share of the opening stock.")
    cover: int | None = Field(None, ge=1, le=1_000_000, description="Buckets of orders an item's stock is to cover.")
    prior: int | None = Field(None, ge=1, le=1_000_000, description="Buckets until the first belief is forgotten.")


class ReplayModel(StrictModel):
    """What a replay looks at and what counts, in buckets."""

    look_ahead: int | None = Field(None, ge=1, le=1_000_000, description="Buckets planned from now on.")
    score_from: int | None = Field(None, ge=0, le=1_000_000, description="First bucket that counts.")
    score_to: int | None = Field(None, ge=0, le=1_000_000, description="The one after the last; 0 = to the end.")
    smoothing: int | None = Field(None, ge=0, le=1_000_000, description="Of rules without one; 0 = as tuned.")
    known_buckets: int | None = Field(None, ge=0, le=1_000_000, description="After these idle hours' prices fade.")
    rules: dict[str, RuleModel] | None = Field(None, max_length=10, description="Parameters of rules, by name.")
    pace: PaceModel | None = Field(None, description="Parameters of the policy `pace`.")


class ScenarioRequest(PlanTablesModel):
    """Scenarios and the tables that they change; without tables those of the loaded network."""

    scenarios: list[ScenarioModel] = Field(min_length=1, max_length=50, description="What to compare with the base.")
    params: ParamsModel | None = Field(None, description="Weights, horizon, when to stop.")


class FrontierRequest(PlanTablesModel):
    """Points of the frontier, and the tables; `paths` instead of `demand` replays them, neither: the network."""

    paths: Table[PathRow] | None = Field(None, description="Histories to replay.")  # type: ignore[valid-type]
    late: list[float] = Field(
        [0.5, 1.0, 2.0], min_length=1, max_length=20, description="Factors on the price of being late."
    )
    firm_buckets: list[int] = Field([0], min_length=1, max_length=20, description="Firm buckets.")
    params: ParamsModel | None = Field(None, description="Weights, when to stop.")
    replay: ReplayModel | None = Field(None, description="The table `[replay]` of replay.toml.")


class ReplayRequest(StrictModel):
    """Histories, and the policies to compare on them."""

    paths: Table[PathRow] = Field(description="What happened, and what was forecast when.")  # type: ignore[valid-type]
    resources: Table[ResourceRow] = Field(description="Hours by resource and bucket.")  # type: ignore[valid-type]
    routes: Table[RouteRow] = Field(description="How each item is made.")  # type: ignore[valid-type]
    items: Table[ItemRow] | None = Field(None, description="Costs, stock and life of each item.")  # type: ignore[valid-type]
    policies: list[str] = Field(
        ["ours", "chase", "level", "moving_average", "order_up_to", "heijunka_rule"],
        min_length=1,
        max_length=20,
        description="Names of policies.",
    )
    params: ParamsModel | None = Field(None, description="Weights, horizon, when to stop.")
    replay: ReplayModel | None = Field(None, description="The table `[replay]` of replay.toml.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of everything random.")


@router.post("/v1/scenarios", status_code=202, response_model=JobView)
def compare_scenarios(
    house: HouseDep, request: Annotated[ScenarioRequest, Body(openapi_examples=SCENARIO_EXAMPLES)]
) -> JsonResponse:
    """Plan each scenario and the base in the background and compare them side by side.

    The job's table `scenarios` has cost by part (lateness at the base's prices in every row), fill, levelness, idle
    and overtime hours, and the hours moved against the base's plan.
    """
    from planning.scenarios import scenarios_from

    asked = scenarios_from([one.model_dump(exclude_none=True) for one in request.scenarios], where="scenarios")
    tables, home = request.frames(), house.settings.home
    if not tables:
        house.net.current()  # says at once that nothing is loaded
    return accepted(house, "scenarios", partial(scenario_work, asked, tables, _params(request.params), home=home))


@router.post("/v1/frontiers", status_code=202, response_model=JobView)
def trace_frontier(
    house: HouseDep, request: Annotated[FrontierRequest, Body(openapi_examples=FRONTIER_EXAMPLES)]
) -> JsonResponse:
    """Trace cost, fill and levelness over the price of being late and the firm buckets, in the background.

    The job's table `frontier` has one row per point; `efficient` ones are beaten by no other in all three. With
    `paths` each point is a replay on them, which is what firm buckets really cost.
    """
    tables, paths = request.frames(), frame_of(request.paths)
    if paths is not None and "demand" in tables:
        raise InputError("paths", "either paths or demand", "both")
    if not tables and paths is None:
        house.net.current()
    options = {"late": request.late, "firm_buckets": request.firm_buckets}
    tables |= {} if paths is None else {"paths": paths}
    home = house.settings.home
    work = partial(frontier_work, tables, options, _params(request.params), _params(request.replay), home=home)
    return accepted(house, "frontier", work)


@router.post("/v1/replays", status_code=202, response_model=JobView)
def replay_policies(
    house: HouseDep, request: Annotated[ReplayRequest, Body(openapi_examples=REPLAY_EXAMPLES)]
) -> JsonResponse:
    """Replay release policies bucket by bucket against what happened, each seeing only what was known.

    The job's table `buckets` has what every policy did; its summary the figures per policy and path.
    """
    names = ("paths", "resources", "routes", "items")
    tables = {name: frame for name in names if (frame := frame_of(getattr(request, name))) is not None}
    options = {"policies": request.policies, "seed": request.seed}
    work = partial(replay_work, tables, options, _params(request.params), _params(request.replay))
    return accepted(house, "replay", work)


def _params(params: ParamsModel | ReplayModel | None) -> dict[str, Any]:
    return params.model_dump(exclude_none=True) if params else {}


def scenario_work(
    scenarios: list[Any], tables: dict[str, pd.DataFrame], params: dict[str, Any], progress: Report, *, home: Path
) -> JobResult:
    """Compare scenarios; runs in a process of its own."""
    from planning.params import PlanParams
    from services.compare_scenarios import compare_network
    from services.compare_scenarios import compare_scenarios as compare
    from store.home import Home

    if not tables:
        report = compare_network(Home(home).current(), scenarios, params=params, progress=progress)
        return JobResult(report.summary, {"scenarios": report.table})
    terms = PlanParams.from_tables(params, where="params")
    sources = {name: name for name in PLAN_TABLES}
    found = compare(scenarios, **tables, params=terms, sources=sources, progress=progress)
    return JobResult(found.summary, {"scenarios": found.table})


def frontier_work(
    tables: dict[str, pd.DataFrame],
    options: dict[str, Any],
    params: dict[str, Any],
    settings: dict[str, Any],
    progress: Report,
    *,
    home: Path,
) -> JobResult:
    """Trace the frontier; runs in a process of its own."""
    from services.compare_scenarios import frontier, network_frontier
    from store.home import Home

    if not tables:
        report = network_frontier(Home(home).current(), **options, params=params, progress=progress)
        return JobResult(report.summary, {"frontier": report.table})
    terms, rules = _terms(params, settings)
    paths = tables.pop("paths", None)
    found = frontier(**options, tables=tables, paths=paths, params=terms, settings=rules, progress=progress)
    return JobResult(found.summary, {"frontier": found.table})


def replay_work(
    tables: dict[str, pd.DataFrame],
    options: dict[str, Any],
    params: dict[str, Any],
    settings: dict[str, Any],
    progress: Report,
) -> JobResult:
    """Replay policies; runs in a process of its own."""
    from services.replay_policies import replay_policies as replay

    terms, rules = _terms(params, settings)
    sources = {"demand": "paths", "resources": "resources", "routes": "routes", "items": "items"}
    found = replay(**tables, params=terms, settings=rules, **options, sources=sources, progress=progress)
    return JobResult(found.summary, {"buckets": found.buckets})


def _terms(params: dict[str, Any], settings: dict[str, Any]) -> tuple[Any, Any]:
    from contracts.params import params_from
    from planning.params import PlanParams, ReplayParams

    return PlanParams.from_tables(params, where="params"), params_from(settings, ReplayParams, where="replay")
