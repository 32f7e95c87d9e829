"""Routing policies and what-ifs compared on past orders, as a job."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import APIRouter, Body
from pydantic import Field, model_validator

from api.http.house import HouseDep
from api.http.jobs import JobView, accepted
from api.http.match_examples import MATCH_REPLAY_EXAMPLES
from api.http.match_rows import CandidateRow, MatchOrderRow, ScoreWeightsModel, SupplierRow, weights_of
from api.http.responses import JsonResponse
from api.http.rows import StrictModel, Table, frame_of
from contracts.progress import Report
from services.jobs import JobResult
from services.routing_variants import variants_from_tables

__all__ = ["router"]

router = APIRouter(prefix="/v1/matches", tags=["matches"])

Policy = Literal[
    "batch", "floors", "online", "best_score", "nearest", "cheapest", "fewest_splits", "priority", "round_robin"
]
_TABLES = ("orders", "suppliers", "candidates")


class VariantModel(StrictModel):
    """A policy under other assumptions."""

    policy: Policy = Field("batch", description="Which policy.")
    floor: float = Field(0.0, ge=0, le=1, description="Guaranteed share of each supplier (with `batch`).")
    capacity: float = Field(1.0, ge=0, le=1000, description="Every capacity is multiplied by it.")
    capacities: dict[str, Annotated[int, Field(ge=0, le=10**12)]] = Field(
        {}, max_length=10_000, description="Capacity by supplier, instead of that given; 0 = down."
    )
    weights: ScoreWeightsModel | None = Field(None, description="Weights by which candidates are scored anew.")


class MatchReplayRequest(StrictModel):
    """Past orders with suppliers and candidates, or none of them for the loaded network's."""

    orders: Table[MatchOrderRow] | None = Field(None, description="Past orders as they came; `due_days` if known.")  # type: ignore[valid-type]
    suppliers: Table[SupplierRow] | None = Field(None, description="Who had how much.")  # type: ignore[valid-type]
    candidates: Annotated[list[CandidateRow], Field(min_length=1, max_length=200_000)] | None = Field(  # type: ignore[valid-type]
        None, description="Who could serve what; `lead_time_days`, `distance_km`, `cost_fen` where policies ask."
    )
    policies: list[Policy] = Field(
        ["batch", "floors", "online", "best_score", "fewest_splits", "priority", "round_robin"],
        max_length=9,
        description="Which policies to compare.",
    )
    variants: dict[str, VariantModel] = Field({}, max_length=50, description="What-ifs by name.")
    weights: ScoreWeightsModel | None = Field(None, description="How the parts make the score.")
    top: int = Field(20, ge=1, le=100, description="Candidates per order (loaded network).")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of everything random.")

    @model_validator(mode="after")
    def _all_or_none(self) -> MatchReplayRequest:
        given = [name for name in _TABLES if getattr(self, name) is not None]
        if given and len(given) < len(_TABLES):
            raise ValueError(
                f"orders, suppliers and candidates together, or none of them; only {', '.join(given)} came"
            )
        return self


@router.post("/replay", status_code=202, response_model=JobView)
def replay_matches(
    house: HouseDep, request: Annotated[MatchReplayRequest, Body(openapi_examples=MATCH_REPLAY_EXAMPLES)]
) -> JsonResponse:
    """Route past orders by each policy and what-if in the background and compare them.

    The job's table `policies` has one row each: objective, regret, fill, cost, due-date hits, splits, fairness. A
    what-if (`variants`) is a policy under other weights, floors or capacities. Without tables the loaded network's
    orders are routed; there a supplier is what a party has of a good (`F1: soap`).
    """
    tables = {name: frame for name in _TABLES if (frame := frame_of(getattr(request, name))) is not None}
    if not tables:
        house.net.current()  # says at once that nothing is loaded
    variants = variants_from_tables({name: one.model_dump(exclude_none=True) for name, one in request.variants.items()})
    options: dict[str, Any] = {"policies": request.policies, "variants": variants, "seed": request.seed}
    options["weights"] = weights_of(request.weights)
    work = partial(replay_work, tables, options, request.top, house.settings.home)
    return accepted(house, "match_replay", work)


def replay_work(
    tables: dict[str, pd.DataFrame], options: dict[str, Any], top: int, home: Path, progress: Report
) -> JobResult:
    """Compare policies; runs in a process of its own."""
    from services.compare_routing import compare_routing
    from services.past_orders import past_tables
    from store.home import Home

    given = tuple(tables[name] for name in _TABLES) if tables else past_tables(Home(home).current(), top=top)
    sources = {name: name for name in _TABLES}
    report = compare_routing(*given, sources=sources, progress=progress, **options)
    return JobResult(report.summary, {"policies": report.policies})
