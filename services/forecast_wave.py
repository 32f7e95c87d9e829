"""Pushes in communities and the orders so far → each wave's size and shape, before its push and while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError
from forecast.wave_errors import WaveErrors
from forecast.wave_forecast import Push, WaveForecast, forecast_wave
from forecast.waves import WaveModel, WaveParams
from services.wave_frames import WaveFrames, learn_finished, wave_frames

__all__ = ["WaveReport", "forecast_waves"]

_LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class WaveReport:
    """Waves that are coming or running.

    Parameters
    ----------
    buckets
        ``wave_id, bucket_at, observed, mean, q…``: what came in buckets that are over, forecasts in the rest.
    communities
        ``wave_id, community_id, members, so_far, mean``: expected orders of the whole wave.
    summary
        Per wave: state, orders so far, mean and quantiles of the whole; counts.
    """

    buckets: pd.DataFrame
    communities: pd.DataFrame
    summary: dict[str, Any]


def forecast_waves(
    pushes: pd.DataFrame,
    orders: pd.DataFrame,
    *,
    as_of: datetime | None = None,
    quantiles: Sequence[float] = _LEVELS,
    params: WaveParams | None = None,
    sources: Mapping[str, str] | None = None,
) -> WaveReport:
    """Forecast every wave that is not over, from those that are.

    Parameters
    ----------
    pushes, orders
        Raw rows (`forecast.wave_tables`): all waves, finished and not.
    as_of
        Moment until which orders are known (only whole buckets before it count), in Asia/Shanghai where it
        names no zone; by default the last order's.
    quantiles
        Levels in (0, 1).

    Raises
    ------
    TableError
        Naming the file, the column and the row.
    NotReadyError
        If no wave with orders is over yet.
    """
    params, levels = params or WaveParams(), _checked(quantiles)
    moment = None if as_of is None else _zoned(pd.Timestamp(as_of))
    frames = wave_frames(pushes, orders, as_of=moment, params=params, sources=sources)
    model, errors = learn_finished(frames)
    over = frames.elapsed >= params.buckets
    found = {int(w): _forecast(frames, model, errors, int(w), levels) for w in np.flatnonzero(~over)}
    return WaveReport(
        buckets=_concat([_buckets(frames, w, wave) for w, wave in found.items()], _BUCKETS),
        communities=_concat([_communities(frames, w, wave) for w, wave in found.items()], _COMMUNITIES),
        summary={
            "finished_waves": int(over.sum()),
            "communities": len(frames.communities),
            "waves": {frames.waves["wave_id"].iloc[w]: _figures(frames, w, wave) for w, wave in found.items()},
            "orders_per_member": model.rate,
            "ignored_orders": frames.ignored,
        },
    )


_BUCKETS = ["wave_id", "bucket_at", "observed", "mean"]
_COMMUNITIES = ["wave_id", "community_id", "members", "so_far", "mean"]


def _zoned(moment: pd.Timestamp) -> pd.Timestamp:
    return moment if moment.tzinfo is not None else moment.tz_localize("Asia/Shanghai")


def _checked(quantiles: Sequence[float]) -> tuple[float, ...]:
    levels = tuple(sorted(quantiles))
    if not levels or len(set(levels)) < len(levels) or not 0 < levels[0] <= levels[-1] < 1:
        raise InputError("--quantiles", "levels between 0 and 1, each once", ", ".join(map(str, quantiles)) or "none")
    return levels


def _forecast(
    frames: WaveFrames, model: WaveModel, errors: WaveErrors, wave: int, levels: tuple[float, ...]
) -> WaveForecast:
    passed = max(0, int(frames.elapsed[wave]))
    push = Push(
        members=frames.members[wave],
        coupon=int(frames.coupon_codes()[0][wave]),
        push_minute=float(frames.push_minute()[wave]),
        counts=frames.counts[wave, :passed],
        community_orders=frames.orders[wave] if passed else None,
    )
    return forecast_wave(model, errors, push, levels=levels)


def _buckets(frames: WaveFrames, wave: int, found: WaveForecast) -> pd.DataFrame:
    step = np.arange(len(found.mean))
    table = pd.DataFrame(
        {
            "wave_id": frames.waves["wave_id"].iloc[wave],
            "bucket_at": frames.waves["push_at"].iloc[wave]
            + pd.to_timedelta(step * frames.params.bucket_minutes, unit="min"),
            "observed": step < frames.elapsed[wave],
            "mean": found.mean,
        }
    )
    return table.assign(**{f"q{level:g}": found.quantiles[:, i] for i, level in enumerate(found.levels)})


def _communities(frames: WaveFrames, wave: int, found: WaveForecast) -> pd.DataFrame:
    reached = frames.members[wave] > 0
    return pd.DataFrame(
        {
            "wave_id": frames.waves["wave_id"].iloc[wave],
            "community_id": frames.communities[reached],
            "members": frames.members[wave][reached],
            "so_far": frames.orders[wave][reached],
            "mean": found.community_mean[reached],
        }
    )


def _figures(frames: WaveFrames, wave: int, found: WaveForecast) -> dict[str, Any]:
    row = frames.waves.iloc[wave]
    return {
        "push_at": row["push_at"].isoformat(),
        "coupon": row["coupon"],
        "state": "coming" if frames.elapsed[wave] < 0 else "running",
        "minutes_known": max(0, int(frames.elapsed[wave])) * frames.params.bucket_minutes,
        "so_far": round(found.so_far),
        "mean": round(found.total_mean, 1),
        **{f"q{level:g}": float(value) for level, value in zip(found.levels, found.total_quantiles, strict=True)},
        "busiest_bucket": (
            row["push_at"] + pd.Timedelta(minutes=int(found.mean.argmax()) * frames.params.bucket_minutes)
        ).isoformat(),
    }


def _concat(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
