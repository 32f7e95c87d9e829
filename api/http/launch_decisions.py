"""What to do with new styles at a checkpoint, and which of them to make; nothing is kept."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from api.http.launch_examples import DECISION_EXAMPLES, SELECTION_EXAMPLES
from api.http.responses import JsonResponse, to_rows
from api.http.rows import AttributeRow, StrictModel, Table, frame_of, row_model
from planning.launch_tables import LAUNCH_FORECASTS, LAUNCH_PATHS, LAUNCH_TERMS

__all__ = ["router"]

router = APIRouter(prefix="/v1/launches", tags=["launches"])

LaunchForecastRow = row_model("LaunchForecastRow", LAUNCH_FORECASTS, base=AttributeRow)
LaunchTermsRow = row_model("LaunchTermsRow", LAUNCH_TERMS, base=AttributeRow)
LaunchPathRow = row_model("LaunchPathRow", LAUNCH_PATHS, base=AttributeRow)
_AT = Field(None, max_length=20, description="The only checkpoint that counts, like `3d`.")


class LaunchDecisionRequest(StrictModel):
    """Forecasts of new styles and where the styles stand."""

    launches: Table[LaunchForecastRow] = Field(  # type: ignore[valid-type]
        description="Forecasts of the totals: quantile columns such as `q0.1`, `q0.5`, `q0.9`."
    )
    styles: Table[LaunchTermsRow] = Field(description="Economics, stock, orders under way.")  # type: ignore[valid-type]
    path: Table[LaunchPathRow] | None = Field(None, description="Expected pieces per day, from a checkpoint on.")  # type: ignore[valid-type]
    at: str | None = _AT
    params: dict[str, dict[str, float]] | None = Field(
        None, description="The tables of `decide.toml`: `decide`, `life`, `spread`."
    )


class DecisionAnswer(BaseModel):
    """Decisions and key figures."""

    decisions: list[dict[str, Any]] = Field(description="One row per style and checkpoint: action, pieces, money, why.")
    summary: dict[str, Any] = Field(description="Counts, money and the price of capacity by checkpoint.")


class SelectionRequest(StrictModel):
    """Candidates, and how many of them can be made."""

    launches: Table[LaunchForecastRow] = Field(description="Forecasts of the candidates' totals.")  # type: ignore[valid-type]
    styles: Table[LaunchTermsRow] = Field(description="Economics of the candidates.")  # type: ignore[valid-type]
    count: int = Field(ge=1, le=10_000, description="How many can be made.")
    objective: Literal["profit", "hit", "best"] = Field(
        "profit", description="Most profit, the best chance of a hit, or of having the one that sells most."
    )
    at: str | None = _AT
    correlation: float = Field(0.0, ge=0, lt=1, description="How far the candidates win or lose together.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Of the samples drawn.")


class SelectionAnswer(BaseModel):
    """Candidates, the chosen first."""

    candidates: list[dict[str, Any]] = Field(description="One row per candidate: chosen, rank, order, profit, chances.")
    summary: dict[str, Any] = Field(description="The chosen, their profit, the chance that a hit is among them.")


@router.post("/decisions", response_model=DecisionAnswer)
def decide_launches(
    request: Annotated[LaunchDecisionRequest, Body(openapi_examples=DECISION_EXAMPLES)],
) -> JsonResponse:
    """Decide about each style at each checkpoint: commit, wait, chase, cut, or move its capacity to others."""
    from services.decide_launches import DecideParams, decide_launches

    report = decide_launches(
        frame_of(request.launches),
        frame_of(request.styles),
        path=frame_of(request.path),
        at=request.at,
        params=DecideParams.from_tables(_whole(request.params or {}), where="params"),
    )
    return JsonResponse({"decisions": to_rows(report.decisions), "summary": report.summary})


@router.post("/selection", response_model=SelectionAnswer)
def select_styles(
    request: Annotated[SelectionRequest, Body(openapi_examples=SELECTION_EXAMPLES)],
) -> JsonResponse:
    """Choose which candidates to make, and say how likely a hit is among them."""
    from planning.selection import SelectionParams
    from services.select_styles import select_styles

    report = select_styles(
        frame_of(request.launches),
        frame_of(request.styles),
        count=request.count,
        at=request.at,
        correlation=request.correlation,
        params=SelectionParams(objective=request.objective),
        seed=request.seed,
    )
    return JsonResponse({"candidates": to_rows(report.candidates), "summary": report.summary})


def _whole(tables: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return the tables with whole numbers as such: JSON does not tell 9 from 9.0, TOML does."""
    return {
        name: {key: int(value) if float(value).is_integer() else value for key, value in table.items()}
        for name, table in tables.items()
    }
