"""Waves of group orders: how good forecasts are before a push and 15, 30, 60 minutes after it, on simulated waves."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from forecast.wave_errors import learn_errors
from forecast.wave_forecast import Push, forecast_wave
from forecast.waves import WaveHistory, WaveParams, fit_waves
from services.wave_frames import WaveFrames, wave_frames
from simulate.waves import WaveSimParams, simulate_waves

__all__ = ["wave_backtest"]

MINUTES = (0, 15, 30, 60, 120)
_FIRST = 20


def wave_backtest(seeds: Sequence[int], *, communities: int = 4_000, waves: int = 40) -> dict[str, Any]:
    """Forecast each wave after the first twenty from those before it.

    Returns
    -------
    dict
        Per minutes known: WAPE of the wave's total and of what was left of it, coverage of 80 % ranges of the total and
        of the buckets ahead; beside it the WAPE of a simple forecast of the total: before the push the mean orders per
        member reached, after it orders so far over the mean share that had come by then. CPU seconds per fit and
        update.
    """
    rows: list[dict[str, float]] = []
    cpu = {"fit": 0.0, "update": 0.0}
    params = WaveParams()
    for seed in seeds:
        made = simulate_waves(WaveSimParams(communities=communities, waves=waves), seed=seed)
        over = made.pushes["push_at"].max() + pd.Timedelta(hours=params.horizon_hours)
        frames = wave_frames(made.pushes, made.orders, as_of=over, params=params)
        del made
        for wave in range(_FIRST, waves):
            rows += _one(frames, wave, cpu)
    table = pd.DataFrame(rows)
    tried = len(table) // len(MINUTES)
    return {
        "seeds": list(seeds),
        "communities": communities,
        "waves": tried,
        "mean_orders": round(float(table.groupby(level=0)["total"].first().mean())),
        "cpu_seconds_per_fit": round(cpu["fit"] / tried, 4),
        "cpu_seconds_per_update": round(cpu["update"] / len(table), 5),
        **{f"after_{minutes}_minutes": _scores(table[table["minutes"] == minutes]) for minutes in MINUTES},
    }


def _one(frames: WaveFrames, wave: int, cpu: dict[str, float]) -> list[dict[str, float]]:
    known = frames.history()
    past = WaveHistory(**{name: getattr(known, name)[:wave] for name in known.__dataclass_fields__})
    started = time.process_time()
    model = fit_waves(past, params=frames.params)
    errors = learn_errors(model, past)
    cpu["fit"] += time.process_time() - started
    counts, seen = known.counts[wave], bool(np.isin(known.coupon[wave], past.coupon))
    push = Push(
        members=known.members[wave],
        coupon=int(known.coupon[wave]) if seen else -1,
        push_minute=float(known.push_minute[wave]),
        counts=counts[:0],
    )
    rows = []
    for minutes in MINUTES:
        k = minutes // frames.params.bucket_minutes
        started = time.process_time()
        found = forecast_wave(model, errors, replace(push, counts=counts[:k]))
        cpu["update"] += time.process_time() - started
        rest, low, high = counts[k:], found.quantiles[k:, 0], found.quantiles[k:, -1]
        rows.append(
            {
                "minutes": minutes,
                "total": counts.sum(),
                "left": rest.sum(),
                "mean": found.total_mean,
                "held": found.total_quantiles[0] <= counts.sum() <= found.total_quantiles[-1],
                "buckets_held": float(((low <= rest) & (rest <= high)).mean()),
                "simple": _simple(past, known, wave, k),
            }
        )
    return rows


def _simple(past: WaveHistory, known: WaveHistory, wave: int, k: int) -> float:
    """Return the total by orders per member before the push, by the mean share come so far after it."""
    if k == 0:
        return float(past.orders.sum() / past.members.sum() * known.members[wave].sum())
    share = past.counts[:, :k].sum() / past.counts.sum()
    return float(known.counts[wave, :k].sum() / share)


def _scores(rows: pd.DataFrame) -> dict[str, float]:
    off, total = (rows["mean"] - rows["total"]).abs().sum(), rows["total"].sum()
    return {
        "wape_total": round(float(off / total), 4),
        "wape_left": round(float(off / rows["left"].sum()), 4),
        "bias_left": round(float((rows["mean"] - rows["total"]).sum() / rows["left"].sum()), 4),
        "coverage_80_total": round(float(rows["held"].mean()), 4),
        "coverage_80_buckets": round(float(rows["buckets_held"].mean()), 4),
        "simple_wape_total": round(float((rows["simple"] - rows["total"]).abs().sum() / total), 4),
    }
