"""The demo's stages, one after the other, each keeping its results with the network they were computed on."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from contracts.progress import Report
from planning.params import PlanParams, PlanWeights
from services.demo_figures import LABELS, market_figures, match_figures, plan_figures, preview_shares
from services.demo_forecast import forecast_figures, forecast_market
from services.demo_market import DemoMarket, make_market, scale_of, write_market
from services.load_network import load_network
from services.network_plan import network_tables
from services.plan_production import plan_production
from services.route_orders import route_orders
from store.home import Home
from store.snapshot import Snapshot

__all__ = ["run_stages"]

_FEN_PER_HOUR = PlanWeights(idle=2_500.0, overtime=3_750.0, load_change=1_000.0, plan_change=500.0)


def run_stages(home: Home, *, scale: str, seed: int, progress: Report) -> tuple[Snapshot, dict[str, Any]]:
    """Make the market, load it, forecast, plan, route a day of orders; return the network and the key figures.

    Raises
    ------
    InputError
        If `scale` is unknown.
    NotReadyError
        If the `demo` extra is not installed.
    """
    sizes, clock = scale_of(scale), _Clock()
    with clock.stage("market"):
        made = make_market(sizes, seed=seed, progress=progress)
    with clock.stage("load"):
        snapshot = _load(made, home, progress)
    figures = {**LABELS, "version": snapshot.version, **market_figures(snapshot, made)}
    for name, stage in (("forecast", _forecast), ("plan", _plan), ("match", _match)):
        with clock.stage(name):
            figures |= stage(snapshot, made, seed, progress)
    return snapshot, {**figures, "seconds": {**clock.seconds, "total": round(sum(clock.seconds.values()), 3)}}


@dataclass
class _Clock:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


def _load(made: DemoMarket, home: Home, progress: Report) -> Snapshot:
    with tempfile.TemporaryDirectory(prefix="evenflow-demo-") as folder:
        write_market(made, Path(folder), progress=progress)
        load_network(Path(folder), home=home, strict=True, progress=progress)
    return home.current()


def _forecast(snapshot: Snapshot, made: DemoMarket, seed: int, progress: Report) -> dict[str, Any]:
    sales = snapshot.table("sales")
    forecasts = forecast_market(sales[~sales["simulated"]], made.retail, seed=seed, progress=progress)
    snapshot.write_result("forecast", forecasts.daily.forecast)
    snapshot.write_result("weekly_forecast", forecasts.weekly.forecast)
    return forecast_figures(forecasts)


def _plan(snapshot: Snapshot, made: DemoMarket, seed: int, progress: Report) -> dict[str, Any]:
    tables = network_tables(snapshot)
    report = plan_production(
        tables.demand,
        tables.resources,
        tables.routes,
        items=made.market.goods.items,
        params=PlanParams(weights=_FEN_PER_HOUR),
        boxes=True,
        seed=seed,
        progress=progress,
    )
    results: dict[str, pd.DataFrame | None] = {"plan": report.orders, "load": report.load, "boxes": report.boxes}
    for name, frame in results.items():
        if frame is not None:
            snapshot.write_result(name, frame)
    return plan_figures(report, tables.routes, tables.demand)


def _match(snapshot: Snapshot, made: DemoMarket, seed: int, progress: Report) -> dict[str, Any]:
    orders = snapshot.table("orders")
    report = route_orders(
        snapshot.network(),
        snapshot.table("supply"),
        snapshot.table("products"),
        orders,
        seed=seed,
        today=made.market.today.tz_localize("Asia/Shanghai"),
        progress=progress,
    )
    shares, split = preview_shares(report, snapshot)
    for name, frame in {"matches": report.matches, "prices": report.prices, "shares": shares}.items():
        snapshot.write_result(name, frame)
    return {**match_figures(report, orders, made.market.today), **split}
