"""The main job end to end: a market's files → net → forecasts → plan → a day's orders routed → shares, all kept."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from contracts.errors import NotReadyError
from contracts.progress import Report, silent
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

__all__ = ["DemoReport", "run_demo"]

_PACKAGES = ("contracts", "forecast", "graph", "matching", "planning", "services", "settlement", "simulate", "store")
_FEN_PER_HOUR = PlanWeights(idle=2_500.0, overtime=3_750.0, load_change=1_000.0, plan_change=500.0)


@dataclass(frozen=True)
class DemoReport:
    """What the demo found.

    Parameters
    ----------
    version
        The loaded network.
    figures
        Key figures, plain values, with what is simulated and the seconds of each stage.
    reused
        Whether the figures are those of an earlier run of the same scale, seed and code.
    """

    version: str
    figures: dict[str, Any]
    reused: bool


def run_demo(home: Home, *, scale: str = "default", seed: int = 0, progress: Report = silent) -> DemoReport:
    """Do the main job on the demo's market and keep the results in a home.

    If the current network of `home` is the demo of this scale, seed and code, its results are kept as they are.

    Parameters
    ----------
    scale
        ``tiny``, ``small``, ``default`` or a number of parties.

    Raises
    ------
    InputError
        If `scale` is none of these.
    NotReadyError
        If the `demo` extra is not installed.
    """
    sizes = scale_of(scale)
    made_by = {"scale": scale, "seed": seed, "code": code_version()}
    earlier = _earlier(home, made_by)
    if earlier is not None:
        return earlier
    clock = _Clock()
    with clock.stage("market"):
        made = make_market(sizes, seed=seed, progress=progress)
    with clock.stage("load"):
        snapshot = _load(made, home, progress)
    figures = {**made_by, **LABELS, "version": snapshot.version, **market_figures(snapshot, made)}
    with clock.stage("forecast"):
        figures |= _forecast(snapshot, made, seed, progress)
    with clock.stage("plan"):
        figures |= _plan(snapshot, made, seed, progress)
    with clock.stage("match"):
        figures |= _match(snapshot, made, seed, progress)
    figures["seconds"] = {**clock.seconds, "total": sum(clock.seconds.values())}
    snapshot.write_result("figures", figures)
    return DemoReport(snapshot.version, figures, reused=False)


def code_version() -> str:
    """Return a hash of the packages' source files: results of other code are not reused."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(path for name in _PACKAGES for path in (root / name).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@dataclass
class _Clock:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


def _earlier(home: Home, made_by: dict[str, Any]) -> DemoReport | None:
    try:
        snapshot = home.current()
    except NotReadyError:
        return None
    figures = snapshot.result("figures")
    if not isinstance(figures, dict) or {name: figures.get(name) for name in made_by} != made_by:
        return None
    return DemoReport(snapshot.version, figures, reused=True)


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
