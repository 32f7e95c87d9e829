"""Whether the server lives, whether it can answer, what it counts, and what its problems mean."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.http.house import HouseDep, NetDep
from api.http.problems import PROBLEM_TYPES
from api.http.responses import JsonResponse
from services.reserve import wall_clock_ms

__all__ = ["router"]

router = APIRouter(tags=["system"])


class Health(BaseModel):
    """The process answers."""

    status: str = Field(description="Always `ok`.")
    version: str = Field(description="Version of the program.")


class Readiness(BaseModel):
    """A network is loaded and the database answers."""

    status: str = Field(
        description="`ready`, or `stale`: the current network cannot be read, the last good one serves."
    )
    reason: str | None = Field(description="Why it is stale.")
    version: str = Field(description="Version of the loaded network.")
    snapshot_age_seconds: float = Field(description="How long ago it was published.")
    counts: dict[str, int] = Field(description="Rows by table.")


class ProblemPage(BaseModel):
    """What a problem type means."""

    type: str = Field(description="The type's URI.")
    title: str = Field(description="The kind of trouble.")
    status: int = Field(description="HTTP status it comes with.")
    meaning: str = Field(description="What to do about it.")


@router.get("/healthz", response_model=Health)
def health() -> JsonResponse:
    """Say that the process answers; touches nothing else."""
    return JsonResponse({"status": "ok", "version": version("evenflow")})


@router.get("/readyz", response_model=Readiness)
def ready(house: HouseDep, loaded: NetDep) -> JsonResponse:
    """Say whether a network is loaded that could answer and the database answers; 503 with the reason if not."""
    house.database.require()
    age = house.net.age_seconds(wall_clock_ms())
    why = house.net.stale_because
    told = {
        "status": "stale" if why else "ready",
        "reason": why,
        "version": loaded.version,
        "snapshot_age_seconds": age,
    }
    return JsonResponse(told | {"counts": loaded.snapshot.counts})


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(house: HouseDep) -> Response:
    """Return the counters in Prometheus' text format."""
    return Response(house.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/problems/{slug}", response_model=ProblemPage)
def read_problem(
    slug: Annotated[
        str, Path(max_length=60, description="Last part of a problem's type.", examples=["invalid-request"])
    ],
) -> JsonResponse:
    """Explain a problem type."""
    kind = PROBLEM_TYPES.get(slug)
    if kind is None:
        raise HTTPException(404, "no such problem type")
    page = {"type": f"/problems/{slug}", "title": kind.title, "status": kind.status, "meaning": kind.meaning}
    return JsonResponse(page)
