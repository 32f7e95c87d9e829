"""Planning instances of any size: styles with short lives on factories with steps, as in `benchmarks.plan_world`.

Only what is known at one checkpoint: each style's mean demand over the horizon and how unsure it is. In a plain
network a style can be made by two neighbouring factories, in a dense one by a third of them.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from benchmarks.meter import peak_mb, watched_memory
from services.files import read_raw, write_table
from services.plan_production import plan_production

__all__ = ["SMALL_SIZES", "run_scale", "scale_tables"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEPS = 3
_LEVELS = (0.1, 0.5, 0.9)
_UTILISATION = 0.88
SMALL_SIZES = ((1_000, 20, False), (1_000, 20, True), (10_000, 50, False))
_SIZES = (*SMALL_SIZES, (10_000, 50, True), (100_000, 50, False))


@dataclass(frozen=True, kw_only=True)
class _Market:
    """Styles by index: demand (styles x weeks), spread of its logarithm; money and hours per piece."""

    launch: Ints
    life: Ints
    mean: Floats
    sigma: Floats
    price: Floats
    factory: Ints
    lead: Ints
    workshop: Ints
    hours: Floats
    outside_hours: Floats
    route_cost: Floats
    capacity: Floats


def scale_tables(
    n_styles: int, n_factories: int, *, n_weeks: int = 13, dense: bool = False, seed: int = 0
) -> dict[str, pd.DataFrame]:
    """Return the demand, resources, routes and items that `evenflow plan` reads."""
    market = _market(np.random.default_rng(seed), n_styles, n_factories, n_weeks, dense=dense)
    weeks = pd.date_range("2024-01-01", periods=n_weeks, freq="7D")
    names = np.array([f"style{p:06d}" for p in range(n_styles)])
    resources = np.array([f"resource{r:03d}" for r in range(len(market.capacity))])
    hours = np.repeat(market.capacity, n_weeks)
    calendar = {"resource": np.repeat(resources, n_weeks), "bucket": np.tile(weeks, len(resources))}
    return {
        "demand": _demand(market, names, weeks),
        "resources": pd.DataFrame({**calendar, "capacity": hours, "overtime": hours * 0.25}),
        "routes": _routes(market, names, resources, n_factories),
        "items": _items(market, names, weeks),
    }


def _market(g: np.random.Generator, n: int, n_factories: int, n_weeks: int, *, dense: bool) -> _Market:
    n_workshops, ways = max(1, n_factories // 4), max(2, n_factories // 3) if dense else 2
    launch, life = g.integers(-5, n_weeks - 2, n), g.integers(4, 10, n)
    age = np.arange(n_weeks) - launch[:, None]
    season = 1 + 0.45 * np.exp(-(((np.arange(n_weeks) - n_weeks * 0.62) / 1.6) ** 2))
    hit = g.random(n) < 0.1
    volume = np.where(hit, g.lognormal(np.log(20000), 0.35, n), g.lognormal(np.log(2500), 0.6, n))
    whole = _bell(np.arange(12)[None, :], life).sum(axis=1, keepdims=True)
    mean = _bell(age, life) * season / whole * volume[:, None]
    price = g.lognormal(np.log(60), 0.4, n)
    category = g.integers(0, max(2, n_factories // 2), n)
    factory = np.stack([(category * 2 + way) % n_factories for way in range(ways)], axis=1)
    lead = g.integers(1, 3, n_factories)[factory]
    outside = g.random(n) < 0.25
    workshop = g.integers(0, n_workshops, n)
    hours = g.lognormal(np.log(0.12), 0.35, (n, _STEPS)) * np.array([0.5, 1.6, 0.6])
    outside_hours = g.lognormal(np.log(0.05), 0.3, n) * outside
    route_cost = (price * 0.5)[:, None] * 0.02 * (1 + 0.5 * g.random((n, ways)))
    total = mean.sum(axis=1)
    load = np.zeros(n_factories * _STEPS + n_workshops)
    for way in range(ways):
        for step in range(_STEPS):
            np.add.at(load, factory[:, way] * _STEPS + step, total * hours[:, step] / ways)
    np.add.at(load, n_factories * _STEPS + workshop, total * outside_hours)
    return _Market(
        launch=launch,
        life=life,
        mean=mean,
        sigma=np.where(launch < -1, 0.2, np.where(launch < 3, 0.4, 0.65)),
        price=price,
        factory=factory,
        lead=lead,
        workshop=workshop,
        hours=hours,
        outside_hours=outside_hours,
        route_cost=route_cost,
        capacity=np.maximum(load / n_weeks / _UTILISATION, 20.0),
    )


def _bell(age: Ints, life: Ints) -> Floats:
    span = life[:, None]
    shape = np.exp(-(((age + 0.5 - span * 0.35) / (span * 0.3)) ** 2))
    return np.where((age >= 0) & (age < span), shape, 0.0)


def _demand(market: _Market, names: np.ndarray, weeks: pd.DatetimeIndex) -> pd.DataFrame:
    p, t = np.nonzero(market.mean)
    frame = pd.DataFrame({"item": names[p], "bucket": weeks[t]})
    for level in _LEVELS:
        frame[f"q{level}"] = market.mean[p, t] * np.exp(market.sigma[p] * norm.ppf(level))
    return frame


def _items(market: _Market, names: np.ndarray, weeks: pd.DatetimeIndex) -> pd.DataFrame:
    cost = market.price * 0.5
    ends = market.launch + market.life + 1
    return pd.DataFrame(
        {
            "item": names,
            "holding_cost": cost * 0.004 + 0.02,
            "backlog_cost": (market.price - cost) * 0.25,
            "leftover_cost": cost * 0.35,
            "lost_cost": market.price - cost,
            "initial_stock": np.rint(market.mean[:, :2].sum(axis=1) * 1.05),
            "last_bucket": weeks[np.clip(ends, 0, len(weeks) - 1)],
        }
    )


def _routes(market: _Market, names: np.ndarray, resources: np.ndarray, n_factories: int) -> pd.DataFrame:
    """Return every way's steps in house, then the workshop's, whose output is there after the factory's lead."""
    n, ways = market.factory.shape
    p, way, step = (index.ravel() for index in np.indices((n, ways, _STEPS + 1)))
    there = (step < _STEPS) | (market.outside_hours[p] > 0)
    p, way, step = p[there], way[there], step[there]
    inside = step < _STEPS
    last = np.where(market.outside_hours[p] > 0, _STEPS, _STEPS - 1)
    resource = np.where(inside, market.factory[p, way] * _STEPS + step, n_factories * _STEPS + market.workshop[p])
    return pd.DataFrame(
        {
            "item": names[p],
            "route": np.array([f"way{k:02d}" for k in range(ways)])[way],
            "step": step,
            "resource": resources[resource],
            "hours_per_unit": np.where(inside, market.hours[p, np.minimum(step, _STEPS - 1)], market.outside_hours[p]),
            "cost": np.where(step == 0, market.route_cost[p, way], 0.0),
            "lead_buckets": np.where(step == last, market.lead[p, way], 0),
        }
    )


def run_scale(folder: Path, *, sizes: tuple[tuple[int, int, bool], ...] = _SIZES) -> dict[str, Any]:
    """Plan each market in a process of its own, from files to a file."""
    del folder
    found = {}
    for n_styles, n_factories, dense in sizes:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            name = f"{n_styles}x{n_factories}{' dense' if dense else ''}"
            found[name] = pool.submit(_measure, n_styles, n_factories, dense).result()
    return {"markets": found}


def _measure(n_styles: int, n_factories: int, dense: bool) -> dict[str, Any]:  # noqa: FBT001 (goes to a process)
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.parquet" for name in ("demand", "resources", "routes", "items")}
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:  # its memory is not the planner's
            pool.submit(_write_market, files, n_styles, n_factories, dense).result()
        made = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall, cpu = time.perf_counter(), time.process_time()
        with watched_memory() as memory:
            report = plan_production(**{name: read_raw(path) for name, path in files.items()})
            write_table(report.orders, Path(folder) / "orders.parquet")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)
    summary = report.summary
    return {
        **{name: summary[name] for name in ("status", "shards", "gap", "bound", "orders", "fill_rate")},
        "cost": summary["cost"]["total"],
        "wall_seconds": wall,
        "cpu_seconds": cpu + workers.ru_utime + workers.ru_stime - made.ru_utime - made.ru_stime,
        "peak_mb": peak_mb(),
        **memory,
        "load_average": os.getloadavg()[0],
    }


def _write_market(files: dict[str, Path], n_styles: int, n_factories: int, dense: bool) -> None:  # noqa: FBT001
    for name, table in scale_tables(n_styles, n_factories, dense=dense).items():
        write_table(table, files[name])
