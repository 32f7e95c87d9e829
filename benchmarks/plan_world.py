"""A made-up fashion market for replays: short-lived styles, factories with steps, forecasts that sharpen with time.

A style's demand follows a bell over its few weeks of life, lifted by two promotion peaks; its level is lognormal, one
style in ten is a hit. Each category can be made by two factories in three steps; a quarter of the styles needs an
outside workshop besides. What is known of a style's level is a Normal posterior of its logarithm: a first signal, a
teaser from two weeks before launch, then every week's sales.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SCORED = (8, 36)
WEEKS = 54
LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
LOOK_AHEAD = 14
FIRM = 1
_STEPS, _WAYS = 3, 2
_KNOWN_BEFORE = 8
_UTILISATION = 0.9


@dataclass(frozen=True, kw_only=True)
class Styles:
    """Styles by index; money per piece, hours per piece."""

    life: Ints
    level: Floats
    price: Floats
    factory: Ints
    lead: Ints
    outside: NDArray[np.bool_]
    workshop: Ints
    hours: Floats
    outside_hours: Floats
    route_cost: Floats


@dataclass(frozen=True, kw_only=True)
class World:
    """The truth of one seed: styles, launches, demand, what is learnt of it, and the capacity of each resource."""

    styles: Styles
    n_factories: int
    launch: Ints
    curve: Floats
    demand: Floats
    signal: Floats
    teaser: Floats
    weekly: Floats
    capacity: Floats


def make_world(seed: int, *, n_styles: int = 420, n_factories: int = 6) -> World:
    """Draw a world."""
    styles = _styles(np.random.default_rng(seed), n_styles, n_factories)
    g = np.random.default_rng(seed + 100)
    launch = g.integers(-6, WEEKS - 6, n_styles)
    curve = _curve(styles.life, launch)
    noise = g.standard_normal
    signal, teaser = styles.level + 0.65 * noise(n_styles), styles.level + 0.40 * noise(n_styles)
    weekly = styles.level[:, None] + 0.25 * noise((n_styles, WEEKS))
    shock = np.exp(0.2 * noise((n_styles, WEEKS)) - 0.02)
    demand = np.rint(curve * np.exp(styles.level)[:, None] * shock)
    return World(
        styles=styles,
        n_factories=n_factories,
        launch=launch,
        curve=curve,
        demand=demand,
        signal=signal,
        teaser=teaser,
        weekly=weekly,
        capacity=_capacity(styles, demand, n_factories),
    )


def _styles(g: np.random.Generator, n: int, n_factories: int) -> Styles:
    g.integers(-5, 11, n)  # the recipe draws launches here that it then replaces
    life = g.integers(4, 9, n)
    hit = g.random(n) < 0.1
    volume = np.where(hit, g.lognormal(np.log(20000), 0.35, n), g.lognormal(np.log(2500), 0.6, n))
    price = g.lognormal(np.log(60), 0.4, n)
    category = g.integers(0, max(2, n_factories // 2), n)
    factory = np.stack([(category * 2 + way) % n_factories for way in range(_WAYS)], axis=1)
    lead = g.integers(1, 3, n_factories)[factory]
    outside = g.random(n) < 0.25
    workshop = g.integers(0, max(1, n_factories // 4), n)
    hours = g.lognormal(np.log(0.12), 0.35, (n, _STEPS)) * np.array([0.5, 1.6, 0.6])
    outside_hours = g.lognormal(np.log(0.05), 0.3, n)
    route_cost = (price * 0.5)[:, None] * 0.02 * (1 + 0.5 * g.random((n, _WAYS)))
    return Styles(
        life=life,
        level=np.log(np.minimum(volume, 30000)),
        price=price,
        factory=factory,
        lead=lead,
        outside=outside,
        workshop=workshop,
        hours=hours,
        outside_hours=outside_hours,
        route_cost=route_cost,
    )


def _bell(age: Ints, life: Ints) -> Floats:
    span = life[:, None]
    shape = np.exp(-(((age + 0.5 - span * 0.35) / (span * 0.3)) ** 2))
    return np.where((age >= 0) & (age < span), shape, 0.0)


def _curve(life: Ints, launch: Ints) -> Floats:
    """Share of a style's volume in each week, promotions on top."""
    week = np.arange(WEEKS)
    season = 1 + sum(0.45 * np.exp(-(((week - peak) / 1.6) ** 2)) for peak in (15, 30))
    whole = _bell(np.arange(12)[None, :], life).sum(axis=1, keepdims=True)
    return np.asarray(_bell(week - launch[:, None], life) / whole * season)


def _capacity(styles: Styles, demand: Floats, n_factories: int) -> Floats:
    """Weekly hours of each step of each factory, then of each workshop, for the mean demand of the scored weeks."""
    mean = demand[:, slice(*SCORED)].mean(axis=1)
    hours = np.zeros(n_factories * _STEPS + max(1, n_factories // 4))
    for way in range(_WAYS):
        for step in range(_STEPS):
            np.add.at(hours, styles.factory[:, way] * _STEPS + step, mean * styles.hours[:, step] / _WAYS)
    np.add.at(hours, n_factories * _STEPS + styles.workshop, mean * styles.outside_hours * styles.outside)
    return np.maximum(hours / _UTILISATION, 10)


def belief(world: World, week: int) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each style's log level, as known at the start of a week."""
    launch, life = world.launch, world.styles.life
    precision = np.full(len(launch), 1 / 0.65**2 + 1 / 0.8**2)
    weighted = world.signal / 0.65**2 + np.log(5000.0) / 0.8**2
    teased = launch - 2 <= week
    precision, weighted = precision + teased / 0.4**2, weighted + teased * world.teaser / 0.4**2
    for past in range(max(0, week - 10), week):
        sold = (past >= launch) & (past < launch + life)
        precision = precision + sold / 0.25**2
        weighted = weighted + sold * world.weekly[:, past] / 0.25**2
    return weighted / precision, np.sqrt(1 / precision + 0.1**2)


def world_tables(world: World, *, path: str) -> dict[str, pd.DataFrame]:
    """Return the tables that `evenflow replay` reads: demand, resources, routes and items."""
    weeks = pd.date_range("2024-01-01", periods=WEEKS, freq="7D")
    names = np.array([f"style{p:04d}" for p in range(len(world.launch))])
    resources = np.array([f"resource{r:03d}" for r in range(len(world.capacity))])
    hours = np.repeat(world.capacity, WEEKS)
    calendar = {"resource": np.repeat(resources, WEEKS), "bucket": np.tile(weeks, len(resources))}
    return {
        "demand": _paths(world, names, weeks).assign(path=path),
        "resources": pd.DataFrame({**calendar, "capacity": hours, "overtime": hours * 0.25}),
        "routes": _routes(world, names, resources),
        "items": _items(world, names, weeks),
    }


def _items(world: World, names: np.ndarray, weeks: pd.DatetimeIndex) -> pd.DataFrame:
    s = world.styles
    cost = s.price * 0.5
    last = world.launch + s.life + 1
    before = weeks[0] - pd.Timedelta(days=7)
    return pd.DataFrame(
        {
            "item": names,
            "holding_cost": cost * 0.004 + 0.02,
            "backlog_cost": (s.price - cost) * 0.25,
            "leftover_cost": cost * 0.35,
            "lost_cost": s.price - cost,
            "initial_stock": world.demand[:, : FIRM + 3].sum(axis=1),
            "known_from": weeks[np.clip(world.launch - _KNOWN_BEFORE, 0, WEEKS - 1)],
            "last_bucket": [weeks[min(w, WEEKS - 1)] if w >= 0 else before for w in last],
        }
    )


def _routes(world: World, names: np.ndarray, resources: np.ndarray) -> pd.DataFrame:
    s = world.styles
    rows = []
    for p, name in enumerate(names):
        for way in range(_WAYS):
            steps = [(s.factory[p, way] * _STEPS + step, s.hours[p, step]) for step in range(_STEPS)]
            if s.outside[p]:
                steps.append((world.n_factories * _STEPS + s.workshop[p], s.outside_hours[p]))
            for step, (resource, hours) in enumerate(steps):
                lead = s.lead[p, way] if step == len(steps) - 1 else 0
                cost = s.route_cost[p, way] if step == 0 else 0.0
                rows.append((name, f"way{way}", step, resources[resource], hours, cost, lead))
    columns = ["item", "route", "step", "resource", "hours_per_unit", "cost", "lead_buckets"]
    return pd.DataFrame(rows, columns=columns)


def _paths(world: World, names: np.ndarray, weeks: pd.DatetimeIndex) -> pd.DataFrame:
    spread = norm.ppf(LEVELS)
    ends = world.launch + world.styles.life
    runs = []
    for now in range(WEEKS):
        mean, deviation = belief(world, now)
        known = (world.launch - _KNOWN_BEFORE <= now) & (ends > now)
        span = slice(now, now + LOOK_AHEAD)
        p, ahead = np.nonzero(known[:, None] & (world.curve[:, span] > 0))
        level = np.exp(mean[p, None] + deviation[p, None] * spread)
        run = pd.DataFrame(world.curve[p, now + ahead][:, None] * level, columns=[f"q{q}" for q in LEVELS])
        run = run.assign(item=names[p], bucket=weeks[now + ahead], y=world.demand[p, now + ahead], as_of=weeks[now])
        runs.append(run)
    return pd.concat(runs, ignore_index=True)
