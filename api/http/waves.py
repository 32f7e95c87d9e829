"""Waves of group orders: before a push, and while they run; asked for, or as the worker corrects them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from api.http.house import NetDep
from api.http.launch_examples import WAVE_EXAMPLES
from api.http.responses import JsonResponse, to_rows
from api.http.rows import StrictModel, Table, frame_of, row_model
from contracts.errors import InputError
from forecast.wave_tables import PUSHES, WAVE_ORDERS
from store.booking.rows import moment_text

__all__ = ["PushRow", "WaveOrderRow", "moment_of", "router"]

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


class RunningWave(BaseModel):
    """A wave that is coming or running, as the worker last forecast it."""

    wave_id: str = Field(description="Its id.")
    state: str = Field(description="`coming` or `running`.")
    push_at: str = Field(description="When it is pushed.")
    coupon: str = Field(description="Its coupon.")
    minutes_known: int = Field(description="Minutes since the push whose orders are known.")
    minutes_late: float = Field(description="Nine of ten orders were told of within so many minutes.")
    so_far: float = Field(description="Orders that came.")
    left: float = Field(description="Orders still expected.")
    mean: float = Field(description="Orders expected of the whole wave.")
    low: float = Field(description="With nine chances of ten it gets more.")
    high: float = Field(description="With nine chances of ten it gets fewer.")
    busiest_bucket: str = Field(description="Quarter of an hour with the most orders.")
    buckets: list[dict[str, Any]] = Field(description="Orders by quarter of an hour: come (`observed`) or expected.")


class RunningWaves(BaseModel):
    """The waves of the loaded network."""

    as_of: str | None = Field(description="When the worker last looked; null before it did.")
    waves: list[RunningWave] = Field(description="Those that are coming within two days or running.")


@router.get("", response_model=RunningWaves)
def list_running_waves(loaded: NetDep) -> JsonResponse:
    """Return the waves that `push` facts told of, their forecast corrected by the orders so far; a worker does that."""
    kept, buckets = loaded.snapshot.result("waves"), loaded.snapshot.result("wave_buckets")
    if not isinstance(kept, dict) or not isinstance(buckets, pd.DataFrame):
        return JsonResponse({"as_of": None, "waves": []})
    rows = dict(iter(buckets.groupby("wave_id")))
    waves = [
        {**figures, "wave_id": name, "low": figures["q0.1"], "high": figures["q0.9"]}
        | {"buckets": to_rows(rows[name].drop(columns="wave_id"))}
        for name, figures in kept["waves"].items()
    ]
    told = [{name: wave[name] for name in RunningWave.model_fields} for wave in waves]
    return JsonResponse({"as_of": moment_text(kept["as_of_ms"]), "waves": told})


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
        as_of=moment_of(request.as_of),
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


def moment_of(text: str | None) -> pd.Timestamp | None:
    """Return an `as_of` as a moment, None as None.

    Raises
    ------
    InputError
        If it is no ISO 8601 time.
    """
    if text is None:
        return None
    try:
        return pd.Timestamp(datetime.fromisoformat(text))
    except ValueError:
        raise InputError("as_of", "a time like 2025-05-24T14:30:00+08:00", text) from None
