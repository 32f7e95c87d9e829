"""Waves of group orders: before a push, and while they run; nothing is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from api.http.launch_examples import WAVE_EXAMPLES
from api.http.responses import JsonResponse, to_rows
from api.http.rows import StrictModel, Table, frame_of, row_model
from contracts.errors import InputError
from forecast.wave_tables import PUSHES, WAVE_ORDERS

__all__ = ["router"]

router = APIRouter(prefix="/v1/waves", tags=["waves"])

PushRow = row_model("PushRow", PUSHES)
WaveOrderRow = row_model("WaveOrderRow", WAVE_ORDERS)


class WaveRequest(StrictModel):
    """Pushes, finished and not, and the orders that followed."""

    pushes: Table[PushRow] = Field(description="Who gets which push, when.")  # type: ignore[valid-type]
    orders: Table[WaveOrderRow] = Field(description="Orders, or counts of them by period.")  # type: ignore[valid-type]
    as_of: str | None = Field(
        None, max_length=40, description="Moment until which orders are known (ISO 8601); the last order's by default."
    )
    bucket_minutes: int = Field(15, ge=1, le=120, description="Minutes of a bucket.")
    horizon_hours: int = Field(24, ge=1, le=72, description="Hours that a wave lasts.")
    quantiles: Annotated[list[float], Field(min_length=1, max_length=99)] = Field(
        [0.1, 0.5, 0.9], description="Levels in (0, 1)."
    )
    communities: bool = Field(False, description="Also list the expected orders by community.")


class WaveAnswer(BaseModel):
    """Waves that are coming or running."""

    summary: dict[str, Any] = Field(description="Per wave: state, orders so far, mean and quantiles of the whole.")
    buckets: list[dict[str, Any]] = Field(description="What came in buckets that are over, forecasts in the rest.")
    communities: list[dict[str, Any]] | None = Field(description="Expected orders by community, if asked for.")


@router.post("/forecast", response_model=WaveAnswer)
def forecast_waves(request: Annotated[WaveRequest, Body(openapi_examples=WAVE_EXAMPLES)]) -> JsonResponse:
    """Forecast every wave that is not over from those that are, corrected by the orders so far."""
    from forecast.waves import WaveParams
    from services.forecast_wave import forecast_waves

    try:
        params = WaveParams(bucket_minutes=request.bucket_minutes, horizon_hours=request.horizon_hours)
    except ValueError as error:
        raise InputError("bucket_minutes", "minutes that divide an hour, or whole hours", str(error)) from None
    report = forecast_waves(
        frame_of(request.pushes),
        frame_of(request.orders),
        as_of=_moment(request.as_of),
        quantiles=request.quantiles,
        params=params,
    )
    return JsonResponse(
        {
            "summary": report.summary,
            "buckets": to_rows(report.buckets),
            "communities": to_rows(report.communities) if request.communities else None,
        }
    )


def _moment(text: str | None) -> pd.Timestamp | None:
    if text is None:
        return None
    try:
        return pd.Timestamp(datetime.fromisoformat(text))
    except ValueError:
        raise InputError("as_of", "a time like 2025-05-24T14:30:00+08:00", text) from None
