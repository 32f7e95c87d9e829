"""Planners' adjustments of forecasts: made, listed, taken back, judged."""

from __future__ import annotations

from dataclasses import asdict
from operator import itemgetter
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from api.http.house import House, HouseDep, OwnNetDep
from api.http.paging import Part, PartDep, Parted
from api.http.responses import JsonResponse
from api.http.rows import StrictModel

__all__ = ["router"]

router = APIRouter(tags=["overrides"])

_DAY = r"^\d{4}-\d{2}-\d{2}$"
SeriesPath = Annotated[str, Path(min_length=1, max_length=500, description="Series or node (`total`, `region=North`).")]


class OverrideRequest(
    StrictModel,
    json_schema_extra={
        "examples": [{"start": "2026-03-01", "end": "2026-03-02", "factor": 1.3, "by": "li", "reason": "fair"}]
    },
):
    """An adjustment: exactly one of `factor` and `pieces`."""

    start: str = Field(pattern=_DAY, description="First day.", examples=["2026-11-09"])
    end: str = Field(pattern=_DAY, description="Last day.", examples=["2026-11-11"])
    factor: float | None = Field(None, ge=0, le=1e9, description="Times the forecast.", examples=[1.3])
    pieces: float | None = Field(None, ge=0, le=1e9, description="New total of these days, spread in proportion.")
    by: str = Field(min_length=1, max_length=120, description="Who adjusts.", examples=["li"])
    reason: str = Field(min_length=1, max_length=120, description="Why, in a word that recurs.", examples=["fair"])
    note: str = Field("", max_length=500, description="Why, in a sentence.")


class WithdrawalRequest(StrictModel, json_schema_extra={"examples": [{"by": "li", "reason": "the fair is off"}]}):
    """Who takes an override back, and why."""

    by: str = Field(min_length=1, max_length=120, description="Who takes it back.")
    reason: str = Field(min_length=1, max_length=120, description="Why.")


class OverrideView(BaseModel):
    """An override and what it made of its days."""

    id: str = Field(description="Id of the override.")
    at: str = Field(description="When it was made.")
    by: str = Field(description="Who made it.")
    reason: str = Field(description="Why, in a word.")
    note: str = Field(description="Why, in a sentence.")
    unique_id: str = Field(description="Series or node.")
    start: str = Field(description="First day.")
    end: str = Field(description="Last day.")
    kind: str = Field(description="`factor` or `pieces`.")
    value: float = Field(description="The factor, or the pieces.")
    days: list[str] = Field(description="Days of the forecast it touched.")
    statistical: list[float] = Field(description="The statistical forecast of these days.")
    old: list[float] = Field(description="What counted before.")
    new: list[float] = Field(description="What counts with it.")
    run: str = Field(description="The forecast it was made on.")
    withdrawn: dict[str, str] | None = Field(None, description="When, by whom and why it was taken back.")


class OverrideList(Parted):
    """Overrides, the latest first."""

    overrides: list[OverrideView] = Field(description="Overrides, also those taken back.")


class WithdrawalView(BaseModel):
    """A withdrawal."""

    withdraws: str = Field(description="Id of the override taken back.")
    at: str = Field(description="When.")
    by: str = Field(description="By whom.")
    reason: str = Field(description="Why.")


class ValueAdded(BaseModel):
    """What the overrides of a planner for a reason were worth."""

    by: str = Field(description="Who; `all` for everybody.")
    reason: str = Field(description="Why; `all` for every reason.")
    overrides: int = Field(description="Overrides with a day that is over.")
    days: int = Field(description="Days that are over.")
    pieces: float = Field(description="Pieces sold on them.")
    wape_statistical: float | None = Field(description="WAPE of the statistical forecast on them.")
    wape_final: float | None = Field(description="WAPE with the overrides.")
    value_added: float | None = Field(description="The difference: negative = they did harm.")


class ValueReport(BaseModel):
    """What overrides were worth."""

    rows: list[ValueAdded] = Field(description="By planner and reason, then in all.")


@router.post("/v1/forecasts/{unique_id:path}/overrides", status_code=201, response_model=OverrideView)
def create_override(
    house: HouseDep, loaded: OwnNetDep, unique_id: SeriesPath, request: OverrideRequest
) -> JsonResponse:
    """Put an adjustment beside the forecast of a series or a node; plans use it from now on.

    It works on what the overrides before it left; on a node it is spread to the members in proportion. The statistical
    forecast stays as it is.
    """
    from services.overrides import Adjustment, adjust

    asked = Adjustment(unique_id=unique_id, **request.model_dump())
    return JsonResponse(asdict(adjust(house.settings.home, loaded.snapshot, asked)), status_code=201)


@router.get("/v1/forecasts/{unique_id:path}/overrides", response_model=OverrideList)
def list_overrides_of(house: HouseDep, part: PartDep, unique_id: SeriesPath) -> JsonResponse:
    """List the overrides of a series or a node, the latest first, also those taken back."""
    return _listed(house, part, unique_id)


@router.get("/v1/overrides", response_model=OverrideList)
def list_all_overrides(house: HouseDep, part: PartDep) -> JsonResponse:
    """List every override ever made, the latest first."""
    return _listed(house, part, None)


def _listed(house: House, part: Part, unique_id: str | None) -> JsonResponse:
    from services.overrides import list_overrides

    found = list_overrides(house.settings.home, unique_id=unique_id)
    rows, following = part.of(found, itemgetter("id"), "overrides", unique_id)
    return JsonResponse({"overrides": rows, "next_cursor": following})


@router.get("/v1/overrides/report", response_model=ValueReport)
def read_override_report(house: HouseDep, loaded: OwnNetDep) -> JsonResponse:
    """Tell what overrides were worth on the days whose sales are loaded by now, by planner and reason."""
    from services.overrides import override_report

    rows: list[dict[str, Any]] = override_report(house.settings.home, loaded.snapshot)
    return JsonResponse({"rows": rows})


@router.post("/v1/overrides/{override_id}/withdraw", status_code=201, response_model=WithdrawalView)
def withdraw_override(
    house: HouseDep,
    override_id: Annotated[str, Path(max_length=40, description="Id of the override.")],
    request: WithdrawalRequest,
) -> JsonResponse:
    """Take an override back, by a record of its own."""
    from services.overrides import withdraw

    return JsonResponse(withdraw(house.settings.home, override_id, **request.model_dump()), status_code=201)
