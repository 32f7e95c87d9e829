"""Trained models: which there are, which one serves, and who shall."""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.http.house import HouseDep
from api.http.jobs import JobView, accepted
from api.http.paging import PartDep, Parted
from api.http.responses import JsonResponse
from contracts.progress import Report
from services.jobs import JobResult

__all__ = ["router"]

router = APIRouter(prefix="/v1/models", tags=["models"])

NameQuery = Annotated[str, Query(min_length=1, max_length=40, description="Name of the model.")]


class ModelView(BaseModel):
    """A trained version."""

    name: str = Field(description="Name of the model.")
    version: str = Field(description="Number of the version.")
    roles: list[str] = Field(description="`champion` (serves), `challenger` (was trained last), `previous`.")
    damaged: str | None = Field(None, description="What is wrong with its files; such a one never serves.")
    trained_at: str | None = Field(None, description="When it was trained.")
    recipe: dict[str, Any] | None = Field(None, description="How it was trained.")
    data: dict[str, Any] | None = Field(None, description="Hash, rows, series and last day of what it was trained on.")
    code: dict[str, Any] | None = Field(None, description="Version of the code that trained it.")
    model: str | None = Field(None, description="Model of the series with enough history.")
    metrics: dict[str, list[float | None]] | None = Field(None, description="Measures, a figure per origin.")
    origins: list[str] | None = Field(None, description="Last day seen at each origin, the latest first.")
    value_added: dict[str, float] | None = Field(None, description="Share of WAPE below each simple model's.")


class ModelList(Parted):
    """Versions, the newest first."""

    models: list[ModelView] = Field(description="Versions.")


class ChampionView(ModelView):
    """The version that serves."""

    refused: str | None = Field(description="Why the promoted version does not serve and this one does; usually null.")


@router.get("", response_model=ModelList)
def list_models(house: HouseDep, part: PartDep, name: NameQuery = "demand") -> JsonResponse:
    """List the trained versions of a model, the newest first, with their measures and roles."""
    from services.promote_models import list_models as listed

    rows, following = part.of(listed(house.settings.home, name=name), itemgetter("version"), "models", name)
    return JsonResponse({"models": rows, "next_cursor": following})


@router.get("/champion", response_model=ChampionView)
def read_champion(house: HouseDep, name: NameQuery = "demand") -> JsonResponse:
    """Return the version that serves now.

    If its files were damaged after the promotion, the one before it serves, and `refused` says why.
    """
    from services.champion import shelf_of

    kept, refused = shelf_of(house.settings.home, name).champion()
    told = {"name": name, "version": kept.ref.version, "roles": ["previous" if refused else "champion"]}
    return JsonResponse({**told, **kept.card, "refused": refused})


@router.post("/rollback", status_code=202, response_model=JobView)
def rollback(house: HouseDep, name: NameQuery = "demand") -> JsonResponse:
    """Let the champion before this one serve again, as a job; the next request is served by it once that succeeded."""
    settings = house.settings
    return accepted(house, "promotion", partial(rollback_work, settings.home, name, settings.mlflow_uri))


@router.post("/{version}/promote", status_code=202, response_model=JobView)
def promote(
    house: HouseDep,
    version: Annotated[str, Path(pattern=r"^[0-9]{1,9}$", description="Number of the version.")],
    name: NameQuery = "demand",
) -> JsonResponse:
    """Let a version serve, as a job: its files are checked, and fetched from the registry if need be."""
    settings = house.settings
    return accepted(house, "promotion", partial(promote_work, settings.home, version, name, settings.mlflow_uri))


def promote_work(home: FilePath, version: str, name: str, uri: str | None, progress: Report) -> JobResult:
    """Promote; runs in a process of its own, so that the server never imports mlflow."""
    from services.promote_models import promote_model

    progress("promote", 0, 1)
    return JobResult(promote_model(home, version, name=name, uri=uri))


def rollback_work(home: FilePath, name: str, uri: str | None, progress: Report) -> JobResult:
    """Roll back; runs in a process of its own."""
    from services.promote_models import rollback_model

    progress("roll back", 0, 1)
    return JobResult(rollback_model(home, name=name, uri=uri))
